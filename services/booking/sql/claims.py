"""The combined claim: up to 64 requests for seats in one transaction.

`lock` stands alone, so that the snapshot of `claim` is taken after the locks were won: with both in one
statement, 40-100 of 200 people were refused for 200 free seats. Locks are taken in one order everywhere in
booking: slots by id, persons, bookings by id. The person's lock makes "no two at overlapping times" hold
between processes, for which no constraint stands on the table; the keys of the booking row are constraints.
Seats up to 64 are the online share's, those above the counter's: changing one share renumbers no seat.
"""

from collections.abc import Sequence

import asyncpg

from services.booking.domain.claims import Channel, Claim, Refusal
from shared.database import Connection


async def lock(connection: Connection, slot_ids: Sequence[int], person_locks: Sequence[int]) -> None:
    """Lock slots, then persons, each in the order given: callers sort them. Reads nothing that is used.

    Fixes the plan of `claim`, too, for this transaction: a plan made anew for every batch costs as much as a
    sixth of its work, and one made while the tables were small must not read them whole when they have grown.
    """
    await connection.fetchrow(
        """
        with locked as materialized (
            select slot_id from slot where slot_id = any($1::int[]) order by slot_id for update)
        select set_config('plan_cache_mode', 'force_generic_plan', true),
               set_config('enable_seqscan', 'off', true),
               (select count(*) from locked) as slots,
               (select count(pg_advisory_xact_lock(person)) from unnest($2::bigint[]) as person) as persons
        """,
        slot_ids,
        person_locks,
    )


async def claim(connection: Connection, channel: Channel, claims: Sequence[Claim]) -> list[asyncpg.Record]:
    """Book what can be booked, first come, first served within a slot; the bookings of those that won.

    All claims are of one channel, their keys and persons differ from each other, and `lock` was called. Each
    `offset 0` keeps the planner from turning a look-up by key into a join over a whole table.
    """
    return await connection.fetch(
        """
        with clock as materialized (select county_now() as now),
        request as materialized (
            select *
            from unnest(
                $2::int[], $3::text[], $4::int[], $5::bool[], $6::text[], $7::bool[], $8::text[], $9::text[],
                $10::bytea[], $11::text[], $12::bytea[], $13::bool[], $14::timestamptz[], $15::bytea[], $16::bytea[],
                $17::bytea[], $18::bytea[], $19::bytea[], $20::bytea[], $21::text[], $22::uuid[]
            ) with ordinality as request (
                slot_id, matter_id, party_size, by_proxy, language, raised_before, code, idempotency_key,
                body_hash, document_type, document_key, person, born_at, document, name,
                phone, email, proxy, note, privacy_version, account_id, arrival
            )),
        open_slot as materialized (
            select slot.*, wanted.requests, session.venue_id, session.party_size_max, session.cancel_until
            from (select slot_id, count(*) as requests from request group by slot_id) as wanted
            cross join clock
            cross join lateral (select * from slot where slot.slot_id = wanted.slot_id offset 0) as slot
            cross join lateral (select * from session where session.session_id = slot.session_id offset 0) as session
            where session.status = 'planned'
              and (session.public or $1 = 'counter')
              and session.release_at <= clock.now
              and clock.now < session.closes_at
              and clock.now < slot.starts_at),
        admissible as materialized (
            select request.*, open_slot.session_id, open_slot.venue_id, open_slot.window_id, open_slot.department_id,
                   open_slot.starts_at, open_slot.ends_at, clock.now,
                   row_number() over (partition by request.slot_id order by request.arrival) as turn
            from request
            join open_slot on open_slot.slot_id = request.slot_id
            cross join clock
            cross join lateral (select * from matter where matter.matter_id = request.matter_id offset 0) as matter
            where matter.department_id = open_slot.department_id
              and not matter.withdrawn
              and matter.visit <> 'not_needed'
              and request.party_size <= open_slot.party_size_max
              and (request.born_at is null or request.born_at <= clock.now)
              and not exists (select from booking where booking.idempotency_key = request.idempotency_key offset 0)
              and not exists (
                  select from booking
                  where booking.document_key = request.document_key
                    and booking.live
                    and (
                        booking.session_id = open_slot.session_id
                        and booking.department_id = open_slot.department_id
                        or request.person
                        and booking.starts_at < open_slot.ends_at
                        and open_slot.starts_at < booking.ends_at)
                  offset 0)),
        free as materialized (
            select open_slot.slot_id, open_seat.seat,
                   row_number() over (partition by open_slot.slot_id order by open_seat.seat > 64 desc, open_seat.seat)
                       as turn
            from open_slot
            cross join lateral (
                (select seat
                 from generate_series(1, open_slot.online_capacity) as series (seat)
                 where open_slot.online_taken < open_slot.online_capacity
                   and not exists (
                       select from booking
                       where booking.slot_id = open_slot.slot_id and booking.seat = series.seat and booking.live
                       offset 0)
                 limit least(open_slot.online_capacity - open_slot.online_taken, open_slot.requests))
                union all
                (select seat
                 from generate_series(65, 64 + open_slot.counter_capacity) as series (seat)
                 where $1 = 'counter'
                   and open_slot.counter_taken < open_slot.counter_capacity
                   and not exists (
                       select from booking
                       where booking.slot_id = open_slot.slot_id and booking.seat = series.seat and booking.live
                       offset 0)
                 limit least(open_slot.counter_capacity - open_slot.counter_taken, open_slot.requests))
            ) as open_seat),
        won as (
            insert into booking (
                slot_id, seat, session_id, venue_id, window_id, department_id, matter_id, starts_at, ends_at,
                channel, party_size, by_proxy, language, raised_before, booked_at, code, idempotency_key, body_hash,
                document_type, document_key, document, name, phone, email, proxy, note,
                privacy_version, privacy_accepted_at, account_id)
            select a.slot_id, free.seat, a.session_id, a.venue_id, a.window_id, a.department_id, a.matter_id,
                   a.starts_at, a.ends_at, $1, a.party_size, a.by_proxy, a.language, a.raised_before, a.now, a.code,
                   a.idempotency_key, a.body_hash, a.document_type, a.document_key, a.document, a.name,
                   a.phone, a.email, a.proxy, a.note,
                   a.privacy_version, case when a.privacy_version is not null then a.now end, a.account_id
            from admissible as a
            join free on free.slot_id = a.slot_id and free.turn = a.turn
            order by a.idempotency_key
            on conflict do nothing
            returning booking_id, version, slot_id, seat, session_id, venue_id, window_id, department_id, matter_id,
                      starts_at, ends_at, channel, party_size, by_proxy, language, raised_before, state, reason,
                      booked_at, cancelled_at, code, idempotency_key),
        counted as (
            update slot
            set online_taken = slot.online_taken + seats.online, counter_taken = slot.counter_taken + seats.counter
            from (
                select slot_id, count(*) filter (where seat <= 64) as online,
                       count(*) filter (where seat > 64) as counter
                from won
                group by slot_id
            ) as seats
            where slot.slot_id = seats.slot_id)
        select won.*, open_slot.cancel_until
        from won
        join open_slot on open_slot.slot_id = won.slot_id
        """,
        channel,
        [each.slot_id for each in claims],
        [each.matter_id for each in claims],
        [each.party_size for each in claims],
        [each.by_proxy for each in claims],
        [each.language for each in claims],
        [each.raised_before for each in claims],
        [each.code for each in claims],
        [each.idempotency_key for each in claims],
        [each.body_hash for each in claims],
        [each.document_type for each in claims],
        [each.document_key for each in claims],
        [each.person for each in claims],
        [each.born_at for each in claims],
        [each.document for each in claims],
        [each.name for each in claims],
        [each.phone for each in claims],
        [each.email for each in claims],
        [each.proxy for each in claims],
        [each.note for each in claims],
        [each.privacy_version for each in claims],
        [each.account_id for each in claims],
    )


