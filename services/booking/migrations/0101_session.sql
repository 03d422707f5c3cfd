-- migrate:up

-- What booking knows of the roster's sessions and matters: projections, written by consumers alone.
create table session (
    session_id text primary key,
    version bigint not null,
    venue_id text not null,
    date date not null,
    status text not null,
    public boolean not null,
    departments text[] not null,
    opens_at timestamptz,
    release_at timestamptz,
    closes_at timestamptz,
    cancel_until timestamptz,
    party_size_max integer not null default 1,
    constraint session_status_known check (status in ('tentative', 'planned', 'cancelled')),
    constraint session_bookable_whole check (num_nulls(release_at, closes_at, cancel_until) in (0, 3))
);
create index session_by_date on session (date, session_id);

create table matter (
    matter_id text primary key,
    version bigint not null,
    department_id text not null,
    visit text not null,
    withdrawn boolean not null
);

grant select, insert, update on session, matter to booking_runtime;

-- migrate:down
drop table matter;
drop table session;
