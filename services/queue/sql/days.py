"""The day: its session, its windows with who sat there, and what others said of them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import asyncpg

from services.queue.domain.windows import WindowDay
from shared.database import Connection

Rows = list[asyncpg.Record]
CHANNEL = "queue_changes"
"""Where Postgres tells every process of a change, with session and count."""
HELD = """(status = 'planned' or status = 'cancelled' and exists (
    select from ticket where ticket.session_id = session.session_id))"""
"""Whether a session is held. One that was called off while it was held, as when the lights went out, is brought to
its end: whoever was there has an outcome or a reason, and is told of it."""


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


async def upsert_session(  # noqa: PLR0913  (the columns)
    connection: Connection, session_id: str, version: int, *, venue_id: str, day: date, status: str, state: str
) -> int | None:
    """Keep a session's newer state, its row locked from here on; as `upsert_venue`."""
    replaced: int | None = await connection.fetchval(
        """
        insert into session (session_id, version, venue_id, date, status, state) values ($1, $2, $3, $4, $5, $6)
        on conflict (session_id) do update
        set version = excluded.version, venue_id = excluded.venue_id, date = excluded.date, status = excluded.status,
            state = excluded.state
        where excluded.version > session.version
        returning coalesce(old.version, 0)
        """,
        session_id,
        version,
        venue_id,
        day,
        status,
        state,
    )
    return replaced


async def upsert_booking(  # noqa: PLR0913  (the columns)
    connection: Connection,
    *,
    booking_id: str,
    version: int,
    session_id: str,
    window_id: str,
    department_id: str,
    starts_at: datetime,
    state: str,
    told: str,
) -> int | None:
    """Keep a booking's newer state; as `upsert_venue`."""
    replaced: int | None = await connection.fetchval(
        """
        insert into booking (booking_id, version, session_id, window_id, department_id, starts_at, state, told)
        values ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8)
        on conflict (booking_id) do update
        set version = excluded.version, session_id = excluded.session_id, window_id = excluded.window_id,
            department_id = excluded.department_id, starts_at = excluded.starts_at, state = excluded.state,
            told = excluded.told
        where excluded.version > booking.version
        returning coalesce(old.version, 0)
        """,
        booking_id,
        version,
        session_id,
        window_id,
        department_id,
        starts_at,
        state,
        told,
    )
    return replaced


async def lock_session(connection: Connection, session_id: str) -> asyncpg.Record | None:
    """Lock a session's row: whatever happens in the hall happens one after the other."""
    return await connection.fetchrow(
        f"select *, {HELD} as held, county_now() as now from session where session_id = $1 for update",  # noqa: S608
        session_id,
    )


async def select_session(connection: Connection, session_id: str) -> asyncpg.Record | None:
    """A session as it stands."""
    return await connection.fetchrow(
        f"select *, {HELD} as held, county_now() as now from session where session_id = $1",  # noqa: S608
        session_id,
    )


async def select_sessions_of(connection: Connection, day: date) -> Rows:
    """The sessions that are held on a date."""
    return await connection.fetch(
        f"select * from session where date = $1 and {HELD} order by session_id",  # noqa: S608
        day,
    )


async def select_venue(connection: Connection, venue_id: str) -> str | None:
    """A venue's state."""
    state: str | None = await connection.fetchval("select state from venue where venue_id = $1", venue_id)
    return state


async def select_matters(connection: Connection, matter_ids: Sequence[str]) -> Rows:
    """Matters by id; those that are not known are left out."""
    return await connection.fetch(
        "select matter_id, state from matter where matter_id = any($1::text[])", list(matter_ids)
    )


async def count_change(connection: Connection, session_id: str) -> int:
    """Count a change of a locked session, and tell every process of it once this is committed."""
    changes: int = await connection.fetchval(
        """
        with counted as (update session set changes = changes + 1 where session_id = $1 returning changes)
        select changes from counted, pg_notify($2, $1 || ' ' || counted.changes)
        """,
        session_id,
        CHANNEL,
    )
    return changes


async def select_changes(connection: Connection, session_ids: Sequence[str]) -> Rows:
    """How much has happened in sessions."""
    return await connection.fetch(
        "select session_id, changes from session where session_id = any($1::text[])", list(session_ids)
    )


