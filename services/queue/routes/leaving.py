"""When a director leaves, and what directors do beyond a visitor: choices, promises, findings and decisions."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from services.queue.commands import findings, leaving
from services.queue.commands.day import Day
from services.queue.domain import requests, views
from services.queue.domain.windows import WindowDay
from services.queue.queries import desk as desk_now
from services.queue.queries import promises as promises_now
from services.queue.queries import visitor
from services.queue.routes.parts import (
    OfferedKey,
    Running,
    SessionId,
    WindowId,
    settings_of,
    staff,
    vault_of,
)
from services.queue.routes.permissions import HELP_VISITOR, SERVE
from shared import database
from shared.access import permit
from shared.application import Runtime
from shared.audit.recording import audited, record

router = staff()


@router.post("/sessions/{session_id}/tickets/{ticket_id}/choice", dependencies=[permit(HELP_VISITOR)])
async def choose_for(
    running: Running, session_id: SessionId, ticket_id: UUID, body: requests.Choose
) -> views.StatusView:
    """What a visitor chose who has no phone, told to the counter or the window."""
    action = "ticket.choice_told"
    async with audited(running.pool, action, "ticket", ticket_id, session=session_id, choice=body.choice) as act:
        day = await Day.lock(act.connection, session_id, running.settings.zone)
        ticket = await leaving.choose(day, await day.ticket(ticket_id), body, vault_of(running))
        chosen = await visitor.status(act.connection, ticket.token)
    running.published()
    return chosen


@router.post("/sessions/{session_id}/tickets/{ticket_id}/first-place", dependencies=[permit(HELP_VISITOR)])
async def give_first_place(
    running: Running, session_id: SessionId, ticket_id: UUID, body: requests.FirstPlace
) -> views.TicketView:
    """Keep a promise of the first place that the old ticket's number and date prove, where no document does."""
    async with audited(running.pool, "ticket.given_first_place", "ticket", ticket_id, session=session_id) as act:
        day = await Day.lock(act.connection, session_id, running.settings.zone)
        ticket = await leaving.give_first_place(day, await day.ticket(ticket_id), body)
        shown = await visitor.ticket_view(act.connection, ticket)
    running.published()
    return shown


@router.get("/sessions/{session_id}/windows/{window_id}/promises", dependencies=[permit(SERVE)])
async def promises(running: Running, session_id: SessionId, window_id: WindowId) -> views.PromisesView:
    """What the window's department has promised, of whichever session: open first, then what was kept lately."""
    async with database.transaction(running.pool) as connection:
        found = await _promises(running, connection, session_id, window_id)
        if any(each.name or each.phone for each in found.items):  # whole, for whoever calls
            await record(connection, "promises.read", "window", window_id, session=session_id)
        return found


@router.post("/sessions/{session_id}/windows/{window_id}/promises/{promise_id}/kept", dependencies=[permit(SERVE)])
async def keep_promise(
    running: Running, session_id: SessionId, window_id: WindowId, promise_id: UUID, body: requests.KeptPromise
) -> views.PromisesView:
    """The director has called about a written issue; also once that day is closed."""
    action = "promise.kept"
    async with audited(running.pool, action, "promise", promise_id, session=session_id, window=window_id) as act:
        day = await Day.lock(act.connection, session_id, running.settings.zone, closed=True)
        await leaving.keep_issue(day, await day.window(window_id), promise_id, body, vault_of(running))
        shown = await _promises(running, act.connection, session_id, window_id)
    running.published()
    return shown


async def _promises(
    running: Runtime, connection: database.Connection, session_id: str, window_id: str
) -> views.PromisesView:
    return await promises_now.promises(connection, session_id, window_id, vault_of(running), running.settings.zone)


@router.post("/sessions/{session_id}/windows/{window_id}/findings", status_code=201, dependencies=[permit(SERVE)])
async def note_finding(
    running: Running, session_id: SessionId, window_id: WindowId, body: requests.NoteFinding, key: OfferedKey
) -> views.DeskView:
    """What hurts, found without a visitor. With an `Idempotency-Key` it is kept once, sent ever so often."""
    return await _beyond(
        running, session_id, window_id, "noted", lambda d, w: findings.note(d, w, body, key, vault_of(running))
    )


@router.post("/sessions/{session_id}/windows/{window_id}/decisions", status_code=201, dependencies=[permit(SERVE)])
async def make_decision(
    running: Running, session_id: SessionId, window_id: WindowId, body: requests.MakeDecision, key: OfferedKey
) -> views.DeskView:
    """A decision with its scope, and what it rests on. With an `Idempotency-Key` as above."""
    return await _beyond(
        running, session_id, window_id, "decided", lambda d, w: findings.decide(d, w, body, key, vault_of(running))
    )


async def _beyond(
    running: Runtime,
    session_id: str,
    window_id: str,
    verb: str,
    command: Callable[[Day, WindowDay], Awaitable[None]],
) -> views.DeskView:
    async with audited(running.pool, f"finding.{verb}", "window", window_id, session=session_id) as act:
        connection = act.connection
        day = await Day.lock(connection, session_id, running.settings.zone)
        await command(day, await day.window(window_id))
        shown = await desk_now.desk(
            connection, session_id, window_id, vault_of(running), undo_seconds=settings_of(running).undo_seconds
        )
    running.published()
    return shown
