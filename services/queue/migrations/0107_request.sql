-- migrate:up

-- The keyed digest of the request that took a ticket under an idempotency key: the key with another request is refused.
alter table ticket add column request_digest bytea;

-- migrate:down
alter table ticket drop column request_digest;
