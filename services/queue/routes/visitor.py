"""For anyone: the hall's screen, its live stream, and one's own ticket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.queue.commands import calls, leaving, wishes
from services.queue.commands.day import Day
from services.queue.domain import requests, views
from services.queue.domain.tickets import Ticket
from services.queue.live import Hub
from services.queue.queries import hall, visitor
from services.queue.routes.parts import Running, SessionId, Token, citizen, vault_of
from shared import database
from shared.access import address_of
from shared.application import Runtime
from shared.limits import network_of

router = citizen()


@router.get("/sessions/{session_id}/screen")
async def screen(running: Running, session_id: SessionId) -> views.ScreenView:
    """The hall's screen: the last calls, the newest first, without a name."""
    async with database.transaction(running.pool) as connection:
        return await hall.screen(connection, session_id)


async def _present_changes(request: Request, running: Running, session_id: SessionId) -> AsyncIterator[int]:
    """The session's count before a stream of it begins; its place is kept until the stream has ended.

    Raises SessionUnknown or StreamsExhausted.
    """
    hub: Hub = running.parts["hub"]
    with hub.room(network_of(address_of(request))):
        async with database.transaction(running.pool) as connection:
            changes = (await hall.screen(connection, session_id)).version
        yield changes


@router.get("/sessions/{session_id}/stream", response_class=EventSourceResponse)
async def stream(
    running: Running, session_id: SessionId, changes: Annotated[int, Depends(_present_changes)]
) -> AsyncIterator[ServerSentEvent]:
    """A small event `changed` whenever something happened in the hall; its id is the session's count."""
    hub: Hub = running.parts["hub"]
    async for event in hub.stream(session_id, changes):
        yield event


@router.get("/tickets/{token}")
async def status(running: Running, token: Token) -> views.StatusView:
    """A visitor's own ticket, by its token."""
    async with database.transaction(running.pool) as connection:
        return await visitor.status(connection, token)


@router.post("/tickets/{token}/leave")
async def leave(running: Running, token: Token) -> views.StatusView:
    """The visitor goes: not today. Refused while a window has them."""
    return await _change(running, token, calls.leave)


@router.post("/tickets/{token}/wishes")
async def keep_wishes(running: Running, token: Token, body: requests.Wishes) -> views.StatusView:
    """What the visitor says of themselves: the last bus, being fetched, being away for a while."""
    return await _change(running, token, lambda day, ticket: wishes.keep_wishes(day, ticket, body))


@router.post("/tickets/{token}/choice")
async def choose(running: Running, token: Token, body: requests.Choose) -> views.StatusView:
    """The director is gone: stay, come first next time, or write it down and be called within three working days."""
    return await _change(running, token, lambda day, ticket: leaving.choose(day, ticket, body, vault_of(running)))


async def _change(
    running: Runtime, token: str, command: Callable[[Day, Ticket], Awaitable[Ticket | None]]
) -> views.StatusView:
    """Change a visitor's own ticket; as it is afterwards."""
    async with database.transaction(running.pool) as connection:
        day, ticket = await Day.lock_of(connection, token, running.settings.zone)
        await command(day, ticket)
        changed = await visitor.status(connection, token)
    running.published()
    return changed
