"""What the queue shows, to whom: the hall everything without a name, the visitor their own, the window who comes."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from services.queue.domain.tickets import Closing, Priority, Source, State
from services.queue.domain.windows import Attendance
from services.queue.domain.windows import State as WindowState
from shared.events.queue import OutcomeKind, ReceivedBy, Totals


class Wishes(BaseModel):
    """What a visitor said of themselves."""

    last_bus_at: datetime | None
    fetch: bool
    """Deaf or frail: staff come and fetch them."""
    away_until: datetime | None
    """Passed over until then, the place is kept; None once it is over."""


class Group(BaseModel):
    """More people than come to the window at once: the hall's manager is told, and gives them a room."""

    ticket_id: str
    number: str
    persons: int
    representatives: int
    department_id: str
    state: State
    room: str | None


class TodayView(BaseModel):
    """The sessions of today."""

    items: list["SessionToday"]
    now: datetime


class SessionToday(BaseModel):
    """A session that is held today."""

    session_id: str
    date: date
    programme_name_zh: str
    programme_name_en: str
    windows: list["WindowBrief"]
    groups: list[Group]
    """Who is here and large enough to be given a room, by arrival."""


class WindowBrief(BaseModel):
    """A window in the hall's overview."""

    window_id: str
    number: int
    department_id: str
    official_id: str | None
    substitute_id: str | None
    state: WindowState
    attendance: Attendance
    minutes_behind: int
    at: str | None
    """Number of the ticket that it has."""
    waiting: int
    """How many it may call."""


class HallView(BaseModel):
    """All windows of a session."""

    session_id: str
    version: int
    now: datetime
    closed_at: datetime | None
    windows: list[WindowBrief]
    figures: "Figures"


class Figures(BaseModel):
    """What was done so far: each counted apart, as the county publishes it."""

    persons: int
    """Received: finished or being received."""
    visits: int
    items: int
    """Matters handled or guided."""
    problems: int
    solved: int
    """Of the problems, those mended on the spot."""
    suggestions: int


class Call(BaseModel):
    """A call on the hall's screen."""

    number: str
    window_number: int
    called_at: datetime
    calls: int
    """2 and more: called again."""


class ScreenView(BaseModel):
    """The hall's screen: the newest call first."""

    session_id: str
    version: int
    now: datetime
    calls: list[Call]


class LinePlace(BaseModel):
    """A ticket in the line before the visitor's."""

    number: str
    state: State
    mine: bool


class StatusView(BaseModel):
    """A visitor's own ticket."""

    session_id: str
    version: int
    now: datetime
    number: str
    state: State
    closing: Closing | None
    misses: int
    booked_for: datetime | None
    arrived_at: datetime
    called_at: datetime | None
    department_id: str
    matter_ids: list[str]
    persons: int
    representatives: int | None
    """So many of a large group come to the window; None where all of them do."""
    room: str | None
    wishes: Wishes
    window_number: int | None
    """Where to go; None while several windows may call it."""
    window_id: str | None
    attendance: Attendance | None
    before: int | None
    """How many are called first; None where the ticket does not wait."""
    earliest: datetime | None
    latest: datetime | None
    """Between these it will probably be called; None where there is too little to say."""
    line: list[LinePlace]


class TicketView(BaseModel):
    """A ticket as the counter prints it. `token` opens the visitor's own page."""

    ticket_id: str
    token: str
    number: str
    session_id: str
    state: State
    source: Source
    department_id: str
    matter_ids: list[str]
    persons: int
    representatives: int | None
    """So many of a large group come to the window; None where all of them do."""
    delegation: bool
    priority: Priority | None
    window_number: int | None
    booked_for: datetime | None
    arrived_at: datetime
    before: int | None
    version: int


class CheckedInView(TicketView):
    """A ticket, with the others that the same person got for the day."""

    also: list[TicketView]


class Visitor(BaseModel):
    """Who comes, as the serving window sees it. Empty where the card is not there (yet)."""

    name: str | None = None
    surname: str | None = None
    document_last4: str | None = None
    note: str | None = None
    """What they said beforehand."""
    raised_before: bool | None = None
    by_proxy: bool = False


class Waits(BaseModel):
    """Somebody in the window's queue: surname and last four, no more."""

    ticket_id: str
    number: str
    state: State
    source: Source
    surname: str | None
    document_last4: str | None
    matter_ids: list[str]
    persons: int
    representatives: int | None
    room: str | None
    delegation: bool
    wishes: Wishes
    priority: Priority | None
    booked_for: datetime | None
    arrived_at: datetime
    misses: int
    behind: int
    bound: bool
    """Whether this window alone may call it."""


class AtWindow(BaseModel):
    """Whom the window has."""

    ticket_id: str
    number: str
    token: str
    state: State
    source: Source
    visitor: Visitor
    matter_ids: list[str]
    persons: int
    representatives: int | None
    room: str | None
    delegation: bool
    wishes: Wishes
    priority: Priority | None
    booked_for: datetime | None
    arrived_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    calls: int
    misses: int
    received_by: ReceivedBy | None


class DeskView(BaseModel):
    """A window with its queue: what the desk and the director's phone show."""

    session_id: str
    date: date
    version: int
    """Of the hall's stream."""
    window_version: int
    """What a verb is to be sent with."""
    now: datetime
    window_id: str
    number: int
    department_id: str
    state: WindowState
    pause_reason: str | None
    official_id: str | None
    role: Literal["principal", "deputy"]
    attendance: Attendance
    attended_at: datetime | None
    substitute_id: str | None
    returns_at: datetime | None
    minutes_behind: int
    at: AtWindow | None
    waiting: list[Waits]
    """In the order in which they would be called."""
    held: list[Waits]
    unanswered: list[Waits]
    expected: int
    """Bookings of this window for which nobody has checked in."""
    figures: Figures
    undo: str | None
    """The verb that can be taken back."""
    undo_until: datetime | None


class OutcomeView(BaseModel):
    """What came of a matter, as it is printed."""

    matter_id: str
    kind: OutcomeKind
    said: str | None


class NoticeView(BaseModel):
    """The one-off notice of a visit: everything that was said of each matter, once and whole."""

    number: str
    session_id: str
    date: date
    window_number: int | None
    surname: str | None
    finished_at: datetime | None
    outcomes: list[OutcomeView]


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
