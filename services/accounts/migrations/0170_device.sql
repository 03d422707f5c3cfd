-- migrate:up

-- A kiosk or a screen of a hall. It stands in public, so it may do one thing in one venue and nothing else. What it is
-- called says where it stands and is written by staff; it names nobody. Of the code that is typed once and of the secret
-- that it keeps there are keyed digests alone. Times go by now(), the machine's clock, as everything about tokens.
create table device (
    device_id uuid primary key default uuidv7(),
    version bigint not null default 1,
    kind text not null,
    venue_id text not null,
    label text not null,
    state text not null default 'active',
    tokens_from timestamptz,
    pairing_digest bytea,
    pairing_until timestamptz,
    secret_digest bytea,
    paired_at timestamptz,
    last_seen_at timestamptz,
    made_by text not null,
    made_at timestamptz not null default now(),
    revoked_by text,
    revoked_at timestamptz,
    constraint device_kind_known check (kind in ('kiosk', 'screen')),
    constraint device_venue_bounded check (octet_length(venue_id) between 1 and 64),
    constraint device_label_bounded check (char_length(label) between 1 and 40),
    constraint device_state_known check (state in ('active', 'closed')),
    constraint device_version_counts_from_one check (version >= 1),
    constraint device_digests_whole check (octet_length(pairing_digest) = 32 and octet_length(secret_digest) = 32),
    constraint device_code_ends check ((pairing_digest is null) = (pairing_until is null)),
    constraint device_paired_with_secret check (secret_digest is null or paired_at is not null),
    constraint device_closed_opens_nothing check (
        state = 'active' or num_nonnulls(pairing_digest, secret_digest) = 0),
    constraint device_closed_by_somebody check (
        (state = 'active') = (revoked_at is null) and (revoked_at is null) = (revoked_by is null))
);
create unique index device_code_once on device (pairing_digest);
create unique index device_secret_once on device (secret_digest);

grant select, insert on device to accounts_runtime;
grant update (
    version, state, tokens_from, pairing_digest, pairing_until, secret_digest, paired_at, last_seen_at,
    revoked_by, revoked_at
) on device to accounts_runtime;

-- migrate:down
drop table device;
