-- migrate:up

-- Which version of the privacy notice was accepted with a booking, and when. Null where none was shown: at the counter,
-- and by callers of the API that say nothing of it. Both stay when the person goes, for they name nobody.
alter table booking
    add column privacy_version text,
    add column privacy_accepted_at timestamptz,
    add constraint booking_privacy_accepted_whole check ((privacy_version is null) = (privacy_accepted_at is null)),
    add constraint booking_privacy_version_bounded check (octet_length(privacy_version) between 1 and 20);

-- migrate:down
alter table booking drop column privacy_version, drop column privacy_accepted_at;
