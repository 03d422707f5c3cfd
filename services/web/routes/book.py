"""From the matter to the check page: date, time, who comes, and all of it once more.

What was chosen stands in the address (ids alone); what was typed travels from form to form in hidden fields. No seat
is kept meanwhile: it is taken when the visitor confirms, and where it went to somebody else by then, other
times are offered with everything typed still there.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response

from services.web.domain import (
    PARTY_SIZE_MAX,
    BookableSession,
    Session,
    Slot,
    by_window,
    first_choice,
    first_open,
    first_unreleased,
)
from services.web.forms import LABELS, LONGEST, Details, Findings, Unreadable, found_here, has_controls, whole_number
from services.web.pages import OpenPage, Page
from services.web.queries import Choice, or_none
from services.web.refusals import AWAY_WITH_FORM, Refusal, refusal
from services.web.routes.addresses import ID_CHARACTERS, Id, booking_page, matter_page
from services.web.routes.posted import Posted, PostedForm
from services.web.security import new_draft
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

DAYS_SHOWN = 7
DAYS_WITH_TIMES = 3
"""When another time has to be found: so many days at once."""


@dataclass(frozen=True)
class Walk:
    """What a form of the booking pages carries besides what was typed."""

    matter_id: str
    session_id: str
    slot_id: int | None
    draft: str
    details: Details

    @classmethod
    def of(cls, matter_id: str, posted: Posted) -> "Walk":
        """Read a form. `pick` names session and slot in one, where times of several days are offered.

        Raises Unreadable where the ids are none that a page of ours has sent.
        """
        session_id, slot = posted.get("session"), posted.get("slot")
        picked = posted.get("pick").rpartition("/")
        if picked[0]:
            session_id, _, slot = picked
        for each in (matter_id, session_id):
            if not 0 < len(each) <= ID_CHARACTERS or has_controls(each):
                raise Unreadable
        return cls(
            matter_id=matter_id,
            session_id=session_id,
            slot_id=whole_number(slot),
            draft=posted.get("draft")[:64] or new_draft(),
            details=Details.of(posted.fields),
        )

    def context(self) -> dict[str, Any]:
        """What each page of the walk needs."""
        return {
            "details": self.details,
            "carried": {
                "matter": self.matter_id,
                "session": self.session_id,
                "slot": "" if self.slot_id is None else str(self.slot_id),
                "draft": self.draft,
            },
            "labels": LABELS,
            "longest": LONGEST,
        }


async def choice(page: Page, matter_id: str, session_id: str, slot_id: int | None) -> Choice | None:
    """What was chosen, or None where there is no such slot any more."""
    matter, slots, session = await asyncio.gather(
        page.queries.matter(matter_id),
        page.queries.slots(session_id, matter_id),
        or_none(session_or_refused(page, session_id)),
    )
    slot = slots.find(slot_id) if slot_id is not None else None
    return Choice(matter, session_id, session, slot) if slot else None


async def session_or_refused(page: Page, session_id: str) -> Session | None:
    """The roster's session; None where the roster does not know it (any more)."""
    try:
        return await page.queries.session(session_id)
    except Refused:
        return None


def party_size_max(session: Session | None) -> int:
    """How many may come with one booking."""
    return session.booking.party_size_max if session and session.booking else PARTY_SIZE_MAX


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


@router.get("/book/{matter_id}/check")
@router.get("/book/{matter_id}/details")
@router.get("/book/{matter_id}/times")
async def step_without_form(matter_id: Id, page: Page = OpenPage) -> Response:
    """Somebody opened the address of a step that is reached by a form: begin with the dates."""
    return page.go(booking_page(matter_id))


