"""Finding the matter, and what to bring for it."""

import asyncio

from fastapi import APIRouter, Response

from services.web.addresses import Id
from services.web.domain import first_open
from services.web.pages import OpenPage, Page
from services.web.queries import or_none
from services.web.routes.start import general_desk_matter
from services.web.upstream import Refused
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

WORDS_CHARACTERS = 100


@router.get("/matters")
async def matters(page: Page = OpenPage) -> Response:
    """All matters, a department's, or those that plain words mean."""
    words = page.query.get("q", "")[:WORDS_CHARACTERS].strip()
    department_id = page.query.get("department") or None
    asked = page.queries.search(words) if words else page.queries.matters(department_id)
    found, departments, general_desk = await asyncio.gather(
        asked, or_none(page.queries.departments()), general_desk_matter(page)
    )
    department = next(
        (each for each in (departments.items if departments else ()) if each.department_id == department_id), None
    )
    return page.show("matters.html", words=words, found=found, department=department, general_desk=general_desk)


@router.get("/departments")
async def departments(page: Page = OpenPage) -> Response:
    """For those who know whom they want."""
    found, listed = await asyncio.gather(page.queries.departments(), or_none(page.queries.matters()))
    counts: dict[str, int] = {}
    for each in listed.items if listed else ():
        counts[each.department_id] = counts.get(each.department_id, 0) + 1
    return page.show("departments.html", departments=found.items, counts=counts)


@router.get("/matters/{matter_id}")
async def matter(matter_id: Id, page: Page = OpenPage) -> Response:
    """What to bring, how long it takes, and whether one has to come at all."""
    found = await page.queries.matter(matter_id)
    bookable = None
    if found.visit != "not_needed" and not found.withdrawn:
        try:
            bookable = await or_none(page.queries.bookable(matter_id))
        except Refused:  # booking has not heard of it yet
            bookable = None
    return page.show(
        "matter.html", matter=found, bookable=bookable, first=first_open(bookable.items if bookable else ())
    )
