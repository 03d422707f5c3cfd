"""What booking hears from the roster and from the hall.

Projections, guarded by version: a repeated or older event changes nothing.
"""

from services.booking import commands
from services.booking.settings import BookingSettings
from shared.database import Connection
from shared.events import roster
from shared.events.queue import VisitEvent
from shared.events.topics import MATTERS, SESSIONS, VISITS
from shared.identity.consumers import listen
from shared.messaging.consumer import Received, Subscriptions
from shared.messaging.metrics import count_gap

subscriptions = Subscriptions("booking")
listen(subscriptions)


@subscriptions.to(MATTERS)
async def take_matter(connection: Connection, received: Received) -> None:
    """Keep what booking needs to know of a matter."""
    event = received.event
    assert isinstance(event, roster.MatterEvent)  # noqa: S101  (the topic's contract)
    replaced = await commands.take_matter(connection, event.matter, event.version)
    count_gap(MATTERS.name, replaced, event.version)


@subscriptions.to(SESSIONS)
async def take_session(connection: Connection, received: Received) -> None:
    """Make a session's slots what the roster says, and take those booked along."""
    event = received.event
    assert isinstance(event, roster.SessionEvent)  # noqa: S101  (the topic's contract)
    zone = BookingSettings().zone
    replaced = await commands.take_session(connection, event.session, event.version, zone)
    count_gap(SESSIONS.name, replaced, event.version)


@subscriptions.to(VISITS)
async def take_visit(connection: Connection, received: Received) -> None:
    """Keep whether those who booked came."""
    event = received.event
    assert isinstance(event, VisitEvent)  # noqa: S101  (the topic's contract)
    count_gap(VISITS.name, await commands.take_visit(connection, event.visit, event.version), event.version)
