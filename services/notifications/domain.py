"""The rules of telling: what a booking's event makes known, to whom, when, and until when it is true.

Nothing here reads a clock, a table or the network. Instants are UTC; days and clock times are the county's.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from shared.events.base import State
from shared.events.booking import Booking, BookingCancelled, BookingEvent, BookingMade, BookingMoved

Kind = Literal["booked", "cancelled", "moved", "session_cancelled", "reminder"]
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


class ProxyCard(State):
    """Whoever booked for the visitor."""

    name: str
    phone: str | None = None


class VisitorCard(State):
    """Who is to be told, as booking knows them now. Never kept but encrypted."""

    booking_id: str
    name: str
    phone: str | None = None
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
    """Until when what is prepared now may be sent: a minute, or less where the quiet hours or the visit come first."""
    local = now.astimezone(zone)
    evening = datetime.combine(local.date(), QUIET_FROM, zone)
    ends = [now + GOOD_FOR, told.starts_at]
    urgent = urgent_from(told)
    if now < evening and (urgent is None or urgent > evening):
        ends.append(evening)
    return min(ends)


def planned(event: BookingEvent, told: Told | None, now: datetime, zone: ZoneInfo) -> list[Planned]:
    """The messages that an event calls for. `told` is what its own message would say.

    Nothing is told of a visit whose time has come. A reminder is planned only while its evening lies
    ahead: whoever books later has just been told.
    """
    booking = event.booking
    if booking.starts_at <= now:
        return []
    recipients: tuple[Recipient, ...] = ("visitor", "proxy") if booking.by_proxy else ("visitor",)
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


def agrees(told: Told, card: VisitorCard) -> bool:
    """Whether the visitor card, which may be newer than the last event, bears the message out."""
    return (card.state == "cancelled") == (told.kind in ("cancelled", "session_cancelled"))


def too_late(told: Told, now: datetime) -> bool:
    """Whether the visit's time has come, so that telling is of no use."""
    return now >= told.starts_at


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many tries; None where that was the last."""
    return now + WAITS[attempts - 1] if attempts <= len(WAITS) else None


def next_preparation(preparations: int, now: datetime) -> datetime:
    """When to ask again for what was missing, such as the card while booking is away: soon, then every 15 s."""
    doublings: int = 2 ** min(preparations, 10)
    return now + min(PREPARATION_WAIT * doublings, PREPARATION_WAIT_MOST)


def next_preparation_after_failure(failures: int, told: Told, now: datetime) -> datetime | None:
    """When to prepare again after so many failures that nobody foresaw; None where somebody has to be called instead.

    Every wait is longer, for such a failure is seldom over by itself. One that would end with the visit is none.
    """
    again_at = next_try(failures, now)
    return again_at if again_at is not None and again_at < told.starts_at else None


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
        return Address("console", card.phone)
    return "told_through_proxy" if proxy_phone else "no_address"


def mask_address(value: str) -> str:
    """An address as lists show it. Of a phone two digits only: with a booking's code, four would open the booking."""
    name, at, host = value.partition("@")
    return f"{name[:1]}***@{host}" if at else "*" * max(len(value) - 2, 0) + value[-2:]
