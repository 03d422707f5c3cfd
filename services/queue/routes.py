"""The queue's HTTP API: thin. A route parses, opens a transaction and calls one command or query.

Until sign-in (`shared.access`), whatever a counter, kiosk, window or director does is for staff. The hall's screen and
a visitor's own page, opened by the unguessable token of their ticket, are for anyone.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.queue import queries
from services.queue.commands import arrivals, calls, closings, windows
from services.queue.commands.day import Day
from services.queue.domain import problems, requests, views
from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay
from services.queue.live import Hub
from services.queue.settings import QueueSettings
from services.queue.sql import steps
from shared import database
from shared.access import Caller, allow
from shared.application import Runtime, runtime
from shared.privacy import Vault

citizen = APIRouter(prefix="/api/queue/v1", tags=["citizen"], dependencies=[allow(Caller.CITIZEN)])
staff = APIRouter(prefix="/api/queue/v1/staff", tags=["staff"], dependencies=[allow(Caller.STAFF)])
routers = (citizen, staff)

IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")

Running = Annotated[Runtime, Depends(runtime)]
SessionId = Annotated[str, Path(min_length=1, max_length=200)]
WindowId = Annotated[str, Path(min_length=1, max_length=200)]
Token = Annotated[str, Path(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Body = TypeVar("Body", bound=requests.AtVersion)


def _vault(running: Runtime) -> Vault:
    vault: Vault = running.parts["vault"]
    return vault


def _settings(running: Runtime) -> QueueSettings:
    settings = running.settings
    assert isinstance(settings, QueueSettings)  # noqa: S101  (what app.py built it with)
    return settings


@citizen.get("/sessions/{session_id}/screen")
async def screen(running: Running, session_id: SessionId) -> views.ScreenView:
    """The hall's screen: the last calls, the newest first, without a name."""
    async with database.transaction(running.pool) as connection:
        return await queries.screen(connection, session_id)


async def _present_changes(running: Running, session_id: SessionId) -> int:
    """The session's count before a stream of it begins. Raises SessionUnknown or StreamsExhausted."""
    hub: Hub = running.parts["hub"]
    hub.check_room()
    async with database.transaction(running.pool) as connection:
        return (await queries.screen(connection, session_id)).version


@citizen.get("/sessions/{session_id}/stream", response_class=EventSourceResponse)
async def stream(
    running: Running, session_id: SessionId, changes: Annotated[int, Depends(_present_changes)]
) -> AsyncIterator[ServerSentEvent]:
    """A small event `changed` whenever something happened in the hall; its id is the session's count."""
    hub: Hub = running.parts["hub"]
    async for event in hub.stream(session_id, changes):
        yield event


@citizen.get("/tickets/{token}")
async def status(running: Running, token: Token) -> views.StatusView:
    """A visitor's own ticket, by its token."""
    async with database.transaction(running.pool) as connection:
        return await queries.status(connection, token)


@citizen.post("/tickets/{token}/leave")
async def leave(running: Running, token: Token) -> views.StatusView:
    """The visitor goes: not today. Refused while a window has them."""
    async with database.transaction(running.pool) as connection:
        shown = await queries.status(connection, token)
        day = await Day.lock(connection, shown.session_id, running.settings.zone)
        ticket = await day.ticket_of(token)
        await calls.leave(day, ticket)
        left = await queries.status(connection, token)
    running.published()
    return left


@staff.get("/today")
async def today(running: Running) -> views.TodayView:
    """The sessions that are held today."""
    async with database.transaction(running.pool) as connection:
        return await queries.today(connection, running.settings.zone)


@staff.get("/sessions/{session_id}")
async def hall(running: Running, session_id: SessionId) -> views.HallView:
    """All windows of a session, and what was done so far."""
    async with database.transaction(running.pool) as connection:
        return await queries.hall(connection, session_id)


@staff.post("/sessions/{session_id}/check-ins", status_code=201)
async def check_in(running: Running, session_id: SessionId, body: requests.CheckIn) -> views.TicketView:
    """Somebody with a booking is here. Checked in twice, it is the same ticket."""
    return await _arrive(running, session_id, lambda day: arrivals.check_in(day, body, _vault(running)))


