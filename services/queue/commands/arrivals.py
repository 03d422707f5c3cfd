"""Coming in: with a booking, or without one."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from services.queue.commands.day import Day
from services.queue.commands.leaving import first_place
from services.queue.domain import problems, requests
from services.queue.domain.lines import places_before
from services.queue.domain.people import CARD_PURPOSE, CODE_PURPOSE, Card
from services.queue.domain.tickets import NEAR, Ticket, make_token, number
from services.queue.sql import cards, days, tickets
from shared.events import queue as events
from shared.events.booking import Booking
from shared.events.roster import Matter
from shared.messaging import outbox
from shared.privacy import Vault


@dataclass(frozen=True)
class Arrived:
    """A ticket, and whether it was taken now."""

    ticket: Ticket
    new: bool


async def check_in(day: Day, wish: requests.CheckIn, vault: Vault) -> Arrived:
    """Somebody with a booking is here; checking in twice is being here once.

    Raises BookingUnknown or BookingCancelled, and what taking a number raises.
    """
    row = await _booking_of(day, wish, vault)
    if row is None:
        raise problems.BookingUnknown
    known = await tickets.select_by_booking(day.connection, row["booking_id"])
    if known is not None:
        return Arrived(Ticket.of(known), new=False)
    if row["state"] == "cancelled":
        raise problems.BookingCancelled
    booking = Booking.model_validate_json(row["told"])
    windows = await day.windows()
    return await _take(
        day,
        source="booking",
        booking_id=row["booking_id"],
        idempotency_key=None,
        department_id=booking.department_id,
        bound_to=booking.window_id if booking.window_id in windows else None,
        matter_ids=[booking.matter_id],
        persons=wish.persons or booking.party_size,
        priority=wish.priority,
        language=booking.language,
        booked_for=booking.starts_at,
        person_key=row["document_key"],
        card=row["card"],
    )


async def _booking_of(day: Day, wish: requests.CheckIn, vault: Vault) -> asyncpg.Record | None:
    if wish.booking_id is not None:
        return await cards.select_booking(day.connection, day.session_id, wish.booking_id)
    digits = "".join(each for each in wish.code or "" if each.isdigit())
    return await cards.select_by_code(day.connection, day.session_id, vault.blind_index(CODE_PURPOSE, digits))


async def walk_in(day: Day, wish: requests.WalkIn, idempotency_key: str, vault: Vault) -> Arrived:
    """Somebody without a booking takes a ticket; asked again with the same key, it is the same ticket.

    Raises MatterUnknown where no window of the session receives for it, and what taking a number raises.
    """
    known = await tickets.select_by_key(day.connection, idempotency_key)
    if known is not None:
        return Arrived(Ticket.of(known), new=False)
    rows = await days.select_matters(day.connection, wish.matter_ids)
    matters = {row["matter_id"]: Matter.model_validate_json(row["state"]) for row in rows}
    departments = {each.department_id for each in (await day.windows()).values()}
    first = matters.get(wish.matter_ids[0])
    if first is None or len(matters) != len(set(wish.matter_ids)) or first.department_id not in departments:
        raise problems.MatterUnknown
    card = vault.encrypt(Card(name=wish.name).model_dump_json(), CARD_PURPOSE) if wish.name else None
    return await _take(
        day,
        source="walk_in",
        booking_id=None,
        idempotency_key=idempotency_key,
        department_id=first.department_id,
        bound_to=None,
        matter_ids=list(dict.fromkeys(wish.matter_ids)),
        persons=wish.persons,
        priority=wish.priority,
        language=wish.language,
        booked_for=None,
        person_key=None,
        card=card,
    )


async def _take(day: Day, **facts: Any) -> Arrived:
    """Take a number and a place. Raises MatterUnknown or NumbersExhausted."""
    serial = await days.take_number(day.connection, day.session_id, facts["department_id"])
    if serial is None:
        known = await days.select_series(day.connection, day.session_id)
        exhausted = any(row["department_id"] == facts["department_id"] for row in known)
        raise problems.NumbersExhausted if exhausted else problems.MatterUnknown
    ticket = await tickets.insert_ticket(
        day.connection,
        {
            **facts,
            "last_event": events.VisitCheckedIn.__name__,
            "session_id": day.session_id,
            "venue_id": day.venue_id,
            "number": number(serial["letter"], serial["last"]),
            "token": make_token(),
            "near": False,
            "arrived_at": day.now,
        },
    )
    ticket = await first_place(day, ticket, facts["person_key"])
    ticket = await _without_news(day, ticket)
    await outbox.append(day.connection, events.VisitCheckedIn(version=ticket.version, visit=ticket.public()))
    await day.end()
    return Arrived(ticket, new=True)


async def _without_news(day: Day, ticket: Ticket) -> Ticket:
    """Who comes and finds at most three before them sees that, and needs no message of it."""
    before = places_before(await day.present(), (await day.windows()).values(), ticket, day.now)
    if before is None or before > NEAR:
        return ticket
    return await tickets.mark_near(day.connection, ticket.ticket_id)
