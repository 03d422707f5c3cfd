-- migrate:up

-- A joint review (局长联审会商) or frontline supervision (一线督办): a session of the roster with an agenda, who was
-- there, and what was decided. It begins with its first item; what is written is encrypted.
create table meeting (
    session_id text primary key,
    version bigint not null default 1,
    venue_id text not null,
    level text not null,
    state text not null default 'preparing',
    minutes_version integer not null default 0,
    opened_at timestamptz,
    closed_at timestamptz,
    constraint meeting_level_known check (level in ('joint_review', 'supervision')),
    constraint meeting_state_known check (state in ('preparing', 'open', 'closed')),
    constraint meeting_closed_told check ((state = 'closed') = (closed_at is not null))
);

create table agenda_item (
    item_id uuid primary key default uuidv7(),
    session_id text not null references meeting,
    case_id uuid not null references "case",
    position integer not null,
    why text not null,
    added_at timestamptz not null,
    removed_at timestamptz,
    postponed_at timestamptz,
    words bytea,
    record bytea,
    constraint agenda_item_why_known check (why in (
        'blocked', 'overdue', 'several_departments', 'by_hand', 'postponed'))
);
create unique index agenda_item_case_once on agenda_item (session_id, case_id);
create index agenda_item_by_case on agenda_item (case_id);

create table decision (
    decision_id uuid primary key default uuidv7(),
    item_id uuid not null references agenda_item,
    words bytea,
    department_id text not null,
    official_id text,
    due_on date not null,
    decided_at timestamptz not null
);
create index decision_by_item on decision (item_id);

create table attendance (
    session_id text not null references meeting,
    official_id text not null,
    department_id text,
    status text not null,
    substitute_id text,
    constraint attendance_once primary key (session_id, official_id),
    constraint attendance_status_known check (status in ('expected', 'present', 'absent', 'substituted')),
    constraint attendance_substitute_told check ((status = 'substituted') = (substitute_id is not null))
);

grant select, insert, update on meeting, agenda_item, attendance to cases_runtime;
grant select, insert, update on decision to cases_runtime;

-- migrate:down
drop table attendance;
drop table decision;
drop table agenda_item;
drop table meeting;
