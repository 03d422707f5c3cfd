"""Joint reviews and frontline supervisions: their agenda, attendance and decisions, and the papers of both."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.cases.commands import meetings as commands
from services.cases.domain import meetings as domain
from services.cases.domain.meetings import MeetingView
from services.cases.domain.reach import Reach
from services.cases.office import venues
from services.cases.papers.press import Kind, Language, Press, lay_out
from services.cases.queries import meetings
from services.cases.routes.parts import Asking, Running, cards, office
from services.cases.routes.permissions import RUN_MEETING, SEE_MEETINGS
from shared import database
from shared.access import permit
from shared.application import Runtime
from shared.audit.recording import audited

router = APIRouter(prefix="/api/cases/v1/staff/meetings", tags=["staff"])

SessionId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Pdf(Response):
    """A document to print."""

    media_type = "application/pdf"


@router.get("", dependencies=[permit(SEE_MEETINGS)])
async def listed(running: Running) -> domain.Meetings:
    """Those of the last months and to come."""
    async with database.transaction(running.pool) as connection:
        return await meetings.listed(connection, await cards(running, connection))


@router.get("/{session_id}", dependencies=[permit(SEE_MEETINGS)])
async def meeting(running: Running, request: Request, reach: Asking, session_id: SessionId) -> MeetingView:
    """One meeting; of its items those whose case one sees."""
    return await _meeting(running, request, reach, session_id)


async def _meeting(running: Runtime, request: Request, reach: Reach, session_id: str) -> MeetingView:
    runs = await RUN_MEETING.admits(request.state.principal, request)
    async with database.transaction(running.pool) as connection:
        drawing = await cards(running, connection)
        return await meetings.meeting(connection, reach, drawing, session_id, runs=runs)


@router.post("/{session_id}/acts", dependencies=[permit(RUN_MEETING)])
async def do(
    running: Running, request: Request, reach: Asking, session_id: SessionId, wish: domain.MeetingAct
) -> MeetingView:
    """Put on the agenda, keep who was there, decide, postpone, record the visit, close."""
    async with audited(running.pool, f"meeting.{wish.act}", "meeting", session_id) as act:
        await commands.do(await office(running, act.connection, "staff", reach), session_id, wish)
    running.published()
    return await _meeting(running, request, reach, session_id)


@router.get("/{session_id}/agenda.pdf", response_class=Pdf, dependencies=[permit(SEE_MEETINGS)])
async def agenda(
    running: Running, request: Request, reach: Asking, session_id: SessionId, language: Language = "zh"
) -> Response:
    """The agenda on A4."""
    return await _paper(running, request, reach, session_id, "agenda", language)


@router.get("/{session_id}/minutes.pdf", response_class=Pdf, dependencies=[permit(SEE_MEETINGS)])
async def minutes(
    running: Running,
    request: Request,
    reach: Asking,
    session_id: SessionId,
    language: Annotated[Language, Query()] = "zh",
) -> Response:
    """The minutes on A4, to be signed and filed; a draft until the meeting is closed."""
    return await _paper(running, request, reach, session_id, "minutes", language)


async def _paper(  # noqa: PLR0913, PLR0917  (what a paper is made of)
    running: Runtime, request: Request, reach: Reach, session_id: str, kind: Kind, language: Language
) -> Response:
    shown = await _meeting(running, request, reach, session_id)
    async with database.transaction(running.pool) as connection:
        there = (await venues(connection)).get(shown.venue_id)
    names = {
        each.department_id: each.name_zh if language == "zh" else each.name_en
        for each in (there.departments if there else ())
    }
    press: Press = running.parts["press"]
    made = await press.make(lay_out(shown, kind, language, names, shown.date.isoformat()))
    async with audited(running.pool, f"meeting.{kind}_printed", "meeting", session_id):
        pass  # nothing changes: the row alone, in a transaction that may write
    name = f"{kind}-{shown.date.isoformat()}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return Pdf(made, headers=headers)
