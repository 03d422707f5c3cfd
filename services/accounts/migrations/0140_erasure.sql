-- migrate:up

-- Orders to forget somebody. The blind indexes and bookings are needed until the last service has answered, and gone
-- then; the proof that stays names nobody. `requested_by` is an account's id; `basis` says how the person asked.
create table erasure (
    erasure_id uuid primary key default uuidv7(),
    requested_by text not null,
    basis text not null,
    requested_at timestamptz not null,
    document_keys bytea[] not null,
    account_id uuid,
    booking_ids uuid[] not null default '{}',
    completed_at timestamptz,
    proof jsonb,
    proof_hash bytea,
    constraint erasure_basis_known check (basis in ('in_person', 'in_writing', 'signed_in')),
    constraint erasure_of_somebody check (completed_at is not null or cardinality(document_keys) between 1 and 20),
    constraint erasure_completed_with_proof check (num_nulls(completed_at, proof, proof_hash) in (0, 3)),
    constraint erasure_names_nobody_once_completed check (
        completed_at is null or (document_keys = '{}' and booking_ids = '{}' and account_id is null))
);
create unique index erasure_open_once on erasure (document_keys) where completed_at is null;

-- What each service has answered, and when it is to be asked again, by the machine's clock.
create table erasure_part (
    erasure_id uuid not null references erasure,
    service text not null,
    state text not null default 'waiting',
    erased jsonb not null default '{}',
    held jsonb not null default '[]',
    asked integer not null default 0,
    fault text,
    answered_at timestamptz,
    ask_at timestamptz not null default now(),
    constraint erasure_part_once primary key (erasure_id, service),
    constraint erasure_part_state_known check (state in ('waiting', 'held', 'done')),
    constraint erasure_part_answered check (state = 'waiting' or answered_at is not null)
);
create index erasure_part_to_ask on erasure_part (ask_at) where state <> 'done';

grant select, insert, update on erasure, erasure_part to accounts_runtime;

-- migrate:down
drop table erasure_part;
drop table erasure;
