"""From the matter to the form: date and time, which stand in the address as ids.

No seat is kept meanwhile: it is taken when the visitor confirms. With the time chosen a walk begins, whose
further steps stand in `drafts.py`.
"""

import asyncio

from fastapi import APIRouter, Response

from services.web.addresses import Id, booking_page, matter_page
from services.web.domain import by_window, first_choice, first_open, first_unreleased
from services.web.drafts import Draft, go_on
from services.web.forms import whole_number
from services.web.pages import OpenPage, Page
from services.web.queries import or_none
from services.web.security import new_draft
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

DAYS_SHOWN = 7


@router.get("/book/{matter_id}")
async def dates(matter_id: Id, page: Page = OpenPage) -> Response:
    """哪天来? The first day with free seats is chosen; a day not yet released says when it will be."""
    if picked := page.query.get("session"):
        return page.go(booking_page(matter_id, picked))
    matter = await page.queries.matter(matter_id)
    if matter.visit == "not_needed":
        return page.go(matter_page(matter_id))
    bookable, planned = await asyncio.gather(page.queries.bookable(matter_id), or_none(page.queries.sessions()))
    coming = [each for each in bookable.items if each.state != "cancelled"][:DAYS_SHOWN]
    return page.show(
        "dates.html",
        matter=matter,
        coming=coming,
        first=first_open(coming),
        next_release=first_unreleased(coming),
        now=bookable.now,
        planned={each.session_id: each for each in (planned.items if planned else ())},
    )


@router.get("/book/{matter_id}/{session_id}")
async def slots(matter_id: Id, session_id: Id, page: Page = OpenPage) -> Response:
    """几点来合适? By window, with who is on duty."""
    matter, found, bookable, session = await asyncio.gather(
        page.queries.matter(matter_id),
        page.queries.slots(session_id, matter_id),
        page.queries.bookable(matter_id),
        page.queries.session_or_none(session_id),
    )
    this = next((each for each in bookable.items if each.session_id == session_id), None)
    first = first_open(bookable.items)
    return page.show(
        "slots.html",
        matter=matter,
        session=session,
        session_id=session_id,
        this=this,
        is_first=first is not None and first.session_id == session_id,
        windows=by_window(found.items, session),
        chosen=first_choice(found.items, session),
        now=found.now,
    )


@router.get("/book/{matter_id}/{session_id}/details")
async def begin(matter_id: Id, session_id: Id, page: Page = OpenPage) -> Response:
    """谁来办? Every walk has an address of its own, so that two tabs keep apart what is typed in them."""
    slot_id = whole_number(page.query.get("slot", ""))
    if slot_id is None:
        return page.go(booking_page(matter_id, session_id))
    draft = Draft(matter_id=matter_id, draft_id=new_draft(), session_id=session_id, slot_id=slot_id)
    return go_on(page, draft, "details")
