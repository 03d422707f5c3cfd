"""The end of the day: windows confirm, the manager signs, and what is put right later says why."""

from dataclasses import replace

import asyncpg

from services.queue.commands.day import Day
from services.queue.commands.leaving import promise_place
from services.queue.commands.results import keep_outcomes, keep_remarks, results_of
from services.queue.domain import problems, requests, tickets
from services.queue.domain.people import CARD_PURPOSE, CODE_PURPOSE, REQUEST_PURPOSE, Card, code_digits
from services.queue.domain.tickets import Row, Ticket
from services.queue.domain.windows import WindowDay
from services.queue.sql import cards as cards_sql
from services.queue.sql import closings, days
from services.queue.sql import tickets as sql
from shared.events import queue as events
from shared.events.booking import Booking
from shared.messaging import outbox
from shared.privacy import Vault


async def confirm(day: Day, window: WindowDay, wish: requests.Confirm) -> None:
    """A window confirms what it recorded. Raises WindowBusy while it still receives."""
    if window.state != "closed":
        raise problems.WindowBusy
    await closings.confirm_window(day.connection, day.session_id, window.window_id, wish.by)
    await day.step(window.window_id, "confirm")
    await day.end()


async def close_ticket(day: Day, ticket: Ticket, reason: tickets.Closing) -> Ticket:
    """End a ticket without an outcome, with a reason. Raises TicketMovedOn once it has an end."""
    closed = tickets.closed(ticket, reason)
    if reason == "next_session":
        await promise_place(day, ticket)
    saved = await day.save(closed, events.VisitClosed)
    await day.end()
    return saved


async def sign(day: Day, wish: requests.Sign) -> None:
    """Close the day: from here on what is put right is a correction.

    Live bookings for which nobody came are no-shows from now on, and who came is no longer known by name. Raises
    WindowsUnconfirmed, TicketsOpen, or BookingsAhead while somebody is booked for later.
    """
    if await closings.select_unconfirmed(day.connection, day.session_id):
        raise problems.WindowsUnconfirmed
    if await closings.select_open(day.connection, day.session_id):
        raise problems.TicketsOpen
    if await closings.count_ahead(day.connection, day.session_id):
        raise problems.BookingsAhead
    absent = await closings.insert_no_shows(day.connection, day.session_id)
    await outbox.append(day.connection, *(no_show(str(row["visit_id"]), row["told"]) for row in absent))
    await closings.close_session(day.connection, day.session_id)
    await closings.forget_cards(day.connection, day.session_id)
    await _sign(day, wish.by, None)


def no_show(visit_id: str, told: str) -> events.VisitNoShow:
    """What is said of a booking for which nobody came."""
    booking = Booking.model_validate_json(told)
    visit = events.Visit(
        visit_id=visit_id,
        session_id=booking.session_id,
        venue_id=booking.venue_id,
        number="",
        source="booking",
        booking_id=booking.booking_id,
        department_id=booking.department_id,
        window_id=booking.window_id,
        matter_ids=(booking.matter_id,),
        persons=0,
        language=booking.language,
        state="no_show",
        booked_for=booking.starts_at,
    )
    return events.VisitNoShow(version=1, visit=visit)


async def correct(day: Day, ticket: Ticket, wish: requests.Correction, vault: Vault) -> None:
    """Put a finished visit of a signed day right: a new version of its closing, with the reason.

    Raises DayOpen before the day is signed, TicketMovedOn for a visit that has no outcome or was put right meanwhile.
    """
    if day.closed_at is None:
        raise problems.DayOpen
    if ticket.state != "finished" or wish.version not in (None, ticket.version):
        raise problems.TicketMovedOn
    corrected = replace(ticket, persons=wish.persons or ticket.persons)
    if wish.outcomes is not None:
        corrected = replace(corrected, matter_ids=tuple(each.matter_id for each in wish.outcomes))
        await closings.correct_ticket(day.connection, ticket)
        await keep_outcomes(day, ticket, wish.outcomes, vault)
    (results,) = await results_of(day.connection, [ticket])
    await day.save(corrected, events.VisitCorrected, *results)
    await _sign(day, wish.by, wish.reason)


