"""The first page, and the two that say how we work."""

import asyncio

from fastapi import APIRouter, Response

from services.web.domain import Matter, Matters, release_state
from services.web.pages import OpenPage, Page
from services.web.queries import or_none
from shared.access import Caller, allow
from shared.notices import CURRENT, NOTICES

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

COMMON = 6
LATER_DAYS = 4


@router.get("/")
async def start(page: Page = OpenPage) -> Response:
    """您要办什么事? What is missing because the roster is away is said in its place."""
    matters, sessions, general_desk, now = await asyncio.gather(
        or_none(page.queries.matters()), or_none(page.queries.sessions()), general_desk_matter(page), page.queries.now()
    )
    bookable = {each.programme_id for each in (sessions.items if sessions else ()) if each.booking}
    coming = [
        each
        for each in (sessions.items if sessions else ())
        if each.public
        and each.programme_id in bookable
        and each.status != "cancelled"
        and each.opening
        and each.opening[-1].ends_at > now
    ]
    return page.show(
        "start.html",
        matters=matters,
        common=_common(matters),
        general_desk=general_desk,
        sessions_known=sessions is not None,
        coming=coming[: LATER_DAYS + 1],
        release_state=release_state,
        now=now,
    )


def _common(matters: Matters | None) -> list[Matter]:
    found = [each for each in (matters.items if matters else ()) if not each.withdrawn]
    return [each for each in found if each.common][:COMMON] or list(found[:COMMON])


async def general_desk_matter(page: Page) -> Matter | None:
    """What whoever does not know whom to ask can book: the general desk's first matter."""
    departments = await or_none(page.queries.departments())
    desk = departments.general_desk if departments else None
    matters = await or_none(page.queries.matters(desk.department_id)) if desk else None
    return next(iter(matters.items), None) if matters else None


@router.get("/privacy")
async def privacy(page: Page = OpenPage) -> Response:
    """怎样保护您的信息: the current version, or an earlier one that is asked for."""
    asked = page.query.get("version", CURRENT.version)
    notice = next((each for each in NOTICES if each.version == asked), CURRENT)
    return page.show("privacy.html", notice=notice, current=CURRENT, notices=NOTICES)


@router.get("/accessibility")
async def accessibility(page: Page = OpenPage) -> Response:
    """无障碍说明."""
    return page.show("accessibility.html")
