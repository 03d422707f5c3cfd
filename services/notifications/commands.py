"""What changes: events of bookings and of the day are followed, messages are said to be queued and are settled.

Each runs in its caller's transaction; what is said of a message is appended to the outbox there.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from prometheus_client import Counter

from services.notifications import domain
from services.notifications.domain import Failure, Kind, Today, Told, Withdrawal
from services.notifications.sql import codes, deliveries, messages, projections
from shared.database import Connection
from shared.events import roster
from shared.events.base import Event
from shared.events.booking import Booking, BookingEvent
from shared.events.notifications import (
    Message,
    MessageEvent,
    MessageFailed,
    MessageQueued,
    MessageSent,
    MessageWithdrawn,
)
from shared.events.queue import Visit, VisitEvent, WindowDay, WindowEvent
from shared.messaging import outbox
from shared.messaging.republish import uuids
from shared.rights.requests import Done, ErasureOrder
from shared.rights.retention import Rule

EVENTS: Final[dict[str, type[MessageEvent]]] = {
    "waiting": MessageQueued,
    "sent": MessageSent,
    "failed": MessageFailed,
    "withdrawn": MessageWithdrawn,
}

MESSAGES_MOST = 10_000
"""Messages of one person that one order takes; the same order again takes the next."""

settled_messages = Counter("notifications_settled", "Messages by what became of them", ["kind", "state", "reason"])

Settling = tuple[UUID, str, str | None]
"""A message, its final state, and why, unless it was sent."""


def failed(message_id: UUID, reason: Failure) -> Settling:
    """Nobody was reached; somebody has to be called."""
    return (message_id, "failed", reason)


def withdrawn(message_id: UUID, reason: Withdrawal) -> Settling:
    """It is not to be sent."""
    return (message_id, "withdrawn", reason)


def sent(message_id: UUID) -> Settling:
    """A channel took it."""
    return (message_id, "sent", None)


async def take_venue(connection: Connection, venue: roster.Venue, version: int) -> int | None:
    """Keep a venue's newer state. The version replaced, 0 for the first; None where it is not newer."""
    return await projections.upsert_venue(connection, venue.venue_id, version, venue.model_dump_json())


async def take_matter(connection: Connection, matter: roster.Matter, version: int) -> int | None:
    """Keep a matter's newer state; as `take_venue`."""
    return await projections.upsert_matter(connection, matter.matter_id, version, matter.model_dump_json())


async def take_session(connection: Connection, session: roster.Session, version: int) -> int | None:
    """Keep a session's newer state; as `take_venue`."""
    state = session.model_dump_json()
    return await projections.upsert_session(connection, session.session_id, version, session.date, state)


async def follow_booking(
    connection: Connection, event: BookingEvent, zone: ZoneInfo, correlation_id: str
) -> int | None:
    """Keep a booking's newer state, withdraw what it makes untrue, and plan what it makes known.

    The version replaced, 0 for the first; None where it is not newer, and nothing was done.
    """
    booking = event.booking
    replaced = await projections.upsert_booking(
        connection,
        booking_id=booking.booking_id,
        version=event.version,
        session_id=booking.session_id,
        venue_id=booking.venue_id,
        matter_id=booking.matter_id,
        state=booking.model_dump_json(),
    )
    if replaced is None:
        return None
    known = Booking.model_validate_json(replaced["replaced_state"]) if replaced["replaced_state"] else None
    # Nothing can have been planned for what is older than the first version.
    unsent = await _withdraw_untrue(connection, event) if event.version > 1 else []
    told = _told(event, known, unsent)
    planned = domain.planned(event, told, replaced["now"], zone)
    if planned:
        await messages.insert_messages(
            connection,
            [(each.kind, each.recipient, each.due_at) for each in planned],
            about=booking.booking_id,
            about_version=event.version,
            language=booking.language,
            starts_at=booking.starts_at,
            window_id=booking.window_id,
            session_date=domain.county_date(booking.starts_at, zone),
            previous_starts_at=told.previous_starts_at if told else None,
            correlation_id=correlation_id,
        )
    return replaced["replaced_version"] or 0


