"""What changes in booking, each verb a story; a new booking alone is the combiner's. Commands never commit."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.booking.domain import problems
from services.booking.domain.bookings import Booking, check_agreeable, check_cancellable, check_correctable
from services.booking.domain.requests import Correction
from services.booking.domain.sealing import corrected, person_lock, person_of
from services.booking.domain.slots import compare_slots, departments
from services.booking.sql import attendance, bookings, sessions
from shared.database import Connection, constraints, county_now
from shared.documents import index_type
from shared.events.base import Event
from shared.events.booking import (
    BookingAgreed,
    BookingCancelled,
    BookingCorrected,
    BookingEvent,
    BookingMade,
    BookingMoved,
)
from shared.events.queue import Visit
from shared.events.roster import Matter, Session
from shared.messaging import outbox
from shared.messaging.republish import uuids
from shared.privacy import Vault
from shared.rights.requests import BOOKINGS_MOST, Done, ErasureOrder, Hold

CHUNK = 500
"""Bookings changed by one statement."""


async def cancel(connection: Connection, booking_id: UUID) -> Booking:
    """Give a visitor's seat back. Raises BookingUnknown, BookingAlreadyCancelled or CancelTooLate."""
    seen = await bookings.select_by_id(connection, booking_id)
    if seen is None:
        raise problems.BookingUnknown
    await sessions.lock_slot_of(connection, seen["slot_id"])  # slots before bookings, as everywhere
    locked = await _lock(connection, booking_id)
    check_cancellable(locked, await county_now(connection))
    (row,) = await bookings.cancel(connection, [booking_id], "visitor")
    cancelled = Booking.of(row)
    await outbox.append(connection, BookingCancelled(version=cancelled.version, booking=cancelled.public()))
    return cancelled


async def agree(connection: Connection, booking_id: UUID) -> Booking:
    """Agree to a moved date; agreeing twice is agreeing.

    Raises BookingUnknown, BookingAlreadyCancelled, SlotPast, or TimesOverlap where the person has to be
    elsewhere on the new date.
    """
    await bookings.lock_person_of(connection, booking_id)  # no other booking of theirs comes in between
    locked = await _lock(connection, booking_id)
    if not check_agreeable(locked, await county_now(connection)):
        return locked
    if await bookings.overlaps(connection, booking_id):
        raise problems.TimesOverlap
    await bookings.agree(connection, booking_id)
    agreed = await _lock(connection, booking_id)
    await outbox.append(connection, BookingAgreed(version=agreed.version, booking=agreed.public()))
    return agreed


async def correct(connection: Connection, booking_id: UUID, wish: Correction, vault: Vault, zone: ZoneInfo) -> Booking:
    """Put right who comes with an upcoming booking, or how they are reached; what is so already changes nothing.

    Raises BookingUnknown, BookingAlreadyCancelled, SlotPast, CorrectionOfPerson for a second correction of the person
    or one of name and document at once, AlreadyBooked or TimesOverlap where the right document has another booking, and
    InvalidRequest for one of somebody not yet born.
    """
    await bookings.lock_person_of(connection, booking_id)
    if wish.document is not None:
        key = vault.document_key(index_type(wish.document.type), wish.document.number)
        await bookings.lock_person(connection, person_lock(key))
    row = await bookings.lock(connection, booking_id)
    if row is None:
        raise problems.BookingUnknown
    now = await county_now(connection)
    check_correctable(Booking.of(row), wish, now, zone)
    changes, identity = corrected(person_of(row, vault), wish, vault)
    if not changes:
        return Booking.of(row)
    if identity and row["identity_corrected_at"] is not None:
        raise problems.CorrectionOfPerson
    with constraints({"booking_person_once": problems.AlreadyBooked}):
        await bookings.correct(connection, booking_id, changes, identity=identity)
    if "document_key" in changes and await bookings.overlaps(connection, booking_id):
        raise problems.TimesOverlap
    put_right = await _lock(connection, booking_id)
    await outbox.append(connection, BookingCorrected(version=put_right.version, booking=put_right.public()))
    return put_right


async def _lock(connection: Connection, booking_id: UUID) -> Booking:
    row = await bookings.lock(connection, booking_id)
    if row is None:
        raise problems.BookingUnknown
    return Booking.of(row)


async def take_matter(connection: Connection, matter: Matter, version: int) -> int | None:
    """Keep a matter; the version it replaced, 0 for none, None where it was no news."""
    return await sessions.upsert_matter(connection, matter, version)


async def take_visit(connection: Connection, visit: Visit, version: int) -> int | None:
    """Keep whether somebody came for a booking; the version replaced, 0 for none, None where it was no news."""
    if visit.booking_id is None:
        return None
    return await attendance.upsert(
        connection, visit.visit_id, version, UUID(visit.booking_id), came=visit.state != "no_show"
    )


