-- migrate:up

-- What others said, as they said it: the state of their last event. Written by consumers alone.
create table venue (
    venue_id text primary key,
    version bigint not null,
    state jsonb not null
);

create table session (
    session_id text primary key,
    version bigint not null,
    venue_id text not null,
    date date not null,
    level text,
    status text not null,
    state jsonb not null,
    constraint session_status_known check (status in ('tentative', 'planned', 'cancelled'))
);
create index session_by_level on session (level, date) where level in ('joint_review', 'supervision');

-- `counted_version`: with which version of the year's calendar the open cases were last counted anew.
create table calendar_year (
    year integer primary key,
    version bigint not null,
    state jsonb not null,
    counted_version bigint not null default 0
);

-- What was found in the hall and handed on. Its words are asked of the queue, in a while: until then the window may
-- take it back. A row stays for ever, so that nothing becomes a case twice.
create table intake (
    origin_id uuid primary key,
    kind text not null,
    venue_id text not null,
    session_id text not null,
    department_id text not null,
    visit_id uuid,
    noted_at timestamptz not null,
    state text not null default 'waiting',
    constraint intake_kind_known check (kind in ('problem', 'suggestion', 'finding')),
    constraint intake_state_known check (state in ('waiting', 'withdrawn', 'forgotten', 'registered')),
    constraint intake_visit_told check ((kind = 'finding') = (visit_id is null))
);
create index intake_waiting on intake (noted_at) where state = 'waiting';
create index intake_by_visit on intake (visit_id) where visit_id is not null;

create table visit_seen (
    visit_id uuid primary key,
    version bigint not null
);
create table finding_seen (
    finding_id uuid primary key,
    version bigint not null
);

grant select, insert, update on venue, session, calendar_year, intake, visit_seen, finding_seen to cases_runtime;

-- migrate:down
drop table finding_seen;
drop table visit_seen;
drop table intake;
drop table calendar_year;
drop table session;
drop table venue;
