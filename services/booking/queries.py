"""What is read in booking. Everything is bounded, and decided by the county's clock."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from pydantic import BaseModel

from services.booking.domain import problems
from services.booking.domain.bookings import (
    Booking,
    BookingView,
    DocumentNumber,
    VisitorCard,
    VisitorCards,
    WindowBooking,
    view,
    visitor_card,
    window_booking,
)
from services.booking.domain.requests import CodeAndDigits
from services.booking.domain.sealing import nobody, person_of
from services.booking.sql import attendance, bookings, sessions
from shared.database import Connection, county_now
from shared.identity.tokens import Place
from shared.privacy import Vault
from shared.rights.requests import BOOKINGS_MOST, ExportAnswer, ExportSection, PersonOrder

SESSIONS_LIMIT = 100
SLOTS_LIMIT = 500
WINDOW_LIMIT = 1000
ACCOUNT_LIMIT = 200

SessionState = Literal["open", "not_released", "full", "closed", "tentative", "cancelled"]


class OfferedSession(BaseModel):
    """A session in which the matter's department receives."""

    session_id: str
    date: date
    starts_at: datetime | None
    release_at: datetime | None
    closes_at: datetime | None
    state: SessionState
    free: int
    """Seats that can still be booked online."""


class OfferedSessions(BaseModel):
    """The sessions from today on, by date."""

    items: list[OfferedSession]
    now: datetime


class OfferedSlot(BaseModel):
    """A bookable stretch of a window's time."""

    slot_id: int
    window_id: str
    starts_at: datetime
    ends_at: datetime
    free: int
    capacity: int


class OfferedSlots(BaseModel):
    """The slots of a session for one matter, by time; those that have begun have nothing free."""

    items: list[OfferedSlot]
    now: datetime


class OwnBookings(BaseModel):
    """What an account booked: those to come, the next one first, then the others, the last one first."""

    items: list[BookingView]


async def own_bookings(connection: Connection, account_id: UUID, vault: Vault) -> OwnBookings:
    """What an account booked, as far as it is remembered."""
    rows = await bookings.select_of_account(connection, account_id, ACCOUNT_LIMIT)
    return OwnBookings(
        items=[
            view(Booking.of(row), person_of(row, vault), previous_starts_at=row["previous_starts_at"]) for row in rows
        ]
    )


async def require_own(connection: Connection, booking_id: UUID, account_id: UUID) -> UUID:
    """The booking, where the account made it. Raises BookingUnknown, also for somebody else's."""
    if not await bookings.is_of_account(connection, booking_id, account_id):
        raise problems.BookingUnknown
    return booking_id


async def offered_sessions(connection: Connection, matter_id: str, zone: ZoneInfo) -> OfferedSessions:
    """The sessions in which a matter is received. Raises MatterUnknown."""
    now = await county_now(connection)
    department_id = await _department_of(connection, matter_id)
    rows = await sessions.select_sessions(connection, department_id, now.astimezone(zone).date(), SESSIONS_LIMIT)
    items = [
        OfferedSession(
            session_id=row["session_id"],
            date=row["date"],
            starts_at=row["starts_at"],
            release_at=row["release_at"],
            closes_at=row["closes_at"],
            state=session_state(row, now),
            free=row["free"] if row["status"] == "planned" else 0,
        )
        for row in rows
        if row["status"] != "planned" or row["release_at"] is not None  # else it takes no bookings
    ]
    return OfferedSessions(items=items, now=now)


def session_state(row: asyncpg.Record, now: datetime) -> SessionState:
    """What a citizen can do with a session now."""
    if row["status"] != "planned":
        return "cancelled" if row["status"] == "cancelled" else "tentative"
    if now < row["release_at"]:
        return "not_released"
    if row["closes_at"] <= now or not row["ahead"]:
        return "closed"
    return "open" if row["free"] > 0 else "full"


async def offered_slots(connection: Connection, session_id: str, matter_id: str) -> OfferedSlots:
    """The slots of a session for a matter. Raises SessionUnknown or MatterUnknown."""
    now = await county_now(connection)
    department_id = await _department_of(connection, matter_id)
    session = await sessions.select_session(connection, session_id)
    if session is None:
        raise problems.SessionUnknown
    if session["status"] != "planned":
        return OfferedSlots(items=[], now=now)
    rows = await sessions.select_slots(connection, session_id, department_id, SLOTS_LIMIT)
    bookable = session["closes_at"] is not None and now < session["closes_at"]
    items = [
        OfferedSlot(**{**row, "free": row["free"] if bookable and now < row["starts_at"] else 0})
        for row in map(dict, rows)
    ]
    return OfferedSlots(items=items, now=now)


