"""Single bookings and lists of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.database import Connection


async def select_by_code(connection: Connection, code: str) -> asyncpg.Record | None:
    """The booking of that code, whole."""
    return await connection.fetchrow(
        """
        select booking.*, session.cancel_until
        from booking join session using (session_id)
        where booking.code = $1
        """,
        code,
    )


async def select_by_id(connection: Connection, booking_id: UUID) -> asyncpg.Record | None:
    """The booking of that id, whole, unless its person was made anonymous."""
    return await connection.fetchrow(
        """
        select booking.*, session.cancel_until
        from booking join session using (session_id)
        where booking.booking_id = $1 and booking.anonymised_at is null
        """,
        booking_id,
    )


async def select_by_ids(connection: Connection, booking_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """The bookings of those ids, as `select_by_id`."""
    return await connection.fetch(
        """
        select booking.*, session.cancel_until
        from booking join session using (session_id)
        where booking.booking_id = any($1::uuid[]) and booking.anonymised_at is null
        """,
        booking_ids,
    )


async def select_of_account(connection: Connection, account_id: UUID, limit: int) -> list[asyncpg.Record]:
    """What an account booked: those to come, the next one first, then those gone by, the last one first."""
    return await connection.fetch(
        """
        select booking.*, session.cancel_until
        from booking join session using (session_id)
        where booking.account_id = $1 and booking.anonymised_at is null
        order by booking.live and booking.ends_at > county_now() desc,
                 case when booking.live and booking.ends_at > county_now() then booking.starts_at end,
                 booking.starts_at desc, booking.booking_id
        limit $2
        """,
        account_id,
        limit,
    )


async def is_of_account(connection: Connection, booking_id: UUID, account_id: UUID) -> bool:
    """Whether the account booked it, and its person is still known."""
    found: bool = await connection.fetchval(
        """
        select exists (
            select from booking where booking_id = $1 and account_id = $2 and anonymised_at is null)
        """,
        booking_id,
        account_id,
    )
    return found


async def select_of_window(
    connection: Connection, session_id: str, window_id: str | None, limit: int
) -> list[asyncpg.Record]:
    """The live bookings of a session, of one window or of all, by time."""
    return await connection.fetch(
        """
        select booking.*, session.cancel_until
        from booking join session using (session_id)
        where booking.session_id = $1
          and ($2::text is null or booking.window_id = $2)
          and booking.live
          and booking.anonymised_at is null
        order by booking.starts_at, booking.window_id, booking.booking_id
        limit $3
        """,
        session_id,
        window_id,
        limit,
    )


async def lock(connection: Connection, booking_id: UUID) -> asyncpg.Record | None:
    """Lock a booking, whole. Whoever changes its seat has locked its slot before."""
    return await connection.fetchrow(
        """
        select booking.*, session.cancel_until
        from booking join session using (session_id)
        where booking.booking_id = $1 and booking.anonymised_at is null
        for no key update of booking
        """,
        booking_id,
    )


async def lock_person_of(connection: Connection, booking_id: UUID) -> None:
    """Lock a booking's person, before the booking, with the lock that claims take: `sealing.person_lock`."""
    await connection.execute(
        """
        select pg_advisory_xact_lock(('x' || encode(substr(document_key, 1, 8), 'hex'))::bit(64)::bigint)
        from booking
        where booking_id = $1 and document_key is not null
        """,
        booking_id,
    )


async def select_ids(connection: Connection, after: UUID, limit: int) -> list[UUID]:
    """The next ids of bookings that are not anonymous, in their order."""
    rows = await connection.fetch(
        """
        select booking_id from booking
        where booking_id > $1 and anonymised_at is null
        order by booking_id
        limit $2
        """,
        after,
        limit,
    )
    return [row["booking_id"] for row in rows]


