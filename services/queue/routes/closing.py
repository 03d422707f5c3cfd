"""The end of the day, and what is put right or entered afterwards."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.queue.commands import closings
from services.queue.commands.day import Day
from services.queue.domain import closing_views, requests
from services.queue.domain.sheet import Kind, Language
from services.queue.queries import closing as closing_now
from services.queue.queries import sheet as sheet_now
from services.queue.routes.parts import OfferedKey, Running, SessionId, staff, vault_of
from services.queue.routes.permissions import MANAGE, REPORT, SEE_HALL, WORK_AT_COUNTER
from services.queue.sheets.press import Press
from shared import database
from shared.access import permit
from shared.application import Runtime
from shared.audit.recording import Act, audited

router = staff()

VISITS_MOST = 200
"""Of a day, in one answer."""


@router.get("/sessions/{session_id}/closing", dependencies=[permit(SEE_HALL)])
async def closing(running: Running, session_id: SessionId) -> closing_views.ClosingView:
    """The end of the day: what is still to be done, and what was signed."""
    async with database.transaction(running.pool) as connection:
        return await closing_now.closing(connection, session_id)


@router.post("/sessions/{session_id}/closing", status_code=201, dependencies=[permit(MANAGE)])
async def sign(running: Running, session_id: SessionId, body: requests.Sign) -> closing_views.ClosingView:
    """Close the day, once every window has confirmed and every ticket has an end."""
    act = audited(running.pool, "day.signed", "session", session_id)
    return await _close(running, session_id, act, lambda day: closings.sign(day, body))


@router.get("/sessions/{session_id}/visits", dependencies=[permit(REPORT)])
async def visits(
    running: Running,
    session_id: SessionId,
    after: Annotated[str, Query(pattern=r"^([A-Z]{1,2}[0-9]{3})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=VISITS_MOST)] = VISITS_MOST,
) -> closing_views.VisitsView:
    """The day's visits by number, from the first one after `after`; without anything of who came."""
    async with database.transaction(running.pool) as connection:
        return await closing_now.visits(connection, session_id, after, limit)


@router.get("/sessions/{session_id}/visits/{ticket_id}", dependencies=[permit(REPORT)])
async def visit(running: Running, session_id: SessionId, ticket_id: UUID) -> closing_views.VisitView:
    """One visit of the day, without anything of who came."""
    async with audited(running.pool, "visit.read", "ticket", ticket_id, session=session_id) as act:
        return await closing_now.visit(act.connection, session_id, ticket_id)


@router.post("/sessions/{session_id}/tickets/{ticket_id}/close", dependencies=[permit(MANAGE)])
async def close_ticket(
    running: Running, session_id: SessionId, ticket_id: UUID, body: requests.CloseTicket
) -> closing_views.ClosingView:
    """End a ticket without an outcome, with a reason."""

    async def command(day: Day) -> None:
        await closings.close_ticket(day, await day.ticket(ticket_id), body.reason)

    act = audited(running.pool, "ticket.closed", "ticket", ticket_id, session=session_id, reason=body.reason)
    return await _close(running, session_id, act, command)


@router.post("/sessions/{session_id}/tickets/{ticket_id}/corrections", status_code=201, dependencies=[permit(MANAGE)])
async def correct(
    running: Running, session_id: SessionId, ticket_id: UUID, body: requests.Correction
) -> closing_views.ClosingView:
    """Put a finished visit of a signed day right: a new version of its closing, with the reason."""

    async def command(day: Day) -> None:
        await closings.correct(day, await day.ticket(ticket_id), body, vault_of(running))

    act = audited(running.pool, "visit.corrected", "ticket", ticket_id, session=session_id)
    return await _close(running, session_id, act, command, closed=True)


@router.post("/sessions/{session_id}/paper-visits", status_code=201, dependencies=[permit(WORK_AT_COUNTER)])
async def enter_paper_visit(
    running: Running, session_id: SessionId, body: requests.PaperVisit, key: OfferedKey
) -> closing_views.ClosingView:
    """Enter a visit of an outage afterwards, with its true times. With the same key again, it is the same visit."""
    audit = audited(running.pool, "visit.entered", "ticket", session=session_id, window=body.window_id)
    async with audit as act:
        day = await Day.lock(act.connection, session_id, running.settings.zone)
        act.about("ticket", (await closings.enter_paper_visit(day, body, key, vault_of(running))).ticket_id)
        shown = await closing_now.closing(act.connection, session_id)
    running.published()
    return shown


class Pdf(Response):
    """A document to print."""

    media_type = "application/pdf"


class Xlsx(Response):
    """A workbook."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/sessions/{session_id}/sheet.pdf", response_class=Pdf, dependencies=[permit(REPORT)])
async def sheet_to_print(running: Running, session_id: SessionId, language: Language = "zh") -> Response:
    """The day's sheet on A4, to be printed, signed and filed; a draft until the day is signed."""
    return await _sheet(running, session_id, "pdf", language, Pdf)


@router.get("/sessions/{session_id}/sheet.xlsx", response_class=Xlsx, dependencies=[permit(REPORT)])
async def sheet_to_reckon(running: Running, session_id: SessionId, language: Language = "zh") -> Response:
    """The day's sheet as a workbook."""
    return await _sheet(running, session_id, "xlsx", language, Xlsx)


async def _sheet(running: Runtime, session_id: str, kind: Kind, language: Language, file: type[Response]) -> Response:
    async with database.transaction(running.pool) as connection:
        read = await sheet_now.sheet(connection, session_id)
    press: Press = running.parts["press"]
    made = await press.make(read, kind, language)
    async with audited(running.pool, "sheet.exported", "session", session_id, kind=kind):
        pass  # nothing changes: the row alone, in a transaction that may write
    shown = "inline" if kind == "pdf" else "attachment"
    name = f"service-day-{read.date.isoformat()}.{kind}"
    return file(
        made, headers={"Content-Disposition": f'{shown}; filename="{name}"', "Cache-Control": "private, no-store"}
    )


async def _close(
    running: Runtime,
    session_id: str,
    audit: AbstractAsyncContextManager[Act],
    command: Callable[[Day], Awaitable[None]],
    *,
    closed: bool = False,
) -> closing_views.ClosingView:
    async with audit as act:
        day = await Day.lock(act.connection, session_id, running.settings.zone, closed=closed)
        await command(day)
        shown = await closing_now.closing(act.connection, session_id)
    running.published()
    return shown
