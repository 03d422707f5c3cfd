"""What others said: venues, matters, sessions, bookings. A state is kept only if it is newer."""

from collections.abc import Sequence
from datetime import date

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def put_venue(connection: Connection, venue_id: str, version: int, state: str) -> int | None:
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


async def put_matter(connection: Connection, matter_id: str, version: int, state: str) -> int | None:
    """Keep a matter's newer state; as `put_venue`."""
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


async def put_session(connection: Connection, session_id: str, version: int, day: date, state: str) -> int | None:
    """Keep a session's newer state; as `put_venue`."""
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


async def put_booking(  # noqa: PLR0913  (the columns)
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
