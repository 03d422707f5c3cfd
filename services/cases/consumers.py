"""What cases hear. Projections guarded by version: a repeated or older event changes nothing."""

from services.cases.commands import projections
from shared.database import Connection
from shared.events import roster
from shared.events.queue import FindingEvent, VisitEvent
from shared.events.topics import CALENDARS, FINDINGS, SESSIONS, VENUES, VISITS
from shared.identity.consumers import listen
from shared.messaging.consumer import Received, Subscriptions
from shared.messaging.metrics import count_gap

subscriptions = Subscriptions("cases")
listen(subscriptions)


@subscriptions.to(VENUES)
async def take_venue(connection: Connection, received: Received) -> None:
    """Keep a hall with its departments."""
    event = received.event
    assert isinstance(event, roster.VenueEvent)  # noqa: S101  (the topic's contract)
    count_gap(VENUES.name, await projections.take_venue(connection, event.venue, event.version), event.version)


@subscriptions.to(SESSIONS)
async def take_session(connection: Connection, received: Received) -> None:
    """Keep when the joint reviews and frontline supervisions are."""
    event = received.event
    assert isinstance(event, roster.SessionEvent)  # noqa: S101  (the topic's contract)
    count_gap(SESSIONS.name, await projections.take_session(connection, event.session, event.version), event.version)


@subscriptions.to(CALENDARS)
async def take_calendar(connection: Connection, received: Received) -> None:
    """Keep which days of a year are worked; open cases are counted anew by a worker."""
    event = received.event
    assert isinstance(event, roster.CalendarEvent)  # noqa: S101  (the topic's contract)
    count_gap(CALENDARS.name, await projections.take_calendar(connection, event.calendar, event.version), event.version)


@subscriptions.to(VISITS, together=50)
async def take_visit(connection: Connection, received: Received) -> None:
    """Note what a visit handed on."""
    event = received.event
    assert isinstance(event, VisitEvent)  # noqa: S101  (the topic's contract)
    count_gap(VISITS.name, await projections.take_visit(connection, event.visit, event.version), event.version)


@subscriptions.to(FINDINGS)
async def take_finding(connection: Connection, received: Received) -> None:
    """Note what a director found and handed on."""
    event = received.event
    assert isinstance(event, FindingEvent)  # noqa: S101  (the topic's contract)
    count_gap(FINDINGS.name, await projections.take_finding(connection, event.finding, event.version), event.version)
