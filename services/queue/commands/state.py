"""The current state of visits and windows, for `republish`."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay
from services.queue.sql import days, tickets
from shared.database import Connection
from shared.events import queue as events
from shared.events.base import Event
from shared.messaging.republish import uuids


def results(
    outcomes: Sequence[asyncpg.Record], remarks: Sequence[asyncpg.Record], ticket_id: UUID
) -> tuple[tuple[events.Outcome, ...], tuple[events.Remark, ...]]:
    """What came of a ticket, as events tell it."""
    return (
        tuple(
            events.Outcome(matter_id=row["matter_id"], kind=row["kind"])
            for row in outcomes
            if row["ticket_id"] == ticket_id
        ),
        tuple(
            events.Remark(remark_id=str(row["remark_id"]), kind=row["kind"], settled=row["settled"])
            for row in remarks
            if row["ticket_id"] == ticket_id
        ),
    )


async def state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """The last event of the visits and windows of these ids, each row locked."""
    window_ids = [tuple(each.split(":", 1)) for each in ids if ":" in each]
    found: list[Event] = []
    rows = await tickets.lock_by_ids(connection, uuids([each for each in ids if ":" not in each]))
    outcomes = await tickets.select_outcomes(connection, [row["ticket_id"] for row in rows])
    remarks = await tickets.select_remarks(connection, [row["ticket_id"] for row in rows])
    for row in rows:
        ticket = Ticket.of(row)
        visit = ticket.public(*results(outcomes, remarks, ticket.ticket_id))
        found.append(getattr(events, ticket.last_event)(version=ticket.version, visit=visit))
    for row in await days.lock_windows(connection, window_ids):
        window = WindowDay.of(row)
        told = window.public(row["venue_id"], row["date"])
        found.append(getattr(events, window.last_event)(version=window.version, window=told))
    return found
