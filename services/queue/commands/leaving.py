"""When a director leaves: what each who waits for them chooses, what they are promised, and that it is kept.

The first place is good for the next time that the same person comes to the department, on a later service day; who
cannot come to the very next one keeps it. The document tells who it is. Without a document the old ticket does: its
number and date, typed at the counter, are as good as the paper slip that the visitor was given.
"""

from uuid import UUID

from services.queue.commands.day import Day
from services.queue.domain import problems, requests, tickets
from services.queue.domain.leaving import call_due, left_window, windows_for, years_for
from services.queue.domain.people import SAID_PURPOSE, visitor_of
from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay
from services.queue.sql import days
from services.queue.sql import promises as sql
from shared.events import queue as events
from shared.events.roster import CalendarYear
from shared.privacy import Vault


async def choose(day: Day, ticket: Ticket, wish: requests.Choose, vault: Vault) -> Ticket:
    """A visitor chooses, the director being gone; what they chose already is not chosen twice.

    Raises TicketMovedOn where the ticket does not wait (any more), OfficialPresent where nobody is gone, and
    InvalidRequest for a written issue without any phone.
    """
    if ticket.state == "closed" and ticket.closing == wish.choice:
        return ticket
    if ticket.state != "waiting":
        raise problems.TicketMovedOn
    window = left_window(ticket, (await day.windows()).values())
    if window is None:
        raise problems.OfficialPresent
    if wish.choice == "deputy":
        await sql.mark_stays(day.connection, ticket.ticket_id)
        await days.count_change(day.connection, day.session_id)
        return await day.ticket(ticket.ticket_id)
    if wish.choice == "written_issue":
        await _promise_call(day, ticket, window, wish, vault)
    else:
        await _promise_place(day, ticket, window)
    saved = await day.save(tickets.closed(ticket, wish.choice), events.VisitClosed)
    await day.end()
    return saved


async def promise_place(day: Day, ticket: Ticket) -> None:
    """Promise the first place next time to whoever the counter sends home with that."""
    windows = (await day.windows()).values()
    candidates = windows_for(ticket, windows)
    if candidates:
        await _promise_place(day, ticket, left_window(ticket, windows) or candidates[0])


async def _promise_place(day: Day, ticket: Ticket, window: WindowDay) -> None:
    person = await sql.select_person(day.connection, ticket.ticket_id)
    await _insert(day, ticket, window, kind="next_session", person_key=person["person_key"])


async def _promise_call(day: Day, ticket: Ticket, window: WindowDay, wish: requests.Choose, vault: Vault) -> None:
    if wish.phone is None and ticket.booking_id is None:
        raise problems.InvalidRequest.of("/phone", "phone_missing", "nobody could be called")
    first, last = years_for(day.now.astimezone(day.zone).date())
    known = [CalendarYear.model_validate_json(each) for each in await sql.select_calendars(day.connection, first, last)]
    due = call_due(day.now, day.zone, known)
    person = await sql.select_person(day.connection, ticket.ticket_id)
    name = visitor_of(person["card"], vault).name
    await _insert(
        day,
        ticket,
        window,
        kind="written_issue",
        person_key=person["person_key"],
        due_on=due.day,
        tentative=due.tentative,
        text=vault.encrypt(wish.text or "", SAID_PURPOSE),
        name=vault.encrypt(name, SAID_PURPOSE) if name else None,
        phone=vault.encrypt(wish.phone, SAID_PURPOSE) if wish.phone else None,
    )


async def _insert(day: Day, ticket: Ticket, window: WindowDay, **facts: object) -> None:
    common = {
        "ticket_id": ticket.ticket_id,
        "session_id": day.session_id,
        "window_id": window.window_id,
        "department_id": ticket.department_id,
        "official_id": window.official_id,
        "made_at": day.now,
    }
    nothing = dict.fromkeys(("person_key", "due_on", "text", "name", "phone"))
    await sql.insert_promise(day.connection, {**nothing, "tentative": False, **common, **facts})


async def first_place(day: Day, ticket: Ticket, person_key: bytes | None) -> Ticket:
    """Keep a promise of the first place to whoever takes this ticket, if they have one."""
    if person_key is None or not await sql.give_place(
        day.connection, ticket.department_id, person_key, day.date, ticket.ticket_id
    ):
        return ticket
    await sql.mark_first_next(day.connection, ticket.ticket_id)
    return await day.ticket(ticket.ticket_id)


async def give_first_place(day: Day, ticket: Ticket, wish: requests.FirstPlace) -> Ticket:
    """Keep a promise of the first place that the old ticket proves. Raises TicketMovedOn or PromiseUnknown."""
    if ticket.first_next:
        return ticket
    if ticket.state != "waiting":
        raise problems.TicketMovedOn
    number = wish.number.upper()
    if not await sql.give_place_by_number(
        day.connection, ticket.department_id, number, wish.date, day.date, ticket.ticket_id
    ):
        raise problems.PromiseUnknown
    await sql.mark_first_next(day.connection, ticket.ticket_id)
    await day.end()
    return await day.ticket(ticket.ticket_id)


async def keep_issue(day: Day, window: WindowDay, promise_id: UUID, wish: requests.KeptPromise, vault: Vault) -> None:
    """The director has called about a written issue. Raises PromiseUnknown, or PromiseKept where somebody had."""
    row = await sql.lock_promise(day.connection, promise_id, window.department_id)
    if row is None or row["kind"] != "written_issue":
        raise problems.PromiseUnknown
    if row["kept_at"] is not None:
        raise problems.PromiseKept
    await sql.settle_issue(day.connection, promise_id, wish.by, vault.encrypt(wish.said, SAID_PURPOSE))
    await days.count_change(day.connection, day.session_id)