async def upsert_windows(
    connection: Connection, session_id: str, windows: Sequence[tuple[str, int, str, str, str]]
) -> None:
    """Make a session's windows what the roster says: id, number, department, official, role. State stays."""
    await connection.execute(
        """
        insert into window_day (session_id, window_id, number, department_id, official_id, role)
        select $1, w.* from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[]) as w
        on conflict (session_id, window_id) do update
        set number = excluded.number, department_id = excluded.department_id, official_id = excluded.official_id,
            role = excluded.role
        """,
        session_id,
        *(list(column) for column in zip(*windows, strict=True)),
    )


async def select_windows(connection: Connection, session_id: str) -> Rows:
    """The windows of a session, by number."""
    return await connection.fetch("select * from window_day where session_id = $1 order by number", session_id)


async def update_window(connection: Connection, window: WindowDay, event: str) -> WindowDay:
    """Keep a window's state; with its new version."""
    row = await connection.fetchrow(
        """
        update window_day
        set version = version + 1, last_event = $3, state = $4, pause_reason = $5, attendance = $6, attended_at = $7,
            substitute_id = $8, returns_at = $9, minutes_behind = $10
        where session_id = $1 and window_id = $2
        returning *
        """,
        window.session_id,
        window.window_id,
        event,
        window.state,
        window.pause_reason,
        window.attendance,
        window.attended_at,
        window.substitute_id,
        window.returns_at,
        window.minutes_behind,
    )
    if row is None:
        raise LookupError(window.window_id)
    return WindowDay.of(row)


async def insert_attendance(connection: Connection, rows: Sequence[Any]) -> None:
    """Record that an official came or went: session, window, instant, attendance, who, substitute, return, reason."""
    await connection.execute(
        """
        insert into attendance (
            session_id, window_id, noted_at, attendance, official_id, substitute_id, returns_at, reason)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *rows,
    )


async def insert_series(connection: Connection, session_id: str, letters: Sequence[tuple[str, str]]) -> None:
    """Give departments of a locked session their letters; those that have one keep it."""
    await connection.execute(
        """
        insert into series (session_id, department_id, letter)
        select $1, given.department_id, given.letter
        from unnest($2::text[], $3::text[]) as given (department_id, letter)
        on conflict do nothing
        """,
        session_id,
        [department for department, _ in letters],
        [letter for _, letter in letters],
    )


async def select_series(connection: Connection, session_id: str) -> Rows:
    """The letters of a session."""
    return await connection.fetch("select department_id, letter from series where session_id = $1", session_id)


async def take_number(connection: Connection, session_id: str, department_id: str) -> asyncpg.Record | None:
    """The department's letter and next serial; None past 999. Rolled back with its ticket, so that none is left out."""
    return await connection.fetchrow(
        """
        update series set last = last + 1
        where session_id = $1 and department_id = $2 and last < 999
        returning letter, last
        """,
        session_id,
        department_id,
    )


async def lock_windows(connection: Connection, ids: Sequence[tuple[str, ...]]) -> Rows:
    """Lock windows that were told of, given by session and window, with hall and date."""
    return await connection.fetch(
        """
        select window_day.*, session.venue_id, session.date
        from window_day
        join session using (session_id)
        join unnest($1::text[], $2::text[]) as wanted (session_id, window_id)
            on wanted.session_id = window_day.session_id and wanted.window_id = window_day.window_id
        where window_day.version > 0
        order by window_day.session_id, window_day.window_id
        for update of window_day
        """,
        [each[0] for each in ids],
        [each[1] for each in ids],
    )


async def select_aggregate_ids(connection: Connection, after: str, limit: int) -> list[str]:
    """The next ids of everything that was told of, but for the forgotten, in their order as text."""
    rows = await connection.fetch(
        """
        select id
        from (
            select ticket_id::text as id from ticket where forgotten_at is null
            union all select visit_id::text from no_show
            union all select session_id || ':' || window_id from window_day where version > 0
            union all select finding_id::text from finding
            union all select distinct session_id from closing
        ) as told
        where id collate "C" > $1
        order by id collate "C"
        limit $2
        """,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def ping(connection: Connection) -> None:
    """Ask a connection that only listens whether it is alive."""
    await connection.execute("select 1")