@router.get("/book/{matter_id}/{session_id}")
async def slots(matter_id: Id, session_id: Id, page: Page = OpenPage) -> Response:
    """几点来合适? By window, with who is on duty."""
    matter, found, bookable, session = await asyncio.gather(
        page.queries.matter(matter_id),
        page.queries.slots(session_id, matter_id),
        page.queries.bookable(matter_id),
        or_none(session_or_refused(page, session_id)),
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
async def details(matter_id: Id, session_id: Id, page: Page = OpenPage) -> Response:
    """谁来办? The form, still empty."""
    slot_id = whole_number(page.query.get("slot", ""))
    if slot_id is None:
        return page.go(booking_page(matter_id, session_id))
    walk = Walk(matter_id, session_id, slot_id, new_draft(), Details())
    return await show_details(page, walk, {})


@router.post("/book/{matter_id}/details")
async def details_again(matter_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Back to the form, with all that was typed."""
    walk = Walk.of(matter_id, posted)
    try:
        return await show_details(page, walk, {})
    except Unavailable:
        return tell_with_form(page, walk, AWAY_WITH_FORM, HTTPStatus.SERVICE_UNAVAILABLE)


@router.post("/book/{matter_id}/check")
async def check(matter_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """核对一遍. What is missing or too long is told on the form."""
    walk = Walk.of(matter_id, posted)
    try:
        chosen = await choice(page, matter_id, walk.session_id, walk.slot_id)
        if chosen is None or chosen.slot.free < 1:
            return await show_times(page, walk, refusal("slot_unknown" if chosen is None else "slot_full"))
    except Unavailable:
        return tell_with_form(page, walk, AWAY_WITH_FORM, HTTPStatus.SERVICE_UNAVAILABLE)
    findings = found_here(walk.details, page.language, party_size_max=party_size_max(chosen.session))
    if findings:
        return await show_details(page, walk, findings)
    return show_check(page, walk, chosen, {})


@router.post("/book/{matter_id}/times")
async def times(matter_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Another time for the same matter, with all that was typed."""
    walk = Walk.of(matter_id, posted)
    try:
        return await show_times(page, walk, None)
    except Unavailable:
        return tell_with_form(page, walk, AWAY_WITH_FORM, HTTPStatus.SERVICE_UNAVAILABLE)


def tell_with_form(  # noqa: PLR0913  (what the page says)
    page: Page,
    walk: Walk,
    because: Refusal,
    status: int,
    *,
    action: str = "",
    code: str = "",
    retry_after: int | None = None,
) -> Response:
    """The bad news, with everything typed ready to be sent once more to `action`, else to the check page."""
    return page.tell(
        because,
        status,
        code=code,
        retry_after=retry_after,
        matter_id=walk.matter_id,
        again=action or booking_page(walk.matter_id, "check"),
        **walk.context(),
    )


async def show_details(page: Page, walk: Walk, findings: Findings) -> Response:
    """The form, with what is wrong beside its fields."""
    chosen = await choice(page, walk.matter_id, walk.session_id, walk.slot_id)
    if chosen is None or chosen.slot.free < 1:
        return await show_times(page, walk, refusal("slot_unknown" if chosen is None else "slot_full"))
    return page.show(
        "details.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else HTTPStatus.OK,
        # A form nobody has typed in yet may be kept, so that the browser's way back finds it as it was left.
        personal=page.request.method == "POST",
        chosen=chosen,
        findings=findings,
        party_size_max=party_size_max(chosen.session),
        **walk.context(),
    )


def show_check(page: Page, walk: Walk, chosen: Choice, findings: Findings, *, expired: bool = False) -> Response:
    """Everything once more; a field that booking refused can be mended right there."""
    return page.show(
        "check.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else HTTPStatus.OK,
        personal=True,
        chosen=chosen,
        findings=findings,
        expired=expired,
        party_size_max=party_size_max(chosen.session),
        **walk.context(),
    )


async def show_times(page: Page, walk: Walk, because: Refusal | None, status: int = HTTPStatus.CONFLICT) -> Response:
    """Free times of the chosen day and the next ones; `because` says why another one is needed."""
    matter, bookable = await asyncio.gather(page.queries.matter(walk.matter_id), page.queries.bookable(walk.matter_id))
    open_days = [each for each in bookable.items if each.state == "open" and each.free > 0]
    open_days.sort(key=lambda each: (each.session_id != walk.session_id, each.date))
    days = await asyncio.gather(*(_day(page, walk.matter_id, each) for each in open_days[:DAYS_WITH_TIMES]))
    return page.show(
        "times.html",
        status if because else HTTPStatus.OK,
        personal=True,
        matter=matter,
        because=because,
        days=[each for each in days if each[2]],
        next_release=first_unreleased(bookable.items),
        now=bookable.now,
        **walk.context(),
    )


async def _day(
    page: Page, matter_id: str, bookable: BookableSession
) -> tuple[BookableSession, Session | None, dict[str, list[Slot]]]:
    found, session = await asyncio.gather(
        page.queries.slots(bookable.session_id, matter_id), or_none(session_or_refused(page, bookable.session_id))
    )
    return bookable, session, by_window([each for each in found.items if each.free > 0], session)
