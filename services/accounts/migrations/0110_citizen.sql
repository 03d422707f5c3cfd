-- migrate:up

-- Citizens sign in by a phone and a code. Of them is known the phone alone: encrypted, and found by a blind index. They
-- have no login and no password; a number that another account had, and closed, may be somebody else's today.
alter table account add column kind text not null default 'staff';
alter table account add column phone bytea;
alter table account add column phone_key bytea;
alter table account alter column login drop not null;
alter table account alter column name drop not null;
alter table account alter column password_hash drop not null;
alter table account add constraint account_kind_known check (kind in ('staff', 'citizen'));
alter table account add constraint account_of_kind check (
    case kind
        when 'staff' then num_nulls(login, name) = 0 and num_nonnulls(phone, phone_key) = 0
        else num_nonnulls(login, password_hash, totp_secret, official_id) = 0
            and (state = 'closed' or num_nulls(phone, phone_key) = 0)
    end);
create unique index account_phone_once on account (phone_key) where state <> 'closed';

-- What lets a citizen's browser have a new token when the last one has expired: a keyed digest of a secret that it
-- keeps. It ends with its sign-in.
alter table session add column renewal_key bytea;
create unique index session_renewal_once on session (renewal_key);

-- The one live code of a phone, whose phone it is being unknown or not. A try is counted before it is compared.
create table citizen_code (
    phone_key bytea primary key,
    digest bytea not null,
    expires_at timestamptz not null,
    tries integer not null default 0,
    constraint citizen_code_tries_bounded check (tries between 0 and 5)
);
create index citizen_code_by_expiry on citizen_code (expires_at);
grant select, insert, update, delete on citizen_code to accounts_runtime;

-- migrate:down
drop table citizen_code;
drop index session_renewal_once;
alter table session drop column renewal_key;
delete from session where account_id in (select account_id from account where kind = 'citizen');
delete from account where kind = 'citizen';
drop index account_phone_once;
alter table account drop constraint account_of_kind, drop constraint account_kind_known;
alter table account alter column password_hash set not null;
alter table account alter column name set not null;
alter table account alter column login set not null;
alter table account drop column phone_key, drop column phone, drop column kind;
