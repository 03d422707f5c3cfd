"""What was found in the hall and is to become a case."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def insert_intakes(  # noqa: PLR0913  (the columns)
    connection: Connection,
    found: Sequence[tuple[UUID, str]],
    *,
    venue_id: str,
    session_id: str,
    department_id: str,
    visit_id: UUID | None,
) -> None:
    """What was handed on, by id and kind; what was taken back and comes again waits anew."""
    await connection.execute(
        """
        insert into intake (origin_id, kind, venue_id, session_id, department_id, visit_id, noted_at)
        select found.origin_id, found.kind, $3, $4, $5, $6, county_now()
        from unnest($1::uuid[], $2::text[]) as found (origin_id, kind)
        on conflict (origin_id) do update set state = 'waiting', noted_at = county_now()
        where intake.state = 'withdrawn'
        """,
        [each for each, _ in found],
        [kind for _, kind in found],
        venue_id,
        session_id,
        department_id,
        visit_id,
    )


async def withdraw(connection: Connection, visit_id: UUID, kept: Sequence[UUID]) -> None:
    """Whatever of a visit is no longer handed on, and is no case yet, was taken back."""
    await connection.execute(
        """
        update intake set state = 'withdrawn'
        where visit_id = $1 and state = 'waiting' and not origin_id = any($2::uuid[])
        """,
        visit_id,
        kept,
    )


async def select_waiting(connection: Connection, seconds: int, limit: int) -> Rows:
    """What has waited so long that the window does not take it back any more."""
    return await connection.fetch(
        """
        select * from intake
        where state = 'waiting' and noted_at <= county_now() - make_interval(secs => $1)
        order by noted_at, origin_id
        limit $2
        """,
        seconds,
        limit,
    )


async def lock_waiting(connection: Connection, origin_id: UUID) -> asyncpg.Record | None:
    """Lock one that still waits; None where another process has it."""
    return await connection.fetchrow(
        "select * from intake where origin_id = $1 and state = 'waiting' for update skip locked", origin_id
    )


async def settle(connection: Connection, origin_id: UUID, state: str) -> None:
    """What became of it."""
    await connection.execute("update intake set state = $2 where origin_id = $1", origin_id, state)
