"""The staff's pages: the director's service days, who comes to a window, and the demo's outgoing messages."""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, Response

from services.web.addresses import Id
from services.web.domain import Expected, Official
from services.web.pages import OpenPage, Page
from services.web.permissions import READ_CONSOLE, SEE_BOOKINGS, SEE_DUTIES, SEE_OFFICIALS
from services.web.queries import or_none
from services.web.upstream import Refused
from shared.access import permit

router = APIRouter(include_in_schema=False)


@router.get("/staff", dependencies=[permit(SEE_OFFICIALS)])
async def officials(page: Page = OpenPage) -> Response:
    """Everybody who can be on duty, by department."""
    found = await page.queries.officials()
    departments: dict[str, list[Official]] = {}
    for each in found.items:
        departments.setdefault(page.language.of(each, "department_name"), []).append(each)
    own = page.request.state.principal.official_id
    opened = {
        each.official_id
        for each in found.items
        if each.official_id == own or page.may(SEE_DUTIES.name, each.department_id)
    }
    return page.show("staff/officials.html", departments=departments, count=len(found.items), opened=opened)


@router.get("/staff/officials/{official_id}", dependencies=[permit(SEE_OFFICIALS)])
async def official(official_id: Id, page: Page = OpenPage) -> Response:
    """One official's service days, the next one large."""
    everybody, found = await asyncio.gather(page.queries.officials(), page.queries.official_sessions(official_id))
    this = next((each for each in everybody.items if each.official_id == official_id), None)
    now = await page.queries.now()
    coming = [
        each for each in found.items if each.opening and each.opening[-1].ends_at > now and each.status != "cancelled"
    ]
    coming.sort(key=lambda each: each.date)
    days = [(each, duty) for each in coming for duty in each.duties if duty.official_id == official_id]
    expected = None
    if days and days[0][0].booking and page.may(SEE_BOOKINGS.name, days[0][1].department_id):
        session, duty = days[0]
        expected = await _expected(page, session.session_id, duty.window_id)
    return page.show("staff/official.html", official=this, days=days, expected=expected, now=now)


async def _expected(page: Page, session_id: str, window_id: str) -> Sequence[Expected] | None:
    try:
        found = await or_none(page.queries.expected(session_id, window_id))
    except Refused:  # booking has not heard of the session yet
        return None
    return [each for each in found.items if each.state != "cancelled"] if found else None


@router.get("/staff/sessions/{session_id}/windows/{window_id}", dependencies=[permit(SEE_BOOKINGS)])
async def window(session_id: Id, window_id: Id, page: Page = OpenPage) -> Response:
    """Who comes to a window, what for, and what they said beforehand: read the evening before, on paper too."""
    session, found = await asyncio.gather(
        page.queries.session(session_id), page.queries.expected(session_id, window_id)
    )
    coming = sorted((each for each in found.items if each.state != "cancelled"), key=lambda each: each.starts_at)
    matters = await page.queries.matters_of(each.matter_id for each in coming)
    return page.show(
        "staff/window.html",
        personal=True,
        session=session,
        window=session.window(window_id),
        duty=session.duty_at(window_id),
        coming=coming,
        cancelled=len(found.items) - len(coming),
        persons=sum(each.party_size for each in coming),
        matters=matters,
        now=await page.queries.now(),
    )


@router.get("/staff/console-messages", dependencies=[permit(READ_CONSOLE)])
async def console_messages(page: Page = OpenPage) -> Response:
    """What would have gone out by SMS: the demo's console channel."""
    found = await page.queries.console_messages()
    return page.show("staff/console_messages.html", personal=True, messages=found.items, found=found)
