"""What visitors see of their own ticket, and what the counter prints of it."""

from collections.abc import Sequence

from services.queue.domain import problems, views
from services.queue.domain.estimates import Range, expected
from services.queue.domain.leaving import left_window
from services.queue.domain.lines import as_if_back, at_window, places_before, queue_of
from services.queue.domain.order import line
from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay
from services.queue.queries.hall import Hall, wishes
from services.queue.sql import promises, tickets
from shared.database import Connection

LINE = 6
"""Tickets that a visitor sees of the line before theirs."""


async def status(connection: Connection, token: str) -> views.StatusView:
    """A visitor's own ticket. Raises TicketUnknown."""
    found = await tickets.select_by_token(connection, token)
    if found is None:
        raise problems.TicketUnknown
    ticket = Ticket.of(found)
    hall = await Hall.see(connection, ticket.session_id)
    window = hall.where(ticket)
    left = left_window(ticket, hall.windows.values())
    before = places_before(hall.present, hall.windows.values(), ticket, hall.now)
    wait = await _expected(hall, ticket, window, before) if before is not None else None
    return views.StatusView(
        session_id=ticket.session_id,
        version=hall.changes,
        now=hall.now,
        number=ticket.number,
        state=ticket.state,
        closing=ticket.closing,
        misses=ticket.misses,
        booked_for=ticket.booked_for,
        arrived_at=ticket.arrived_at,
        called_at=ticket.called_at,
        department_id=ticket.department_id,
        matter_ids=list(ticket.matter_ids),
        persons=ticket.persons,
        representatives=ticket.representatives,
        room=ticket.room,
        wishes=wishes(ticket, hall.now),
        window_number=window.number if window else None,
        window_id=window.window_id if window else None,
        attendance=window.attendance if window else None,
        before=before,
        earliest=wait.earliest if wait else None,
        latest=wait.latest if wait else None,
        line=_line(hall, ticket, window),
        may_choose=left is not None,
        stays=ticket.stays,
        substituted=left is not None and left.substitute_id is not None,
        returns_at=left.returns_at if left else None,
        promise=await _promise(connection, ticket),
    )


async def _promise(connection: Connection, ticket: Ticket) -> views.PromiseBrief | None:
    row = await promises.select_by_ticket(connection, ticket.ticket_id) if ticket.state == "closed" else None
    if row is None:
        return None
    return views.PromiseBrief(kind=row["kind"], due_on=row["due"], tentative=row["tentative"], kept_at=row["kept_at"])


async def ticket_view(connection: Connection, ticket: Ticket) -> views.TicketView:
    """A ticket as the counter prints it."""
    hall = await Hall.see(connection, ticket.session_id)
    window = hall.where(ticket)
    return views.TicketView(
        ticket_id=str(ticket.ticket_id),
        token=ticket.token,
        number=ticket.number,
        session_id=ticket.session_id,
        state=ticket.state,
        source=ticket.source,
        department_id=ticket.department_id,
        matter_ids=list(ticket.matter_ids),
        persons=ticket.persons,
        representatives=ticket.representatives,
        delegation=ticket.delegation,
        priority=ticket.priority,
        window_number=window.number if window else None,
        booked_for=ticket.booked_for,
        arrived_at=ticket.arrived_at,
        before=places_before(hall.present, hall.windows.values(), ticket, hall.now),
        first_next=ticket.first_next,
        version=hall.changes,
    )


async def checked_in_view(connection: Connection, ticket: Ticket, also: Sequence[Ticket]) -> views.CheckedInView:
    """A ticket as the counter prints it, with the others of the same person."""
    first = await ticket_view(connection, ticket)
    return views.CheckedInView(**first.model_dump(), also=[await ticket_view(connection, each) for each in also])


async def _expected(hall: Hall, ticket: Ticket, window: WindowDay | None, before: int) -> Range | None:
    if window is None:
        return None
    serving = at_window(hall.present, window.window_id)
    return expected(
        hall.now,
        before=before,
        windows=1 if window.state == "open" else 0,
        service_seconds=await tickets.select_service_seconds(hall.connection, hall.session_id, window.window_id),
        serving_since=serving.started_at if serving else None,
        booked_for=ticket.booked_for,
    )


def _line(hall: Hall, ticket: Ticket, window: WindowDay | None) -> list[views.LinePlace]:
    """Who is at the window, and those before the visitor, who come last."""
    if window is None or ticket.state != "waiting":
        return []
    present = as_if_back(hall.present, ticket)
    at = at_window(present, window.window_id)
    by_id = {each.ticket.ticket_id: each.ticket for each in present}
    order = line([each.waiting() for each in queue_of(present, window)], hall.now)
    if ticket.ticket_id not in order:
        return []
    ahead = order[: order.index(ticket.ticket_id)]
    shown = [*([at] if at else ()), *(by_id[each] for each in ahead[-(LINE - 2) :]), ticket]
    return [
        views.LinePlace(number=each.number, state=each.state, mine=each.ticket_id == ticket.ticket_id) for each in shown
    ]
