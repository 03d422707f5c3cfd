"""The projections of the roster, and the slots made of them."""

from collections.abc import Sequence
from datetime import date

import asyncpg

from services.booking.domain.slots import KeptSlot, KnownSlot, PlannedSlot
from shared.database import Connection
from shared.events.roster import Matter, Session


async def lock_session(connection: Connection, session_id: str) -> tuple[int, date] | None:
    """Lock what is known of a session: its version and date. None where nothing is."""
    row = await connection.fetchrow("select version, date from session where session_id = $1 for update", session_id)
    return None if row is None else (row["version"], row["date"])


async def upsert_session(connection: Connection, session: Session, version: int, departments: Sequence[str]) -> bool:
    """Keep a session's state; False where a version at least as high is there."""
    rules = session.booking
    kept = await connection.fetchval(
        """
        insert into session as known (
            session_id, version, venue_id, date, status, public, departments, opens_at,
            release_at, closes_at, cancel_until, party_size_max)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        on conflict (session_id) do update
        set version = excluded.version, venue_id = excluded.venue_id, date = excluded.date, status = excluded.status,
            public = excluded.public, departments = excluded.departments, opens_at = excluded.opens_at,
            release_at = excluded.release_at,
            closes_at = excluded.closes_at, cancel_until = excluded.cancel_until,
            party_size_max = excluded.party_size_max
        where excluded.version > known.version
        returning true
        """,
        session.session_id,
        version,
        session.venue_id,
        session.date,
        session.status,
        session.public,
        departments,
        min((period.starts_at for period in session.opening), default=None),
        rules and rules.release_at,
        rules and rules.closes_at,
        rules and rules.cancel_until,
        rules.party_size_max if rules else 1,
    )
    return bool(kept)


async def upsert_matter(connection: Connection, matter: Matter, version: int) -> int | None:
    """Keep a matter's state; the version it replaced, 0 for none. None where one at least as high is there."""
    replaced: int | None = await connection.fetchval(
        """
        insert into matter (matter_id, version, department_id, visit, withdrawn)
        values ($1, $2, $3, $4, $5)
        on conflict (matter_id) do update
        set version = excluded.version, department_id = excluded.department_id, visit = excluded.visit,
            withdrawn = excluded.withdrawn
        where excluded.version > matter.version
        returning coalesce(old.version, 0)
        """,
        matter.matter_id,
        version,
        matter.department_id,
        matter.visit,
        matter.withdrawn,
    )
    return replaced


async def lock_slots(connection: Connection, session_id: str) -> list[KnownSlot]:
    """Lock a session's slots in the order of their ids."""
    rows = await connection.fetch(
        """
        select slot_id, window_id, department_id, starts_at, ends_at, online_taken + counter_taken as taken
        from slot
        where session_id = $1
        order by slot_id
        for update
        """,
        session_id,
    )
    return [KnownSlot(**row) for row in rows]


async def lock_slot_of(connection: Connection, slot_id: int) -> None:
    """Lock one slot, before its booking."""
    await connection.execute("select from slot where slot_id = $1 for update", slot_id)


async def insert_slots(connection: Connection, session_id: str, slots: Sequence[PlannedSlot]) -> None:
    """Add slots to a session."""
    await connection.execute(
        """
        insert into slot (
            session_id, window_id, department_id, starts_at, ends_at,
            online_planned, online_capacity, counter_planned, counter_capacity)
        select $1, window_id, department_id, starts_at, ends_at, online, online, counter, counter
        from unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int[], $7::int[])
            with ordinality as planned (window_id, department_id, starts_at, ends_at, online, counter, place)
        order by place
        """,
        session_id,
        [each.window_id for each in slots],
        [each.department_id for each in slots],
        [each.starts_at for each in slots],
        [each.ends_at for each in slots],
        [each.online for each in slots],
        [each.counter for each in slots],
    )


async def update_slots(connection: Connection, slots: Sequence[KeptSlot]) -> None:
    """Give locked slots their times and shares. A share never shrinks below what is taken of it."""
    await connection.execute(
        """
        update slot
        set starts_at = wanted.starts_at,
            ends_at = wanted.ends_at,
            online_planned = wanted.online,
            online_capacity = greatest(wanted.online, slot.online_taken),
            counter_planned = wanted.counter,
            counter_capacity = greatest(wanted.counter, slot.counter_taken)
        from unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::int[], $5::int[])
            as wanted (slot_id, starts_at, ends_at, online, counter)
        where slot.slot_id = wanted.slot_id
        """,
        [each.slot_id for each in slots],
        [each.starts_at for each in slots],
        [each.ends_at for each in slots],
        [each.online for each in slots],
        [each.counter for each in slots],
    )


async def close_slots(connection: Connection, slot_ids: Sequence[int]) -> None:
    """Offer nothing in locked slots any more, beyond what is taken."""
    await connection.execute(
        """
        update slot
        set online_planned = 0, online_capacity = online_taken, counter_planned = 0, counter_capacity = counter_taken
        where slot_id = any($1::int[])
        """,
        slot_ids,
    )


async def select_matter(connection: Connection, matter_id: str) -> asyncpg.Record | None:
    """A matter that is offered."""
    return await connection.fetchrow("select * from matter where matter_id = $1 and not withdrawn", matter_id)


async def select_session(connection: Connection, session_id: str) -> asyncpg.Record | None:
    """A public session."""
    return await connection.fetchrow("select * from session where session_id = $1 and public", session_id)


async def select_place(connection: Connection, session_id: str, window_id: str | None) -> asyncpg.Record | None:
    """A session's venue, and a window's department in it; no row where there is no such thing."""
    return await connection.fetchrow(
        """
        select venue_id, slot.department_id
        from session
        left join lateral (
            select department_id from slot where slot.session_id = session.session_id and window_id = $2 limit 1
        ) slot on true
        where session_id = $1 and ($2::text is null or slot.department_id is not null)
        """,
        session_id,
        window_id,
    )


async def select_sessions(
    connection: Connection, department_id: str, from_date: date, limit: int
) -> list[asyncpg.Record]:
    """The public sessions in which a department receives, from a date on, with what is left to book online."""
    return await connection.fetch(
        """
        select session.*, coalesce(offered.starts_at, session.opens_at) as starts_at,
               coalesce(offered.free, 0)::int as free, offered.ahead
        from session
        left join lateral (
            select min(slot.starts_at) as starts_at,
                   sum(slot.online_capacity - slot.online_taken) filter (where slot.starts_at > county_now()) as free,
                   count(*) filter (where slot.starts_at > county_now()) as ahead
            from slot
            where slot.session_id = session.session_id
              and slot.department_id = $1
              and (slot.online_planned > 0 or slot.counter_planned > 0)
        ) as offered on true
        where session.date >= $2 and session.public and $1 = any(session.departments)
        order by session.date, session.session_id
        limit $3
        """,
        department_id,
        from_date,
        limit,
    )


async def select_slots(connection: Connection, session_id: str, department_id: str, limit: int) -> list[asyncpg.Record]:
    """The slots that a department offers online in a session, by time."""
    return await connection.fetch(
        """
        select slot_id, window_id, starts_at, ends_at,
               online_capacity - online_taken as free, online_capacity as capacity
        from slot
        where session_id = $1 and department_id = $2 and online_planned > 0
        order by starts_at, window_id, slot_id
        limit $3
        """,
        session_id,
        department_id,
        limit,
    )