async def follow_visit(connection: Connection, event: VisitEvent, zone: ZoneInfo, correlation_id: str) -> int | None:
    """Keep the newer state of a visit from a booking, withdraw what it makes untrue, plan what it makes known.

    The version replaced, 0 for the first; None where it is not newer, and nothing was done. A visit without a
    booking, or to which nobody came, reaches nobody and is not kept.
    """
    visit = event.visit
    if visit.booking_id is None or visit.state == "no_show":
        return None
    state = visit.model_dump_json()
    replaced = await projections.upsert_visit(connection, visit.visit_id, event.version, visit.booking_id, state)
    if replaced is None:
        return None
    known = Visit.model_validate_json(replaced["replaced_state"]) if replaced["replaced_state"] else None
    kind, now = domain.kind_of_visit(event, known), replaced["now"]
    booking_state = await projections.select_booking(connection, visit.booking_id)
    if booking_state is not None:
        booking, today = Booking.model_validate_json(booking_state), Today(visit=visit)

        def holds(told: Told) -> bool:
            return domain.still_true_today(told, booking, today, now)

        await _withdraw_of(connection, visit.visit_id, kind, holds)
        if kind is not None:
            told = _told_today(kind, event, booking, zone)
            if holds(told):
                await _tell_today(connection, told, booking, zone, now, correlation_id)
    return replaced["replaced_version"] or 0


async def follow_window(connection: Connection, event: WindowEvent, zone: ZoneInfo, correlation_id: str) -> int | None:
    """Keep the newer state of a window in a session, withdraw what it makes untrue, tell whom its news concerns.

    The version replaced, 0 for the first; None where it is not newer, and nothing was done.
    """
    window = event.window
    replaced = await projections.upsert_window_day(connection, event.subject, event.version, window.model_dump_json())
    if replaced is None:
        return None
    known = WindowDay.model_validate_json(replaced["replaced_state"]) if replaced["replaced_state"] else None
    kind, now = domain.kind_of_window(event, known), replaced["now"]
    await _withdraw_of(connection, event.subject, kind, lambda told: domain.window_is_so(told.kind, window))
    if kind is not None:
        for row in await projections.select_expected(connection, window.session_id, window.window_id):
            booking = Booking.model_validate_json(row["booking"])
            visit = Visit.model_validate_json(row["visit"]) if row["visit"] else None
            told = _told_today(kind, event, booking, zone)
            if domain.still_true_today(told, booking, Today(visit=visit, window=window), now):
                await _tell_today(connection, told, booking, zone, now, correlation_id)
    return replaced["replaced_version"] or 0


async def _withdraw_of(connection: Connection, source: str, kind: Kind | None, holds: Callable[[Told], bool]) -> None:
    """Withdraw waiting messages of a visit or window that do not hold, or that one of this kind makes needless."""
    rows = await messages.lock_waiting_of(connection, source)
    needless = [
        row for row in rows if not holds(told_of(row)) or (kind is not None and domain.supersedes(kind, row["kind"]))
    ]
    await settle(connection, [withdrawn(row["message_id"], "no_longer_true") for row in needless])


def _told_today(kind: Kind, event: VisitEvent | WindowEvent, booking: Booking, zone: ZoneInfo) -> Told:
    """What a message of the day would say to whoever has the booking."""
    return Told(
        kind=kind,
        about_version=event.version,
        starts_at=booking.starts_at,
        window_id=booking.window_id,
        source=event.subject,
        useful_until=domain.end_of_day(booking.starts_at, zone),
    )


async def _tell_today(  # noqa: PLR0913, PLR0917  (what a message of the day is made of)
    connection: Connection, told: Told, booking: Booking, zone: ZoneInfo, now: datetime, correlation_id: str
) -> None:
    """Plan a message of the day for everybody who is told of the booking."""
    due_at = domain.may_go_at(told, now, zone)
    await messages.insert_messages(
        connection,
        [(told.kind, each, due_at) for each in domain.recipients_of(booking)],
        about=booking.booking_id,
        about_version=told.about_version,
        language=booking.language,
        starts_at=booking.starts_at,
        window_id=booking.window_id,
        session_date=domain.county_date(booking.starts_at, zone),
        previous_starts_at=None,
        correlation_id=correlation_id,
        source=told.source,
        useful_until=told.useful_until,
    )


