-- migrate:up

-- A problem, suggestion, complaint or petition until its verified closing. What people wrote is encrypted; the search
-- goes by keyed indexes of pairs of characters. `next_*` is the clock of what has to happen next, `term_*` the one by
-- which the lead has to answer; both are kept as they were counted, so that a changed calendar can count them anew.
create table "case" (
    case_id uuid primary key default uuidv7(),
    version bigint not null,
    last_event text not null,
    number text not null,
    kind text not null,
    source text not null,
    venue_id text not null,
    session_id text,
    visit_id uuid,
    finding_id uuid,
    remark_id uuid,
    confidential boolean not null default false,
    about_department_id text,
    about_official_id text,
    level text not null,
    state text not null,
    holder text not null,
    department_id text,
    handler_id text,
    earlier_handler_id text,
    registered_at timestamptz not null,
    raised_on date not null,
    term_from date not null,
    term_unit text not null,
    term_days integer,
    extended_days integer not null default 0,
    due_on date,
    next_step text,
    next_from date,
    next_unit text,
    next_days integer,
    next_on date,
    amber_on date,
    red_on date,
    tentative boolean not null default false,
    reminded text,
    overdue_noted boolean not null default false,
    suspended_on date,
    extensions integer not null default 0,
    extension_asked_days integer,
    extension_asked_by text,
    times_overdue integer not null default 0,
    returns integer not null default 0,
    refusals integer not null default 0,
    unanswered_calls integer not null default 0,
    last_call_on date,
    raisings integer not null default 1,
    same_person_raisings integer not null default 1,
    blocked boolean not null default false,
    referred boolean not null default false,
    referral_next_on date,
    answered_at timestamptz,
    closed_at timestamptz,
    closing text,
    merged_into uuid references "case",
    listed_on date,
    listing_reason text,
    delisted_on date,
    look_back_on date,
    language text not null default 'zh',
    -- Not in the state that is told:
    title bytea,
    words bytea,
    place bytea,
    about bytea,
    person bytea,
    extension_words bytea,
    referral_body bytea,
    person_key bytea,
    phone_key bytea,
    digits_keys bytea[] not null default '{}',
    account_id uuid,
    tokens bigint[] not null default '{}',
    idempotency_key text,
    body_hash bytea,
    forgotten_at timestamptz,
    constraint case_number_once unique (number),
    constraint case_remark_once unique (remark_id),
    constraint case_finding_once unique (finding_id),
    constraint case_idempotency_key_once unique (idempotency_key),
    constraint case_kind_known check (kind in ('problem', 'suggestion', 'complaint', 'petition', 'bad_rating')),
    constraint case_source_known check (source in ('visit', 'finding', 'online', 'counter', 'phone')),
    constraint case_level_known check (level in ('window', 'joint_review', 'supervision')),
    constraint case_state_known check (state in (
        'registered', 'returned', 'accepted', 'in_progress', 'suspended', 'answered', 'contested', 'closed',
        'merged')),
    constraint case_holder_known check (holder in ('department', 'manager', 'supervisor')),
    constraint case_unit_known check (term_unit in ('working', 'calendar', 'fixed')),
    constraint case_next_known check (next_step in ('accept', 'assign', 'answer', 'resume', 'verify', 'review')),
    -- An open case always has somebody who has to act, and a day by which.
    constraint case_open_has_next check (
        (state in ('closed', 'merged')) = (next_on is null) and (next_on is null) = (next_step is null)),
    constraint case_open_has_owner check (
        state in ('closed', 'merged') or holder <> 'department' or department_id is not null),
    constraint case_closed_has_closing check ((state = 'closed') = (closing is not null and closed_at is not null)),
    constraint case_closing_known check (closing in ('verified', 'not_reached', 'by_supervisor')),
    constraint case_merged_told check ((state = 'merged') = (merged_into is not null)),
    constraint case_extended_twice_at_most check (extensions between 0 and 2),
    constraint case_confidential_apart check (
        not confidential or department_id is null or about_department_id is distinct from department_id),
    constraint case_listed_told check ((listed_on is null) = (listing_reason is null)),
    constraint case_confidential_unlisted check (not confidential or listed_on is null)
);
create index case_open_by_next on "case" (level, next_on, case_id) where next_on is not null;
create index case_open_by_department on "case" (department_id, next_on, case_id) where next_on is not null;
create index case_open_by_handler on "case" (handler_id, next_on) where next_on is not null;
create index case_by_registered on "case" (registered_at desc, case_id desc);
create index case_by_department on "case" (department_id, registered_at desc);
create index case_listed on "case" (listed_on, case_id) where listed_on is not null;
create index case_to_look_back on "case" (look_back_on) where look_back_on is not null;
create index case_by_person on "case" (person_key) where person_key is not null;
create index case_by_phone on "case" (phone_key) where phone_key is not null;
create index case_by_account on "case" (account_id) where account_id is not null;
create index case_by_tokens on "case" using gin (tokens);
create index case_merged on "case" (merged_into) where merged_into is not null;
create index case_to_forget on "case" (closed_at) where closed_at is not null and forgotten_at is null;

