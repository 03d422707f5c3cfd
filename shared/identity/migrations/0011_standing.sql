-- Whose tokens count no more, as accounts tells it. By id alone; kept for ever, for an account is a few bytes.

-- migrate:up

create table account_standing (
    account_id text not null,
    version bigint not null,
    state text not null,
    tokens_from timestamptz,
    ended_sessions text[] not null default '{}',
    heard_at timestamptz not null default clock_timestamp(),
    constraint account_standing_pkey primary key (account_id),
    constraint account_standing_version_counts_from_one check (version >= 1)
);

create index account_standing_by_hearing on account_standing (heard_at);

do $$
begin
    execute format(
        'grant select, insert, update on account_standing to %I', replace(current_user, '_owner', '_runtime')
    );
end
$$;

-- migrate:down

drop table account_standing;
