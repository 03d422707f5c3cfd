"""Where a session, a window and a ticket stand: whose they are, for the question who may."""

from uuid import UUID

from services.queue.sql import places
from shared.database import Connection
from shared.identity.tokens import Place


async def of_session(connection: Connection, session_id: str) -> Place | None:
    """The session's venue; None where there is no such session."""
    venue_id = await places.select_venue(connection, session_id)
    return Place(venue_id) if venue_id is not None else None


async def of_window(connection: Connection, session_id: str, window_id: str) -> Place | None:
    """The venue and department of a window in a session; None where there is no such window."""
    row = await places.select_window(connection, session_id, window_id)
    return Place(row["venue_id"], row["department_id"]) if row is not None else None


async def of_ticket(connection: Connection, ticket_id: UUID) -> Place | None:
    """The venue and department of a ticket; None where there is no such ticket."""
    row = await places.select_ticket(connection, ticket_id)
    return Place(row["venue_id"], row["department_id"]) if row is not None else None
