"""What the queue hears. Projections guarded by version: a repeated or older event changes nothing true on site."""

from services.queue import bells
from services.queue.commands import projections
from shared.database import Connection, on_commit
from shared.events import roster
from shared.events.booking import BookingEvent
from shared.events.topics import BOOKINGS, CALENDARS, MATTERS, SESSIONS, VENUES
from shared.identity.consumers import listen
from shared.messaging.consumer import Received, Subscriptions
from shared.messaging.metrics import count_gap

subscriptions = Subscriptions("queue")
listen(subscriptions)


@subscriptions.to(VENUES)
async def take_venue(connection: Connection, received: Received) -> None:
    """Keep a hall's windows."""
    event = received.event
    assert isinstance(event, roster.VenueEvent)  # noqa: S101  (the topic's contract)
    count_gap(VENUES.name, await projections.take_venue(connection, event.venue, event.version), event.version)


@subscriptions.to(MATTERS)
async def take_matter(connection: Connection, received: Received) -> None:
    """Keep whose a matter is."""
    event = received.event
    assert isinstance(event, roster.MatterEvent)  # noqa: S101  (the topic's contract)
    count_gap(MATTERS.name, await projections.take_matter(connection, event.matter, event.version), event.version)


@subscriptions.to(SESSIONS)
async def take_session(connection: Connection, received: Received) -> None:
    """Keep a day with its windows."""
    event = received.event
    assert isinstance(event, roster.SessionEvent)  # noqa: S101  (the topic's contract)
    count_gap(SESSIONS.name, await projections.take_session(connection, event.session, event.version), event.version)


@subscriptions.to(CALENDARS)
async def take_calendar(connection: Connection, received: Received) -> None:
    """Keep which days of a year are worked."""
    event = received.event
    assert isinstance(event, roster.CalendarEvent)  # noqa: S101  (the topic's contract)
    count_gap(CALENDARS.name, await projections.take_calendar(connection, event.calendar, event.version), event.version)


@subscriptions.to(BOOKINGS, together=50)
async def take_booking(connection: Connection, received: Received) -> None:
    """Keep who is expected; the worker that fetches visitor cards is woken."""
    event = received.event
    assert isinstance(event, BookingEvent)  # noqa: S101  (the topic's contract)
    count_gap(BOOKINGS.name, await projections.take_booking(connection, event.booking, event.version), event.version)
    on_commit(connection, bells.cards.set)
