"""Bookings as they were told, and who comes for them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def select_missing(connection: Connection, first: date, last: date, limit: int) -> Rows:
    """Live bookings of days from `first` to `last` whose card is not here, or older than the booking."""
    return await connection.fetch(
        """
        select booking.booking_id, booking.version
        from booking
        join session using (session_id)
        left join card using (booking_id)
        where session.date between $1 and $2
          and session.closed_at is null
          and booking.state <> 'cancelled'
          and (card.version is null or card.version < booking.version)
        order by booking.starts_at, booking.booking_id
        limit $3
        """,
        first,
        last,
        limit,
    )


async def upsert_cards(connection: Connection, cards: Sequence[tuple[UUID, int, bytes, bytes | None, bytes]]) -> None:
    """Keep cards: booking, version, keys of code and document, and the card, encrypted."""
    await connection.execute(
        """
        insert into card (booking_id, version, code_key, document_key, card, fetched_at)
        select c.*, county_now() from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[]) as c
        on conflict (booking_id) do update
        set version = excluded.version, code_key = excluded.code_key, document_key = excluded.document_key,
            card = excluded.card, fetched_at = excluded.fetched_at
        where excluded.version >= card.version
        """,
        *(list(column) for column in zip(*cards, strict=True)),
    )


async def empty_cancelled(connection: Connection, limit: int) -> int:
    """Forget who would have come with bookings that are cancelled, all but the code's index; how many there were."""
    status = await connection.execute(
        """
        update card set card = null, document_key = null
        where booking_id in (
            select card.booking_id
            from card
            join booking using (booking_id)
            where booking.state = 'cancelled' and card.card is not null
            limit $1)
        """,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def delete_old(connection: Connection, before: date, limit: int) -> int:
    """Delete cards of days that are over or closed, and of bookings that are gone; how many there were."""
    status = await connection.execute(
        """
        delete from card
        where booking_id in (
            select card.booking_id
            from card
            join booking using (booking_id)
            left join session using (session_id)
            where session.session_id is null or session.date < $1 or session.closed_at is not null
            limit $2)
        """,
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def select_by_code(connection: Connection, code_key: bytes) -> asyncpg.Record | None:
    """The booking that a code opens, with its card and the date of its session."""
    return await connection.fetchrow(
        """
        select booking.*, card.card, card.document_key, session.date
        from card
        join booking using (booking_id)
        left join session using (session_id)
        where card.code_key = $1
        order by booking.state = 'cancelled', booking.starts_at
        limit 1
        """,
        code_key,
    )


async def select_by_document(connection: Connection, document_key: bytes, limit: int) -> Rows:
    """The live bookings of a person, with their cards and the dates of their sessions, by time."""
    return await connection.fetch(
        """
        select booking.*, card.card, card.document_key, session.date
        from card
        join booking using (booking_id)
        left join session using (session_id)
        where card.document_key = $1 and booking.state <> 'cancelled'
        order by booking.starts_at, booking.booking_id
        limit $2
        """,
        document_key,
        limit,
    )


async def select_booking(connection: Connection, session_id: str, booking_id: UUID) -> asyncpg.Record | None:
    """A booking of a session, with its card where that is here."""
    return await connection.fetchrow(
        """
        select booking.*, card.card, card.document_key, session.date
        from booking
        left join card using (booking_id)
        left join session using (session_id)
        where booking.booking_id = $2 and booking.session_id = $1
        """,
        session_id,
        booking_id,
    )


async def count_expected(connection: Connection, session_id: str, window_id: str | None) -> int:
    """Live bookings of a window, or of all, for which nobody has checked in."""
    expected: int = await connection.fetchval(
        """
        select count(*)
        from booking
        where session_id = $1 and ($2::text is null or window_id = $2) and state <> 'cancelled'
          and not exists (select from ticket where ticket.booking_id = booking.booking_id)
        """,
        session_id,
        window_id,
    )
    return expected


async def select_cards(connection: Connection, booking_ids: Sequence[UUID]) -> Rows:
    """The cards of bookings."""
    return await connection.fetch(
        "select booking_id, card from card where booking_id = any($1::uuid[])", list(booking_ids)
    )