async def explain(connection: Connection, channel: Channel, claims: Sequence[Claim]) -> list[Refusal]:
    """What stands in the tables about each claim, in their order."""
    rows = await connection.fetch(
        """
        select county_now() as now,
               known.booking_id as known_id,
               known.body_hash as known_body_hash,
               slot.starts_at as slot_starts_at,
               slot.department_id as slot_department_id,
               session.status, session.public, session.release_at, session.closes_at, session.party_size_max,
               matter.department_id as matter_department_id,
               matter.visit, matter.withdrawn,
               exists (
                   select from booking
                   where booking.document_key = request.document_key
                     and booking.live
                     and booking.session_id = slot.session_id
                     and booking.department_id = slot.department_id) as already_booked,
               request.person and exists (
                   select from booking
                   where booking.document_key = request.document_key
                     and booking.live
                     and booking.starts_at < slot.ends_at
                     and slot.starts_at < booking.ends_at) as overlaps,
               coalesce(
                   slot.online_taken >= slot.online_capacity
                   and ($1 = 'online' or slot.counter_taken >= slot.counter_capacity), false) as full
        from unnest($2::int[], $3::text[], $4::text[], $5::bytea[], $6::bool[]) with ordinality
            as request (slot_id, matter_id, idempotency_key, document_key, person, arrival)
        left join lateral (
            select * from booking where booking.idempotency_key = request.idempotency_key) as known on true
        left join lateral (select * from slot where slot.slot_id = request.slot_id) as slot on true
        left join lateral (select * from session where session.session_id = slot.session_id) as session on true
        left join lateral (select * from matter where matter.matter_id = request.matter_id) as matter on true
        order by request.arrival
        """,
        channel,
        [each.slot_id for each in claims],
        [each.matter_id for each in claims],
        [each.idempotency_key for each in claims],
        [each.document_key for each in claims],
        [each.person for each in claims],
    )
    return [Refusal(**row) for row in rows]
