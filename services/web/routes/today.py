"""Where the day's pages are found, who comes in a large group, and the notice that is printed for a visitor."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Response

from services.web import day
from services.web.addresses import Id
from services.web.pages import OpenPage, Page
from services.web.permissions import HELP_VISITOR, SEE_TODAY, WORK_AT_COUNTER
from services.web.queries import or_none
from services.web.refusals import REFUSALS
from services.web.routes.posted import Posted, PostedForm
from shared.access import permit

router = APIRouter(include_in_schema=False)


@router.get("/staff/today", dependencies=[permit(SEE_TODAY)])
async def today(page: Page = OpenPage) -> Response:
    """The sessions of today with all windows."""
    found, departments = await asyncio.gather(page.queries.today(), or_none(page.queries.departments()))
    # Of a session with a window that is not closed nothing is signed, so it need not be asked.
    idle = [one for one in found.items if all(each.state == "closed" for each in one.windows)]
    halls = await asyncio.gather(*(page.queries.hall_or_none(one.session_id) for one in idle))
    signed = {one.session_id for one, hall in zip(idle, halls, strict=True) if hall and hall.is_signed}
    names = {each.department_id: page.language.of(each, "name") for each in departments.items} if departments else {}
    return page.show("staff/today.html", today=found, names=names, signed=signed, day=day)


@router.post("/staff/sessions/{session_id}/tickets/{ticket_id}/room", dependencies=[permit(WORK_AT_COUNTER)])
async def room(session_id: Id, ticket_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Keep which room a group was given; nothing takes it back."""
    if not posted.is_fresh:
        return page.tell(REFUSALS["form_expired"], HTTPStatus.CONFLICT, code="form_expired")
    await page.commands.give_room(session_id, ticket_id, posted.get("room") or None)
    return page.go("/staff/today")


@router.get("/staff/sessions/{session_id}/tickets/{ticket_id}/notice", dependencies=[permit(HELP_VISITOR)])
async def notice(session_id: Id, ticket_id: Id, page: Page = OpenPage) -> Response:
    """Everything that was said of each matter, once and whole, for 80 mm and A4 paper."""
    found = await page.queries.notice(session_id, ticket_id)
    matters = await page.queries.matters_of(each.matter_id for each in found.outcomes)
    return page.show("staff/notice.html", personal=True, notice=found, matters=matters, day=day)
