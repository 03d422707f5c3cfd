-- migrate:up

create table session (
    session_id text primary key,
    programme_id text not null references programme,
    programme_name_zh text not null,
    programme_name_en text not null,
    venue_id text not null references venue,
    rule_date date not null,
    date date not null,
    day_kind text not null,
    status text not null,
    public boolean not null,
    opening jsonb not null,
    duties jsonb not null,
    booking jsonb,
    reason text,
    version bigint not null,
    last_event text not null,
    pinned boolean not null default false, -- moved by hand: no calendar moves it any more
    retired boolean not null default false, -- cancelled because the rule no longer names it
    clash_with text references session deferrable initially deferred,
    clash_choice text,
    constraint session_rule_date_once unique (venue_id, programme_id, rule_date),
    -- Two sessions of a programme and venue never share a date. Deferrable, so that it is judged at the end of a
    -- statement: an imported calendar moves many at once, one onto the day that another leaves.
    constraint session_date_taken exclude using btree (venue_id with =, programme_id with =, date with =)
        where (status <> 'cancelled') deferrable initially immediate,
    constraint session_status_known check (status in ('tentative', 'planned', 'cancelled')),
    constraint session_version_counted check (version >= 1),
    constraint session_clash_choice_known check (clash_choice in ('merge', 'skip', 'keep'))
);
create index session_by_date on session (date, session_id);
create index session_by_official on session using gin (duties jsonb_path_ops);

-- One row. Whoever changes packs, calendars or sessions locks it first: such changes look at everything,
-- are rare, and run one after the other. `planned_on` is the county's date of the last planning ahead.
create table planning (
    one boolean primary key default true,
    planned_on date,
    constraint planning_is_one check (one)
);
insert into planning default values;

grant select, insert, update on session to roster_runtime;
grant select, update on planning to roster_runtime;

-- migrate:down
drop table planning;
drop table session;
