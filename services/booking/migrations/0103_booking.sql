-- migrate:up

-- A seat taken by a visitor. What names or reaches a person is encrypted (shared/privacy.py), and gone
-- after the retention period. Session, window and times are the booking's own, not its slot's: a
-- cancelled booking keeps saying what it was.
create table booking (
    booking_id uuid primary key default uuidv7(),
    version bigint not null default 1,
    slot_id integer not null references slot,
    seat smallint not null,
    session_id text not null,
    venue_id text not null,
    window_id text not null,
    department_id text not null,
    matter_id text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    channel text not null,
    party_size smallint not null,
    by_proxy boolean not null,
    language text not null,
    raised_before boolean,
    state text not null default 'confirmed',
    reason text,
    live boolean not null generated always as (state <> 'cancelled') stored,
    booked_at timestamptz not null,
    cancelled_at timestamptz,
    anonymised_at timestamptz,
    code text,
    idempotency_key text,
    body_hash bytea,
    document_type text,
    document_key bytea,
    document bytea,
    name bytea,
    phone bytea,
    email bytea,
    proxy bytea,
    note bytea,
    constraint booking_channel_known check (channel in ('online', 'counter')),
    constraint booking_state_known check (state in ('confirmed', 'to_confirm', 'cancelled')),
    constraint booking_cancelled_dated check ((state = 'cancelled') = (cancelled_at is not null)),
    constraint booking_seat_range check (seat between 1 and 128),
    constraint booking_party_size_range check (party_size between 1 and 99),
    constraint booking_person_named check (
        anonymised_at is not null
        or (code is not null and name is not null and (channel = 'counter' or document_key is not null))
    )
) with (fillfactor = 90);

create unique index booking_seat_once on booking (slot_id, seat) where live;
create unique index booking_person_once on booking (document_key, session_id, department_id) where live;
create unique index booking_code_once on booking (code);
create unique index booking_idempotency_key_once on booking (idempotency_key);
create index booking_by_session on booking (session_id, window_id, starts_at) where live;
create index booking_by_end on booking (ends_at) where anonymised_at is null;

grant select, insert on booking to booking_runtime;
grant update (
    version, starts_at, ends_at, venue_id, state, reason, cancelled_at, anonymised_at, raised_before,
    code, idempotency_key, body_hash, document_type, document_key, document, name, phone, email, proxy, note
) on booking to booking_runtime;

-- Tries at guessing a code's digits, by code and by client address, both blind. A try is counted before
-- it is made and taken back when it was right, so that many at once cannot slip past the count.
create table tries (
    key bytea primary key,
    window_from timestamptz not null,
    count integer not null
);
create index tries_by_window on tries (window_from);

grant select, insert, update, delete on tries to booking_runtime;

-- migrate:down
drop table tries;
drop table booking;
