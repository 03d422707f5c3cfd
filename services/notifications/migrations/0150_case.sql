-- migrate:up

-- Cases as they were told, and what whoever raised one is told of it. Once for ever: by case, version and kind. A row names
-- nobody: who it goes to is asked of cases at the moment it is sent.
create table case_file (
    case_id uuid primary key,
    version bigint not null,
    state jsonb not null
);

create table case_letter (
    letter_id uuid primary key default uuidv7(),
    case_id uuid not null,
    case_version bigint not null,
    kind text not null,
    language text not null,
    planned_at timestamptz not null,
    try_at timestamptz not null,
    tries integer not null default 0,
    claimed_until timestamptz,
    state text not null default 'waiting',
    reason text,
    settled_at timestamptz,
    correlation_id text not null,
    constraint case_letter_once unique (case_id, case_version, kind),
    constraint case_letter_state_known check (state in ('waiting', 'sent', 'failed', 'withdrawn')),
    constraint case_letter_settled_told check ((state = 'waiting') = (settled_at is null)),
    constraint case_letter_language_known check (language in ('zh', 'en'))
);
create index case_letter_due on case_letter (try_at) where state = 'waiting';

grant select, insert, update on case_file, case_letter to notifications_runtime;

-- migrate:down
drop table case_letter;
drop table case_file;
