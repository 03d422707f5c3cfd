-- migrate:up

-- Layers of the working-day calendar, one row a year and kind (services/roster/domain/calendar.py).
create table calendar (
    year integer not null,
    kind text not null,
    source text not null,
    rest_days date[] not null,
    make_up_workdays date[] not null,
    imported_at timestamptz not null default county_now(),
    primary key (year, kind),
    constraint calendar_kind_known check (kind in ('official', 'county', 'seed', 'county_days'))
);

grant select, insert, update on calendar to roster_runtime;

-- migrate:down
drop table calendar;
