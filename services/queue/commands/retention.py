"""Forgetting who came, days after or because they asked: figures stay as they are."""

from services.queue.domain.tickets import ENDED
from services.queue.sql import retention as sql
from shared.database import Connection
from shared.rights.requests import BOOKINGS_MOST, Done, ErasureOrder, Hold
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


async def erase(connection: Connection, order: ErasureOrder) -> Done:
    """Take a person out of what the hall holds because they asked.

    Who is in the hall at this moment, and a promise that is not kept yet, hold their part: a department still owes it.
    A walk-in who showed no document is known by no index; their name goes with the day's signature.
    """
    found = await sql.lock_tickets_of(connection, order.keys, order.booking_ids, BOOKINGS_MOST)
    ended = [row["ticket_id"] for row in found if row["state"] in ENDED]
    due = [row["ticket_id"] for row in found if row["state"] in ENDED and row["forgotten_at"] is None]
    promises = await sql.lock_promises_of(connection, order.keys, ended, BOOKINGS_MOST)
    outcomes, remarks = await sql.forget_words_of(connection, ended)
    erased = {
        "ticket": await sql.forget_tickets(connection, due),
        "outcome": outcomes,
        "remark": remarks,
        "promise": await sql.forget_promises_of(connection, [row["promise_id"] for row in promises]),
        "card": await sql.delete_cards(connection, order.booking_ids),
    }
    here = len(found) - len(ended)
    owed = sum(row["kept_at"] is None for row in promises)
    held = [Hold(kind="open_ticket", count=here)] if here else []
    return Done(erased=erased, held=[*held, Hold(kind="open_promise", count=owed)] if owed else held)
