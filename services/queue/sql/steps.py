"""The verbs of each window, in their order."""

from datetime import datetime
from uuid import UUID

import asyncpg

from shared.database import Connection


async def insert_step(  # noqa: PLR0913  (the columns)
    connection: Connection,
    *,
    session_id: str,
    window_id: str,
    ticket_id: UUID | None,
    verb: str,
    taken_at: datetime,
    before: str | None = None,
    ticket_version: int | None = None,
    counted: str = "{}",
) -> int:
    """Record a verb; its number, which is the window's state to those who look on."""
    step_id: int = await connection.fetchval(
        """
        insert into step (session_id, window_id, ticket_id, verb, taken_at, before, ticket_version, counted)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        returning step_id
        """,
        session_id,
        window_id,
        ticket_id,
        verb,
        taken_at,
        before,
        ticket_version,
        counted,
    )
    return step_id


async def select_last(connection: Connection, session_id: str, window_id: str) -> asyncpg.Record | None:
    """The window's last verb."""
    return await connection.fetchrow(
        "select * from step where session_id = $1 and window_id = $2 order by step_id desc limit 1",
        session_id,
        window_id,
    )


async def mark_undone(connection: Connection, step_id: int) -> None:
    """A verb was taken back."""
    await connection.execute("update step set undone = true where step_id = $1", step_id)


async def select_closed(connection: Connection, session_id: str) -> set[str]:
    """Windows that have closed, and not merely never opened."""
    rows = await connection.fetch(
        """
        select window_id
        from window_day
        where session_id = $1 and state = 'closed' and exists (
            select from step
            where step.session_id = $1 and step.window_id = window_day.window_id and verb = 'close')
        """,
        session_id,
    )
    return {row["window_id"] for row in rows}
