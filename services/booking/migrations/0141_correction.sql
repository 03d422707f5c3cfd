-- migrate:up

-- Who comes can be put right once: name or document, so that a seat is not handed on. The version that a correction made
-- tells which event left the booking in its state.
alter table booking
    add column identity_corrected_at timestamptz,
    add column corrected_version bigint;
grant update (identity_corrected_at, corrected_version) on booking to booking_runtime;

-- migrate:down
alter table booking drop column identity_corrected_at, drop column corrected_version;
