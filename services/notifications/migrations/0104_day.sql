-- migrate:up

-- What the queue said of the day. Only visits from a booking are kept: nobody else can be reached.
create table visit (
    visit_id text primary key,
    version bigint not null,
    booking_id text not null,
    state jsonb not null
);
create index visit_by_booking on visit (booking_id, visit_id);

-- A window in a session, named as its events name it: session and window.
create table window_day (
    window_day_id text primary key,
    version bigint not null,
    state jsonb not null
);
create index booking_by_session on booking (session_id);

grant select, insert, update on visit, window_day to notifications_runtime;

-- A message of the day tells of a visit or of a window in a session: of which one, and until when that is of use.
-- Of a booking's own messages both are null. Versions count for each source apart.
alter table message add column source text;
alter table message add column useful_until timestamptz;
alter table message add constraint message_source_dated check ((source is null) = (useful_until is null));
alter table message drop constraint message_once;
alter table message add constraint message_once
    unique nulls not distinct (about, source, about_version, kind, recipient);
alter table message drop constraint message_kind_known;
alter table message add constraint message_kind_known check (kind in (
    'booked', 'cancelled', 'moved', 'session_cancelled', 'reminder',
    'turn_near', 'called', 'missed', 'running_late', 'substituted'
));
create index message_of_source on message (source) where state = 'waiting' and source is not null;

-- A window that wavers about the half hour tells nobody twice.
create unique index message_running_late_once on message (about, source, recipient)
    where kind = 'running_late' and state <> 'withdrawn';

-- migrate:down
drop index message_running_late_once;
drop index message_of_source;
delete from delivery where message_id in (select message_id from message where source is not null);
delete from message where source is not null;
alter table message drop constraint message_kind_known;
alter table message add constraint message_kind_known
    check (kind in ('booked', 'cancelled', 'moved', 'session_cancelled', 'reminder'));
alter table message drop constraint message_once;
alter table message add constraint message_once unique (about, about_version, kind, recipient);
alter table message drop column useful_until, drop column source;
drop index booking_by_session;
drop table window_day;
drop table visit;