-- The story: what happened, when, by whom and why; one row a version.
create table step (
    case_id uuid not null references "case",
    version bigint not null,
    kind text not null,
    at timestamptz not null,
    by_kind text not null,
    account_id text,
    department_id text,
    level text not null,
    why text,
    words bytea,
    "on" date,
    constraint step_once primary key (case_id, version),
    constraint step_by_known check (by_kind in ('citizen', 'staff', 'system'))
);

create table part (
    part_id uuid primary key default uuidv7(),
    case_id uuid not null references "case",
    department_id text not null,
    words bytea,
    given_on date not null,
    due_on date not null,
    done_on date,
    done_words bytea
);
create index part_by_case on part (case_id);
create index part_by_department on part (department_id, due_on) where done_on is null;

create table measure (
    measure_id uuid primary key default uuidv7(),
    case_id uuid not null references "case",
    beneficiary text not null,
    words bytea,
    due_on date not null,
    done_on date,
    proof bytea,
    reminded_on date,
    constraint measure_beneficiary_known check (beneficiary in ('household', 'firm'))
);
create index measure_by_case on measure (case_id);
create index measure_open on measure (due_on) where done_on is null;

create table call_back (
    call_back_id bigint primary key generated always as identity,
    case_id uuid not null references "case",
    "on" date not null,
    result text not null,
    words bytea,
    account_id text,
    round integer not null,
    constraint call_back_result_known check (result in ('confirmed', 'refused', 'unanswered'))
);
-- Three unanswered calls on three days: a day has one.
create unique index call_back_unanswered_once_a_day on call_back (case_id, "on") where result = 'unanswered';

create table listing (
    listing_id bigint primary key generated always as identity,
    case_id uuid not null references "case",
    listed_on date not null,
    reason text not null,
    delisted_on date,
    look_back_on date,
    passed boolean,
    constraint listing_reason_known check (reason in (
        'overdue_twice', 'old_and_repeated', 'look_back_failed', 'by_hand')),
    constraint listing_in_order check (delisted_on >= listed_on)
);
create unique index listing_open_once on listing (case_id) where delisted_on is null;

create table link (
    case_id uuid not null references "case",
    other_id uuid not null references "case",
    linked_at timestamptz not null,
    constraint link_once primary key (case_id, other_id),
    constraint link_in_order check (case_id < other_id)
);
create index link_by_other on link (other_id);

create table tries (
    key bytea primary key,
    window_from timestamptz not null,
    count integer not null
);
create index tries_by_window on tries (window_from);

grant select, insert, update on "case", part, measure, call_back, listing, link to cases_runtime;
grant select, insert on step to cases_runtime;
-- What was written is forgotten with the person that it names; that it happened stays.
grant update (words) on step to cases_runtime;
grant select, insert, update, delete on tries to cases_runtime;

-- migrate:down
drop table tries;
drop table link;
drop table listing;
drop table call_back;
drop table measure;
drop table part;
drop table step;
drop table "case";
