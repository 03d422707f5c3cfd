"""Whose a session, a window and a ticket are."""

from uuid import UUID

import asyncpg

from shared.database import Connection


async def select_venue(connection: Connection, session_id: str) -> str | None:
    """A session's venue."""
    found: str | None = await connection.fetchval("select venue_id from session where session_id = $1", session_id)
    return found


async def select_window(connection: Connection, session_id: str, window_id: str) -> asyncpg.Record | None:
    """A window's venue and department, as it is on the day or as it is planned."""
    return await connection.fetchrow(
        """
        select session.venue_id, coalesce(window_day.department_id, duty ->> 'department_id') as department_id
        from session
        left join window_day on window_day.session_id = session.session_id and window_day.window_id = $2
        left join jsonb_array_elements(session.state -> 'duties') duty on duty ->> 'window_id' = $2
        where session.session_id = $1 and (window_day.window_id is not null or duty is not null)
        limit 1
        """,
        session_id,
        window_id,
    )


async def select_ticket(connection: Connection, ticket_id: UUID) -> asyncpg.Record | None:
    """A ticket's venue and department."""
    return await connection.fetchrow("select venue_id, department_id from ticket where ticket_id = $1", ticket_id)
