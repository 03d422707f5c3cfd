-- migrate:up

-- Who of the staff may sign in. The name is encrypted (shared/privacy.py); the password is a hash of Argon2id.
-- Everything about passwords, codes, tokens and sessions goes by now(), the machine's clock: county_now() decides
-- nothing here but whether a role is held, for a simulation moves it.
create table account (
    account_id uuid primary key default uuidv7(),
    version bigint not null default 1,
    login text not null,
    name bytea not null,
    official_id text,
    state text not null default 'active',
    password_hash text not null,
    password_set_at timestamptz not null default now(),
    must_change_password boolean not null default true,
    totp_secret bytea,
    totp_pending bytea,
    totp_counter bigint not null default 0,
    tokens_from timestamptz,
    opened_at timestamptz not null default now(),
    constraint account_login_plain check (login ~ '^[a-z0-9][a-z0-9._@-]{2,63}$'),
    constraint account_official_bounded check (octet_length(official_id) between 1 and 64),
    constraint account_state_known check (state in ('active', 'suspended', 'closed')),
    constraint account_version_counts_from_one check (version >= 1)
);
create unique index account_login_once on account (login);
create unique index account_official_once on account (official_id) where state <> 'closed';

-- A role, where it is held, and for how long by the county's clock. Nothing is taken back but by `revoked_at`.
create table role_grant (
    grant_id uuid primary key default uuidv7(),
    account_id uuid not null references account,
    role text not null,
    department_id text,
    venue_id text,
    valid_from timestamptz not null,
    valid_until timestamptz,
    granted_by text not null,
    granted_at timestamptz not null default now(),
    revoked_by text,
    revoked_at timestamptz,
    constraint role_grant_role_known check (role in (
        'window_staff', 'chief_representative', 'director', 'deputy', 'hall_manager', 'deputy_county_head',
        'supervisor', 'auditor', 'operator')),
    constraint role_grant_operator_everywhere check (role <> 'operator' or (department_id is null and venue_id is null)),
    constraint role_grant_place_bounded check (
        octet_length(department_id) between 1 and 64 and octet_length(venue_id) between 1 and 64),
    constraint role_grant_span check (valid_until > valid_from),
    constraint role_grant_revoked_by_somebody check ((revoked_at is null) = (revoked_by is null))
);
create unique index role_grant_once on role_grant
    (account_id, role, coalesce(department_id, ''), coalesce(venue_id, '')) where revoked_at is null;

-- A sign-in. Its tokens are told by its id; one that was ended is told of until the last of them has expired.
create table session (
    session_id uuid primary key default uuidv7(),
    account_id uuid not null references account,
    scope text,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    ended_why text,
    address text not null,
    agent text not null,
    constraint session_scope_known check (scope in ('enrol')),
    constraint session_span check (expires_at > created_at),
    constraint session_ended_with_reason check ((ended_at is null) = (ended_why is null)),
    constraint session_why_known check (ended_why in
        ('signed_out', 'ended_elsewhere', 'password_changed', 'enrolled', 'suspended', 'reset', 'all_ended', 'too_many')),
    constraint session_origin_bounded check (char_length(address) <= 64 and char_length(agent) <= 200)
);
create index session_by_account on session (account_id, created_at);
create index session_by_expiry on session (expires_at);

-- What stands in for a lost telephone, each once. Only a keyed digest is kept.
create table recovery_code (
    account_id uuid not null references account,
    digest bytea not null,
    used_at timestamptz,
    constraint recovery_code_once primary key (account_id, digest)
);

-- Keys that sign tokens. The private half is encrypted; a key is published a while before it signs, and after it.
create table signing_key (
    key_id text primary key,
    private_key bytea not null,
    public_jwk jsonb not null,
    made_at timestamptz not null default now(),
    signs_from timestamptz not null,
    retires_at timestamptz,
    constraint signing_key_retires_after_signing check (retires_at > signs_from)
);

-- Tries at signing in, by login and by client address, both blind. A try is counted before it is made and taken back
-- when it was right, so that many at once cannot slip past the count.
create table tries (
    key bytea primary key,
    window_from timestamptz not null,
    count integer not null
);
create index tries_by_window on tries (window_from);

-- Who did what to which account. Each row's hash covers the one before it, so that a row that was changed, put in or
-- taken out from between is found; the runtime role can neither change nor delete one.
create table audit (
    number bigint primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    account_id uuid,
    details jsonb not null,
    previous bytea not null,
    hash bytea not null,
    constraint audit_number_counts_from_one check (number >= 1),
    constraint audit_hash_whole check (octet_length(hash) = 32 and octet_length(previous) = 32),
    constraint audit_details_bounded check (octet_length(details::text) <= 2048)
);
create unique index audit_one_chain on audit (previous);

grant select, insert on account, role_grant, session, recovery_code, signing_key, tries, audit to accounts_runtime;
grant update (
    version, official_id, state, password_hash, password_set_at, must_change_password,
    totp_secret, totp_pending, totp_counter, tokens_from
) on account to accounts_runtime;
grant update (revoked_by, revoked_at) on role_grant to accounts_runtime;
grant update (last_seen_at, ended_at, ended_why), delete on session to accounts_runtime;
grant update (used_at), delete on recovery_code to accounts_runtime;
grant update (retires_at), delete on signing_key to accounts_runtime;
grant update, delete on tries to accounts_runtime;

-- migrate:down
drop table audit;
drop table tries;
drop table signing_key;
drop table recovery_code;
drop table session;
drop table role_grant;
drop table account;
