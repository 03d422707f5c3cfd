"""Said by the queue: what becomes of each visit of a service day, and how its windows do."""

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Event, State

OutcomeKind = Literal["handled", "guided", "incomplete", "declined"]
ReceivedBy = Literal["principal", "substitute", "staff"]


class Outcome(State):
    """What came of one matter of a visit. What was said stays with the queue."""

    matter_id: str
    kind: OutcomeKind


class Remark(State):
    """Something found in a visit. Its text stays with the queue, which gives it to who handles it."""

    remark_id: str
    kind: Literal["problem", "suggestion"]
    settled: Literal["on_the_spot", "handed_on"] | None = None
    """Of a problem: mended at once, or to become a case."""


class Visit(State):
    """One party from check-in to outcome, with its place in the queue."""

    visit_id: str
    session_id: str
    venue_id: str
    number: str
    """Of the ticket, such as A012; empty where nobody came."""
    source: Literal["booking", "walk_in", "paper"]
    """`paper`: entered after an outage, with its true times."""
    booking_id: str | None = None
    department_id: str
    window_id: str | None = None
    """Where it is called or served, else the only window that may call it; None: any of the department."""
    matter_ids: tuple[str, ...]
    persons: int = Field(ge=0)
    """How many came, all counted; 0 where nobody did."""
    counted: bool = True
    """False for a delegation or inspection: neither its visit nor its persons belong in any figure."""
    priority: bool = False
    language: Literal["zh", "en"] = "zh"
    state: Literal["waiting", "called", "serving", "held", "finished", "closed", "no_show"]
    closing: Literal["unanswered", "left", "unserved", "next_session", "written_issue"] | None = None
    """Why it was closed without an outcome."""
    misses: int = 0
    """Calls that were not answered."""
    near: bool = False
    """At most three are before it; said once."""
    booked_for: datetime | None = None
    arrived_at: datetime | None = None
    called_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    received_by: ReceivedBy | None = None
    official_id: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    remarks: tuple[Remark, ...] = ()


class VisitEvent(Event):
    """Any event of a visit."""

    topic: ClassVar[str] = "queue.visits.v1"
    visit: Visit

    @property
    def subject(self) -> str:
        """The visit's id."""
        return self.visit.visit_id


class VisitCheckedIn(VisitEvent):
    """Somebody came and has a ticket."""


class VisitNearing(VisitEvent):
    """At most three are before it now."""


class VisitCalled(VisitEvent):
    """A window called the ticket, or called it again."""


class VisitUnanswered(VisitEvent):
    """A call was not answered: back behind two others, or closed after the third."""


class VisitStarted(VisitEvent):
    """It is being received."""


class VisitHeld(VisitEvent):
    """It was interrupted and keeps its place, such as while a fee is paid elsewhere."""


class VisitResumed(VisitEvent):
    """It waits again, or is received again, after it was held."""


class VisitTransferred(VisitEvent):
    """Another window or department has it now; number and place stay."""


class VisitFinished(VisitEvent):
    """Each of its matters has an outcome."""


class VisitClosed(VisitEvent):
    """It ended without an outcome, with a reason."""


class VisitUndone(VisitEvent):
    """The last step was taken back; the state is what it was before."""


class VisitCorrected(VisitEvent):
    """What is recorded of it was put right."""


class VisitNoShow(VisitEvent):
    """A booking of a day that is closed now, for which nobody checked in."""


class WindowDay(State):
    """A window in a session: whether it receives, and who sits there."""

    session_id: str
    window_id: str
    venue_id: str
    date: date
    department_id: str
    state: Literal["closed", "open", "paused"]
    official_id: str | None = None
    """Who is on duty by the roster."""
    attendance: Literal["expected", "present", "away", "left", "absent"]
    """Of the official on duty: `away` is expected back, `left` is not."""
    attended_at: datetime | None = None
    substitute_id: str | None = None
    """Who sits there instead."""
    returns_at: datetime | None = None
    minutes_behind: int = Field(default=0, ge=0)
    """How late those booked are received; told once it is 30 or more, and again when it is over."""


class WindowEvent(Event):
    """Any event of a window in a session."""

    topic: ClassVar[str] = "queue.windows.v1"
    window: WindowDay

    @property
    def subject(self) -> str:
        """Session and window."""
        return f"{self.window.session_id}:{self.window.window_id}"


class WindowOpened(WindowEvent):
    """The window receives."""


class WindowPaused(WindowEvent):
    """The window does not call for a while."""


class WindowClosed(WindowEvent):
    """The window does not receive any more."""


class AttendanceRecorded(WindowEvent):
    """The official came, went away, came back or left."""


class WindowBehind(WindowEvent):
    """The window runs half an hour late or more, or is on time again."""


class Totals(State):
    """What a day came to. Persons, visits, matters, problems and suggestions are counted apart."""

    visits: int = Field(ge=0)
    """Batches received."""
    persons: int = Field(ge=0)
    booked: int = Field(ge=0)
    """Of the visits."""
    walk_ins: int = Field(ge=0)
    on_paper: int = Field(ge=0)
    """Entered after an outage."""
    handled: int = Field(ge=0)
    """Matters by what came of them."""
    guided: int = Field(ge=0)
    incomplete: int = Field(ge=0)
    declined: int = Field(ge=0)
    problems: int = Field(ge=0)
    solved: int = Field(ge=0)
    """Of the problems, on the spot."""
    suggestions: int = Field(ge=0)
    by_principal: int = Field(ge=0)
    """Visits by who received: the principal head in person is the point of the day."""
    by_substitute: int = Field(ge=0)
    by_staff: int = Field(ge=0)
    unserved: int = Field(ge=0)
    """Tickets that ended without an outcome."""
    no_shows: int = Field(ge=0)
    principals_present: int = Field(ge=0)
    """Windows of principal heads by their attendance: who came at all, be it for a while."""
    principals_substituted: int = Field(ge=0)
    """For whom somebody sat in, be it for a while; who came and was called away is counted in both."""
    principals_absent: int = Field(ge=0)
    """Who neither came nor was replaced."""
    findings: int = Field(default=0, ge=0)
    """What directors found without a visitor; not among `problems`."""
    decisions: int = Field(default=0, ge=0)


class Day(State):
    """A day that was closed and signed."""

    session_id: str
    venue_id: str
    date: date
    closed_at: datetime
    corrected: bool = False
    totals: Totals


class DayEvent(Event):
    """Any event of a closed day."""

    topic: ClassVar[str] = "queue.days.v1"
    day: Day

    @property
    def subject(self) -> str:
        """The session's id."""
        return self.day.session_id


class DayClosed(DayEvent):
    """The manager signed the day."""


class DayCorrected(DayEvent):
    """Something was put right, with a reason; these are the totals now."""


class Finding(State):
    """What a director found or decided without a visitor. What was written stays with the queue."""

    finding_id: str
    session_id: str
    venue_id: str
    window_id: str
    department_id: str
    official_id: str | None = None
    """Who was at the window then, else who was on duty there."""
    kind: Literal["finding", "decision"]
    settled: Literal["on_the_spot", "handed_on"] | None = None
    """Of a finding: mended at once, or to become a case."""


class FindingEvent(Event):
    """Any event of a finding or decision."""

    topic: ClassVar[str] = "queue.findings.v1"
    finding: Finding

    @property
    def subject(self) -> str:
        """The finding's id."""
        return self.finding.finding_id


class FindingNoted(FindingEvent):
    """A director noted what hurts."""


class DecisionMade(FindingEvent):
    """A director decided something, with its scope."""