async def _department_of(connection: Connection, matter_id: str) -> str:
    matter = await sessions.select_matter(connection, matter_id)
    if matter is None:
        raise problems.MatterUnknown
    department_id: str = matter["department_id"]
    return department_id


async def opened(connection: Connection, key: CodeAndDigits, vault: Vault) -> UUID:
    """The booking that a code and digits open. Raises BookingUnknown, whichever is wrong, after the same work."""
    row = await bookings.select_by_code(connection, key.code)
    opens = person_of(row or nobody(vault), vault).opened_by(key.digits)
    if row is None or not opens:
        raise problems.BookingUnknown
    booking_id: UUID = row["booking_id"]
    return booking_id


async def opened_by_code(connection: Connection, code: str) -> UUID:
    """The booking of a code, for the staff. Raises BookingUnknown."""
    row = await bookings.select_by_code(connection, code)
    if row is None:
        raise problems.BookingUnknown
    booking_id: UUID = row["booking_id"]
    return booking_id


async def booking_view(connection: Connection, booking_id: UUID, vault: Vault) -> BookingView:
    """A booking as its visitor sees it. Raises BookingUnknown where it is gone."""
    row = await _whole(connection, booking_id)
    came = await attendance.came(connection, booking_id)
    return view(Booking.of(row), person_of(row, vault), came=came, previous_starts_at=row["previous_starts_at"])


async def card(connection: Connection, booking_id: UUID, vault: Vault) -> VisitorCard:
    """A booking's visitor card. Raises BookingUnknown where it is gone or anonymous."""
    row = await _whole(connection, booking_id)
    return visitor_card(Booking.of(row), person_of(row, vault), row["document_key"])


async def document(connection: Connection, booking_id: UUID, vault: Vault) -> DocumentNumber:
    """The number of a visitor's document. Raises BookingUnknown where the booking is gone or anonymous."""
    person = person_of(await _whole(connection, booking_id), vault)
    return DocumentNumber(kind=person.document_type, number=person.document)


async def cards(connection: Connection, booking_ids: Sequence[UUID], vault: Vault) -> VisitorCards:
    """The visitor cards of those bookings that are neither gone nor anonymous."""
    rows = await bookings.select_by_ids(connection, booking_ids)
    return VisitorCards(
        items=[visitor_card(Booking.of(row), person_of(row, vault), row["document_key"]) for row in rows]
    )


async def aggregate_ids(connection: Connection, after: str | None, limit: int) -> Sequence[str]:
    """The next ids of bookings that may be told of, for `republish`."""
    found = await bookings.select_ids(connection, UUID(after) if after else UUID(int=0), limit)
    return [str(each) for each in found]


async def _whole(connection: Connection, booking_id: UUID) -> asyncpg.Record:
    row = await bookings.select_by_id(connection, booking_id)
    if row is None:
        raise problems.BookingUnknown
    return row


async def place(connection: Connection, session_id: str, window_id: str | None) -> Place | None:
    """Where a session's window stands, or the session itself without one; None where there is no such thing."""
    row = await sessions.select_place(connection, session_id, window_id)
    return Place(row["venue_id"], row["department_id"]) if row is not None else None


async def window_bookings(
    connection: Connection, session_id: str, window_id: str | None, vault: Vault
) -> list[WindowBooking]:
    """Who comes to a window in a session, by time."""
    rows = await bookings.select_of_window(connection, session_id, window_id, WINDOW_LIMIT)
    return [window_booking(Booking.of(row), person_of(row, vault)) for row in rows]


async def export(connection: Connection, order: PersonOrder, vault: Vault) -> ExportAnswer:
    """All that booking holds of a person: their bookings in full, for they are told about themselves.

    To whoever is signed in, what was booked with the account, masked as on their page: it is of others, too.
    """
    if order.account_id is not None:
        own = (await own_bookings(connection, order.account_id, vault)).model_dump(mode="json")["items"]
        return ExportAnswer(service="booking", sections=[ExportSection(name="bookings", items=own)])
    rows = await bookings.lock_of_person(connection, order.keys, None, BOOKINGS_MOST)
    items = []
    for row in rows:
        booking, person = Booking.of(row), person_of(row, vault)
        whole = asdict(booking) | asdict(person) | {"proxy": person.proxy.model_dump() if person.proxy else None}
        whole |= {name: row[name] for name in ("privacy_version", "privacy_accepted_at")}
        unsaid = ("slot_id", "seat", "version")
        items.append({name: value for name, value in whole.items() if name not in unsaid and value is not None})
    return ExportAnswer(
        service="booking",
        sections=[ExportSection(name="bookings", items=items)],
        booking_ids=[row["booking_id"] for row in rows],
    )
