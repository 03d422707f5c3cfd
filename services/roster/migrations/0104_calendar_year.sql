-- migrate:up

-- The working days of each year as they were told last: the layers of `calendar`, merged. A year that comes to
-- something else is told anew with the next version; one that was never told is told at the service's start.
create table calendar_year (
    year integer primary key,
    version bigint not null,
    state jsonb not null,
    constraint calendar_year_version_counted check (version >= 1)
);

grant select, insert, update on calendar_year to roster_runtime;

-- migrate:down
drop table calendar_year;
