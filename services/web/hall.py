"""What the queue answers on a service day.

Words such as a ticket's state are taken as they come: a newer queue may know more of them than these pages.
"""

from datetime import date, datetime

from shared.events.base import State

GONE = ("away", "left", "absent")
"""An official's attendance when each who waits chooses."""


class Wishes(State):
    """What a visitor said of themselves."""

    last_bus_at: datetime | None = None
    fetch: bool = False
    away_until: datetime | None = None


class Group(State):
    """A large group, and the room that it was given."""

    ticket_id: str
    number: str
    persons: int
    representatives: int | None = None
    """So many come to the window; None where all of them do, as a delegation does."""
    delegation: bool = False
    department_id: str
    state: str = ""
    room: str | None = None


class WindowBrief(State):
    """A window in the hall's overview."""

    window_id: str
    number: int
    department_id: str
    official_id: str | None = None
    substitute_id: str | None = None
    state: str
    attendance: str
    minutes_behind: int = 0
    at: str | None = None
    waiting: int = 0


class Hall(State):
    """A session as a whole."""

    closed_at: datetime | None = None
    windows: tuple[WindowBrief, ...] = ()

    @property
    def is_signed(self) -> bool:
        """Whether its day is closed: nobody is called any more."""
        return self.closed_at is not None

    def state_of(self, window_id: str) -> str:
        """A window's state; empty for one that the queue does not know."""
        return next((each.state for each in self.windows if each.window_id == window_id), "")


class SessionToday(State):
    """A session that is held today."""

    session_id: str
    date: date
    programme_name_zh: str
    programme_name_en: str = ""
    windows: tuple[WindowBrief, ...] = ()
    groups: tuple[Group, ...] = ()


class SessionEarlier(State):
    """A session that was held before today."""

    session_id: str
    date: date
    programme_name_zh: str
    programme_name_en: str = ""
    closed_at: datetime | None = None


class Today(State):
    """The sessions of today, and the last ones before."""

    items: tuple[SessionToday, ...]
    earlier: tuple[SessionEarlier, ...] = ()
    now: datetime


class VenueToday(State):
    """The sessions that a venue holds today."""

    session_ids: tuple[str, ...] = ()
    now: datetime


class Figures(State):
    """What was done so far."""

    persons: int = 0
    visits: int = 0
    items: int = 0
    problems: int = 0
    solved: int = 0
    suggestions: int = 0


class Call(State):
    """A call on the hall's screen."""

    number: str
    window_number: int
    called_at: datetime
    calls: int = 1


class Screen(State):
    """The hall's screen: the newest call first."""

    session_id: str
    now: datetime
    calls: tuple[Call, ...] = ()


class LinePlace(State):
    """A ticket in the line before the visitor's."""

    number: str
    state: str
    mine: bool = False


class Promise(State):
    """What was promised to a visitor, as their own page says it."""

    kind: str
    due_on: date | None = None
    tentative: bool = False
    kept_at: datetime | None = None


class Status(State):
    """A visitor's own ticket."""

    session_id: str
    now: datetime
    number: str
    state: str
    closing: str | None = None
    misses: int = 0
    booked_for: datetime | None = None
    department_id: str
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    representatives: int | None = None
    room: str | None = None
    wishes: Wishes = Wishes()
    window_number: int | None = None
    window_id: str | None = None
    attendance: str | None = None
    before: int | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    line: tuple[LinePlace, ...] = ()
    arrived_at: datetime | None = None
    may_choose: bool = False
    stays: bool = False
    substituted: bool = False
    returns_at: datetime | None = None
    promise: Promise | None = None


class Ticket(State):
    """A ticket as the counter prints it."""

    ticket_id: str
    token: str
    number: str
    session_id: str
    state: str
    department_id: str
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    representatives: int | None = None
    delegation: bool = False
    priority: str | None = None
    window_number: int | None = None
    booked_for: datetime | None = None
    arrived_at: datetime
    before: int | None = None
    first_next: bool = False
    also: tuple["Ticket", ...] = ()
    """What the same person got at other departments."""


class Visitor(State):
    """Who comes, as the serving window sees it."""

    name: str | None = None
    surname: str | None = None
    document_last4: str | None = None
    note: str | None = None
    raised_before: bool | None = None
    by_proxy: bool = False


