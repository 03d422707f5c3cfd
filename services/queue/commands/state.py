"""The current state of visits, no-shows, windows, findings and closed days, for `republish`."""

from collections.abc import Sequence

from services.queue.commands.closings import closed_day, no_show
from services.queue.commands.findings import finding_event
from services.queue.commands.results import results_of
from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay
from services.queue.sql import closings, days, findings, tickets
from shared.database import Connection
from shared.events import queue as events
from shared.events.base import Event
from shared.messaging.republish import uuids


async def state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """The last event of each of these ids, its row locked. A closed day has its session's id, a window a pair."""
    visits = uuids([each for each in ids if ":" not in each])
    told = [Ticket.of(row) for row in await tickets.lock_by_ids(connection, visits)]
    found: list[Event] = [
        getattr(events, ticket.last_event)(version=ticket.version, visit=ticket.public(*results))
        for ticket, results in zip(told, await results_of(connection, told), strict=True)
    ]
    found += [no_show(str(row["visit_id"]), row["told"]) for row in await closings.select_no_shows(connection, visits)]
    windows = [tuple(each.split(":", 1)) for each in ids if ":" in each]
    for row in await days.lock_windows(connection, windows):
        window = WindowDay.of(row)
        state = window.public(row["venue_id"], row["date"])
        found.append(getattr(events, window.last_event)(version=window.version, window=state))
    found += [finding_event(row) for row in await findings.select_by_ids(connection, visits)]
    found += [closed_day(row) for row in await closings.lock_last(connection, list(ids))]
    return found