async def lock_states(connection: Connection, ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Lock bookings in the order of their ids, to tell their state again; anonymous ones are left out."""
    return await connection.fetch(
        """
        select booking.*, session.cancel_until
        from booking join session using (session_id)
        where booking.booking_id = any($1::uuid[]) and booking.anonymised_at is null
        order by booking.booking_id
        for no key update of booking
        """,
        ids,
    )


async def lock_live_of_slots(
    connection: Connection, slot_ids: Sequence[int], after: UUID | None, limit: int
) -> list[UUID]:
    """Lock the next live bookings of locked slots, in the order of their ids; of the anonymous nothing is told."""
    rows = await connection.fetch(
        """
        select booking_id
        from booking
        where slot_id = any($1::int[]) and live and anonymised_at is null and ($2::uuid is null or booking_id > $2)
        order by booking_id
        limit $3
        for no key update
        """,
        slot_ids,
        after,
        limit,
    )
    return [row["booking_id"] for row in rows]


async def cancel(connection: Connection, booking_ids: Sequence[UUID], reason: str) -> list[asyncpg.Record]:
    """Cancel locked bookings and give their seats back to their locked slots; the bookings as they are now."""
    return await connection.fetch(
        """
        with cancelled as (
            update booking
            set state = 'cancelled', reason = $2, cancelled_at = county_now(), version = version + 1
            where booking_id = any($1::uuid[]) and live
            returning *),
        freed as (
            update slot
            set online_taken = online_taken - online,
                online_capacity = greatest(online_planned, online_taken - online),
                counter_taken = counter_taken - counter,
                counter_capacity = greatest(counter_planned, counter_taken - counter)
            from (
                select slot_id, count(*) filter (where seat <= 64) as online,
                       count(*) filter (where seat > 64) as counter
                from cancelled
                group by slot_id
            ) as seats
            where slot.slot_id = seats.slot_id)
        select cancelled.*, session.cancel_until
        from cancelled join session using (session_id)
        order by booking_id
        """,
        booking_ids,
        reason,
    )


async def take_along(connection: Connection, booking_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Give locked bookings the times of their moved slots, to be agreed to; the bookings as they are now."""
    return await connection.fetch(
        """
        with moved as (
            update booking
            set previous_starts_at =
                    case when booking.state = 'confirmed' then booking.starts_at else booking.previous_starts_at end,
                starts_at = slot.starts_at,
                ends_at = slot.ends_at,
                state = 'to_confirm',
                reason = 'session_moved',
                version = booking.version + 1
            from slot
            where booking.booking_id = any($1::uuid[]) and booking.live and slot.slot_id = booking.slot_id
            returning booking.*)
        select moved.*, session.cancel_until
        from moved join session using (session_id)
        order by booking_id
        """,
        booking_ids,
    )


async def agree(connection: Connection, booking_id: UUID) -> None:
    """Confirm a locked booking that was moved."""
    await connection.execute(
        """
        update booking set state = 'confirmed', reason = null, previous_starts_at = null, version = version + 1
        where booking_id = $1 and state = 'to_confirm'
        """,
        booking_id,
    )


async def overlaps(connection: Connection, booking_id: UUID) -> bool:
    """Whether the booking's person has another live booking at its time."""
    found: bool = await connection.fetchval(
        """
        select exists (
            select from booking as own
            join booking as other on other.document_key = own.document_key
            where own.booking_id = $1
              and own.document_type <> 'credit_code'
              and other.booking_id <> own.booking_id
              and other.live
              and other.starts_at < own.ends_at
              and own.starts_at < other.ends_at)
        """,
        booking_id,
    )
    return found


async def count_ended(connection: Connection, ended_before: datetime) -> int:
    """How many bookings that ended before then name their visitor."""
    found: int = await connection.fetchval(
        "select count(*) from booking where ends_at < $1 and anonymised_at is null", ended_before
    )
    return found


async def lock_ended(connection: Connection, ended_before: datetime, limit: int) -> list[asyncpg.Record]:
    """Lock bookings that ended before then and name their visitor, the oldest first: their ids."""
    return await connection.fetch(
        """
        select booking_id
        from booking
        where ends_at < $1 and anonymised_at is null
        order by ends_at
        limit $2
        for no key update skip locked
        """,
        ended_before,
        limit,
    )


async def anonymise(connection: Connection, booking_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Take the persons out of locked bookings; the ids of the bookings.

    `anonymised_at` is the marker by which their state is told no more, the higher version what no older state passes.
    """
    return await connection.fetch(
        """
        update booking
        set account_id = null, anonymised_at = county_now(), version = version + 1, raised_before = null, code = null,
            idempotency_key = null, body_hash = null, document_type = null,
            document_key = null, document = null,
            name = null, phone = null, email = null, proxy = null, note = null
        where booking_id = any($1::uuid[]) and anonymised_at is null
        returning booking_id
        """,
        booking_ids,
    )


async def lock_of_person(
    connection: Connection, document_keys: Sequence[bytes], account_id: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Lock the bookings of a person's documents that name them; `upcoming` where the seat is kept and not yet over.

    With an account, those alone that were made with it.
    """
    return await connection.fetch(
        """
        select booking.*, session.cancel_until, live and ends_at > county_now() as upcoming
        from booking join session using (session_id)
        where document_key = any($1::bytea[]) and anonymised_at is null and ($2::uuid is null or account_id = $2)
        order by booking_id
        limit $3
        for no key update of booking
        """,
        document_keys,
        account_id,
        limit,
    )


async def forget_account(connection: Connection, account_id: UUID, but: Sequence[UUID]) -> int:
    """Take an account out of what was booked with it, but for those bookings; out of how many."""
    status = await connection.execute(
        "update booking set account_id = null where account_id = $1 and booking_id <> all($2::uuid[])", account_id, but
    )
    return int(status.rpartition(" ")[2])


async def lock_person(connection: Connection, person: int) -> None:
    """Lock a person, before any booking, with the lock that claims take: `sealing.person_lock`."""
    await connection.execute("select pg_advisory_xact_lock($1)", person)


async def correct(connection: Connection, booking_id: UUID, changes: Mapping[str, Any], *, identity: bool) -> None:
    """Put right who comes with a locked booking; `changes` are columns, and what is not there stays as it is.

    asyncpg.UniqueViolationError (`booking_person_once`) where another booking of that document stands beside it.
    """
    await connection.execute(
        """
        update booking
        set name = coalesce($2, name), phone = coalesce($3, phone), document = coalesce($4, document),
            document_type = coalesce($5, document_type), document_key = coalesce($6, document_key),
            identity_corrected_at = case when $7 then county_now() else identity_corrected_at end,
            version = version + 1, corrected_version = version + 1
        where booking_id = $1
        """,
        booking_id,
        *(changes.get(name) for name in ("name", "phone", "document", "document_type", "document_key")),
        identity,
    )
