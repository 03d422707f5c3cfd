"""Coming in: with a booking, or without one."""

from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from services.queue.commands.day import Day
from services.queue.commands.leaving import first_place
from services.queue.domain import problems, requests
from services.queue.domain.lines import places_before
from services.queue.domain.people import (
    CARD_PURPOSE,
    CODE_PURPOSE,
    REQUEST_PURPOSE,
    Card,
    born_on,
    code_digits,
    is_elderly,
)
from services.queue.domain.tickets import ENDED, GONE, NEAR, Priority, Ticket, back, make_token, number, repeated
from services.queue.sql import cards, days, tickets
from shared.documents import birth_date, index_type, is_person
from shared.events import queue as events
from shared.events.booking import Booking
from shared.events.roster import Matter
from shared.messaging import outbox
from shared.privacy import Vault

BOOKINGS_MOST = 50
"""Bookings of one document that are looked at."""


@dataclass(frozen=True)
class Arrived:
    """A ticket, and the others that the same person has for the day."""

    ticket: Ticket
    also: tuple[Ticket, ...] = ()


async def check_in(day: Day, wish: requests.CheckIn, vault: Vault) -> Arrived:
    """Somebody with a booking is here; checking in twice is being here once.

    By document every booking that the person has in this session gets its ticket: the first by time that is not over
    yet comes first. Raises BookingUnknown, DocumentNotBooked, BookingsOfFirm, BookingCancelled, BookingOtherDay or
    BookingOtherSession, and what taking a number raises.
    """
    if wish.document is None:
        row = await _booking_of(day, wish, vault)
        return Arrived(await _ticket_of(day, row, wish, vault))
    rows = await _bookings_with(day, wish.document, vault)
    taken = [await _ticket_of(day, row, wish, vault) for row in rows]
    taken.sort(key=lambda each: each.state in ENDED)  # stable: by time within
    return Arrived(taken[0], tuple(taken[1:]))


async def _ticket_of(day: Day, row: asyncpg.Record, wish: requests.CheckIn, vault: Vault) -> Ticket:
    """The ticket of a booking of this session: the one that it has, or a new one.

    Whoever had gone, or was called in vain and comes to the counter, waits again from now on with the same number.
    """
    known = await tickets.select_by_booking(day.connection, row["booking_id"])
    if known is not None:
        ticket = Ticket.of(known)
        if ticket.session_id != day.session_id or ticket.closing not in GONE:
            return ticket
        here = back(ticket, day.now)
        here = replace(here, bound_to=await day.binding(here.bound_to, here.department_id))
        ticket = await day.save(here, events.VisitCheckedIn)
        await day.end()
        return ticket
    if row["state"] == "cancelled":
        raise problems.BookingCancelled
    booking = Booking.model_validate_json(row["told"])
    bound_to = booking.window_id if booking.window_id in await day.windows() else None
    return await _take(
        day,
        source="booking",
        booking_id=row["booking_id"],
        idempotency_key=None,
        request_digest=None,
        department_id=booking.department_id,
        bound_to=await day.binding(bound_to, booking.department_id),
        matter_ids=[booking.matter_id],
        persons=wish.persons or booking.party_size,
        priority=wish.priority or _by_age(day, row, wish, vault),
        delegation=False,
        language=booking.language,
        booked_for=booking.starts_at,
        person_key=row["document_key"],
        card=row["card"],
    )


def _by_age(day: Day, row: asyncpg.Record, wish: requests.CheckIn, vault: Vault) -> Priority | None:
    """Priority by itself for whoever is old enough that day, as the card or the document before us tells."""
    born = born_on(row["card"], vault)
    if born is None and wish.document is not None:
        born = birth_date(wish.document.kind, wish.document.number)
    return "elderly" if is_elderly(born, day.date) else None


async def _booking_of(day: Day, wish: requests.CheckIn, vault: Vault) -> asyncpg.Record:
    """The booking of this session that the code or the day's list names."""
    if wish.booking_id is not None:
        row = await cards.select_booking(day.connection, day.session_id, wish.booking_id)
    else:
        code = vault.blind_index(CODE_PURPOSE, code_digits(wish.code or ""))
        row = await cards.select_by_code(day.connection, code)
    if row is None:
        raise problems.BookingUnknown
    _check_session(day, row)
    return row


async def _bookings_with(day: Day, document: requests.Document, vault: Vault) -> list[asyncpg.Record]:
    """The bookings of this session made with a document, by time."""
    key = vault.document_key(index_type(document.kind), document.number)
    rows = await cards.select_by_document(day.connection, key, BOOKINGS_MOST)
    here = [row for row in rows if row["session_id"] == day.session_id]
    if not here:
        if rows:
            _check_session(day, rows[0])
        raise problems.DocumentNotBooked
    if len(here) > 1 and not is_person(document.kind):
        raise problems.BookingsOfFirm
    return here


def _check_session(day: Day, row: asyncpg.Record) -> None:
    """Raises what a booking of another session is told; one of a session that nobody knows is itself unknown."""
    if row["session_id"] == day.session_id:
        return
    if row["state"] == "cancelled":
        raise problems.BookingCancelled
    if row["date"] is None:
        raise problems.BookingUnknown
    if row["date"] != day.date:
        raise problems.BookingOtherDay(date=row["date"].isoformat())
    raise problems.BookingOtherSession(session_id=row["session_id"])


async def walk_in(day: Day, wish: requests.WalkIn, idempotency_key: str, vault: Vault) -> Arrived:
    """Somebody without a booking takes a ticket; asked again with the same key, it is the same ticket.

    Raises IdempotencyKeyReused, MatterUnknown where no window of the session receives for one of them, and
    what taking a number raises.
    """
    digest = vault.blind_index(REQUEST_PURPOSE, wish.model_dump_json())
    known = await tickets.select_by_key(day.connection, idempotency_key)
    if known is not None:
        return Arrived(repeated(known, day.session_id, "walk_in", digest))
    rows = await days.select_matters(day.connection, wish.matter_ids)
    matters = {row["matter_id"]: Matter.model_validate_json(row["state"]) for row in rows}
    departments = {each.department_id for each in (await day.windows()).values()}
    first = matters.get(wish.matter_ids[0])
    received = all(each.department_id in departments for each in matters.values())
    if first is None or len(matters) != len(set(wish.matter_ids)) or not received:
        raise problems.MatterUnknown
    card = vault.encrypt(Card(name=wish.name).model_dump_json(), CARD_PURPOSE) if wish.name else None
    ticket = await _take(
        day,
        source="walk_in",
        booking_id=None,
        idempotency_key=idempotency_key,
        request_digest=digest,
        department_id=first.department_id,
        bound_to=None,
        matter_ids=list(dict.fromkeys(wish.matter_ids)),
        persons=wish.persons,
        priority=wish.priority,
        delegation=wish.delegation,
        language=wish.language,
        booked_for=None,
        person_key=None,
        card=card,
    )
    return Arrived(ticket)


async def _take(day: Day, **facts: Any) -> Ticket:
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
    return ticket


async def _without_news(day: Day, ticket: Ticket) -> Ticket:
    """Who comes and finds at most three before them sees that, and needs no message of it."""
    before = places_before(await day.present(), (await day.windows()).values(), ticket, day.now)
    if before is None or before > NEAR:
        return ticket
    return await tickets.mark_near(day.connection, ticket.ticket_id)
