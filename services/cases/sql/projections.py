"""What others said, as they said it."""

from datetime import date
from uuid import UUID

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


async def upsert_session(  # noqa: PLR0913  (the columns)
    connection: Connection,
    session_id: str,
    version: int,
    *,
    venue_id: str,
    day: date,
    level: str | None,
    status: str,
    state: str,
) -> int | None:
    """Keep a session's newer state; as `upsert_venue`."""
    replaced: int | None = await connection.fetchval(
        """
        insert into session (session_id, version, venue_id, date, level, status, state)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (session_id) do update
        set version = excluded.version, venue_id = excluded.venue_id, date = excluded.date, level = excluded.level,
            status = excluded.status, state = excluded.state
        where excluded.version > session.version
        returning coalesce(old.version, 0)
        """,
        session_id,
        version,
        venue_id,
        day,
        level,
        status,
        state,
    )
    return replaced


async def upsert_calendar(connection: Connection, year: int, version: int, state: str) -> int | None:
    """Keep a year's newer calendar; as `upsert_venue`."""
    replaced: int | None = await connection.fetchval(
        """
        insert into calendar_year (year, version, state) values ($1, $2, $3)
        on conflict (year) do update set version = excluded.version, state = excluded.state
        where excluded.version > calendar_year.version
        returning coalesce(old.version, 0)
        """,
        year,
        version,
        state,
    )
    return replaced


async def select_uncounted(connection: Connection) -> Rows:
    """The years whose calendar changed since the open cases were counted by it."""
    return await connection.fetch("select year, version from calendar_year where version > counted_version")


async def mark_counted(connection: Connection, year: int, version: int) -> None:
    """The open cases were counted by this version of a year."""
    await connection.execute(
        "update calendar_year set counted_version = greatest(counted_version, $2) where year = $1", year, version
    )


async def select_venues(connection: Connection) -> list[str]:
    """All halls."""
    rows = await connection.fetch("select state from venue order by venue_id")
    return [row["state"] for row in rows]


async def see_visit(connection: Connection, visit_id: UUID, version: int) -> int | None:
    """Note a visit's newer version; as `upsert_venue`."""
    replaced: int | None = await connection.fetchval(
        """
        insert into visit_seen (visit_id, version) values ($1, $2)
        on conflict (visit_id) do update set version = excluded.version where excluded.version > visit_seen.version
        returning coalesce(old.version, 0)
        """,
        visit_id,
        version,
    )
    return replaced


async def see_finding(connection: Connection, finding_id: UUID, version: int) -> int | None:
    """Note a finding's newer version; as `upsert_venue`."""
    replaced: int | None = await connection.fetchval(
        """
        insert into finding_seen (finding_id, version) values ($1, $2)
        on conflict (finding_id) do update set version = excluded.version where excluded.version > finding_seen.version
        returning coalesce(old.version, 0)
        """,
        finding_id,
        version,
    )
    return replaced
