-- migrate:up

-- For whom a citizen books: themselves, relatives, wards, and villagers whom they help. Name, phone and document numbers
-- are encrypted; a document is found again by its blind index, the same as in every service.
create table person (
    person_id uuid primary key default uuidv7(),
    account_id uuid not null references account,
    relation text not null,
    name bytea not null,
    phone bytea,
    -- Keyed digests: by what the command was named, and of all that it said.
    command bytea not null,
    said bytea not null,
    constraint person_relation_known check (relation in ('self', 'relative', 'ward', 'helped')),
    constraint person_command_once unique (account_id, command)
);
create unique index person_self_once on person (account_id) where relation = 'self';

create table person_document (
    document_id uuid primary key default uuidv7(),
    person_id uuid not null references person on delete cascade,
    account_id uuid not null references account,
    document_type text not null,
    document_key bytea not null,
    number bytea not null,
    constraint person_document_once unique (account_id, document_key)
);
create index person_document_by_person on person_document (person_id);

grant select, insert, delete on person, person_document to accounts_runtime;
grant update (relation, name, phone) on person to accounts_runtime;

-- migrate:down
drop table person_document;
drop table person;
