-- migrate:up

-- Whoever is signed in asks with their account: with the documents that they say are theirs, or with none.
alter table erasure drop constraint erasure_of_somebody;
alter table erasure add constraint erasure_of_somebody check (
    completed_at is not null or (cardinality(document_keys) <= 20 and (cardinality(document_keys) > 0 or account_id is not null)));
drop index erasure_open_once;
create unique index erasure_open_once on erasure (document_keys, account_id) nulls not distinct where completed_at is null;

-- What accounts itself holds of citizens can be forgotten: the phone, and from where they signed in.
grant update (phone, phone_key) on account to accounts_runtime;
grant update (address, agent) on session to accounts_runtime;
create index person_document_by_key on person_document (document_key);

-- migrate:down
drop index person_document_by_key;
revoke update (address, agent) on session from accounts_runtime;
revoke update (phone, phone_key) on account from accounts_runtime;
drop index erasure_open_once;
create unique index erasure_open_once on erasure (document_keys) where completed_at is null;
alter table erasure drop constraint erasure_of_somebody;
alter table erasure add constraint erasure_of_somebody check (
    completed_at is not null or cardinality(document_keys) between 1 and 20);
