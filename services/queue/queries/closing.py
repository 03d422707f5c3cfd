"""The end of the day: what is still to be done, and what was signed."""

from collections.abc import Sequence
from uuid import UUID

from services.queue.domain import closing_views, problems
from services.queue.domain.tickets import Row, Ticket
from services.queue.queries.hall import figures, session_row
from services.queue.sql import cards, closings, days, steps, tickets
from shared.database import Connection
from shared.events.queue import Totals


async def closing(connection: Connection, session_id: str) -> closing_views.ClosingView:
    """The end of a session's day. Raises SessionUnknown."""
    row = await session_row(connection, session_id)
    needed = {each["window_id"] for each in await closings.select_unconfirmed(connection, session_id)}
    there = {each["window_id"]: each for each in await closings.select_attendances(connection, session_id)}
    return closing_views.ClosingView(
        session_id=session_id,
        date=row["date"],
        version=row["changes"],
        now=row["now"],
        closed_at=row["closed_at"],
        windows=[
            await _window(connection, each, there[each["window_id"]], needed=each["window_id"] in needed)
            for each in await days.select_windows(connection, session_id)
        ],
        open=[_open_ticket(Ticket.of(each)) for each in await closings.select_open(connection, session_id)],
        expected=await cards.count_expected(connection, session_id, None) if row["closed_at"] is None else 0,
        totals=Totals(**await closings.count_totals(connection, session_id)),
        signed=[_signed(each) for each in await closings.select_closings(connection, session_id)],
    )


async def _window(connection: Connection, row: Row, there: Row, *, needed: bool) -> closing_views.ClosingWindow:
    last = await steps.select_last(connection, row["session_id"], row["window_id"])
    return closing_views.ClosingWindow(
        window_id=row["window_id"],
        number=row["number"],
        department_id=row["department_id"],
        state=row["state"],
        confirmed_at=row["confirmed_at"],
        confirmed_by=row["confirmed_by"],
        needed=needed,
        attendance=row["attendance"],
        role=row["role"],
        came=there["came"],
        substituted=there["substituted"],
        window_version=last["step_id"] if last else 0,
        figures=await figures(connection, row["session_id"], row["window_id"]),
    )


def _signed(row: Row) -> closing_views.Signed:
    return closing_views.Signed(
        version=row["version"],
        signed_by=row["signed_by"],
        signed_at=row["signed_at"],
        reason=row["reason"],
        totals=Totals.model_validate_json(row["totals"]),
    )


def _open_ticket(ticket: Ticket) -> closing_views.OpenTicket:
    return closing_views.OpenTicket(
        ticket_id=str(ticket.ticket_id),
        number=ticket.number,
        state=ticket.state,
        department_id=ticket.department_id,
        window_id=ticket.at_window or ticket.bound_to,
        arrived_at=ticket.arrived_at,
    )


async def visits(connection: Connection, session_id: str, after: str, limit: int) -> closing_views.VisitsView:
    """A day's visits by number, `limit` of them after the one numbered `after`. Raises SessionUnknown."""
    row = await session_row(connection, session_id)
    found = await closings.select_visits(connection, session_id, after, limit + 1)
    shown = found[:limit]
    outcomes = await tickets.select_outcomes(connection, [each["ticket_id"] for each in shown])
    return closing_views.VisitsView(
        session_id=session_id,
        date=row["date"],
        now=row["now"],
        closed_at=row["closed_at"],
        items=[_visit(each, outcomes) for each in shown],
        more=len(found) > limit,
    )


async def visit(connection: Connection, session_id: str, ticket_id: UUID) -> closing_views.VisitView:
    """One visit. Raises TicketUnknown."""
    found = await closings.select_visits(connection, session_id, "", 1, ticket_id)
    if not found:
        raise problems.TicketUnknown
    return _visit(found[0], await tickets.select_outcomes(connection, [ticket_id]))


def _visit(row: Row, outcomes: Sequence[Row]) -> closing_views.VisitView:
    ticket = Ticket.of(row)
    return closing_views.VisitView(
        ticket_id=str(ticket.ticket_id),
        version=ticket.version,
        number=ticket.number,
        source=ticket.source,
        state=ticket.state,
        closing=ticket.closing,
        department_id=ticket.department_id,
        window_id=ticket.at_window or ticket.bound_to,
        window_number=row["window_number"],
        matter_ids=list(ticket.matter_ids),
        persons=ticket.persons,
        delegation=ticket.delegation,
        booked_for=ticket.booked_for,
        arrived_at=ticket.arrived_at,
        called_at=ticket.called_at,
        started_at=ticket.started_at,
        finished_at=ticket.finished_at,
        received_by=ticket.received_by,
        outcomes=[
            closing_views.VisitOutcome(matter_id=each["matter_id"], kind=each["kind"])
            for each in outcomes
            if each["ticket_id"] == ticket.ticket_id
        ],
        problems=row["problems"],
        suggestions=row["suggestions"],
    )
