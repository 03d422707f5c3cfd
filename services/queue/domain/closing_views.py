"""What the end of the day shows: its windows, what is open, what was signed, and the day's visits without a name."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from services.queue.domain.tickets import Closing, Source, State
from services.queue.domain.views import Figures
from services.queue.domain.windows import Attendance
from services.queue.domain.windows import State as WindowState
from shared.events.queue import OutcomeKind, ReceivedBy, Totals


class ClosingWindow(BaseModel):
    """A window at the end of the day."""

    window_id: str
    number: int
    department_id: str
    state: WindowState
    confirmed_at: datetime | None
    confirmed_by: str | None
    needed: bool
    """It received, so that it has to confirm."""
    attendance: Attendance
    """Of the official on duty, as recorded last."""
    role: Literal["principal", "deputy"]
    """Of the official on duty."""
    came: bool
    """Whether the official on duty was there, be it for a while, at any window of the same duty."""
    substituted: bool
    """Whether another sat in for them, be it for a while."""
    window_version: int
    figures: Figures


class OpenTicket(BaseModel):
    """A ticket without an end."""

    ticket_id: str
    number: str
    state: State
    department_id: str
    window_id: str | None
    arrived_at: datetime


class Signed(BaseModel):
    """A version of the day's closing."""

    version: int
    signed_by: str
    signed_at: datetime
    reason: str | None
    """Of a correction."""
    totals: Totals


class ClosingView(BaseModel):
    """The end of the day: what is still to be done, and what was signed."""

    session_id: str
    date: date
    version: int
    now: datetime
    closed_at: datetime | None
    windows: list[ClosingWindow]
    open: list[OpenTicket]
    expected: int
    """Live bookings for which nobody came so far: they will be no-shows."""
    totals: Totals
    """As it stands now."""
    signed: list[Signed]


class VisitOutcome(BaseModel):
    """What came of a matter, without a word of it."""

    matter_id: str
    kind: OutcomeKind


class VisitView(BaseModel):
    """A visit of the day, without anything of who came."""

    ticket_id: str
    version: int
    """What a correction is to be sent with."""
    number: str
    source: Source
    state: State
    closing: Closing | None
    """Why it ended without an outcome."""
    department_id: str
    window_id: str | None
    window_number: int | None
    matter_ids: list[str]
    persons: int
    delegation: bool
    """Received like others, counted nowhere."""
    booked_for: datetime | None
    arrived_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    received_by: ReceivedBy | None
    outcomes: list[VisitOutcome]
    problems: int
    suggestions: int


class VisitsView(BaseModel):
    """The visits of a day by number, a stretch at a time."""

    session_id: str
    date: date
    now: datetime
    closed_at: datetime | None
    items: list[VisitView]
    more: bool
    """Whether there are some after the last one here."""
