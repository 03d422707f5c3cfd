"""The rules of telling: what events of bookings and of the day make known, to whom, when, and until when it is true.

Nothing here reads a clock, a table or the network. Instants are UTC; days and clock times are the county's.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from shared.events.base import State
from shared.events.booking import Booking, BookingCancelled, BookingEvent, BookingMade, BookingMoved
from shared.events.queue import (
    AttendanceRecorded,
    Visit,
    VisitCalled,
    VisitEvent,
    VisitNearing,
    VisitUnanswered,
    WindowBehind,
    WindowDay,
    WindowEvent,
)

Kind = Literal[
    "booked",
    "cancelled",
    "moved",
    "session_cancelled",
    "reminder",
    "turn_near",
    "called",
    "missed",
    "running_late",
    "substituted",
]
CaseKind = Literal[
    "case_registered",
    "case_accepted",
    "case_answered",
    "case_unreached",
    "case_closed",
    "case_moved",
    "case_climbed",
    "case_decided",
    "case_reopened",
    "case_merged",
]
LetterKind = Kind | CaseKind | Literal["sign_in_code"]
"""What a channel carries: messages about bookings and cases, and the codes by which citizens sign in."""
Recipient = Literal["visitor", "proxy"]
Language = Literal["zh", "en"]
Channel = Literal["console", "email"]
Failure = Literal["no_address", "refused", "tries_exhausted", "too_late", "not_prepared"]
"""Why somebody has to be called."""
Withdrawal = Literal["no_longer_true", "too_late", "booking_gone", "told_through_proxy", "no_proxy_phone"]

REMINDER_AT = time(18, 0)
QUIET_FROM = time(22, 0)
QUIET_UNTIL = time(8, 0)
URGENT = timedelta(hours=24)
"""A move or a cancellation of a session this near is told at night, too."""
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Between the tries of a message, at preparing it and at sending it; after the last one somebody has to be called."""
GOOD_FOR = timedelta(minutes=1)
"""How long a prepared message may be sent without asking for the visitor card again."""
PREPARATION_WAIT = timedelta(milliseconds=250)
PREPARATION_WAIT_MOST = timedelta(seconds=15)
BY_THE_HALL: frozenset[Kind] = frozenset({"moved", "session_cancelled"})
"""What visitors did not do themselves: they do not know it, and come in vain."""


OF_VISITS: frozenset[Kind] = frozenset({"turn_near", "called", "missed"})
OF_WINDOWS: frozenset[Kind] = frozenset({"running_late", "substituted"})
OF_THE_DAY: frozenset[Kind] = OF_VISITS | OF_WINDOWS
LATE_MINUTES = 30
"""A window more than so many minutes behind is late. The queue says a window is on time again at exactly so many."""
NOT_THERE = frozenset({"away", "left", "absent"})
"""An official's attendance when somebody else, or nobody, sits at the window."""


class ProxyCard(State):
    """Whoever booked for the visitor."""

    name: str
    phone: str | None = None


class VisitorCard(State):
    """Who is to be told, as booking knows them now. Never kept but encrypted."""

    booking_id: str
    name: str
    phone: str | None = None
    phone_takes_texts: bool = True
    """False for a landline: whoever has nothing else has to be called."""
    email: str | None = None
    code: str
    state: Literal["confirmed", "to_confirm", "cancelled"]
    version: int
    party_size: int = 1
    cancel_until: datetime | None = None
    proxy: ProxyCard | None = None


class VisitorCards(State):
    """Those of the cards asked for that there are; who is gone is left out."""

    items: tuple[VisitorCard, ...]


@dataclass(frozen=True)
class Planned:
    """A message that a booking's event calls for."""

    kind: Kind
    recipient: Recipient
    due_at: datetime


@dataclass(frozen=True)
class Told:
    """What a message says of its booking's time."""

    kind: Kind
    about_version: int
    starts_at: datetime
    window_id: str
    previous_starts_at: datetime | None = None
    """Of a moved booking the time that the visitor last knew; None where that is unknown."""
    source: str | None = None
    """Of the day: the visit, or session and window, that it tells of."""
    useful_until: datetime | None = None
    """Of the day: its end. Whoever is in the hall or expected there has a time that may have come."""

    @property
    def until(self) -> datetime:
        """From then on telling is of no use."""
        return self.useful_until or self.starts_at


@dataclass(frozen=True)
class Today:
    """What was last heard of the day: the booking's visit, if they came, and the window that a message tells of."""

    visit: Visit | None = None
    window: WindowDay | None = None


@dataclass(frozen=True)
class Address:
    """Where a message goes."""

    channel: Channel
    value: str


