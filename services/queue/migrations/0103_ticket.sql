-- migrate:up

-- A place in the day's queue, and the visit that it becomes. The card is encrypted, and gone once the day is closed
-- and its figures are told; `person_key` is the blind index of the visitor's document.
create table ticket (
    ticket_id uuid primary key default uuidv7(),
    version bigint not null default 1,
    last_event text not null,
    session_id text not null references session,
    venue_id text not null,
    number text not null,
    token text not null,
    source text not null,
    booking_id uuid,
    idempotency_key text,
    department_id text not null,
    bound_to text,
    at_window text,
    matter_ids text[] not null,
    persons smallint not null,
    priority text,
    language text not null,
    state text not null default 'waiting',
    closing text,
    misses smallint not null default 0,
    behind smallint not null default 0,
    overtaken smallint not null default 0,
    near boolean not null default false,
    calls smallint not null default 0,
    booked_for timestamptz,
    arrived_at timestamptz not null,
    called_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    received_by text,
    official_id text,
    person_key bytea,
    card bytea,
    constraint ticket_source_known check (source in ('booking', 'walk_in', 'paper')),
    constraint ticket_state_known check (state in ('waiting', 'called', 'serving', 'held', 'finished', 'closed')),
    constraint ticket_closing_told check ((state = 'closed') = (closing is not null)),
    constraint ticket_persons_counted check (persons between 1 and 200),
    constraint ticket_at_a_window check (state in ('waiting', 'closed') or at_window is not null),
    constraint ticket_matters_named check (cardinality(matter_ids) between 1 and 10),
    constraint ticket_received_told check ((state = 'finished') <= (received_by is not null))
);
create unique index ticket_number_once on ticket (session_id, number);
create unique index ticket_token_once on ticket (token);
create unique index ticket_booking_once on ticket (booking_id) where booking_id is not null;
create unique index ticket_idempotency_key_once on ticket (idempotency_key);
create unique index ticket_window_has_one on ticket (session_id, at_window) where state in ('called', 'serving');
create unique index ticket_person_at_one_window on ticket (session_id, person_key)
    where state in ('called', 'serving');
create index ticket_by_session on ticket (session_id, state);

create table outcome (
    ticket_id uuid not null references ticket,
    matter_id text not null,
    kind text not null,
    said bytea,
    constraint outcome_once primary key (ticket_id, matter_id),
    constraint outcome_kind_known check (kind in ('handled', 'guided', 'incomplete', 'declined')),
    constraint outcome_explained check (kind in ('handled', 'guided') or said is not null)
);

-- What was found, with a visitor or without one. Its text is encrypted and stays here; events carry id and kind.
create table remark (
    remark_id uuid primary key default uuidv7(),
    session_id text not null references session,
    window_id text not null,
    ticket_id uuid references ticket,
    kind text not null,
    settled text,
    text bytea not null,
    noted_at timestamptz not null,
    constraint remark_kind_known check (kind in ('problem', 'suggestion')),
    constraint remark_problem_settled check ((kind = 'problem') = (settled is not null)),
    constraint remark_settled_known check (settled in ('on_the_spot', 'handed_on'))
);
create index remark_by_session on remark (session_id);
create index remark_by_ticket on remark (ticket_id) where ticket_id is not null;

-- Every verb in its order, with the ticket as it was before, so that the last one can be taken back.
create table step (
    step_id bigint primary key generated always as identity,
    session_id text not null references session,
    window_id text not null,
    ticket_id uuid references ticket,
    verb text not null,
    taken_at timestamptz not null,
    before jsonb,
    ticket_version bigint,
    counted jsonb not null default '{}',
    undone boolean not null default false
);
create index step_by_window on step (session_id, window_id, step_id);

grant select, insert, update on ticket, step to queue_runtime;
grant select, insert, update, delete on outcome, remark to queue_runtime;

-- migrate:down
drop table step;
drop table remark;
drop table outcome;
drop table ticket;
