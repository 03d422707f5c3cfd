"""What follows from a director's leaving: whose choice it is, and by when a promise is due."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay
from shared.calendar import Due, WorkingDays
from shared.events.roster import CalendarYear

CALL_DAYS = 3
"""Within so many working days the director calls whoever wrote something down: the county's rule."""
GONE = frozenset({"away", "left", "absent"})
"""An official's attendance when it is for the visitor to choose."""


def windows_for(ticket: Ticket, windows: Iterable[WindowDay]) -> list[WindowDay]:
    """The windows that may call a ticket: its own, or all of its department."""
    return [
        each
        for each in windows
        if each.department_id == ticket.department_id and ticket.bound_to in (None, each.window_id)
    ]


def left_window(ticket: Ticket, windows: Iterable[WindowDay]) -> WindowDay | None:
    """The window whose official is gone while the ticket waits for it; None where there is nothing to choose.

    Whoever waits for several windows of a department has their director as long as one of them is there.
    """
    candidates = windows_for(ticket, windows)
    if ticket.state != "waiting" or any(each.attendance == "present" for each in candidates):
        return None
    return next((each for each in candidates if each.attendance in GONE), None)


def call_due(now: datetime, zone: ZoneInfo, years: Iterable[CalendarYear]) -> Due:
    """By when the director calls whoever writes something down now: tentative where a year is not known yet."""
    return WorkingDays(years).due(now.astimezone(zone).date(), CALL_DAYS)


def years_for(today: date) -> tuple[int, int]:
    """The first and the last year that the term may touch."""
    return today.year, today.year + 1
