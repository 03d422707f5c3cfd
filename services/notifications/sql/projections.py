"""What others said: venues, matters, sessions, bookings, visits, windows. A state is kept only if it is newer."""

from collections.abc import Sequence
from datetime import date

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def upsert_venue(connection: Connection, venue_id: str, version: int, state: str) -> int | None:
    """Keep a venue's newer state. The version replaced, 0 where it is the first; None where it is not newer."""
    replaced: int | None = await connection.fetchval(
        """
        insert into venue (venue_id, version, state) values ($1, $2, $3)
        on conflict (venue_id) do update set version = excluded.version, state = excluded.state
        where excluded.version > venue.version
        returning coalesce(old.version, 0)
        """,
        venue_id,
        version,
        state,
    )
    return replaced


async def upsert_matter(connection: Connection, matter_id: str, version: int, state: str) -> int | None:
    """Keep a matter's newer state; as `upsert_venue`."""
    replaced: int | None = await connection.fetchval(
        """
        insert into matter (matter_id, version, state) values ($1, $2, $3)
        on conflict (matter_id) do update set version = excluded.version, state = excluded.state
        where excluded.version > matter.version
        returning coalesce(old.version, 0)
        """,
        matter_id,
        version,
        state,
    )
    return replaced


async def upsert_session(connection: Connection, session_id: str, version: int, day: date, state: str) -> int | None:
    """Keep a session's newer state; as `upsert_venue`."""
    replaced: int | None = await connection.fetchval(
        """
        insert into session (session_id, version, date, state) values ($1, $2, $3, $4)
        on conflict (session_id) do update
        set version = excluded.version, date = excluded.date, state = excluded.state
        where excluded.version > session.version
        returning coalesce(old.version, 0)
        """,
        session_id,
        version,
        day,
        state,
    )
    return replaced


async def upsert_booking(  # noqa: PLR0913  (the columns)
    connection: Connection,
    *,
    booking_id: str,
    version: int,
    session_id: str,
    venue_id: str,
    matter_id: str,
    state: str,
) -> asyncpg.Record | None:
    """Keep a booking's newer state. What it replaced (nulls where it is the first) and now; None where not newer."""
    return await connection.fetchrow(
        """
        insert into booking (booking_id, version, session_id, venue_id, matter_id, state)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (booking_id) do update
        set version = excluded.version, session_id = excluded.session_id, venue_id = excluded.venue_id,
            matter_id = excluded.matter_id, state = excluded.state
        where excluded.version > booking.version
        returning old.version as replaced_version, old.state as replaced_state, county_now() as now
        """,
        booking_id,
        version,
        session_id,
        venue_id,
        matter_id,
        state,
    )


async def upsert_visit(
    connection: Connection, visit_id: str, version: int, booking_id: str, state: str
) -> asyncpg.Record | None:
    """Keep a visit's newer state; as `upsert_booking`."""
    return await connection.fetchrow(
        """
        insert into visit (visit_id, version, booking_id, state) values ($1, $2, $3, $4)
        on conflict (visit_id) do update
        set version = excluded.version, booking_id = excluded.booking_id, state = excluded.state
        where excluded.version > visit.version
        returning old.version as replaced_version, old.state as replaced_state, county_now() as now
        """,
        visit_id,
        version,
        booking_id,
        state,
    )


async def upsert_window_day(
    connection: Connection, window_day_id: str, version: int, state: str
) -> asyncpg.Record | None:
    """Keep the newer state of a window in a session; as `upsert_booking`."""
    return await connection.fetchrow(
        """
        insert into window_day (window_day_id, version, state) values ($1, $2, $3)
        on conflict (window_day_id) do update set version = excluded.version, state = excluded.state
        where excluded.version > window_day.version
        returning old.version as replaced_version, old.state as replaced_state, county_now() as now
        """,
        window_day_id,
        version,
        state,
    )


async def select_booking(connection: Connection, booking_id: str) -> str | None:
    """A booking's state; None where it was never heard of."""
    state: str | None = await connection.fetchval("select state from booking where booking_id = $1", booking_id)
    return state


async def select_expected(connection: Connection, session_id: str, window_id: str) -> Rows:
    """The bookings that were made for a window in a session, or whose visit it may call, each with its last visit."""
    return await connection.fetch(
        """
        select b.state as booking, d.state as visit
        from booking b
            left join lateral (
                select visit.state from visit
                where visit.booking_id = b.booking_id
                order by visit.visit_id desc
                limit 1
            ) d on true
        where b.session_id = $1 and (b.state ->> 'window_id' = $2 or d.state ->> 'window_id' = $2)
        order by b.booking_id
        """,
        session_id,
        window_id,
    )


async def select_venues(connection: Connection, ids: Sequence[str]) -> Rows:
    """Versions and states of venues, by id."""
    return await connection.fetch("select venue_id as id, version, state from venue where venue_id = any($1)", ids)


async def select_matters(connection: Connection, ids: Sequence[str]) -> Rows:
    """Versions and states of matters, by id."""
    return await connection.fetch("select matter_id as id, version, state from matter where matter_id = any($1)", ids)


async def select_sessions(connection: Connection, ids: Sequence[str]) -> Rows:
    """Versions and states of sessions, by id."""
    return await connection.fetch(
        "select session_id as id, version, state from session where session_id = any($1)", ids
    )