async def enter_paper_visit(day: Day, wish: requests.PaperVisit, idempotency_key: str | None, vault: Vault) -> Ticket:
    """Enter a visit of an outage afterwards, with its true times; with the same key again it is the same visit.

    Its window has to confirm the day again, for it recorded more than it had confirmed. Raises DayClosed,
    WindowUnknown, BookingUnknown, TicketMovedOn where the booking has a ticket, IdempotencyKeyReused,
    NumbersExhausted, or InvalidRequest for times of another day.
    """
    if day.closed_at is not None:
        raise problems.DayClosed
    digest = vault.blind_index(REQUEST_PURPOSE, wish.model_dump_json()) if idempotency_key is not None else None
    if idempotency_key is not None and digest is not None:
        known = await sql.select_by_key(day.connection, idempotency_key)
        if known is not None:
            return tickets.repeated(known, day.session_id, "paper", digest)
    if wish.finished_at > day.now or wish.arrived_at.astimezone(day.zone).date() != day.date:
        raise problems.InvalidRequest.of("/arrived_at", "times_elsewhere", "the times are not of this day so far")
    window = await day.window(wish.window_id)
    booking = await _booking_of(day, wish, vault)
    taken = await _take_paper(day, window, booking, wish, key=(idempotency_key, digest), vault=vault)
    done = replace(
        taken,
        state="finished",
        at_window=window.window_id,
        called_at=wish.started_at,
        started_at=wish.started_at,
        finished_at=wish.finished_at,
        received_by=wish.received_by,
        official_id=window.official_id if wish.received_by == "principal" else None,
    )
    outcomes = await keep_outcomes(day, replace(taken, matter_ids=()), wish.outcomes, vault)
    remarks = await keep_remarks(day, taken, window.window_id, wish, vault)
    saved = await day.save(done, events.VisitFinished, outcomes, remarks)
    await closings.unconfirm_window(day.connection, day.session_id, window.window_id)
    await day.end()
    return saved


async def _take_paper(  # noqa: PLR0913  (what stands on the paper, and where it belongs)
    day: Day,
    window: WindowDay,
    booking: Row | None,
    wish: requests.PaperVisit,
    *,
    key: tuple[str | None, bytes | None],
    vault: Vault,
) -> Ticket:
    """Take a number for a visit that was written on paper; `key` with its request's digest. Raises NumbersExhausted."""
    serial = await days.take_number(day.connection, day.session_id, window.department_id)
    if serial is None:
        raise problems.NumbersExhausted
    card = vault.encrypt(Card(name=wish.name).model_dump_json(), CARD_PURPOSE) if wish.name else None
    return await sql.insert_ticket(
        day.connection,
        {
            "last_event": events.VisitFinished.__name__,
            "session_id": day.session_id,
            "venue_id": day.venue_id,
            "number": tickets.number(serial["letter"], serial["last"]),
            "token": tickets.make_token(),
            "source": "paper",
            "booking_id": booking["booking_id"] if booking else None,
            "idempotency_key": key[0],
            "request_digest": key[1],
            "department_id": window.department_id,
            "bound_to": window.window_id,
            "matter_ids": [each.matter_id for each in wish.outcomes],
            "persons": wish.persons,
            "priority": None,
            "delegation": False,
            "language": "zh",
            "near": True,
            "booked_for": booking["starts_at"] if booking else None,
            "arrived_at": wish.arrived_at,
            "person_key": booking["document_key"] if booking else None,
            "card": card or (booking["card"] if booking else None),
        },
    )


async def _booking_of(day: Day, wish: requests.PaperVisit, vault: Vault) -> asyncpg.Record | None:
    """The booking that a paper names, if any. Raises BookingUnknown, or TicketMovedOn where it has a ticket."""
    if wish.code is not None:
        code = vault.blind_index(CODE_PURPOSE, code_digits(wish.code))
        found = await cards_sql.select_by_code(day.connection, code)
        if found is not None and found["session_id"] != day.session_id:
            found = None
    elif wish.booking_id is not None:
        found = await cards_sql.select_booking(day.connection, day.session_id, wish.booking_id)
    else:
        return None
    if found is None:
        raise problems.BookingUnknown
    if await sql.select_by_booking(day.connection, found["booking_id"]) is not None:
        raise problems.TicketMovedOn
    return found


async def _sign(day: Day, by: str, reason: str | None) -> None:
    totals = events.Totals(**await closings.count_totals(day.connection, day.session_id))
    row = await closings.insert_closing(day.connection, day.session_id, by, reason, totals.model_dump_json())
    closed = {**row, "venue_id": day.venue_id, "date": day.date, "closed_at": day.closed_at or day.now}
    await outbox.append(day.connection, closed_day(closed))
    await days.count_change(day.connection, day.session_id)


def closed_day(row: Row) -> events.DayEvent:
    """What is said of the last version of a day's closing."""
    event = events.DayClosed if row["reason"] is None else events.DayCorrected
    return event(
        version=row["version"],
        day=events.Day(
            session_id=row["session_id"],
            venue_id=row["venue_id"],
            date=row["date"],
            closed_at=row["closed_at"],
            corrected=row["reason"] is not None,
            totals=events.Totals.model_validate_json(row["totals"]),
        ),
    )
