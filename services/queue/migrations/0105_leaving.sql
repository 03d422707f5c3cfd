-- migrate:up

-- Which days of a year are worked, as the roster told it last.
create table calendar_year (
    year integer primary key,
    version bigint not null,
    state jsonb not null
);

-- Whoever waits for a director that has left chooses. Staying is noted on the ticket; the other two end it, and leave
-- a promise. `first_next` is the first place that was promised the time before.
alter table ticket
    add column stays boolean not null default false,
    add column first_next boolean not null default false;

-- What was promised to a visitor because the director was gone: the first place next time, or a call about what they
-- wrote down. What they wrote, their name and phone are encrypted; name and phone go once the promise is kept.
-- `person_key` is the blind index of their document; without one the old ticket alone proves the promise.
create table promise (
    promise_id uuid primary key default uuidv7(),
    kind text not null,
    ticket_id uuid not null references ticket,
    session_id text not null references session,
    window_id text not null,
    department_id text not null,
    official_id text,
    person_key bytea,
    made_at timestamptz not null,
    due_on date,
    tentative boolean not null default false,
    text bytea,
    name bytea,
    phone bytea,
    kept_at timestamptz,
    kept_by text,
    kept_ticket_id uuid references ticket,
    said bytea,
    constraint promise_once unique (ticket_id),
    constraint promise_kind_known check (kind in ('next_session', 'written_issue')),
    constraint promise_issue_written check ((kind = 'written_issue') = (text is not null)),
    constraint promise_issue_due check ((kind = 'written_issue') = (due_on is not null)),
    constraint promise_kept_by_ticket check (kind = 'written_issue' or (kept_at is null) = (kept_ticket_id is null)),
    constraint promise_kept_by_call check (
        kind = 'next_session' or ((kept_at is null) = (kept_by is null) and (kept_at is null) = (said is null))),
    constraint promise_nobody_named_once_kept check (kept_at is null or (name is null and phone is null))
);
create index promise_by_department on promise (department_id, made_at);
create index promise_open_by_person on promise (department_id, person_key)
    where kind = 'next_session' and kept_at is null and person_key is not null;
create unique index promise_place_given_once on promise (kept_ticket_id);

-- What a director found or decided without a visitor. Texts are encrypted and stay here; events carry id and kind.
create table finding (
    finding_id uuid primary key default uuidv7(),
    version bigint not null default 1,
    session_id text not null references session,
    window_id text not null,
    department_id text not null,
    official_id text,
    kind text not null,
    settled text,
    text bytea not null,
    scope bytea,
    basis bytea,
    noted_at timestamptz not null,
    idempotency_key text,
    constraint finding_kind_known check (kind in ('finding', 'decision')),
    constraint finding_settled check ((kind = 'finding') = (settled is not null)),
    constraint finding_settled_known check (settled in ('on_the_spot', 'handed_on')),
    constraint finding_decision_scoped check ((kind = 'decision') = (scope is not null)),
    constraint finding_basis_of_decision check (basis is null or kind = 'decision')
);
create index finding_by_window on finding (session_id, window_id, finding_id);
create unique index finding_idempotency_key_once on finding (idempotency_key);

-- Each time that an official came, was called away, left or was missed, with who sat in: a window keeps the last only,
-- and whoever was substituted in the morning is counted in the evening.
create table attendance (
    attendance_id bigint primary key generated always as identity,
    session_id text not null,
    window_id text not null,
    noted_at timestamptz not null,
    attendance text not null,
    official_id text,
    substitute_id text,
    returns_at timestamptz,
    reason text,
    constraint attendance_of_window foreign key (session_id, window_id) references window_day,
    constraint attendance_known check (attendance in ('present', 'away', 'left', 'absent')),
    constraint attendance_substitute_of_absent check (substitute_id is null or attendance <> 'present')
);
create index attendance_by_window on attendance (session_id, window_id);

-- What was recorded so far, as far as it is still known.
insert into attendance (session_id, window_id, noted_at, attendance, official_id)
select step.session_id, step.window_id, step.taken_at, step.verb, window_day.official_id
from step
join window_day using (session_id, window_id)
where step.verb in ('present', 'away', 'left', 'absent')
order by step.step_id;
insert into attendance (session_id, window_id, noted_at, attendance, official_id, substitute_id, returns_at)
select session_id, window_id, attended_at, attendance, official_id, substitute_id, returns_at
from window_day
where substitute_id is not null and attended_at is not null and attendance in ('away', 'left', 'absent');

grant select, insert, update on calendar_year, promise to queue_runtime;
grant select, insert on finding, attendance to queue_runtime;

-- migrate:down
drop table attendance;
drop table finding;
drop table promise;
alter table ticket drop column stays, drop column first_next;
drop table calendar_year;
