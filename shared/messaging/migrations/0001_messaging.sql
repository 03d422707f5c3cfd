-- What every service's database has: the county's clock, the outbox, the inbox and the dead letters.

-- migrate:up

-- The one clock that rules go by. Tests, demo and simulation replace it in their own databases.
create function county_now() returns timestamptz
    language sql stable
    as $$ select now() $$;

-- Events to be published, in the order of `position`. The position is taken while the aggregate's row
-- is locked, so that per aggregate it is the order of the versions. Marked rows are deleted in batches.
create table outbox (
    position        bigint      generated always as identity,
    id              uuid        not null default uuidv7(),
    topic           text        not null,
    key             text        not null,
    type            text        not null,
    source          text        not null,
    subject         text        not null,
    version         bigint      not null,
    correlation_id  text        not null,
    traceparent     text,
    payload         text        not null,
    recorded_at     timestamptz not null default clock_timestamp(),
    published_at    timestamptz,
    constraint outbox_pkey primary key (position),
    constraint outbox_version_counts_from_one check (version >= 1),
    -- One row that the broker refuses would stop the relay for ever.
    constraint outbox_payload_bounded check (octet_length(payload) < 262144),
    constraint outbox_key_bounded check (octet_length(key) between 1 and 512),
    constraint outbox_names_bounded check (
        octet_length(topic) between 1 and 200 and octet_length(type) between 1 and 200
        and octet_length(source) between 1 and 200 and octet_length(subject) between 1 and 512
        and octet_length(correlation_id) between 1 and 200 and octet_length(traceparent) <= 200
    )
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);

create index outbox_unpublished on outbox (position) where published_at is null;

-- Which messages a consumer has handled whose effect must happen once. Kept for 30 days.
create table inbox (
    ce_id        text        not null,
    consumer     text        not null,
    received_at  timestamptz not null default clock_timestamp(),
    constraint inbox_pkey primary key (ce_id, consumer),
    constraint inbox_ce_id_bounded check (octet_length(ce_id) between 1 and 200)
);

create index inbox_received on inbox (received_at);

-- Messages that could not be handled, byte for byte as they came, until somebody settles them.
create table dead_letter (
    id              bigint      generated always as identity,
    topic           text        not null,
    partition       integer     not null,
    "offset"        bigint      not null,
    sent_at         timestamptz not null,
    consumer_group  text        not null,
    key             bytea,
    headers         bytea       not null,
    raw             bytea       not null,
    error           text        not null,
    stack           text        not null,
    attempts        integer     not null,
    failed_at       timestamptz not null default clock_timestamp(),
    state           text        not null default 'waiting',
    settled_at      timestamptz,
    constraint dead_letter_pkey primary key (id),
    -- Offsets start again when a broker was lost; with the time of the record they are its name.
    constraint dead_letter_once unique (consumer_group, topic, partition, "offset", sent_at),
    constraint dead_letter_state_known check (state in ('waiting', 'replayed', 'discarded')),
    constraint dead_letter_settled_has_time check ((state = 'waiting') = (settled_at is null)),
    constraint dead_letter_attempts_counted check (attempts >= 1)
);

create index dead_letter_waiting on dead_letter (id) where state = 'waiting';

-- The runtime role may do what the code does and no more: positions, payloads and bytes stay as written.
do $$
declare
    runtime text := replace(current_user, '_owner', '_runtime');
begin
    execute format('grant execute on function county_now() to %I', runtime);
    execute format('grant select, insert, delete on outbox to %I', runtime);
    execute format('grant update (published_at) on outbox to %I', runtime);
    execute format('grant select, insert, delete on inbox to %I', runtime);
    execute format('grant select, insert on dead_letter to %I', runtime);
    execute format(
        'grant update (error, stack, attempts, failed_at, state, settled_at) on dead_letter to %I', runtime
    );
end
$$;

-- migrate:down

drop table dead_letter;
drop table inbox;
drop table outbox;
drop function county_now();
