"""The windows: what each sees of its queue, and a route for each verb."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from services.queue.commands import calls, closings, windows
from services.queue.commands.day import Day
from services.queue.domain import problems, requests, views
from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay
from services.queue.queries import desk as desk_now
from services.queue.routes.parts import Running, SessionId, WindowId, settings_of, staff, vault_of
from services.queue.routes.permissions import ATTEND, SERVE
from services.queue.sql import steps
from shared import database
from shared.access import Permission, permit
from shared.application import Runtime
from shared.audit.recording import audited

router = staff()

Body = TypeVar("Body", bound=requests.AtVersion)


@router.get("/sessions/{session_id}/windows/{window_id}", dependencies=[permit(ATTEND)])
async def desk(running: Running, session_id: SessionId, window_id: WindowId) -> views.DeskView:
    """A window with its queue."""
    async with database.transaction(running.pool) as connection:
        return await _desk(running, connection, session_id, window_id)


async def _desk(running: Runtime, connection: database.Connection, session_id: str, window_id: str) -> views.DeskView:
    undo_seconds = settings_of(running).undo_seconds
    return await desk_now.desk(connection, session_id, window_id, vault_of(running), undo_seconds=undo_seconds)


CODES = {"attendance", "substitute_id", "window_id", "department_id"}
"""What stands in the audit of a verb's body: ids and codes, and of `window_id` where somebody is sent to."""

Verb = Callable[[Day, WindowDay, Any, Runtime], Awaitable[Ticket | WindowDay | None]]


async def _do(  # noqa: PLR0913, PLR0917  (what a verb is made of)
    running: Runtime, session_id: str, window_id: str, body: requests.AtVersion, name: str, verb: Verb
) -> views.DeskView:
    """Do something at a window that is as the page showed it; the window afterwards. Raises WindowMovedOn."""
    action = f"window.{name.replace('-', '_')}"
    async with audited(running.pool, action, "window", window_id, session=session_id) as act:
        connection = act.connection
        day = await Day.lock(connection, session_id, running.settings.zone)
        window = await day.window(window_id)
        last = await steps.select_last(connection, session_id, window_id)
        if body.version != (last["step_id"] if last else 0):
            raise problems.WindowMovedOn
        done = await verb(day, window, body, running)
        if isinstance(done, Ticket):
            act.about("ticket", done.ticket_id)
            act.note(window=window_id)
        act.note(**body.model_dump(include=CODES))
        shown = await _desk(running, connection, session_id, window_id)
    running.published()
    return shown


def _offer(name: str, body: type[Body], verb: Verb, summary: str, permission: Permission = SERVE) -> None:
    """A route for one verb: all of them are alike but for their body and who may."""

    async def route(running: Running, session_id: SessionId, window_id: WindowId, wish: body) -> views.DeskView:  # type: ignore[valid-type]
        return await _do(running, session_id, window_id, wish, name, verb)

    route.__doc__ = summary
    route.__name__ = name.replace("-", "_")
    router.post(f"/sessions/{{session_id}}/windows/{{window_id}}/{name}", dependencies=[permit(permission)])(route)


_offer("open", requests.AtVersion, lambda d, w, _b, _r: windows.open_window(d, w), "Receive.", ATTEND)
_offer("pause", requests.Pause, lambda d, w, b, _r: windows.pause(d, w, b), "Stop calling for a while.", ATTEND)
_offer("close", requests.AtVersion, lambda d, w, _b, _r: windows.close(d, w), "Receive nobody any more.", ATTEND)
_offer(
    "attend",
    requests.Attend,
    lambda d, w, b, _r: windows.attend(d, w, b),
    "The official came, or is called away.",
    ATTEND,
)
_offer("call-next", requests.AtVersion, lambda d, w, _b, _r: calls.call_next(d, w), "Call whoever is next.")
_offer("call", requests.OfTicket, lambda d, w, b, _r: calls.call(d, w, b.ticket_id), "Call a particular ticket.")
_offer("recall", requests.AtVersion, lambda d, w, _b, _r: calls.recall(d, w), "Call once more.")
_offer("unanswered", requests.AtVersion, lambda d, w, _b, _r: calls.unanswered(d, w), "Nobody came.")
_offer("start", requests.AtVersion, lambda d, w, _b, _r: calls.start(d, w), "Receive whoever was called.")
_offer("hold", requests.AtVersion, lambda d, w, _b, _r: calls.hold(d, w), "Interrupt.")
_offer("resume", requests.OfTicket, lambda d, w, b, _r: calls.resume(d, w, b.ticket_id), "Go on with one held here.")
_offer("transfer", requests.Transfer, lambda d, w, b, _r: calls.transfer(d, w, b), "To another window or department.")
_offer("finish", requests.Finish, lambda d, w, b, r: calls.finish(d, w, b, vault_of(r)), "An outcome for each matter.")
_offer(
    "undo",
    requests.AtVersion,
    lambda d, w, _b, r: calls.undo(d, w, settings_of(r).undo_seconds),
    "Take the last step back.",
    ATTEND,
)
_offer("confirm", requests.Confirm, lambda d, w, b, _r: closings.confirm(d, w, b), "Confirm what was recorded today.")
