"""For anyone: the hall's screen, its live stream, and one's own ticket."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.queue.commands import calls, wishes
from services.queue.commands.day import Day
from services.queue.domain import requests, views
from services.queue.live import Hub
from services.queue.queries import hall, visitor
from services.queue.routes.parts import Running, SessionId, Token, citizen
from shared import database

router = citizen()


@router.get("/sessions/{session_id}/screen")
async def screen(running: Running, session_id: SessionId) -> views.ScreenView:
    """The hall's screen: the last calls, the newest first, without a name."""
    async with database.transaction(running.pool) as connection:
        return await hall.screen(connection, session_id)


async def _present_changes(running: Running, session_id: SessionId) -> AsyncIterator[int]:
    """The session's count before a stream of it begins; its place is kept until the stream has ended.

    Raises SessionUnknown or StreamsExhausted.
    """
    hub: Hub = running.parts["hub"]
    with hub.room():
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
    async with database.transaction(running.pool) as connection:
        shown = await visitor.status(connection, token)
        day = await Day.lock(connection, shown.session_id, running.settings.zone)
        ticket = await day.ticket_of(token)
        await calls.leave(day, ticket)
        left = await visitor.status(connection, token)
    running.published()
    return left


@router.post("/tickets/{token}/wishes")
async def keep_wishes(running: Running, token: Token, body: requests.Wishes) -> views.StatusView:
    """What the visitor says of themselves: the last bus, being fetched, being away for a while."""
    async with database.transaction(running.pool) as connection:
        shown = await visitor.status(connection, token)
        day = await Day.lock(connection, shown.session_id, running.settings.zone)
        await wishes.keep_wishes(day, await day.ticket_of(token), body)
        said = await visitor.status(connection, token)
    running.published()
    return said
