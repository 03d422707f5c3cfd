"""What is read of the day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.queue.domain import problems, views
from services.queue.domain.estimates import Range, expected, minutes_behind
from services.queue.domain.lines import Present, places_before, queue_of
from services.queue.domain.order import line
from services.queue.domain.people import SAID_PURPOSE, visitor_of
from services.queue.domain.tickets import UNDOABLE, Ticket
from services.queue.domain.windows import WindowDay
from services.queue.sql import cards, closings, days, steps, tickets
from shared.database import Connection, county_now
from shared.events.queue import Totals
from shared.events.roster import Session
from shared.privacy import Vault

CALLS = 6
"""Rows of the hall's screen."""
LINE = 6
"""Tickets that a visitor sees of the line before theirs."""


async def today(connection: Connection, zone: ZoneInfo) -> views.TodayView:
    """The sessions that are held today, with their windows."""
    now = await county_now(connection)
    items = []
    for row in await days.select_sessions_of(connection, now.astimezone(zone).date()):
        session = Session.model_validate_json(row["state"])
        items.append(
            views.SessionToday(
                session_id=session.session_id,
                date=session.date,
                programme_name_zh=session.programme_name_zh,
                programme_name_en=session.programme_name_en,
                windows=await _briefs(connection, session.session_id),
            )
        )
    return views.TodayView(items=items, now=now)


async def hall(connection: Connection, session_id: str) -> views.HallView:
    """All windows of a session. Raises SessionUnknown."""
    row = await _session(connection, session_id)
    return views.HallView(
        session_id=session_id,
        version=row["changes"],
        now=row["now"],
        closed_at=row["closed_at"],
        windows=await _briefs(connection, session_id),
        figures=await _figures(connection, session_id, None),
    )


async def screen(connection: Connection, session_id: str) -> views.ScreenView:
    """The last calls, the newest first. Raises SessionUnknown."""
    row = await _session(connection, session_id)
    return views.ScreenView(
        session_id=session_id,
        version=row["changes"],
        now=row["now"],
        calls=[views.Call(**each) for each in await tickets.select_called(connection, session_id, CALLS)],
    )


async def desk(
    connection: Connection, session_id: str, window_id: str, vault: Vault, *, undo_seconds: int
) -> views.DeskView:
    """A window with its queue. Raises SessionUnknown or WindowUnknown."""
    row = await _session(connection, session_id)
    window = (await _windows(connection, session_id)).get(window_id)
    if window is None:
        raise problems.WindowUnknown
    rows = await tickets.select_present(connection, session_id)
    present = [Present(Ticket.of(each), each["elsewhere"]) for each in rows]
    sealed = await _cards(connection, rows)
    waits = {
        each.ticket.ticket_id: _waits(each.ticket, sealed[each.ticket.ticket_id], vault, window_id) for each in present
    }
    queue = [each.waiting() for each in queue_of(present, window)]
    order = line(queue, row["now"])
    mine = [each.ticket for each in present if each.ticket.at_window == window_id]
    at = next((each for each in mine if each.is_at_a_window), None)
    last = await steps.select_last(connection, session_id, window_id)
    undo_until = last["taken_at"] + timedelta(seconds=undo_seconds) if last else None
    undoable = (
        last is not None
        and last["verb"] in UNDOABLE
        and not last["undone"]
        and undo_until is not None
        and row["now"] < undo_until
    )
    return views.DeskView(
        session_id=session_id,
        date=row["date"],
        version=row["changes"],
        window_version=last["step_id"] if last else 0,
        now=row["now"],
        window_id=window_id,
        number=window.number,
        department_id=window.department_id,
        state=window.state,
        pause_reason=window.pause_reason,
        official_id=window.official_id,
        role=window.role,
        attendance=window.attendance,
        attended_at=window.attended_at,
        substitute_id=window.substitute_id,
        returns_at=window.returns_at,
        minutes_behind=minutes_behind(row["now"], queue),
        at=_at_window(at, sealed[at.ticket_id], vault) if at else None,
        waiting=[waits[each] for each in order],
        held=[waits[each.ticket_id] for each in mine if each.state == "held"],
        unanswered=[
            waits[each.ticket.ticket_id]
            for each in present
            if each.ticket.state == "closed" and each.ticket.department_id == window.department_id
        ],
        expected=await cards.count_expected(connection, session_id, window_id),
        figures=await _figures(connection, session_id, window_id),
        undo=last["verb"] if last and undoable else None,
        undo_until=undo_until if undoable else None,
    )


