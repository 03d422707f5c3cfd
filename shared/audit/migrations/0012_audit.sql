-- Who did what to which record: insert-only for the runtime role, in a chain of hashes (see shared/audit).

-- migrate:up

create table audit_entry (
    number bigint not null,
    at timestamptz not null,
    actor text not null,
    official_id text,
    held text[] not null,
    action text not null,
    record_kind text not null,
    record_id text not null,
    address text not null,
    client text not null,
    path text not null,
    details jsonb not null,
    previous bytea not null,
    hash bytea not null,
    constraint audit_entry_pkey primary key (number),
    constraint audit_entry_number_counts_from_one check (number >= 1),
    constraint audit_entry_one_chain unique (previous),
    constraint audit_entry_hash_whole check (octet_length(hash) = 32 and octet_length(previous) = 32),
    constraint audit_entry_bounded check (
        char_length(actor) <= 64 and char_length(official_id) <= 64 and char_length(action) <= 64
        and char_length(record_kind) <= 32 and char_length(record_id) <= 200 and char_length(address) <= 64
        and char_length(client) <= 16 and char_length(path) <= 200 and cardinality(held) <= 40
        and octet_length(details::text) <= 2048)
);
create index audit_entry_by_time on audit_entry (at);
create index audit_entry_by_actor on audit_entry (actor, number);
create index audit_entry_by_record on audit_entry (record_kind, record_id, number);

do $$
begin
    execute format('grant select, insert on audit_entry to %I', replace(current_user, '_owner', '_runtime'));
end
$$;

-- migrate:down

drop table audit_entry;
