"""The hall and its counter: today's sessions, who comes in, and what is printed."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from fastapi import Request

from services.queue.commands import arrivals, wishes
from services.queue.commands.day import Day
from services.queue.domain import requests, views
from services.queue.queries import desk, visitor
from services.queue.queries import hall as hall_now
from services.queue.routes.parts import NeededKey, Running, SessionId, VenueId, staff, vault_of
from services.queue.routes.permissions import (
    HELP_VISITOR,
    RECEIVE,
    SEE_HALL,
    SEE_TODAY,
    SEE_VENUE_TODAY,
    WORK_AT_COUNTER,
)
from shared import database
from shared.access import AccessDenied, permit
from shared.application import Runtime
from shared.audit.recording import Act, audited

router = staff()


@router.get("/today", dependencies=[permit(SEE_TODAY)])
async def today(running: Running) -> views.TodayView:
    """The sessions that are held today."""
    async with database.transaction(running.pool) as connection:
        return await hall_now.today(connection, running.settings.zone)


@router.get("/venues/{venue_id}/today", dependencies=[permit(SEE_VENUE_TODAY)])
async def venue_today(running: Running, venue_id: VenueId) -> views.VenueToday:
    """The sessions that a venue holds today, by id alone: where its kiosks and screens find their page."""
    async with database.transaction(running.pool) as connection:
        return await hall_now.venue_today(connection, venue_id, running.settings.zone)


@router.get("/sessions/{session_id}", dependencies=[permit(SEE_HALL)])
async def hall(running: Running, session_id: SessionId) -> views.HallView:
    """All windows of a session, and what was done so far."""
    async with database.transaction(running.pool) as connection:
        return await hall_now.hall(connection, session_id)


@router.post("/sessions/{session_id}/check-ins", status_code=201, dependencies=[permit(RECEIVE)])
async def check_in(
    request: Request, running: Running, session_id: SessionId, body: requests.CheckIn
) -> views.CheckedInView:
    """Somebody with a booking is here. Checked in twice, it is the same ticket.

    By document a person gets a ticket for each of their bookings in this session, the others in `also`.
    """
    _require_counter(request, body.booking_id, body.persons, body.priority)
    how = "code" if body.code else "document" if body.document else "list"
    act = audited(running.pool, "ticket.checked_in", "ticket", session=session_id, how=how)
    return await _arrive(running, session_id, act, lambda day: arrivals.check_in(day, body, vault_of(running)))


@router.post("/sessions/{session_id}/walk-ins", status_code=201, dependencies=[permit(RECEIVE)])
async def walk_in(
    request: Request, running: Running, session_id: SessionId, body: requests.WalkIn, key: NeededKey
) -> views.CheckedInView:
    """Somebody without a booking takes a ticket. Sent again with the same key, it is the same ticket."""
    _require_counter(request, body.priority, body.delegation, body.name, body.persons > 1)
    act = audited(running.pool, "ticket.walked_in", "ticket", session=session_id)
    return await _arrive(running, session_id, act, lambda day: arrivals.walk_in(day, body, key, vault_of(running)))


def _require_counter(request: Request, *said: object) -> None:
    """What nobody says of themselves at a kiosk: priority, a delegation, a group, or who it is by the day's list.

    A kiosk stands in public, so its token is judged by what its page offers. Raises AccessDenied.
    """
    if request.state.principal.kind == "device" and any(said):
        raise AccessDenied


async def _arrive(
    running: Runtime,
    session_id: str,
    audit: AbstractAsyncContextManager[Act],
    command: Callable[[Day], Awaitable[arrivals.Arrived]],
) -> views.CheckedInView:
    async with audit as act:
        day = await Day.lock(act.connection, session_id, running.settings.zone, check_in=True)
        arrived = await command(day)
        act.about("ticket", arrived.ticket.ticket_id)
        act.note(also=[str(each.ticket_id) for each in arrived.also])
        shown = await visitor.checked_in_view(act.connection, arrived.ticket, arrived.also)
    running.published()
    return shown


@router.post("/sessions/{session_id}/tickets/{ticket_id}/room", dependencies=[permit(WORK_AT_COUNTER)])
async def room(running: Running, session_id: SessionId, ticket_id: UUID, body: requests.Room) -> views.TodayView:
    """Keep which room a group was given; the sessions of today afterwards."""
    async with audited(running.pool, "ticket.given_room", "ticket", ticket_id, session=session_id) as act:
        day = await Day.lock(act.connection, session_id, running.settings.zone)
        await wishes.give_room(day, await day.ticket(ticket_id), body)
        shown = await hall_now.today(act.connection, running.settings.zone)
    running.published()
    return shown


@router.get("/sessions/{session_id}/tickets/{ticket_id}/notice", dependencies=[permit(HELP_VISITOR)])
async def notice(running: Running, session_id: SessionId, ticket_id: UUID) -> views.NoticeView:
    """What is printed for the visitor: of each matter what came of it and what was said, all of it."""
    async with audited(running.pool, "ticket.notice_read", "ticket", ticket_id, session=session_id) as act:
        return await desk.notice(act.connection, session_id, ticket_id, vault_of(running))
