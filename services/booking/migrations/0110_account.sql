-- migrate:up

-- Whose account booked, if somebody was signed in: by its id alone, and forgotten with the visitor.
alter table booking add column account_id uuid;
create index booking_by_account on booking (account_id, starts_at) where account_id is not null;
grant update (account_id) on booking to booking_runtime;

-- migrate:down
drop index booking_by_account;
alter table booking drop column account_id;
