-- migrate:up

-- A stretch of a window's time. Seats 1-64 are bookable online, 65-128 at the counter; seats kept for
-- walk-ins are no rows at all. `planned` is what the session offers; `capacity` is never below what is
-- taken, so that a share made smaller after it was sold shrinks as its seats are given back.
create table slot (
    slot_id integer generated always as identity primary key,
    session_id text not null references session,
    window_id text not null,
    department_id text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    online_planned smallint not null,
    online_capacity smallint not null,
    online_taken smallint not null default 0,
    counter_planned smallint not null,
    counter_capacity smallint not null,
    counter_taken smallint not null default 0,
    constraint slot_time_forward check (starts_at < ends_at),
    constraint slot_capacity_range check (
        online_capacity between online_planned and 64 and online_planned >= 0
        and counter_capacity between counter_planned and 64 and counter_planned >= 0
    ),
    constraint slot_online_not_oversold check (online_taken between 0 and online_capacity),
    constraint slot_counter_not_oversold check (counter_taken between 0 and counter_capacity)
) with (fillfactor = 50); -- every booking updates its slot: room for that within the page, and no index touched
create index slot_by_session on slot (session_id, department_id, starts_at);

grant select, insert on slot to booking_runtime;
grant update (
    starts_at, ends_at,
    online_planned, online_capacity, online_taken, counter_planned, counter_capacity, counter_taken
) on slot to booking_runtime;

-- migrate:down
drop table slot;
