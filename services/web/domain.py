"""What the other services answer, and what a page makes of it. Plain functions; `now` is an argument.

The models take over the contracts of `shared.events` where an API repeats them. Unknown members are
passed over, so that a service may be newer than the pages.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from shared.events import roster
from shared.events.base import State

BookableState = Literal["open", "not_released", "full", "closed", "tentative", "cancelled"]

DOCUMENT_TYPES = (
    "resident_id",
    "household_register",
    "hk_macao_taiwan_residence",
    "hk_macao_permit",
    "taiwan_permit",
    "permanent_residence",
    "passport",
    "credit_code",
)
"""The documents a visitor may show, the usual one first."""

RESIDENT_ID_CHARACTERS = 18
MOBILE_DIGITS = 11
LOOKUP_DIGITS = 4
PARTY_SIZE_MAX = 5
"""Where the session does not say."""


class Matter(roster.Matter):
    """A matter with the names of its department."""

    department_name_zh: str = ""
    department_name_en: str = ""
    windows: tuple[int, ...] = ()
    synonyms: tuple[str, ...] = ()
    common: bool = False


class Matters(State):
    """One answer of the search."""

    items: tuple[Matter, ...]
    total: int


class Duty(roster.Duty):
    """A duty with who it is."""

    official_name: str = ""
    official_title_zh: str = ""
    official_title_en: str = ""


class SessionWindow(roster.Window):
    """A window of a session with its department and who sits there."""

    department_name_zh: str = ""
    department_name_en: str = ""


class Session(roster.Session):
    """A session with names."""

    duties: tuple[Duty, ...] = ()
    windows: tuple[SessionWindow, ...] = ()

    def duty_at(self, window_id: str) -> Duty | None:
        """Who is on duty at a window."""
        return next((each for each in self.duties if each.window_id == window_id), None)

    def window(self, window_id: str) -> SessionWindow | None:
        """A window of the session."""
        return next((each for each in self.windows if each.window_id == window_id), None)

    @property
    def receiving_departments(self) -> int:
        """How many departments receive."""
        return len({each.department_id for each in self.duties})

    @property
    def moved(self) -> bool:
        """Whether it is not held on the date that the recurrence names."""
        return self.date != self.rule_date

    @property
    def moved_by_hand(self) -> bool:
        """Whether somebody moved it. What the calendar shifts when it is planned has no reason; later, `calendar`."""
        return self.moved and self.reason not in (None, "calendar")


class BookableSession(State):
    """A session as booking sees it for one matter."""

    session_id: str
    date: date
    starts_at: datetime | None = None
    release_at: datetime | None = None
    closes_at: datetime | None = None
    state: BookableState
    free: int = 0


class BookableSessions(State):
    """Booking's sessions for one matter, by date. `now` is the county's clock."""

    items: tuple[BookableSession, ...]
    now: datetime


class Slot(State):
    """A bookable stretch of a window's time."""

    slot_id: int
    window_id: str
    starts_at: datetime
    ends_at: datetime
    free: int
    capacity: int


class Slots(State):
    """A session's slots for one matter."""

    items: tuple[Slot, ...]
    now: datetime

    def find(self, slot_id: int) -> Slot | None:
        """The slot with this id."""
        return next((each for each in self.items if each.slot_id == slot_id), None)


class Booking(State):
    """A booking as its visitor sees it."""

    booking_id: str
    code: str
    state: Literal["confirmed", "to_confirm", "cancelled"]
    reason: str | None = None
    session_id: str
    window_id: str
    department_id: str
    matter_id: str
    starts_at: datetime
    ends_at: datetime
    cancel_until: datetime | None = None
    previous_starts_at: datetime | None = None
    party_size: int = 1
    name_masked: str = ""
    document_masked: str | None = None
    phone_masked: str | None = None
    phone_takes_texts: bool = True
    email_masked: str | None = None
    by_proxy: bool = False
    note: str | None = None
    version: int = Field(default=1, ge=1)


class OwnBookings(State):
    """What a citizen has booked: those to come, the next one first, then the others, the last one first."""

    items: tuple[Booking, ...]

    def to_come(self, now: datetime) -> tuple[Booking, ...]:
        """Those that somebody is still expected for."""
        return tuple(each for each in self.items if each.state != "cancelled" and each.ends_at > now)

    def gone_by(self, now: datetime) -> tuple[Booking, ...]:
        """All others."""
        return tuple(each for each in self.items if each.state == "cancelled" or each.ends_at <= now)


class Official(State):
    """Somebody who can be on duty."""

    official_id: str
    name: str
    title_zh: str = ""
    title_en: str = ""
    department_id: str = ""
    department_name_zh: str = ""
    department_name_en: str = ""
    head: bool = False


class Expected(State):
    """A booking as the window that serves sees it."""

    booking_id: str
    starts_at: datetime
    ends_at: datetime
    name: str = Field(default="", validation_alias="name_masked")
    document_last4: str | None = None
    matter_id: str
    party_size: int = 1
    note: str | None = None
    raised_before: bool | None = None
    state: Literal["confirmed", "to_confirm", "cancelled"]
    by_proxy: bool = False


class ConsoleMessage(State):
    """A message that the console channel delivered."""

    message_id: str
    kind: str
    language: str = "zh"
    to: str = ""
    subject: str = ""
    body: str = ""
    about: str = ""
    sent_at: datetime


class Departments(State):
    """The departments of the hall."""

    items: tuple[roster.Department, ...]

    @property
    def general_desk(self) -> roster.Department | None:
        """The desk for whoever does not know whom to ask."""
        return next((each for each in self.items if each.general_desk), None)