@staff.post("/sessions/{session_id}/walk-ins", status_code=201)
async def walk_in(
    running: Running,
    session_id: SessionId,
    body: requests.WalkIn,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> views.TicketView:
    """Somebody without a booking takes a ticket. Sent again with the same key, it is the same ticket."""
    if idempotency_key is None or not IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise problems.IdempotencyKeyMissing
    return await _arrive(running, session_id, lambda day: arrivals.walk_in(day, body, idempotency_key, _vault(running)))


async def _arrive(
    running: Runtime, session_id: str, command: Callable[[Day], Awaitable[arrivals.Arrived]]
) -> views.TicketView:
    async with database.transaction(running.pool) as connection:
        day = await Day.lock(connection, session_id, running.settings.zone, check_in=True)
        arrived = await command(day)
        shown = await queries.ticket_view(connection, arrived.ticket)
    running.published()
    return shown


@staff.get("/sessions/{session_id}/tickets/{ticket_id}/notice")
async def notice(running: Running, session_id: SessionId, ticket_id: UUID) -> views.NoticeView:
    """What is printed for the visitor: of each matter what came of it and what was said, all of it."""
    async with database.transaction(running.pool) as connection:
        return await queries.notice(connection, session_id, ticket_id, _vault(running))


@staff.get("/sessions/{session_id}/windows/{window_id}")
async def desk(running: Running, session_id: SessionId, window_id: WindowId) -> views.DeskView:
    """A window with its queue."""
    async with database.transaction(running.pool) as connection:
        return await _desk(running, connection, session_id, window_id)


async def _desk(running: Runtime, connection: database.Connection, session_id: str, window_id: str) -> views.DeskView:
    undo_seconds = _settings(running).undo_seconds
    return await queries.desk(connection, session_id, window_id, _vault(running), undo_seconds=undo_seconds)


Verb = Callable[[Day, WindowDay, Any, Runtime], Awaitable[Ticket | WindowDay | None]]


async def _do(
    running: Runtime, session_id: str, window_id: str, body: requests.AtVersion, verb: Verb
) -> views.DeskView:
    """Do something at a window that is as the page showed it; the window afterwards. Raises WindowMovedOn."""
    async with database.transaction(running.pool) as connection:
        day = await Day.lock(connection, session_id, running.settings.zone)
        window = await day.window(window_id)
        last = await steps.select_last(connection, session_id, window_id)
        if body.version != (last["step_id"] if last else 0):
            raise problems.WindowMovedOn
        await verb(day, window, body, running)
        shown = await _desk(running, connection, session_id, window_id)
    running.published()
    return shown


def _offer(name: str, body: type[Body], verb: Verb, summary: str) -> None:
    """A route for one verb: all of them are alike but for their body."""

    async def route(running: Running, session_id: SessionId, window_id: WindowId, wish: body) -> views.DeskView:  # type: ignore[valid-type]
        return await _do(running, session_id, window_id, wish, verb)

    route.__doc__ = summary
    route.__name__ = name.replace("-", "_")
    staff.post(f"/sessions/{{session_id}}/windows/{{window_id}}/{name}")(route)


_offer("open", requests.AtVersion, lambda d, w, _b, _r: windows.open_window(d, w), "Receive.")
_offer("pause", requests.Pause, lambda d, w, b, _r: windows.pause(d, w, b), "Stop calling for a while.")
_offer("close", requests.AtVersion, lambda d, w, _b, _r: windows.close(d, w), "Receive nobody any more.")
_offer("attend", requests.Attend, lambda d, w, b, _r: windows.attend(d, w, b), "The official came, or is called away.")
_offer("call-next", requests.AtVersion, lambda d, w, _b, _r: calls.call_next(d, w), "Call whoever is next.")
_offer("call", requests.OfTicket, lambda d, w, b, _r: calls.call(d, w, b.ticket_id), "Call a particular ticket.")
_offer("recall", requests.AtVersion, lambda d, w, _b, _r: calls.recall(d, w), "Call once more.")
_offer("unanswered", requests.AtVersion, lambda d, w, _b, _r: calls.unanswered(d, w), "Nobody came.")
_offer("start", requests.AtVersion, lambda d, w, _b, _r: calls.start(d, w), "Receive whoever was called.")
_offer("hold", requests.AtVersion, lambda d, w, _b, _r: calls.hold(d, w), "Interrupt.")
_offer("resume", requests.OfTicket, lambda d, w, b, _r: calls.resume(d, w, b.ticket_id), "Go on with one held here.")
_offer("transfer", requests.Transfer, lambda d, w, b, _r: calls.transfer(d, w, b), "To another window or department.")
_offer("finish", requests.Finish, lambda d, w, b, r: calls.finish(d, w, b, _vault(r)), "An outcome for each matter.")
_offer(
    "undo",
    requests.AtVersion,
    lambda d, w, _b, r: calls.undo(d, w, _settings(r).undo_seconds),
    "Take the last step back.",
)
_offer("confirm", requests.Confirm, lambda d, w, b, _r: closings.confirm(d, w, b), "Confirm what was recorded today.")


@staff.get("/sessions/{session_id}/closing")
async def closing(running: Running, session_id: SessionId) -> views.ClosingView:
    """The end of the day: what is still to be done, and what was signed."""
    async with database.transaction(running.pool) as connection:
        return await queries.closing(connection, session_id)


@staff.post("/sessions/{session_id}/closing", status_code=201)
async def sign(running: Running, session_id: SessionId, body: requests.Sign) -> views.ClosingView:
    """Close the day, once every window has confirmed and every ticket has an end."""
    return await _close(running, session_id, lambda day: closings.sign(day, body))


@staff.post("/sessions/{session_id}/tickets/{ticket_id}/close")
async def close_ticket(
    running: Running, session_id: SessionId, ticket_id: UUID, body: requests.CloseTicket
) -> views.ClosingView:
    """End a ticket without an outcome, with a reason."""

    async def command(day: Day) -> None:
        await closings.close_ticket(day, await day.ticket(ticket_id), body.reason)

    return await _close(running, session_id, command)


@staff.post("/sessions/{session_id}/tickets/{ticket_id}/corrections", status_code=201)
async def correct(
    running: Running, session_id: SessionId, ticket_id: UUID, body: requests.Correction
) -> views.ClosingView:
    """Put a finished visit of a signed day right: a new version of its closing, with the reason."""

    async def command(day: Day) -> None:
        await closings.correct(day, await day.ticket(ticket_id), body, _vault(running))

    return await _close(running, session_id, command, closed=True)


@staff.post("/sessions/{session_id}/paper-visits", status_code=201)
async def enter_paper_visit(running: Running, session_id: SessionId, body: requests.PaperVisit) -> views.ClosingView:
    """Enter a visit of an outage afterwards, with its true times."""

    async def command(day: Day) -> None:
        await closings.enter_paper_visit(day, body, _vault(running))

    return await _close(running, session_id, command)


async def _close(
    running: Runtime, session_id: str, command: Callable[[Day], Awaitable[None]], *, closed: bool = False
) -> views.ClosingView:
    async with database.transaction(running.pool) as connection:
        day = await Day.lock(connection, session_id, running.settings.zone, closed=closed)
        await command(day)
        shown = await queries.closing(connection, session_id)
    running.published()
    return shown
