-- migrate:up

-- The time that the visitor last agreed to, as long as they have not agreed to the one that their session moved to.
alter table booking add column previous_starts_at timestamptz;
grant update (previous_starts_at) on booking to booking_runtime;

-- migrate:down
alter table booking drop column previous_starts_at;
