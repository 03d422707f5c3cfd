"""The end of the day: what is still to be done, and what was signed."""

from services.queue.domain import views
from services.queue.domain.tickets import Ticket
from services.queue.queries.hall import figures, session_row
from services.queue.sql import cards, closings, days, promises, steps
from shared.database import Connection
from shared.events.queue import Totals


async def closing(connection: Connection, session_id: str) -> views.ClosingView:
    """The end of a session's day. Raises SessionUnknown."""
    row = await session_row(connection, session_id)
    needed = {each["window_id"] for each in await closings.select_unconfirmed(connection, session_id)}
    there = {each["window_id"]: each for each in await promises.select_attendances(connection, session_id)}
    windows = []
    for each in await days.select_windows(connection, session_id):
        last = await steps.select_last(connection, session_id, each["window_id"])
        windows.append(
            views.ClosingWindow(
                window_id=each["window_id"],
                number=each["number"],
                department_id=each["department_id"],
                state=each["state"],
                confirmed_at=each["confirmed_at"],
                confirmed_by=each["confirmed_by"],
                needed=each["window_id"] in needed,
                attendance=each["attendance"],
                came=each["window_id"] in there and there[each["window_id"]]["came"],
                substituted=each["window_id"] in there and there[each["window_id"]]["substituted"],
                window_version=last["step_id"] if last else 0,
                figures=await figures(connection, session_id, each["window_id"]),
            )
        )
    return views.ClosingView(
        session_id=session_id,
        date=row["date"],
        version=row["changes"],
        now=row["now"],
        closed_at=row["closed_at"],
        windows=windows,
        open=[_open_ticket(Ticket.of(each)) for each in await closings.select_open(connection, session_id)],
        expected=await cards.count_expected(connection, session_id, None) if row["closed_at"] is None else 0,
        totals=Totals(**await closings.count_totals(connection, session_id)),
        signed=[
            views.Signed(
                version=each["version"],
                signed_by=each["signed_by"],
                signed_at=each["signed_at"],
                reason=each["reason"],
                totals=Totals.model_validate_json(each["totals"]),
            )
            for each in await closings.select_closings(connection, session_id)
        ],
    )


def _open_ticket(ticket: Ticket) -> views.OpenTicket:
    return views.OpenTicket(
        ticket_id=str(ticket.ticket_id),
        number=ticket.number,
        state=ticket.state,
        department_id=ticket.department_id,
        window_id=ticket.at_window or ticket.bound_to,
        arrived_at=ticket.arrived_at,
    )
