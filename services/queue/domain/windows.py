"""A window in a session: whether it receives, and who sits there."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Literal, Self

from services.queue.domain import problems
from services.queue.domain.tickets import Row
from shared.events import queue as events

State = Literal["closed", "open", "paused"]
Attendance = Literal["expected", "present", "away", "left", "absent"]
DutyState = Literal["present", "substituted", "absent"]
DUTY_STATES: tuple[DutyState, ...] = ("present", "substituted", "absent")
"""What a day says of an official on duty: one of these, so that they add up to the duties."""


def duty_state(came: bool, substituted: bool) -> DutyState:  # noqa: FBT001  (what a row says)
    """Who came once in person was there; else somebody sat in; else nobody came."""
    return "present" if came else "substituted" if substituted else "absent"


@dataclass(frozen=True, slots=True)
class WindowDay:
    """A window of a session as it is now."""

    session_id: str
    window_id: str
    version: int
    last_event: str
    number: int
    """On the sign above it."""
    department_id: str
    official_id: str | None
    role: Literal["principal", "deputy"]
    """Of the official on duty by the roster."""
    state: State
    pause_reason: str | None
    attendance: Attendance
    attended_at: datetime | None
    substitute_id: str | None
    returns_at: datetime | None
    minutes_behind: int

    @classmethod
    def of(cls, row: Row) -> Self:
        """From a row that may have further columns."""
        return cls(**{name: row[name] for name in WINDOW_FIELDS})

    def received_by(self) -> tuple[events.ReceivedBy, str | None]:
        """Who receives now, and their id: the principal head in person is the point of the day."""
        if self.attendance == "present":
            return ("principal" if self.role == "principal" else "substitute"), self.official_id
        if self.substitute_id is not None:
            return "substitute", self.substitute_id
        return "staff", None

    @property
    def there(self) -> str | None:
        """Who is to be here while it receives: the official on duty, or whoever sits in."""
        return self.official_id if self.attendance == "present" else self.substitute_id

    def has(self, official_id: str) -> bool:
        """Whether they are at this window now, on duty or for somebody else. At a closed window nobody is."""
        return self.state != "closed" and self.there == official_id

    def public(self, venue_id: str, day: date) -> events.WindowDay:
        """The state as events tell it."""
        return events.WindowDay(
            session_id=self.session_id,
            window_id=self.window_id,
            venue_id=venue_id,
            date=day,
            department_id=self.department_id,
            state=self.state,
            official_id=self.official_id,
            attendance=self.attendance,
            attended_at=self.attended_at,
            substitute_id=self.substitute_id,
            returns_at=self.returns_at,
            minutes_behind=self.minutes_behind,
        )


WINDOW_FIELDS = tuple(field.name for field in fields(WindowDay))


def opened(window: WindowDay) -> WindowDay:
    """Receives from now on; opening an open window changes nothing."""
    return replace(window, state="open", pause_reason=None)


def paused(window: WindowDay, reason: str) -> WindowDay:
    """Does not call for a while; whoever is there is still received."""
    if window.state == "closed":
        raise problems.WindowNotOpen
    return replace(window, state="paused", pause_reason=reason)


def closed(window: WindowDay) -> WindowDay:
    """Does not receive any more."""
    return replace(window, state="closed", pause_reason=None)


def attended(
    window: WindowDay,
    attendance: Attendance,
    now: datetime,
    *,
    substitute_id: str | None = None,
    returns_at: datetime | None = None,
) -> WindowDay:
    """The official came, went, or came back. A substitute and a time of return belong to one who is not there."""
    away = attendance != "present"
    return replace(
        window,
        attendance=attendance,
        attended_at=now,
        substitute_id=substitute_id if away else None,
        returns_at=returns_at if attendance == "away" else None,
    )
