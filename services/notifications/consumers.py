"""What notifications hears. Projections guarded by version: an older or repeated event changes and tells nothing.

Nothing is fetched here: the preparer does that, woken once the transaction has committed.
"""

from functools import cache
from zoneinfo import ZoneInfo

from services.notifications import bells, case_letters, commands
from services.notifications.settings import NotificationsSettings
from shared.database import Connection, on_commit
from shared.events import roster
from shared.events.booking import BookingEvent
from shared.events.cases import CaseEvent
from shared.events.queue import VisitEvent, WindowEvent
from shared.events.topics import BOOKINGS, CASES, MATTERS, SESSIONS, VENUES, VISITS, WINDOWS
from shared.identity.consumers import listen
from shared.messaging.consumer import Received, Subscriptions
from shared.messaging.metrics import count_gap

subscriptions = Subscriptions("notifications")
listen(subscriptions)


@subscriptions.to(VENUES)
async def take_venue(connection: Connection, received: Received) -> None:
    """Keep a hall's address, windows and departments."""
    event = received.event
    assert isinstance(event, roster.VenueEvent)  # noqa: S101  (the topic's contract)
    _taken(connection, VENUES.name, await commands.take_venue(connection, event.venue, event.version), event.version)


@subscriptions.to(MATTERS)
async def take_matter(connection: Connection, received: Received) -> None:
    """Keep what to bring for a matter."""
    event = received.event
    assert isinstance(event, roster.MatterEvent)  # noqa: S101  (the topic's contract)
    _taken(connection, MATTERS.name, await commands.take_matter(connection, event.matter, event.version), event.version)


@subscriptions.to(SESSIONS)
async def take_session(connection: Connection, received: Received) -> None:
    """Keep a session's day. Whom its moving concerns is heard from booking."""
    event = received.event
    assert isinstance(event, roster.SessionEvent)  # noqa: S101  (the topic's contract)
    replaced = await commands.take_session(connection, event.session, event.version)
    _taken(connection, SESSIONS.name, replaced, event.version)


@subscriptions.to(BOOKINGS, together=50)
async def follow_booking(connection: Connection, received: Received) -> None:
    """Plan what a booking's event makes known, and withdraw what it makes untrue."""
    event = received.event
    assert isinstance(event, BookingEvent)  # noqa: S101  (the topic's contract)
    replaced = await commands.follow_booking(connection, event, _zone(), received.envelope.correlation_id)
    _taken(connection, BOOKINGS.name, replaced, event.version)


@subscriptions.to(VISITS, together=50)
async def follow_visit(connection: Connection, received: Received) -> None:
    """Plan what a visit's event makes known to whoever booked, and withdraw what it makes untrue."""
    event = received.event
    assert isinstance(event, VisitEvent)  # noqa: S101  (the topic's contract)
    replaced = await commands.follow_visit(connection, event, _zone(), received.envelope.correlation_id)
    _taken(connection, VISITS.name, replaced, event.version)


@subscriptions.to(WINDOWS)
async def follow_window(connection: Connection, received: Received) -> None:
    """Tell those whom it concerns that a window runs late or its official is not there."""
    event = received.event
    assert isinstance(event, WindowEvent)  # noqa: S101  (the topic's contract)
    replaced = await commands.follow_window(connection, event, _zone(), received.envelope.correlation_id)
    _taken(connection, WINDOWS.name, replaced, event.version)


@subscriptions.to(CASES, together=50)
async def follow_case(connection: Connection, received: Received) -> None:
    """Plan what a case's step makes known to whoever raised it."""
    event = received.event
    assert isinstance(event, CaseEvent)  # noqa: S101  (the topic's contract)
    replaced = await case_letters.follow(connection, event, _zone(), received.envelope.correlation_id)
    count_gap(CASES.name, replaced, event.version)
    if replaced is not None:
        on_commit(connection, bells.cases.set)


def _taken(connection: Connection, topic: str, replaced: int | None, version: int) -> None:
    """Count versions that were never seen, and wake the preparer where there is news."""
    count_gap(topic, replaced, version)
    if replaced is not None:
        on_commit(connection, bells.preparation.set)


@cache
def _zone() -> ZoneInfo:
    return NotificationsSettings().zone
