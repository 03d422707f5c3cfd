-- migrate:up

-- Something to be told to one recipient. The row stays for ever, so that the same is never told again;
-- address, phone, subject and body are encrypted and deleted after the retention period.
create table message (
    message_id uuid primary key default uuidv7(),
    -- 0 until it was said to be queued: prepared, with its channel known.
    version integer not null default 0,
    about text not null references booking,
    about_version bigint not null,
    kind text not null,
    recipient text not null,
    language text not null,
    starts_at timestamptz not null,
    window_id text not null,
    session_date date not null,
    previous_starts_at timestamptz,
    correlation_id text not null default '',
    state text not null default 'waiting',
    reason text,
    queued_at timestamptz not null,
    -- When the rules want it sent, and when a worker is to look at it next.
    due_at timestamptz not null,
    try_at timestamptz not null,
    settled_at timestamptz,
    preparations integer not null default 0,
    attempts integer not null default 0,
    channel text,
    address bytea,
    phone bytea,
    subject bytea,
    body bytea,
    -- What was prepared holds for this version of the booking, and until this instant.
    prepared_for bigint,
    good_until timestamptz,
    -- The lease of the worker that has it in hand, by the real clock: a worker's death is no matter of county time.
    claimed_until timestamptz,
    constraint message_once unique (about, about_version, kind, recipient),
    constraint message_kind_known check (kind in ('booked', 'cancelled', 'moved', 'session_cancelled', 'reminder')),
    constraint message_recipient_known check (recipient in ('visitor', 'proxy')),
    constraint message_language_known check (language in ('zh', 'en')),
    constraint message_state_known check (state in ('waiting', 'sent', 'failed', 'withdrawn')),
    constraint message_channel_known check (channel in ('console', 'email')),
    constraint message_settled_dated check ((state = 'waiting') = (settled_at is null)),
    constraint message_reason_told check ((state in ('failed', 'withdrawn')) = (reason is not null)),
    constraint message_prepared_whole check (
        good_until is null or num_nulls(channel, address, subject, body, prepared_for) = 0
    ),
    constraint message_attempts_bounded check (attempts between 0 and 100)
);

-- A booking confirmed again, or a state read alone from a compacted topic, makes no second reminder.
create unique index message_reminder_once on message (about, recipient, starts_at)
    where kind = 'reminder' and state <> 'withdrawn';
create index message_to_try on message (try_at) where state = 'waiting';
create index message_failed on message (starts_at) where state = 'failed';
create index message_to_forget on message (settled_at) where body is not null or phone is not null;

-- One attempt on one channel. Without an outcome it runs, or the worker died over it; the next one then
-- marks it unknown: the recipient may have it twice.
create table delivery (
    message_id uuid not null references message,
    attempt integer not null,
    channel text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text,
    detail text not null default '',
    constraint delivery_once primary key (message_id, attempt),
    constraint delivery_outcome_known check (outcome in ('sent', 'deferred', 'refused', 'unknown')),
    constraint delivery_ended_whole check ((outcome is null) = (ended_at is null))
);
create index delivery_unknown on delivery (started_at) where outcome = 'unknown';

-- The console channel's box: it stands for a phone until the county has a provider of text messages.
create table console_message (
    message_id uuid not null,
    address bytea not null,
    subject bytea not null,
    body bytea not null,
    kind text not null,
    language text not null,
    about text not null,
    sent_at timestamptz not null,
    constraint console_message_once primary key (message_id)
);
create index console_message_by_time on console_message (sent_at, message_id);

grant select, insert, update on message, delivery to notifications_runtime;
grant select, insert, delete on console_message to notifications_runtime;

-- migrate:down
drop table console_message;
drop table delivery;
drop table message;
