"""What the queue shows, to whom: the hall everything without a name, the visitor their own, the window who comes."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from services.queue.domain.tickets import Closing, Priority, Source, State
from services.queue.domain.windows import Attendance
from services.queue.domain.windows import State as WindowState
from shared.documents import DocumentType
from shared.events.queue import OutcomeKind, ReceivedBy


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
    representatives: int | None
    """So many come to the window; None where all of them do, as a delegation does."""
    delegation: bool
    department_id: str
    state: State
    room: str | None


class TodayView(BaseModel):
    """The sessions of today."""

    items: list["SessionToday"]
    earlier: list["SessionEarlier"] = []
    """The last ones before today, the latest first: to be signed still, or put right."""
    now: datetime


class VenueToday(BaseModel):
    """The sessions that one venue holds today, by id."""

    session_ids: list[str]
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


class SessionEarlier(BaseModel):
    """A session that was held before today."""

    session_id: str
    date: date
    programme_name_zh: str
    programme_name_en: str
    closed_at: datetime | None
    """None: nobody has signed it."""


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


class PromiseBrief(BaseModel):
    """What was promised to a visitor, as their own page says it."""

    kind: Literal["next_session", "written_issue"]
    due_on: date | None
    """The next session of the department, or by when the director calls; None where no session is planned."""
    tentative: bool
    """Whether the day may move, for a year's calendar is not known yet."""
    kept_at: datetime | None


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
    may_choose: bool
    """Whether the director is gone, so that it is for them to say what becomes of their visit."""
    stays: bool
    """They chose to be received by whoever sits in."""
    substituted: bool
    """Whether another official sits at the window instead."""
    returns_at: datetime | None
    promise: PromiseBrief | None


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
    first_next: bool
    """They have the first place, which was promised the time before."""
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


class DocumentView(BaseModel):
    """A document's whole number, in this one answer; it is kept nowhere."""

    ticket_id: str
    number: str
    """Of the ticket."""
    kind: DocumentType
    document: str


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
    stays: bool
    """Told that the director is gone, they chose to stay."""
    first_next: bool
    """They were promised the first place."""


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


class FindingView(BaseModel):
    """What a director found or decided without a visitor."""

    finding_id: str
    kind: Literal["finding", "decision"]
    settled: Literal["on_the_spot", "handed_on"] | None
    text: str
    scope: str | None
    basis: str | None
    official_id: str | None
    noted_at: datetime


class PromiseView(BaseModel):
    """What a department promised because its director was gone."""

    promise_id: str
    kind: Literal["next_session", "written_issue"]
    number: str
    """Of the ticket that it ended."""
    session_date: date
    made_at: datetime
    due_on: date | None
    """By when the director calls; for the first place the next session of the department, if one is planned."""
    tentative: bool
    overdue: bool
    name: str | None
    phone: str | None
    """None: as the booking has it, or kept already."""
    booking_id: str | None
    text: str | None
    kept_at: datetime | None
    kept_by: str | None
    said: str | None


class PromisesView(BaseModel):
    """The promises of a window's department: what is open, what is due first before, then what was kept lately."""

    department_id: str
    now: datetime
    items: list[PromiseView]


class Finished(BaseModel):
    """Whom the window finished last: the notice for them is printed from here."""

    ticket_id: str
    number: str


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
    findings: list[FindingView]
    """What was found and decided today without a visitor, the newest first."""
    finished: Finished | None
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
