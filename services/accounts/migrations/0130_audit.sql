-- The audit stands in audit_entry now, which every service has (shared/audit). No version with the old table was ever
-- released, so its rows go with it: rewritten rows would be a chain that proves nothing.

-- migrate:up

drop table audit;

-- migrate:down

create table audit (
    number bigint primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    account_id uuid,
    details jsonb not null,
    previous bytea not null,
    hash bytea not null,
    constraint audit_number_counts_from_one check (number >= 1),
    constraint audit_hash_whole check (octet_length(hash) = 32 and octet_length(previous) = 32),
    constraint audit_details_bounded check (octet_length(details::text) <= 2048)
);
create unique index audit_one_chain on audit (previous);
grant select, insert on audit to accounts_runtime;
