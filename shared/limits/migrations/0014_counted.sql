-- What was asked for so often within a window of time, under a blind key: an address, a document, a phone.

-- migrate:up

create table counted (
    key bytea not null,
    ends_at timestamptz not null,
    count bigint not null,
    constraint counted_pkey primary key (key, ends_at)
);

create index counted_by_end on counted (ends_at);

do $$
begin
    execute format(
        'grant select, insert, update, delete on counted to %I', replace(current_user, '_owner', '_runtime')
    );
end
$$;

-- migrate:down

drop table counted;