async def status(connection: Connection, token: str) -> views.StatusView:
    """A visitor's own ticket. Raises TicketUnknown."""
    found = await tickets.select_by_token(connection, token)
    if found is None:
        raise problems.TicketUnknown
    ticket = Ticket.of(found)
    row = await _session(connection, ticket.session_id)
    windows = await _windows(connection, ticket.session_id)
    rows = await tickets.select_present(connection, ticket.session_id)
    present = [Present(Ticket.of(each), each["elsewhere"]) for each in rows]
    window = _where(ticket, windows)
    before = places_before(present, windows.values(), ticket, row["now"])
    wait = await _expected(connection, ticket, window, present, before, row) if before is not None else None
    return views.StatusView(
        session_id=ticket.session_id,
        version=row["changes"],
        now=row["now"],
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
        window_number=window.number if window else None,
        window_id=window.window_id if window else None,
        attendance=window.attendance if window else None,
        before=before,
        earliest=wait.earliest if wait else None,
        latest=wait.latest if wait else None,
        line=_line(ticket, window, present, row),
    )


async def ticket_view(connection: Connection, ticket: Ticket) -> views.TicketView:
    """A ticket as the counter prints it."""
    row = await _session(connection, ticket.session_id)
    windows = await _windows(connection, ticket.session_id)
    rows = await tickets.select_present(connection, ticket.session_id)
    present = [Present(Ticket.of(each), each["elsewhere"]) for each in rows]
    window = _where(ticket, windows)
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
        priority=ticket.priority,
        window_number=window.number if window else None,
        booked_for=ticket.booked_for,
        arrived_at=ticket.arrived_at,
        before=places_before(present, windows.values(), ticket, row["now"]),
        version=row["changes"],
    )


async def notice(connection: Connection, session_id: str, ticket_id: UUID, vault: Vault) -> views.NoticeView:
    """The one-off notice of a visit. Raises SessionUnknown or TicketUnknown."""
    row = await _session(connection, session_id)
    found = await tickets.select_ticket(connection, session_id, ticket_id)
    if found is None:
        raise problems.TicketUnknown
    ticket = Ticket.of(found)
    window = _where(ticket, await _windows(connection, session_id))
    sealed = await _cards(connection, [found])
    outcomes = await tickets.select_outcomes(connection, [ticket_id])
    return views.NoticeView(
        number=ticket.number,
        session_id=session_id,
        date=row["date"],
        window_number=window.number if window else None,
        surname=visitor_of(sealed[ticket_id], vault).surname,
        finished_at=ticket.finished_at,
        outcomes=[
            views.OutcomeView(
                matter_id=each["matter_id"],
                kind=each["kind"],
                said=vault.decrypt(each["said"], SAID_PURPOSE) if each["said"] else None,
            )
            for each in outcomes
        ],
    )


async def aggregate_ids(connection: Connection, after: str | None, limit: int) -> Sequence[str]:
    """The next ids of visits, windows and closed days, for `republish`."""
    return await days.select_aggregate_ids(connection, after or "", limit)


async def _session(connection: Connection, session_id: str) -> asyncpg.Record:
    row = await days.select_session(connection, session_id)
    if row is None or row["status"] != "planned":
        raise problems.SessionUnknown
    return row


async def _windows(connection: Connection, session_id: str) -> dict[str, WindowDay]:
    rows = await days.select_windows(connection, session_id)
    return {row["window_id"]: WindowDay.of(row) for row in rows}


async def _briefs(connection: Connection, session_id: str) -> list[views.WindowBrief]:
    rows = await tickets.select_present(connection, session_id)
    present = [Present(Ticket.of(each), each["elsewhere"]) for each in rows]
    windows = await _windows(connection, session_id)
    now = await county_now(connection)
    return [_brief(each, present, now) for each in windows.values()]


def _brief(window: WindowDay, present: Sequence[Present], now: datetime) -> views.WindowBrief:
    at = [each.ticket.number for each in present if _is_at(each.ticket, window)]
    queue = queue_of(present, window)
    return views.WindowBrief(
        window_id=window.window_id,
        number=window.number,
        department_id=window.department_id,
        official_id=window.official_id,
        substitute_id=window.substitute_id,
        state=window.state,
        attendance=window.attendance,
        minutes_behind=minutes_behind(now, [each.waiting() for each in queue]),
        at=at[0] if at else None,
        waiting=len(queue),
    )


