-- migrate:up

-- The end of the day: each window that received confirms what it recorded, the manager signs, and what is put right
-- afterwards is a new version with its reason.
alter table window_day
    add column confirmed_at timestamptz,
    add column confirmed_by text,
    add constraint window_day_confirmed_by_somebody check ((confirmed_at is null) = (confirmed_by is null)),
    add constraint window_day_confirmed_once_closed check (confirmed_at is null or state = 'closed');

create table closing (
    session_id text not null references session,
    version integer not null,
    signed_by text not null,
    signed_at timestamptz not null,
    reason text,
    totals jsonb not null,
    constraint closing_once primary key (session_id, version),
    constraint closing_counted check (version >= 1),
    constraint closing_correction_explained check ((version = 1) = (reason is null))
);

-- Bookings of a closed day for which nobody came.
create table no_show (
    visit_id uuid primary key default uuidv7(),
    booking_id uuid not null references booking,
    session_id text not null references session,
    constraint no_show_once unique (booking_id)
);

grant select, insert on closing, no_show to queue_runtime;

-- migrate:down
drop table no_show;
drop table closing;
alter table window_day drop column confirmed_at, drop column confirmed_by;
