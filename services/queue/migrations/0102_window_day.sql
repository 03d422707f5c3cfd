-- migrate:up

-- A window in a session: whether it receives, and who sits there.
create table window_day (
    session_id text not null references session,
    window_id text not null,
    version bigint not null default 0,
    last_event text not null default '',
    number integer not null,
    department_id text not null,
    official_id text,
    role text not null default 'principal',
    state text not null default 'closed',
    pause_reason text,
    attendance text not null default 'expected',
    attended_at timestamptz,
    substitute_id text,
    returns_at timestamptz,
    minutes_behind integer not null default 0,
    constraint window_day_once primary key (session_id, window_id),
    constraint window_day_state_known check (state in ('closed', 'open', 'paused')),
    constraint window_day_paused_for_a_reason check ((state = 'paused') = (pause_reason is not null)),
    constraint window_day_attendance_known check (attendance in ('expected', 'present', 'away', 'left', 'absent')),
    constraint window_day_role_known check (role in ('principal', 'deputy'))
);

-- The letters of a session's window groups, and the last number given. A number is taken in the transaction of
-- its ticket: what is rolled back leaves no gap.
create table series (
    session_id text not null references session,
    department_id text not null,
    letter text not null,
    last integer not null default 0,
    constraint series_once primary key (session_id, department_id),
    constraint series_letter_once unique (session_id, letter),
    constraint series_counted check (last between 0 and 999)
);

grant select, insert, update on window_day, series to queue_runtime;

-- migrate:down
drop table series;
drop table window_day;
