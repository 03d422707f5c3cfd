-- migrate:up

-- What others said, as they said it: the state of their last event. Written by consumers alone.
create table venue (
    venue_id text primary key,
    version bigint not null,
    state jsonb not null
);

create table matter (
    matter_id text primary key,
    version bigint not null,
    state jsonb not null
);

-- A session is the day in the hall. Its row is what every verb of the day locks first: fourteen windows call a few
-- times a minute, and one order of everything that happens makes "two windows never call one person" simple.
-- `changes` counts what happened, for those who look on live.
create table session (
    session_id text primary key,
    version bigint not null,
    venue_id text not null,
    date date not null,
    status text not null,
    state jsonb not null,
    changes bigint not null default 0,
    closed_at timestamptz,
    constraint session_status_known check (status in ('tentative', 'planned', 'cancelled'))
);
create index session_by_date on session (date, session_id);

create table booking (
    booking_id uuid primary key,
    version bigint not null,
    session_id text not null,
    window_id text not null,
    department_id text not null,
    starts_at timestamptz not null,
    state text not null,
    told jsonb not null
);
create index booking_by_session on booking (session_id, starts_at);

-- Who comes: asked of booking beforehand, so that the day goes on without it; deleted once the day is closed.
-- The card is encrypted; code and document are blind indexes.
create table card (
    booking_id uuid primary key references booking,
    version bigint not null,
    code_key bytea not null,
    document_key bytea,
    card bytea not null,
    fetched_at timestamptz not null
);
create index card_by_code on card (code_key);
create index card_by_document on card (document_key) where document_key is not null;

grant select, insert, update on venue, matter, session, booking to queue_runtime;
grant select, insert, update, delete on card to queue_runtime;

-- migrate:down
drop table card;
drop table booking;
drop table session;
drop table matter;
drop table venue;