async def take_session(connection: Connection, session: Session, version: int, zone: ZoneInfo) -> int | None:
    """Keep a session and make its slots what it says; the version it replaced, 0 for none, None where it was no news.

    Those booked go along: to be cancelled with the session or with their window, to be asked where the date moved.
    """
    known = await sessions.lock_session(connection, session.session_id)
    if not await sessions.upsert_session(connection, session, version, departments(session)):
        return None
    known_version, known_date = known or (0, session.date)
    await _rearrange(connection, session, known_date, zone)
    return known_version


async def _rearrange(connection: Connection, session: Session, known_date: date, zone: ZoneInfo) -> None:
    slots = await sessions.lock_slots(connection, session.session_id)
    if session.status == "cancelled":
        every = [slot.slot_id for slot in slots]
        await sessions.close_slots(connection, every)
        await _cancel_all(connection, every, "session_cancelled")
        return
    changes = compare_slots(slots, session, known_date=known_date, zone=zone)
    await sessions.update_slots(connection, changes.kept)
    await sessions.close_slots(connection, changes.closed)
    await sessions.insert_slots(connection, session.session_id, changes.added)
    await _cancel_all(connection, changes.closed, "window_closed")
    if session.date != known_date:
        await _take_all_along(connection, [slot.slot_id for slot in changes.kept])


async def _cancel_all(connection: Connection, slot_ids: Sequence[int], reason: str) -> None:
    async for chunk in _live_of(connection, slot_ids):
        cancelled = [Booking.of(row) for row in await bookings.cancel(connection, chunk, reason)]
        await outbox.append(
            connection, *(BookingCancelled(version=each.version, booking=each.public()) for each in cancelled)
        )


async def _take_all_along(connection: Connection, slot_ids: Sequence[int]) -> None:
    async for chunk in _live_of(connection, slot_ids):
        moved = [Booking.of(row) for row in await bookings.take_along(connection, chunk)]
        await outbox.append(connection, *(BookingMoved(version=each.version, booking=each.public()) for each in moved))


async def _live_of(connection: Connection, slot_ids: Sequence[int]) -> AsyncIterator[list[UUID]]:
    """The live bookings of locked slots, locked, a chunk at a time."""
    after: UUID | None = None
    while chunk := await bookings.lock_live_of_slots(connection, slot_ids, after, CHUNK):
        yield chunk
        after = chunk[-1]


async def state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """The present state of bookings, each locked, for `republish`. Who was made anonymous is never told of again."""
    rows = await bookings.lock_states(connection, uuids(ids))
    return [_last_event(Booking.of(row), put_right=row["corrected_version"] == row["version"]) for row in rows]


def _last_event(booking: Booking, *, put_right: bool) -> BookingEvent:
    """The event that left a booking in its state."""
    if put_right:
        return BookingCorrected(version=booking.version, booking=booking.public())
    kinds: dict[str, type[BookingEvent]] = {"cancelled": BookingCancelled, "to_confirm": BookingMoved}
    after_agreeing = BookingMade if booking.version == 1 else BookingAgreed
    return kinds.get(booking.state, after_agreeing)(version=booking.version, booking=booking.public())


async def count_ended(connection: Connection, retention_days: int) -> int:
    """How many bookings are past their retention."""
    return await bookings.count_ended(connection, await _ended_before(connection, retention_days))


async def anonymise(connection: Connection, retention_days: int, limit: int) -> int:
    """Take the persons out of what is past its retention, at most `limit`; how many bookings there were.

    Their blind indexes go, too: those of open or repeated cases (domain.md, Retention) are kept by cases themselves.
    """
    ended = await bookings.lock_ended(connection, await _ended_before(connection, retention_days), limit)
    return len(await bookings.anonymise(connection, [row["booking_id"] for row in ended]))


async def erase(connection: Connection, order: ErasureOrder) -> Done:
    """Take a person out of their bookings because they asked.

    A seat that is kept and not yet over holds its booking: nobody's visit is cancelled behind their back. Once it was
    cancelled, or is over, the order that comes again takes it, too. What somebody booked for others stays, for it is
    those others' booking, but no longer says with which account.
    """
    found = await bookings.lock_of_person(connection, order.keys, order.account_id, BOOKINGS_MOST)
    past = [row["booking_id"] for row in found if not row["upcoming"]]
    kept_ids = [row["booking_id"] for row in found if row["upcoming"]]
    erased = await bookings.anonymise(connection, past)
    counts = {"booking": len(erased)}
    if order.account_id is not None:
        counts["booking_account"] = await bookings.forget_account(connection, order.account_id, kept_ids)
    held = [Hold(kind="upcoming_booking", count=len(kept_ids))] if kept_ids else []
    return Done(erased=counts, held=held, booking_ids=[row["booking_id"] for row in erased])


async def _ended_before(connection: Connection, retention_days: int) -> datetime:
    return await county_now(connection) - timedelta(days=retention_days)
