-- migrate:up

-- What a programme pack says. Whatever a pack no longer names is withdrawn, never deleted: past sessions
-- still point at it. `version` counts the states that an event has told.
create table venue (
    venue_id text primary key,
    name_zh text not null,
    name_en text not null,
    address_zh text not null,
    address_en text not null,
    phone text not null,
    version bigint not null default 1,
    last_event text not null,
    constraint venue_version_counted check (version >= 1)
);
create unique index venue_is_one on venue ((true)); -- an installation runs one hall

create table department (
    department_id text primary key,
    name_zh text not null,
    name_en text not null,
    general_desk boolean not null,
    position integer not null,
    withdrawn boolean not null default false
);

create table official (
    official_id text primary key,
    name text not null,
    title_zh text not null,
    title_en text not null,
    department_id text not null references department,
    head boolean not null,
    deputy_id text references official deferrable initially deferred, -- a pack lists people in any order
    position integer not null,
    withdrawn boolean not null default false
);

create table service_window (
    window_id text primary key,
    number integer not null,
    department_id text not null references department,
    location_zh text not null,
    location_en text not null,
    duty text,
    position integer not null,
    withdrawn boolean not null default false,
    constraint service_window_duty_known check (duty in ('principal', 'deputy'))
);

create table matter (
    matter_id text primary key,
    department_id text not null references department,
    name_zh text not null,
    name_en text not null,
    plain_name_zh text not null,
    plain_name_en text not null,
    documents jsonb not null,
    statutory_days integer,
    promised_days integer,
    visit text not null,
    online_guide_zh text not null,
    online_guide_en text not null,
    instant boolean not null,
    withdrawn boolean not null default false,
    -- For finding it; no event tells these, and they make no version.
    synonyms text[] not null,
    common boolean not null,
    position integer not null,
    version bigint not null default 1,
    last_event text not null,
    constraint matter_visit_known check (visit in ('needed', 'optional', 'not_needed')),
    constraint matter_version_counted check (version >= 1)
);

create table programme (
    programme_id text primary key,
    definition jsonb not null,
    position integer not null,
    withdrawn boolean not null default false
);

grant select, insert, update on venue, department, official, service_window, matter, programme to roster_runtime;

-- migrate:down
drop table programme;
drop table matter;
drop table service_window;
drop table official;
drop table department;
drop table venue;
