-- The claim in one statement on copies of booking's own tables: the same columns, indexes, checks and references, the same
-- rules of session, matter, person and key. Its seat is the count, for nobody here gives a seat back. Ciphertexts are as
-- long as ours and made of nothing, and so is the payload: sealing and rendering are not the database's work. `offset 0`
-- keeps look-ups by key from becoming joins over the whole table.
\set turn :turn + 1
\set request :turn * :clients + :client_id
\set slot :first_slot + :request % :slots
with chosen as materialized (
    select {slot} as slot_id, sha256(convert_to('person-' || :request, 'UTF8')) as document_key,
           'bench-' || lpad(:request::text, 12, '0') as idempotency_key, lpad(:request::text, 8, '0') as code,
           county_now() as now),
claimed as (
    update whole.slot
    set online_taken = slot.online_taken + 1
    from chosen
    cross join whole.matter
    cross join whole.session
    where slot.slot_id = chosen.slot_id
      and slot.online_taken < slot.online_capacity
      and chosen.now < slot.starts_at
      and session.session_id = slot.session_id
      and session.status = 'planned'
      and session.public
      and session.release_at <= chosen.now
      and chosen.now < session.closes_at
      and session.party_size_max >= 1
      and matter.matter_id = 'bench'
      and matter.department_id = slot.department_id
      and not matter.withdrawn
      and matter.visit <> 'not_needed'
      and not exists (select from whole.booking where booking.idempotency_key = chosen.idempotency_key offset 0)
      and not exists (
          select from whole.booking
          where booking.document_key = chosen.document_key
            and booking.live
            and (booking.session_id = slot.session_id and booking.department_id = slot.department_id
                 or booking.starts_at < slot.ends_at and slot.starts_at < booking.ends_at)
          offset 0)
    returning slot.*, session.venue_id, chosen.document_key, chosen.idempotency_key, chosen.code, chosen.now),
booked as (
    insert into whole.booking (
        slot_id, seat, session_id, venue_id, window_id, department_id, matter_id, starts_at, ends_at, channel, party_size,
        by_proxy, language, booked_at, code, idempotency_key, body_hash, document_type, document_key, document, name, phone)
    select slot_id, online_taken, session_id, venue_id, window_id, department_id, 'bench', starts_at, ends_at, 'online', 1,
           false, 'zh', now, code, idempotency_key, document_key, 'resident_id', document_key,
           decode(repeat('5a', 49), 'hex'), decode(repeat('5a', 40), 'hex'), decode(repeat('5a', 45), 'hex')
    from claimed
    on conflict do nothing
    returning booking_id)
insert into whole.outbox (topic, key, type, source, subject, version, correlation_id, payload)
select 'booking.bookings.v1', booking_id::text, 'booking.BookingMade', '/booking', booking_id::text, 1,
       replace(booking_id::text, '-', ''), repeat('x', 512)
from booked;
