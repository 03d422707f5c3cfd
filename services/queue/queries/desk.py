"""What a window sees: its queue with who comes, and what it prints for a visitor."""

from datetime import datetime, timedelta
from uuid import UUID

from services.queue.domain import problems, views
from services.queue.domain.estimates import minutes_behind
from services.queue.domain.lines import at_window, queue_of
from services.queue.domain.order import line
from services.queue.domain.people import SAID_PURPOSE, visitor_of
from services.queue.domain.tickets import UNDOABLE, Row, Ticket
from services.queue.queries.hall import Hall, cards_of, wishes
from services.queue.sql import cards, findings, steps, tickets
from shared.database import Connection
from shared.privacy import Vault

FINDINGS = 50
"""Findings and decisions of a window that its desk shows; the figures count all."""


async def desk(
    connection: Connection, session_id: str, window_id: str, vault: Vault, *, undo_seconds: int
) -> views.DeskView:
    """A window with its queue. Raises SessionUnknown or WindowUnknown."""
    hall = await Hall.see(connection, session_id)
    window = hall.windows.get(window_id)
    if window is None:
        raise problems.WindowUnknown
    present = hall.present
    sealed = await cards_of(connection, hall.rows)
    waits = {
        each.ticket.ticket_id: _waits(
            each.ticket, visitor_of(sealed[each.ticket.ticket_id], vault), window_id, hall.now
        )
        for each in present
    }
    queue = [each.waiting() for each in queue_of(present, window)]
    order = line(queue, hall.now)
    mine = [each.ticket for each in present if each.ticket.at_window == window_id]
    at = at_window(present, window_id)
    last = await steps.select_last(connection, session_id, window_id)
    undo_until = _undo_until(last, hall.now, undo_seconds)
    return views.DeskView(
        session_id=session_id,
        date=hall.date,
        version=hall.changes,
        window_version=last["step_id"] if last else 0,
        now=hall.now,
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
        minutes_behind=minutes_behind(hall.now, queue),
        at=_at_window(at, visitor_of(sealed[at.ticket_id], vault), hall.now) if at else None,
        waiting=[waits[each] for each in order],
        held=[waits[each.ticket_id] for each in mine if each.state == "held"],
        unanswered=[
            waits[each.ticket.ticket_id]
            for each in present
            if each.ticket.state == "closed" and each.ticket.department_id == window.department_id
        ],
        expected=await cards.count_expected(connection, session_id, window_id),
        figures=await hall.figures(window_id),
        findings=await _findings(connection, session_id, window_id, vault),
        finished=await _last_finished(connection, session_id, window_id),
        undo=last["verb"] if last and undo_until else None,
        undo_until=undo_until,
    )


def _undo_until(last: Row | None, now: datetime, undo_seconds: int) -> datetime | None:
    """Until when the window's last verb can be taken back; None where it cannot (any more)."""
    if last is None or last["verb"] not in UNDOABLE or last["undone"]:
        return None
    until: datetime = last["taken_at"] + timedelta(seconds=undo_seconds)
    return until if now < until else None


async def _last_finished(connection: Connection, session_id: str, window_id: str) -> views.Finished | None:
    row = await tickets.select_last_finished(connection, session_id, window_id)
    return views.Finished(ticket_id=str(row["ticket_id"]), number=row["number"]) if row else None


async def notice(connection: Connection, session_id: str, ticket_id: UUID, vault: Vault) -> views.NoticeView:
    """The one-off notice of a visit. Raises SessionUnknown or TicketUnknown."""
    hall = await Hall.see(connection, session_id)
    found = await tickets.select_ticket(connection, session_id, ticket_id)
    if found is None:
        raise problems.TicketUnknown
    ticket = Ticket.of(found)
    window = hall.where(ticket)
    sealed = await cards_of(connection, [found])
    outcomes = await tickets.select_outcomes(connection, [ticket_id])
    return views.NoticeView(
        number=ticket.number,
        session_id=session_id,
        date=hall.date,
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


def _waits(ticket: Ticket, visitor: views.Visitor, window_id: str, now: datetime) -> views.Waits:
    return views.Waits(
        ticket_id=str(ticket.ticket_id),
        number=ticket.number,
        state=ticket.state,
        source=ticket.source,
        surname=visitor.surname,
        document_last4=visitor.document_last4,
        matter_ids=list(ticket.matter_ids),
        persons=ticket.persons,
        representatives=ticket.representatives,
        room=ticket.room,
        delegation=ticket.delegation,
        wishes=wishes(ticket, now),
        priority=ticket.priority,
        booked_for=ticket.booked_for,
        arrived_at=ticket.arrived_at,
        misses=ticket.misses,
        behind=ticket.behind,
        bound=ticket.bound_to == window_id,
        stays=ticket.stays,
        first_next=ticket.first_next,
    )


async def _findings(connection: Connection, session_id: str, window_id: str, vault: Vault) -> list[views.FindingView]:
    def opened(sealed: bytes | None) -> str | None:
        return vault.decrypt(sealed, SAID_PURPOSE) if sealed is not None else None

    return [
        views.FindingView(
            finding_id=str(row["finding_id"]),
            kind=row["kind"],
            settled=row["settled"],
            text=opened(row["text"]) or "",
            scope=opened(row["scope"]),
            basis=opened(row["basis"]),
            official_id=row["official_id"],
            noted_at=row["noted_at"],
        )
        for row in await findings.select_findings(connection, session_id, window_id, FINDINGS)
    ]


def _at_window(ticket: Ticket, visitor: views.Visitor, now: datetime) -> views.AtWindow:
    return views.AtWindow(
        ticket_id=str(ticket.ticket_id),
        number=ticket.number,
        token=ticket.token,
        state=ticket.state,
        source=ticket.source,
        visitor=visitor,
        matter_ids=list(ticket.matter_ids),
        persons=ticket.persons,
        representatives=ticket.representatives,
        room=ticket.room,
        delegation=ticket.delegation,
        wishes=wishes(ticket, now),
        priority=ticket.priority,
        booked_for=ticket.booked_for,
        arrived_at=ticket.arrived_at,
        called_at=ticket.called_at,
        started_at=ticket.started_at,
        calls=ticket.calls,
        misses=ticket.misses,
        received_by=ticket.received_by,
    )
