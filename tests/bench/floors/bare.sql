-- The bare claim: one statement, on tables with primary keys and nothing else. No clock, no rules, no person looked for.
\set turn :turn + 1
\set request :turn * :clients + :client_id
\set slot :first_slot + :request % :slots
with chosen as materialized (select {slot} as slot_id),
claimed as (
    update bare.slot
    set taken = taken + 1
    where slot_id = (select slot_id from chosen) and taken < capacity
    returning slot_id, taken as seat),
booked as (
    insert into bare.booking (slot_id, seat, person)
    select slot_id, seat, :request from claimed
    returning booking_id, slot_id, seat)
insert into bare.outbox (key, payload)
select booking_id, json_build_object('booking_id', booking_id, 'slot_id', slot_id, 'seat', seat) from booked;
