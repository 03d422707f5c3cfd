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

create table session (
    session_id text primary key,
    version bigint not null,
    date date not null,
    state jsonb not null
);

-- Of a booking its words, its code and its person stay with booking; here are ids and times.
create table booking (
    booking_id text primary key,
    version bigint not null,
    session_id text not null,
    venue_id text not null,
    matter_id text not null,
    state jsonb not null
);

grant select, insert, update on venue, matter, session, booking to notifications_runtime;

-- migrate:down
drop table booking;
drop table session;
drop table matter;
drop table venue;
