"""What a window does with tickets: call, recall, start, hold, transfer, finish, and taking the last of it back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.queue.commands.day import SNAPSHOT, Day
from services.queue.commands.results import keep_outcomes, keep_remarks
from services.queue.domain import problems, requests, tickets
from services.queue.domain.lines import Present, at_window, queue_of
from services.queue.domain.order import next_ticket
from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay
from services.queue.sql import steps
from services.queue.sql import tickets as sql
from shared.events import queue as events
from shared.privacy import Vault


async def call_next(day: Day, window: WindowDay) -> Ticket:
    """Call whoever is next. Raises WindowNotOpen, WindowBusy or NobodyWaits."""
    present = await day.present()
    _check_free(present, window)
    if window.state != "open":
        raise problems.WindowNotOpen
    queue = queue_of(present, window)
    chosen = next_ticket([each.waiting() for each in queue], day.now)
    if chosen is None:
        raise problems.NobodyWaits
    (found,) = [each.ticket for each in queue if each.ticket.ticket_id == chosen.ticket_id]
    await sql.count_overtaken(day.connection, chosen.overtaken, 1)
    return await _call(day, window, found, queue, "call_next", chosen.overtaken)


async def call(day: Day, window: WindowDay, ticket_id: UUID) -> Ticket:
    """Call a particular ticket: one that waits, is held, or was closed for not answering.

    Raises WindowNotOpen, WindowBusy, TicketUnknown, TicketMovedOn or PersonElsewhere.
    """
    present = await day.present()
    _check_free(present, window)
    if window.state != "open":
        raise problems.WindowNotOpen
    ticket = await day.ticket(ticket_id)
    if ticket.department_id != window.department_id:
        raise problems.TicketMovedOn
    if any(each.elsewhere for each in present if each.ticket.ticket_id == ticket_id):
        raise problems.PersonElsewhere
    return await _call(day, window, ticket, queue_of(present, window), "call", ())


async def _call(  # noqa: PLR0913, PLR0917  (what a call is made of)
    day: Day, window: WindowDay, ticket: Ticket, queue: Sequence[Present], verb: str, overtaken: Sequence[UUID]
) -> Ticket:
    lowered = [
        each.ticket.ticket_id for each in queue if each.ticket.behind and each.ticket.ticket_id != ticket.ticket_id
    ]
    await sql.lower_behind(day.connection, lowered, 1)
    saved = await day.save(tickets.called(ticket, window.window_id, day.now), events.VisitCalled)
    counted = {"overtaken": [str(each) for each in overtaken], "lowered": [str(each) for each in lowered]}
    await day.step(window.window_id, verb, before=ticket, after=saved, counted=json.dumps(counted))
    await day.end()
    return saved


async def recall(day: Day, window: WindowDay) -> Ticket:
    """Call the one at the window once more. Raises WindowIdle or TicketMovedOn."""
    ticket = await _at(day, window)
    return await _step(day, window, "recall", ticket, tickets.recalled(ticket, day.now), events.VisitCalled)


async def unanswered(day: Day, window: WindowDay) -> Ticket:
    """Nobody came: back behind two others, or closed after the third call. Raises WindowIdle or TicketMovedOn."""
    ticket = await _at(day, window)
    missed = tickets.unanswered(ticket)
    missed = replace(missed, bound_to=await day.binding(missed.bound_to, missed.department_id))
    return await _step(day, window, "unanswered", ticket, missed, events.VisitUnanswered)


async def start(day: Day, window: WindowDay) -> Ticket:
    """Receive whoever was called. Raises WindowIdle or TicketMovedOn."""
    ticket = await _at(day, window)
    begun = tickets.started(ticket, day.now, *window.received_by())
    return await _step(day, window, "start", ticket, begun, events.VisitStarted)


async def hold(day: Day, window: WindowDay) -> Ticket:
    """Interrupt the one at the window. Raises WindowIdle."""
    ticket = await _at(day, window)
    return await _step(day, window, "hold", ticket, tickets.held(ticket), events.VisitHeld)


async def resume(day: Day, window: WindowDay, ticket_id: UUID) -> Ticket:
    """Go on with one that was held here. Raises WindowBusy, WindowNotOpen, TicketUnknown or TicketMovedOn."""
    _check_free(await day.present(), window)
    if window.state == "closed":  # it may have confirmed what it did
        raise problems.WindowNotOpen
    ticket = await day.ticket(ticket_id)
    resumed = tickets.resumed(ticket, window.window_id, day.now)
    return await _step(day, window, "resume", ticket, resumed, events.VisitResumed)


async def transfer(day: Day, window: WindowDay, wish: requests.Transfer) -> Ticket:
    """Give the one at the window to another window or department.

    Raises WindowIdle; WindowUnknown, or WindowNotOpen where nobody would call them there any more.
    """
    ticket = await _at(day, window)
    windows = await day.windows()
    if wish.window_id is not None:
        target = windows.get(wish.window_id)
        if target is None or target.window_id == window.window_id:
            raise problems.WindowUnknown
        receiving, department_id = target.state != "closed", target.department_id
    else:
        department_id = wish.department_id or ""
        of_department = [each for each in windows.values() if each.department_id == department_id]
        if not of_department:
            raise problems.WindowUnknown
        receiving = any(each.state != "closed" for each in of_department)
    if not receiving:
        raise problems.WindowNotOpen
    moved = tickets.transferred(ticket, department_id, wish.window_id)
    return await _step(day, window, "transfer", ticket, moved, events.VisitTransferred)


async def finish(day: Day, window: WindowDay, wish: requests.Finish, vault: Vault) -> Ticket:
    """End the visit at the window: an outcome for each matter, and what was found besides.

    Raises WindowIdle, TicketMovedOn where it was never started, or OutcomeMissing.
    """
    ticket = await _at(day, window)
    done = tickets.finished(ticket, day.now, tuple(each.matter_id for each in wish.outcomes))
    outcomes = await keep_outcomes(day, ticket, wish.outcomes, vault)
    remarks = await keep_remarks(day, ticket, window.window_id, wish, vault)
    saved = await day.save(done, events.VisitFinished, outcomes, remarks)
    await day.step(window.window_id, "finish", before=ticket, after=saved)
    await day.end()
    return saved


async def leave(day: Day, ticket: Ticket) -> Ticket:
    """The visitor goes without an outcome, by their own word. Raises TicketMovedOn once they are at a window."""
    if ticket.is_at_a_window:
        raise problems.TicketMovedOn
    saved = await day.save(tickets.closed(ticket, "left"), events.VisitClosed)
    await day.end()
    return saved


async def undo(day: Day, window: WindowDay, undo_seconds: int) -> Ticket:
    """Take the window's last verb back. Raises NothingToUndo once it is too long ago or the ticket has moved on."""
    last = await steps.select_last(day.connection, day.session_id, window.window_id)
    if (
        last is None
        or last["verb"] not in tickets.UNDOABLE
        or last["undone"]
        or day.now - last["taken_at"] > timedelta(seconds=undo_seconds)
    ):
        raise problems.NothingToUndo
    ticket = await day.ticket(last["ticket_id"])
    if ticket.version != last["ticket_version"]:
        raise problems.NothingToUndo
    before = SNAPSHOT.validate_json(last["before"])
    # What others did meanwhile, and what was told, stays: only the window's own verb is taken back.
    before = replace(before, near=before.near or ticket.near, overtaken=ticket.overtaken, away_until=ticket.away_until)
    before = replace(before, bound_to=await day.binding(before.bound_to, before.department_id))
    counted = json.loads(last["counted"])
    await sql.count_overtaken(day.connection, [UUID(each) for each in counted.get("overtaken", ())], -1)
    await sql.lower_behind(day.connection, [UUID(each) for each in counted.get("lowered", ())], -1)
    if last["verb"] == "finish":
        await sql.delete_results(day.connection, ticket.ticket_id)
    saved = await day.save(before, events.VisitUndone)
    await steps.mark_undone(day.connection, last["step_id"])
    await day.step(window.window_id, "undo", before=ticket, after=saved)
    await day.end()
    return saved


async def _step(  # noqa: PLR0913, PLR0917  (what a step is made of)
    day: Day, window: WindowDay, verb: str, before: Ticket, after: Ticket, event: type[events.VisitEvent]
) -> Ticket:
    saved = await day.save(after, event)
    await day.step(window.window_id, verb, before=before, after=saved)
    await day.end()
    return saved


async def _at(day: Day, window: WindowDay) -> Ticket:
    """Whom the window has. Raises WindowIdle."""
    ticket = at_window(await day.present(), window.window_id)
    if ticket is None:
        raise problems.WindowIdle
    return ticket


def _check_free(present: Sequence[Present], window: WindowDay) -> None:
    if at_window(present, window.window_id) is not None:
        raise problems.WindowBusy
