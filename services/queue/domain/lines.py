"""Who is here, whose queue they stand in, and how many are before them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from services.queue.domain.order import Waiting, line
from services.queue.domain.tickets import Row, Ticket
from services.queue.domain.windows import WindowDay


@dataclass(frozen=True)
class Present:
    """Somebody who is here, and whether they are at another window, or away for a while by their own word."""

    ticket: Ticket
    elsewhere: bool
    away: bool = False

    @classmethod
    def of(cls, row: Row) -> Self:
        """From a ticket's row that says both."""
        return cls(Ticket.of(row), row["elsewhere"], row["away"])

    def waiting(self) -> Waiting:
        """As the order of the queue sees them."""
        return self.ticket.waiting(elsewhere=self.elsewhere, away=self.away)


def at_window(present: Iterable[Present], window_id: str) -> Ticket | None:
    """Whom a window has: called to it, or being received there."""
    tickets = (each.ticket for each in present)
    return next((each for each in tickets if each.is_at_a_window and each.at_window == window_id), None)


def queue_of(present: Sequence[Present], window: WindowDay) -> list[Present]:
    """Who waits for a window: its department's, bound to it or to none."""
    return [
        each
        for each in present
        if each.ticket.state == "waiting"
        and each.ticket.department_id == window.department_id
        and each.ticket.bound_to in (None, window.window_id)
    ]


def as_if_back(present: Sequence[Present], ticket: Ticket) -> list[Present]:
    """Everybody, as if one who is away for a while were back: what their place is, for it is kept."""
    return [replace(each, away=False) if each.ticket.ticket_id == ticket.ticket_id else each for each in present]


def places_before(
    present: Sequence[Present], windows: Iterable[WindowDay], ticket: Ticket, now: datetime
) -> int | None:
    """How many are called before a ticket, at the window where it is soonest; None where it does not wait.

    Who is away for a while is told the place that they would come back to.
    """
    if ticket.state != "waiting":
        return None
    present = as_if_back(present, ticket)
    places = []
    for window in _callers(ticket, windows):
        order = line([each.waiting() for each in queue_of(present, window)], now)
        if ticket.ticket_id in order:
            places.append(order.index(ticket.ticket_id))
    return min(places, default=None)


def places_of_all(present: Sequence[Present], windows: Sequence[WindowDay], now: datetime) -> dict[UUID, int | None]:
    """What `places_before` says of everybody who waits, each window's line made once."""
    lines = {
        window.window_id: {
            ticket_id: place
            for place, ticket_id in enumerate(line([each.waiting() for each in queue_of(present, window)], now))
        }
        for window in windows
    }
    places: dict[UUID, int | None] = {}
    for each in present:
        ticket = each.ticket
        if each.away:  # in a line of their own, in which they are back
            places[ticket.ticket_id] = places_before(present, windows, ticket, now)
        elif ticket.state == "waiting":
            callers = (lines[window.window_id] for window in _callers(ticket, windows))
            places[ticket.ticket_id] = min(
                (order[ticket.ticket_id] for order in callers if ticket.ticket_id in order), default=None
            )
    return places


def _callers(ticket: Ticket, windows: Iterable[WindowDay]) -> list[WindowDay]:
    """The windows that may call a ticket: those that are open, or all where none is."""
    candidates = [
        each
        for each in windows
        if each.department_id == ticket.department_id and ticket.bound_to in (None, each.window_id)
    ]
    return [each for each in candidates if each.state == "open"] or candidates
