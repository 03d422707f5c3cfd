-- What was asked for so often within a window of time, under a blind key: an address, a document, a phone.

-- migrate:up

create table counted (
    ends_at timestamptz not null,
    key bytea not null,
    count bigint not null,
    constraint counted_pkey primary key (ends_at, key)
);

do $$
begin
    execute format(
        'grant select, insert, update, delete on counted to %I', replace(current_user, '_owner', '_runtime')
    );
end
$$;

-- migrate:down

drop table counted;