class Waits(State):
    """Somebody in the window's queue."""

    ticket_id: str
    number: str
    state: str
    source: str
    surname: str | None = None
    document_last4: str | None = None
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    representatives: int | None = None
    room: str | None = None
    delegation: bool = False
    wishes: Wishes = Wishes()
    priority: str | None = None
    booked_for: datetime | None = None
    arrived_at: datetime
    misses: int = 0
    behind: int = 0
    """After a missed call: how many are called before they are again."""
    stays: bool = False
    first_next: bool = False


class Finding(State):
    """What a director found or decided without a visitor."""

    kind: str
    settled: str | None = None
    text: str
    scope: str | None = None
    basis: str | None = None
    noted_at: datetime


class OpenPromise(Promise):
    """What a department promised because its director was gone."""

    promise_id: str
    number: str
    session_date: date
    overdue: bool = False
    name: str | None = None
    phone: str | None = None
    booking_id: str | None = None
    text: str | None = None
    kept_by: str | None = None
    said: str | None = None


class Promises(State):
    """The promises of a window's department."""

    now: datetime
    items: tuple[OpenPromise, ...] = ()

    @property
    def calls(self) -> tuple[OpenPromise, ...]:
        """Who is still to be called."""
        return tuple(each for each in self.items if each.kind == "written_issue" and each.kept_at is None)

    @property
    def places(self) -> tuple[OpenPromise, ...]:
        """Who is still to come first."""
        return tuple(each for each in self.items if each.kind == "next_session" and each.kept_at is None)

    @property
    def called(self) -> tuple[OpenPromise, ...]:
        """Who was called lately."""
        return tuple(each for each in self.items if each.kind == "written_issue" and each.kept_at is not None)


class AtWindow(State):
    """Whom the window has."""

    ticket_id: str
    number: str
    token: str
    state: str
    source: str
    visitor: Visitor = Visitor()
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    representatives: int | None = None
    room: str | None = None
    delegation: bool = False
    wishes: Wishes = Wishes()
    priority: str | None = None
    booked_for: datetime | None = None
    arrived_at: datetime
    called_at: datetime | None = None
    started_at: datetime | None = None
    calls: int = 0


class Finished(State):
    """Whom the window finished last."""

    ticket_id: str
    number: str


class Document(State):
    """The whole number of a document, to be shown once and kept nowhere."""

    ticket_id: str
    number: str
    """Of the ticket."""
    kind: str
    document: str


class Desk(State):
    """A window with its queue."""

    session_id: str
    date: date
    window_version: int
    now: datetime
    window_id: str
    number: int
    department_id: str
    state: str
    pause_reason: str | None = None
    official_id: str | None = None
    attendance: str
    attended_at: datetime | None = None
    substitute_id: str | None = None
    returns_at: datetime | None = None
    minutes_behind: int = 0
    at: AtWindow | None = None
    waiting: tuple[Waits, ...] = ()
    held: tuple[Waits, ...] = ()
    unanswered: tuple[Waits, ...] = ()
    expected: int = 0
    figures: Figures = Figures()
    findings: tuple[Finding, ...] = ()
    finished: Finished | None = None
    undo: str | None = None
    undo_until: datetime | None = None

    @property
    def callable(self) -> tuple[Waits, ...]:
        """Who may be called now, in order: who is away for a while or at another window may not."""
        return tuple(each for each in self.waiting if each.state == "waiting" and each.wishes.away_until is None)

    def can(self, verb: str) -> bool:
        """Whether a verb fits the window as it is; the queue has the last word."""
        state = self.at.state if self.at else None
        fitting = {
            "call-next": state is None and self.state == "open" and bool(self.callable),
            "recall": state == "called",
            "unanswered": state == "called",
            "start": state == "called",
            "hold": state in ("called", "serving"),
            "transfer": state in ("called", "serving"),
            "finish": state == "serving",
        }
        return fitting[verb]

    @property
    def gone(self) -> bool:
        """Whether the official is not there, so that those who wait choose."""
        return self.attendance in GONE

    @property
    def matter_ids(self) -> set[str]:
        """Every matter that the page names."""
        everybody = (*self.waiting, *self.held, *self.unanswered, *((self.at,) if self.at else ()))
        return {matter_id for each in everybody for matter_id in each.matter_ids}


class Outcome(State):
    """What came of a matter, as it is printed."""

    matter_id: str
    kind: str
    said: str | None = None


class Notice(State):
    """The one-off notice of a visit."""

    number: str
    session_id: str
    date: date
    window_number: int | None = None
    surname: str | None = None
    finished_at: datetime | None = None
    outcomes: tuple[Outcome, ...] = ()
