"""Forgetting who came, days after: figures stay as they are."""

from services.queue.sql import retention as sql
from shared.database import Connection
from shared.rights.retention import Rule


async def forget_visitors(connection: Connection, days: int, limit: int) -> int:
    """Take the visitors out of tickets of days so long ago, at most `limit`; how many tickets there were."""
    return await sql.forget_tickets(connection, await sql.select_tickets(connection, days, limit))


RULES = (
    Rule("tickets", sql.count_tickets, forget_visitors),  # first: a ticket is due as long as its words are there
    Rule("outcomes", sql.count_outcomes, sql.forget_outcomes),
    Rule("remarks", sql.count_remarks, sql.forget_remarks),
    Rule("promises", sql.count_promises, sql.forget_promises),
)
"""What the queue forgets. Cards of bookings go with their day already; findings tell of no visitor."""