def _is_at(ticket: Ticket, window: WindowDay) -> bool:
    return ticket.is_at_a_window and ticket.at_window == window.window_id


async def _figures(connection: Connection, session_id: str, window_id: str | None) -> views.Figures:
    return views.Figures(**await tickets.select_figures(connection, session_id, window_id))


async def _cards(connection: Connection, rows: Iterable[asyncpg.Record]) -> Mapping[UUID, bytes | None]:
    """The card of each ticket: its own, else the booking's, which may have come later."""
    rows = list(rows)
    wanted = [row["booking_id"] for row in rows if row["card"] is None and row["booking_id"] is not None]
    later = {row["booking_id"]: row["card"] for row in await cards.select_cards(connection, wanted)} if wanted else {}
    return {row["ticket_id"]: row["card"] or later.get(row["booking_id"]) for row in rows}


def _where(ticket: Ticket, windows: Mapping[str, WindowDay]) -> WindowDay | None:
    """Where to go: where it is, else the only window that may call it."""
    known = windows.get(ticket.at_window or ticket.bound_to or "")
    if known is not None:
        return known
    of_department = [each for each in windows.values() if each.department_id == ticket.department_id]
    return of_department[0] if len(of_department) == 1 else None


def _waits(ticket: Ticket, sealed: bytes | None, vault: Vault, window_id: str) -> views.Waits:
    visitor = visitor_of(sealed, vault)
    return views.Waits(
        ticket_id=str(ticket.ticket_id),
        number=ticket.number,
        state=ticket.state,
        source=ticket.source,
        surname=visitor.surname,
        document_last4=visitor.document_last4,
        matter_ids=list(ticket.matter_ids),
        persons=ticket.persons,
        priority=ticket.priority,
        booked_for=ticket.booked_for,
        arrived_at=ticket.arrived_at,
        misses=ticket.misses,
        behind=ticket.behind,
        bound=ticket.bound_to == window_id,
    )


def _at_window(ticket: Ticket, sealed: bytes | None, vault: Vault) -> views.AtWindow:
    return views.AtWindow(
        ticket_id=str(ticket.ticket_id),
        number=ticket.number,
        token=ticket.token,
        state=ticket.state,
        source=ticket.source,
        visitor=visitor_of(sealed, vault),
        matter_ids=list(ticket.matter_ids),
        persons=ticket.persons,
        priority=ticket.priority,
        booked_for=ticket.booked_for,
        arrived_at=ticket.arrived_at,
        called_at=ticket.called_at,
        started_at=ticket.started_at,
        calls=ticket.calls,
        misses=ticket.misses,
        received_by=ticket.received_by,
    )


async def _expected(  # noqa: PLR0913, PLR0917  (what the estimate needs)
    connection: Connection,
    ticket: Ticket,
    window: WindowDay | None,
    present: Sequence[Present],
    before: int,
    row: asyncpg.Record,
) -> Range | None:
    if window is None:
        return None
    serving = next((each.ticket for each in present if _is_at(each.ticket, window)), None)
    return expected(
        row["now"],
        before=before,
        windows=1 if window.state == "open" else 0,
        service_seconds=await tickets.select_service_seconds(connection, ticket.session_id, window.window_id),
        serving_since=serving.started_at if serving else None,
        booked_for=ticket.booked_for,
    )


def _line(
    ticket: Ticket, window: WindowDay | None, present: Sequence[Present], row: asyncpg.Record
) -> list[views.LinePlace]:
    """Who is at the window, and those before the visitor, who come last."""
    if window is None or ticket.state != "waiting":
        return []
    at = [each.ticket for each in present if _is_at(each.ticket, window)]
    by_id = {each.ticket.ticket_id: each.ticket for each in present}
    order = line([each.waiting() for each in queue_of(present, window)], row["now"])
    if ticket.ticket_id not in order:
        return []
    ahead = order[: order.index(ticket.ticket_id)]
    shown = [*at, *(by_id[each] for each in ahead[-(LINE - 2) :]), ticket]
    return [
        views.LinePlace(number=each.number, state=each.state, mine=each.ticket_id == ticket.ticket_id) for each in shown
    ]


async def closing(connection: Connection, session_id: str) -> views.ClosingView:
    """The end of a session's day. Raises SessionUnknown."""
    row = await _session(connection, session_id)
    needed = {each["window_id"] for each in await closings.select_unconfirmed(connection, session_id)}
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
                window_version=last["step_id"] if last else 0,
                figures=await _figures(connection, session_id, each["window_id"]),
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
