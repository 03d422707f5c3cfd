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
    return Places(as_if_back(present, ticket), windows, now).before(ticket)


class Places:
    """The lines of all windows at one instant, each made once however many ask for their place in it."""

    def __init__(self, present: Sequence[Present], windows: Iterable[WindowDay], now: datetime) -> None:
        self._present = present
        self._windows = tuple(windows)
        self._now = now
        self._lines: dict[str, dict[UUID, int]] = {}

    def before(self, ticket: Ticket) -> int | None:
        """How many are called before a ticket, at the window where it is soonest; None where it does not wait."""
        if ticket.state != "waiting":
            return None
        candidates = [
            each
            for each in self._windows
            if each.department_id == ticket.department_id and ticket.bound_to in (None, each.window_id)
        ]
        serving = [each for each in candidates if each.state == "open"] or candidates
        lines = [self._line(each) for each in serving]
        return min((each[ticket.ticket_id] for each in lines if ticket.ticket_id in each), default=None)

    def _line(self, window: WindowDay) -> dict[UUID, int]:
        if window.window_id not in self._lines:
            order = line([each.waiting() for each in queue_of(self._present, window)], self._now)
            self._lines[window.window_id] = {ticket_id: place for place, ticket_id in enumerate(order)}
        return self._lines[window.window_id]
