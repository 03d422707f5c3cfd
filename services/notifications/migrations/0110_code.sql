-- migrate:up

-- A code by which a citizen signs in, on its way to their phone. It is no message about a booking: it waits for no quiet
-- hours, is told of in no event, and its row is deleted when the code is dead, a few minutes later. Everything here goes
-- by now(), the machine's clock, as codes do in accounts.
create table code_message (
    message_id uuid primary key default uuidv7(),
    -- Keyed digests: of what the sender named the command by, and of all that it said.
    command bytea not null,
    said bytea not null,
    language text not null,
    address bytea not null,
    subject bytea not null,
    body bytea not null,
    kept_at timestamptz not null default now(),
    expires_at timestamptz not null,
    sent_at timestamptz,
    constraint code_message_command_once unique (command),
    constraint code_message_language_known check (language in ('zh', 'en')),
    constraint code_message_short_lived check (expires_at <= kept_at + interval '6 minutes')
);
create index code_message_by_expiry on code_message (expires_at);

grant select, insert, delete on code_message to notifications_runtime;
grant update (sent_at) on code_message to notifications_runtime;

-- migrate:down
drop table code_message;
