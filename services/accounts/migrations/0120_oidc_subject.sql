-- migrate:up

-- Who of the staff a provider of OpenID Connect means. Only a keyed digest of issuer and subject is kept: a subject may
-- be a work number or an address, and nobody needs to read it again. An account has one, and one means one account.
create table oidc_subject (
    digest bytea not null,
    account_id uuid not null references account,
    linked_by text not null,
    linked_at timestamptz not null default now(),
    constraint oidc_subject_once primary key (digest),
    constraint oidc_subject_one_each unique (account_id),
    constraint oidc_subject_digest_whole check (octet_length(digest) = 32)
);

grant select, insert, delete on oidc_subject to accounts_runtime;

-- migrate:down
drop table oidc_subject;
