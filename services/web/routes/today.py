"""Where the day's pages are found, and the notice that is printed for a visitor."""

import asyncio

from fastapi import APIRouter, Response

from services.web import day
from services.web.addresses import Id
from services.web.pages import OpenPage, Page
from services.web.queries import or_none
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.STAFF)])


@router.get("/staff/today")
async def today(page: Page = OpenPage) -> Response:
    """The sessions of today with all windows."""
    found, departments = await asyncio.gather(page.queries.today(), or_none(page.queries.departments()))
    names = {each.department_id: page.language.of(each, "name") for each in departments.items} if departments else {}
    return page.show("staff/today.html", today=found, names=names, day=day)


@router.get("/staff/sessions/{session_id}/tickets/{ticket_id}/notice")
async def notice(session_id: Id, ticket_id: Id, page: Page = OpenPage) -> Response:
    """Everything that was said of each matter, once and whole, for 80 mm and A4 paper."""
    found = await page.queries.notice(session_id, ticket_id)
    matters = await page.queries.matters_of(each.matter_id for each in found.outcomes)
    return page.show("staff/notice.html", personal=True, notice=found, matters=matters, day=day)
