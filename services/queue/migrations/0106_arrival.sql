-- migrate:up

-- A delegation or inspection is served like others and counted nowhere. `room` is what the manager gave a large group.
-- The rest is what visitors say on their own page: until when they are away, that they are to be fetched, and when
-- their last bus leaves. None of it is in an event.
alter table ticket
    add column delegation boolean not null default false,
    add column room text,
    add column last_bus_at timestamptz,
    add column to_fetch boolean not null default false,
    add column away_until timestamptz,
    add constraint ticket_delegation_walked_in check (not delegation or source = 'walk_in');

-- Of a cancelled booking the code's blind index alone is kept until its day is over, so that its visitor is told.
alter table card
    alter column card drop not null;

-- migrate:down
delete from card where card is null;
alter table card alter column card set not null;
alter table ticket
    drop constraint ticket_delegation_walked_in,
    drop column delegation, drop column room, drop column last_bus_at, drop column to_fetch, drop column away_until;