def kind_of(event: BookingEvent) -> Kind | None:
    """What the event makes known; None where the visitor knows it already, as who agreed to a move does."""
    if isinstance(event, BookingMade):
        return "booked"
    if isinstance(event, BookingMoved):
        return "moved"
    if isinstance(event, BookingCancelled):
        return "cancelled" if event.booking.reason == "visitor" else "session_cancelled"
    return None


def county_date(moment: datetime, zone: ZoneInfo) -> date:
    """The county's date at an instant."""
    return moment.astimezone(zone).date()


def reminder_at(starts_at: datetime, zone: ZoneInfo) -> datetime:
    """Six in the evening of the day before."""
    return datetime.combine(county_date(starts_at, zone) - timedelta(days=1), REMINDER_AT, zone)


def quiet_until(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours that the instant lies in; None by day."""
    local = moment.astimezone(zone)
    if local.time() >= QUIET_FROM:
        return datetime.combine(local.date() + timedelta(days=1), QUIET_UNTIL, zone)
    if local.time() < QUIET_UNTIL:
        return datetime.combine(local.date(), QUIET_UNTIL, zone)
    return None


def urgent_from(told: Told) -> datetime | None:
    """From when on the message may break the quiet hours; None if never."""
    if told.kind not in BY_THE_HALL:
        return None
    times = [each for each in (told.starts_at, told.previous_starts_at) if each is not None]
    return min(times) - URGENT


def may_go_at(told: Told, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first instant from `moment` on at which the message may be sent."""
    until = quiet_until(moment, zone)
    if until is None:
        return moment
    urgent = urgent_from(told)
    if urgent is None:
        return until
    return min(max(urgent, moment), until)


def good_until(told: Told, now: datetime, zone: ZoneInfo) -> datetime:
    """Until when what is prepared now may be sent: a minute, or less where the quiet hours or its end come first."""
    local = now.astimezone(zone)
    evening = datetime.combine(local.date(), QUIET_FROM, zone)
    ends = [now + GOOD_FOR, told.until]
    urgent = urgent_from(told)
    if now < evening and (urgent is None or urgent > evening):
        ends.append(evening)
    return min(ends)


def recipients_of(booking: Booking) -> tuple[Recipient, ...]:
    """Who is told of a booking."""
    return ("visitor", "proxy") if booking.by_proxy else ("visitor",)


def planned(event: BookingEvent, told: Told | None, now: datetime, zone: ZoneInfo) -> list[Planned]:
    """The messages that an event calls for. `told` is what its own message would say.

    Nothing is told of a visit whose time has come. A reminder is planned only while its evening lies
    ahead: whoever books later has just been told.
    """
    booking = event.booking
    if booking.starts_at <= now:
        return []
    recipients = recipients_of(booking)
    found: list[Planned] = []
    if told is not None:
        due_at = may_go_at(told, now, zone)
        found += [Planned(kind=told.kind, recipient=each, due_at=due_at) for each in recipients]
    evening = reminder_at(booking.starts_at, zone)
    if booking.state != "cancelled" and evening > now:
        found += [Planned(kind="reminder", recipient=each, due_at=evening) for each in recipients]
    return found


def still_true(told: Told, booking: Booking, version: int) -> bool:
    """Whether a message says what is so, the booking being in this state and version."""
    if told.kind in ("cancelled", "session_cancelled"):
        return booking.state == "cancelled"
    if booking.state == "cancelled" or (booking.starts_at, booking.window_id) != (told.starts_at, told.window_id):
        return False
    if told.kind == "booked":
        return booking.state == "confirmed"
    if told.kind == "moved":
        return booking.state == "to_confirm" or version == told.about_version
    return True


def end_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """Midnight after an instant, in the county."""
    return datetime.combine(county_date(moment, zone) + timedelta(days=1), time(0), zone)


def kind_of_visit(event: VisitEvent, known: Visit | None) -> Kind | None:
    """What the event of a visit makes known. To call the same call once more is no news to a phone."""
    if isinstance(event, VisitNearing):
        return "turn_near"
    if isinstance(event, VisitCalled):
        visit = event.visit
        again = known is not None and known.state == "called"
        same = again and known is not None and (known.window_id, known.misses) == (visit.window_id, visit.misses)
        return None if same else "called"
    return "missed" if isinstance(event, VisitUnanswered) else None


def kind_of_window(event: WindowEvent, known: WindowDay | None) -> Kind | None:
    """What the event of a window makes known. Attendance recorded once more with the same facts is no news."""
    window = event.window
    if isinstance(event, WindowBehind):
        return "running_late" if window_is_so("running_late", window) else None
    if isinstance(event, AttendanceRecorded) and window_is_so("substituted", window):
        return None if known is not None and _absence(known) == _absence(window) else "substituted"
    return None


def _absence(window: WindowDay) -> tuple[str, str | None, datetime | None]:
    return window.attendance, window.substitute_id, window.returns_at


def supersedes(kind: Kind, older: Kind) -> bool:
    """Whether a newer message of the same source makes an older one needless: of a visit any, of a window the same."""
    return kind == older or older in OF_VISITS


def still_true_today(told: Told, booking: Booking, today: Today, now: datetime) -> bool:
    """Whether a message of the day says what is so on this day. Of an earlier day nothing is told."""
    if not (told.until - timedelta(days=1) <= now < told.until) or booking.state == "cancelled":
        return False
    if told.kind in OF_VISITS:
        return today.visit is not None and _visit_is_so(told, booking, today.visit)
    return today.window is not None and _window_concerns(told.kind, today.window, booking, today.visit, now)


def _visit_is_so(told: Told, booking: Booking, visit: Visit) -> bool:
    if (visit.visit_id, visit.session_id) != (told.source, booking.session_id):
        return False
    if told.kind == "called":
        return visit.state == "called"
    if told.kind == "turn_near":
        return visit.state == "waiting" and visit.near
    # Whoever was called stays near, until a transfer sends them to another queue, where other words hold.
    put_back = visit.state == "waiting" and visit.misses > 0 and visit.near
    return put_back or (visit.state == "closed" and visit.closing == "unanswered")


def _window_concerns(kind: Kind, window: WindowDay, booking: Booking, visit: Visit | None, now: datetime) -> bool:
    """Whether it is so, and the booking's visitor waits for the window or is still expected there.

    An absence is of no interest to whoever did not come at their time; a delay is, for they may be on their way.
    """
    if not window_is_so(kind, window) or booking.session_id != window.session_id:
        return False
    if visit is None:
        return booking.window_id == window.window_id and (kind == "running_late" or booking.starts_at > now)
    its_window = visit.window_id or booking.window_id
    return (visit.state, visit.department_id, its_window) == ("waiting", window.department_id, window.window_id)


def window_is_so(kind: Kind, window: WindowDay) -> bool:
    """Whether the window is late, or its official not there; whom that concerns is another question."""
    if kind == "running_late":
        return window.minutes_behind > LATE_MINUTES and window.state != "closed"
    return window.attendance in NOT_THERE


def agrees(told: Told, card: VisitorCard) -> bool:
    """Whether the visitor card, which may be newer than the last event, bears the message out."""
    return (card.state == "cancelled") == (told.kind in ("cancelled", "session_cancelled"))


def too_late(told: Told, now: datetime) -> bool:
    """Whether telling is of no use any more: the visit's time has come, or the day is over."""
    return now >= told.until


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many tries; None where that was the last."""
    return now + WAITS[attempts - 1] if attempts <= len(WAITS) else None


def next_preparation(preparations: int, now: datetime) -> datetime:
    """When to ask again for what was missing, such as the card while booking is away: soon, then every 15 s."""
    doublings: int = 2 ** min(preparations, 10)
    return now + min(PREPARATION_WAIT * doublings, PREPARATION_WAIT_MOST)


def next_preparation_after_failure(failures: int, told: Told, now: datetime) -> datetime | None:
    """When to prepare again after so many failures that nobody foresaw; None where somebody has to be called instead.

    Every wait is longer, for such a failure is seldom over by itself. One that would end too late is none.
    """
    again_at = next_try(failures, now)
    return again_at if again_at is not None and again_at < told.until else None


def address(card: VisitorCard, recipient: Recipient, *, mail: bool) -> Address | Failure | Withdrawal:
    """Where the recipient is reached, or why nowhere. `mail`: there is a mail server.

    A phone is the console's until there is a provider of text messages. A phone that is the proxy's is
    written to once, as the proxy's.
    """
    proxy_phone = card.proxy.phone if card.proxy else None
    if recipient == "proxy":
        return Address("console", proxy_phone) if proxy_phone else "no_proxy_phone"
    if mail and card.email:
        return Address("email", card.email)
    if card.phone and card.phone != proxy_phone:
        return Address("console", card.phone) if card.phone_takes_texts else "no_address"
    return "told_through_proxy" if proxy_phone else "no_address"


def mask_address(value: str) -> str:
    """An address as lists show it. Of a phone two digits only: with a booking's code, four would open the booking."""
    name, at, host = value.partition("@")
    return f"{name[:1]}***@{host}" if at else "*" * max(len(value) - 2, 0) + value[-2:]