class Sessions(State):
    """Sessions by date."""

    items: tuple[Session, ...]


class Officials(State):
    """Everybody who can be on duty."""

    items: tuple[Official, ...]


class ExpectedBookings(State):
    """Who comes to a window."""

    items: tuple[Expected, ...]


class ConsoleMessages(State):
    """The newest messages first, and how many the night holds."""

    items: tuple[ConsoleMessage, ...]
    waiting: int = 0
    waiting_until: datetime | None = None


class Channels(State):
    """How visitors are told. What is not known is not promised."""

    mail: bool = False
    quiet_from: time | None = None
    quiet_until: time | None = None


REMINDER_AT = time(18, 0)
"""Of the day before, by the county's clock, for the hall's own reminder and the calendar's: so many hours before the
visit would wake who comes in the afternoon."""


def is_quiet(channels: Channels, now: datetime, zone: ZoneInfo) -> bool:
    """Whether what happens now is told only when the night is over."""
    if channels.quiet_from is None or channels.quiet_until is None:
        return False
    clock = now.astimezone(zone).time()
    return clock >= channels.quiet_from or clock < channels.quiet_until


def is_reminded(starts_at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the evening of the reminder is still to come."""
    evening = starts_at.astimezone(zone).date() - timedelta(days=1)
    return now < datetime.combine(evening, REMINDER_AT, zone)


def first_open(sessions: Iterable[BookableSession]) -> BookableSession | None:
    """The first session with a free seat."""
    return next((each for each in sessions if each.state == "open" and each.free > 0), None)


def first_unreleased(sessions: Iterable[BookableSession]) -> BookableSession | None:
    """The session whose release comes next."""
    waiting = [(each.release_at, each) for each in sessions if each.state == "not_released" and each.release_at]
    return min(waiting, key=lambda pair: pair[0], default=(None, None))[1]


def by_window(slots: Sequence[Slot], session: Session | None) -> dict[str, list[Slot]]:
    """Slots of each window by time; windows by number, or as their times come where the roster is not known."""
    found: dict[str, list[Slot]] = {}
    for each in sorted(slots, key=lambda slot: (slot.starts_at, slot.slot_id)):
        found.setdefault(each.window_id, []).append(each)
    numbers = {each.window_id: each.number for each in session.windows} if session else {}
    return dict(sorted(found.items(), key=lambda pair: numbers.get(pair[0], 0)))


def first_choice(slots: Iterable[Slot], session: Session | None) -> Slot | None:
    """The slot that is chosen at first: the earliest free one where a head sits in person, else the earliest."""
    in_person = {each.window_id for each in session.duties if each.role == "principal"} if session else set()
    free = [each for each in slots if each.free > 0]
    return min(free, key=lambda each: (each.window_id not in in_person, each.starts_at, each.slot_id), default=None)


def next_slot(slots: Iterable[Slot], asked: Slot | None) -> Slot | None:
    """The slot that is chosen where another one is needed: `asked` itself, else the next by time, else the earliest."""
    free = sorted(slots, key=lambda each: (each.starts_at, each.slot_id))
    if asked is None:
        return next(iter(free), None)
    later = [each for each in free if each.slot_id == asked.slot_id] or [
        each for each in free if each.starts_at >= asked.starts_at
    ]
    return next(iter(later or free), None)


def release_state(session: Session, now: datetime) -> Literal["tentative", "not_released", "closed", "open", "none"]:
    """Where a session stands between planned and over, from the roster alone: without the seats."""
    if session.status == "tentative":
        return "tentative"
    if session.booking is None:
        return "none"
    if now < session.booking.release_at:
        return "not_released"
    return "closed" if now >= session.booking.closes_at else "open"


def remaining(until: datetime, now: datetime) -> tuple[int, int, int]:
    """Days, hours and minutes from `now` to `until`; never negative. Minutes are rounded up."""
    minutes = max(0, -int((now - until) // timedelta(minutes=1)))
    return minutes // 1440, minutes % 1440 // 60, minutes % 60


def lookup_digits(booking: Booking, document_number: str, phone: str) -> str:
    """The last four characters by which a booking is found again: the phone's, else the document's.

    Booking shows them of the number in its canonical form; of a short one it shows fewer, and what was typed is
    taken, which booking leaves as it is but for blanks, hyphens and case.
    """
    shown = ((phone, booking.phone_masked), (document_number, booking.document_masked))
    for typed, masked in shown:
        if not typed:
            continue
        kept = "".join(
            each for each in unicodedata.normalize("NFKC", typed).upper() if each.isascii() and each.isalnum()
        )
        last = (masked or "")[-LOOKUP_DIGITS:]
        if len(last) == LOOKUP_DIGITS and last.isalnum():
            return last
        if len(kept) >= LOOKUP_DIGITS:
            return kept[-LOOKUP_DIGITS:]
    return ""


def length_finding(kind: str, value: str) -> tuple[int, int] | None:
    """How many characters a number has and should have, where its length alone shows what is wrong."""
    kept = [each for each in value if each.isalnum()]
    if not kept or not value.isascii():
        return None
    if kind == "resident_id" and len(kept) != RESIDENT_ID_CHARACTERS:
        return len(kept), RESIDENT_ID_CHARACTERS
    if kind == "mobile" and value.startswith("1") and len(kept) != MOBILE_DIGITS:
        return len(kept), MOBILE_DIGITS
    return None