async def _withdraw_untrue(connection: Connection, event: BookingEvent) -> list[Told]:
    """Withdraw waiting messages that the event makes untrue; what they would have said.

    A message that a worker has in hand is left to it: it looks again before it sends.
    """
    rows = await messages.lock_waiting(connection, event.booking.booking_id)
    untrue = [row for row in rows if not domain.still_true(told_of(row), event.booking, event.version)]
    await settle(connection, [withdrawn(row["message_id"], "no_longer_true") for row in untrue])
    return [told_of(row) for row in untrue]


def _told(event: BookingEvent, known: Booking | None, unsent: Iterable[Told]) -> Told | None:
    """What the event's own message says. The time before a move is the last that the visitor was told of."""
    kind = domain.kind_of(event)
    if kind is None:
        return None
    never_told = [each.previous_starts_at for each in unsent if each.kind == "moved"]
    previous = next(iter(never_told), known.starts_at if known else None)
    return Told(
        kind=kind,
        about_version=event.version,
        starts_at=event.booking.starts_at,
        window_id=event.booking.window_id,
        previous_starts_at=previous if kind == "moved" else None,
    )


def told_of(row: asyncpg.Record) -> Told:
    """What a message's row says it tells."""
    return Told(
        kind=row["kind"],
        about_version=row["about_version"],
        starts_at=row["starts_at"],
        window_id=row["window_id"],
        previous_starts_at=row["previous_starts_at"],
        source=row["source"],
        useful_until=row["useful_until"],
    )


async def settle(connection: Connection, settlings: Sequence[Settling]) -> list[UUID]:
    """Give messages their final state and say so. Those that were settled before are passed over."""
    if not settlings:
        return []
    rows = await messages.settle(connection, settlings)
    await say(connection, rows)
    for row in rows:
        settled_messages.labels(row["kind"], row["state"], row["reason"] or "").inc()
    return [row["message_id"] for row in rows]


async def say(connection: Connection, rows: Iterable[asyncpg.Record]) -> None:
    """Append the state of messages to the outbox, each under the correlation id of what caused it."""
    appended = []
    for row in rows:
        if row["version"] == 0:
            continue  # never said to be queued, so there is nothing to take back
        with structlog.contextvars.bound_contextvars(correlation_id=row["correlation_id"]):
            appended.append(outbox.row(_event(row)))
    await outbox.append_rows(connection, appended)


def _event(row: asyncpg.Record) -> MessageEvent:
    """The event that left a message in its state.

    One without any address is told of under the console, which would have taken it: a channel must be named.
    """
    message = Message(
        message_id=str(row["message_id"]),
        about=row["about"],
        kind=row["kind"],
        channel=row["channel"] or "console",
        language=row["language"],
        state=row["state"],
        attempts=row["attempts"],
        due_at=row["due_at"],
        settled_at=row["settled_at"],
    )
    return EVENTS[row["state"]](version=row["version"], message=message)


async def forget_messages(connection: Connection, days: int, limit: int) -> int:
    """Delete words and addresses of messages settled so many days ago, at most `limit`; how many there were."""
    return await messages.forget_messages(connection, await messages.select_over(connection, days, limit))


RULES = (
    Rule("messages", messages.count_messages, forget_messages),
    Rule("console_messages", deliveries.count_console_messages, deliveries.forget_console_messages),
)
"""What notifications forgets. The rows of messages stay: they keep the same from being told twice."""


async def erase(connection: Connection, order: ErasureOrder) -> Done:
    """Take a person out of the messages about their bookings because they asked. What waits is withdrawn first."""
    about = [str(each) for each in order.booking_ids]
    found = await messages.lock_about(connection, about, MESSAGES_MOST)
    waiting = [row["message_id"] for row in found if row["state"] == "waiting"]
    await settle(connection, [withdrawn(each, "booking_gone") for each in waiting])
    return Done(
        erased={
            "message": await messages.forget_messages(connection, [row["message_id"] for row in found]),
            "console_message": await deliveries.delete_console_messages_about(connection, about),
        }
    )


async def forget_dead_codes(connection: Connection, limit: int) -> int:
    """Delete codes for signing in that are dead, at most `limit`; how many there were."""
    return await codes.forget_dead(connection, limit)


async def state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """The present state of messages, each locked, for `republish`."""
    return [_event(row) for row in await messages.lock_said(connection, uuids(ids))]
