"""Coming in: the counter checks people in and gives tickets; the kiosk is the same for oneself, in large print.

Nobody gets priority, or comes as a delegation or a group, by their own word: these the counter enters.

A document's number goes from the form to the queue and nowhere else: no page shows it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web import day
from services.web.addresses import Id
from services.web.domain import DOCUMENT_TYPES, Matter
from services.web.forms import field_phrase, whole_number
from services.web.hall import Ticket
from services.web.languages import phrase
from services.web.pages import DEVICE_PAGE, OpenPage, Page
from services.web.permissions import OPEN_KIOSK, WORK_AT_COUNTER
from services.web.queries import or_none
from services.web.refusals import REFUSALS, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.scans import read_scan
from services.web.security import new_draft, public_origin
from services.web.squares import square
from services.web.upstream import Refused
from shared.access import permit

router = APIRouter(include_in_schema=False)

KIOSK_MATTERS = 8
"""Matters that the kiosk lists unasked; others are found by plain words."""
OTHER_DAY = phrase("这个号是 %(day)s的，不是今天")
FURTHER_MATTERS = ("matter1", "matter2")
"""Fields for what is done in the same visit after the first matter."""
WALK_IN_NEXT = {"document_not_booked", "booking_other_day", "booking_cancelled", "booking_unknown"}
"""After these a walk-in ticket is what helps."""

LOOK_ANEW = {"session_not_today", "session_unknown", "day_closed", "sign_in_needed", "token_unknown"}
"""A kiosk that hears this looks by itself for the day's page, or for whether it was revoked."""


@router.get("/staff/sessions/{session_id}/counter", dependencies=[permit(WORK_AT_COUNTER)])
async def counter(session_id: Id, page: Page = OpenPage) -> Response:
    """Who comes in at the counter."""
    return await _show(page, "counter", session_id)


@router.get("/staff/sessions/{session_id}/kiosk", dependencies=[permit(OPEN_KIOSK)])
async def kiosk(session_id: Id, page: Page = OpenPage) -> Response:
    """Check in for oneself."""
    return await _show(page, "kiosk", session_id)


@router.post("/staff/sessions/{session_id}/counter", dependencies=[permit(WORK_AT_COUNTER)])
async def arrive(session_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Check in with a code or document, or take a ticket without one."""
    return await _arrive(page, "counter", session_id, posted)


@router.post("/staff/sessions/{session_id}/kiosk", dependencies=[permit(OPEN_KIOSK)])
async def arrive_alone(session_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Check in with a code or document, for oneself."""
    return await _arrive(page, "kiosk", session_id, posted)


async def _arrive(page: Page, kind: str, session_id: str, posted: Posted) -> Response:
    """The ticket answers the form itself: it names nobody, and a reload takes no second one."""
    if not posted.is_fresh:
        return await _show(page, kind, session_id, posted, because=REFUSALS["form_expired"])
    if posted.get("walk") and not posted.get("matter"):
        findings = {"matter": page.say("请选来办什么事")}
        return await _show(page, kind, session_id, posted, findings=findings, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    at_counter = kind == "counter"
    persons = whole_number(posted.get("persons")) if at_counter and posted.get("persons") else None
    body: dict[str, Any] = {"priority": (posted.get("priority") or None) if at_counter else None}
    try:
        if posted.get("matter"):
            # The first one decides the department; the same one chosen twice is one.
            names = ("matter", *FURTHER_MATTERS) if at_counter else ("matter",)
            chosen = dict.fromkeys(each for name in names if (each := posted.get(name)))
            body |= {"matter_ids": list(chosen), "persons": persons or 1, "language": page.language.code}
            body |= {"delegation": at_counter and bool(posted.get("delegation"))}
            key = page.site.cookies.idempotency_key(posted.get("draft"), body)
            ticket = await page.commands.walk_in(session_id, body, key)
        elif scan := read_scan(posted.get("code"), posted.get("kind")):
            ticket = await page.commands.check_in(session_id, body | scan | {"persons": persons})
        else:
            return await _show(page, kind, session_id, posted, because=REFUSALS["code_unreadable"], status=422)
    except Refused as refused:
        return await _refused(page, kind, session_id, posted, refused)
    return await _ticket(page, kind, ticket)


async def _refused(page: Page, kind: str, session_id: str, posted: Posted, refused: Refused) -> Response:
    """The page anew, with what is wrong with the number, or why there is no place and what to do."""
    if page.is_device and refused.code in LOOK_ANEW:
        return page.go(DEVICE_PAGE)
    wrong = [each for each in refused.errors if each.pointer.startswith("/document")]
    if wrong:
        findings = {"code": field_phrase(wrong[0].code, page.language)}
        return await _show(page, kind, session_id, posted, findings=findings, status=refused.status)
    because = REFUSALS["check_in_unknown"] if refused.code == "booking_unknown" else refusal(refused.code)
    if refused.code == "booking_other_day":
        on = page.language.month_day(date.fromisoformat(str(refused.body.get("date"))))
        because = replace(because, heading=page.say(OTHER_DAY, day=on))
    walk_in = refused.code in WALK_IN_NEXT
    return await _show(page, kind, session_id, posted, because=because, status=refused.status, walk_in=walk_in)


async def _ticket(page: Page, kind: str, ticket: Ticket) -> Response:
    own = public_origin(page.request, page.site.settings)
    tickets = (ticket, *ticket.also)
    matters = await page.queries.matters_of(matter_id for each in tickets for matter_id in each.matter_ids)
    paths = [f"/tickets/{quote(each.token, safe='')}" for each in tickets]
    return page.show(
        f"staff/{kind}_ticket.html",
        personal=True,
        ticket=ticket,
        matters=matters,
        slips=[(each, path, square(own + path) if own else None) for each, path in zip(tickets, paths, strict=True)],
        day=day,
        address=f"/staff/sessions/{quote(ticket.session_id, safe='')}/{kind}",
    )


async def _show(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    kind: str,
    session_id: str,
    posted: Posted | None = None,
    *,
    because: Refusal | None = None,
    findings: Mapping[str, str] | None = None,
    status: int = HTTPStatus.CONFLICT,
    walk_in: bool = False,
) -> Response:
    session = await page.queries.session_or_none(session_id)
    words = page.query.get("q", "")
    every = await or_none(page.queries.matters())
    found = await or_none(page.queries.search(words)) if words else every
    receiving = {each.department_id for each in session.windows} if session else set()

    def received(items: Iterable[Matter]) -> list[Matter]:
        return [each for each in items if not receiving or each.department_id in receiving]

    matters = received(found.items) if found else []
    if not words:
        matters.sort(key=lambda each: not each.common)  # what most come for stands first, as on the first page
    shown = KIOSK_MATTERS if kind == "kiosk" and not words else len(matters)
    return page.show(
        f"staff/{kind}.html",
        status if because or findings else HTTPStatus.OK,
        personal=True,
        session=session,
        matters=matters[:shown],
        more=len(matters) > shown,
        all_matters=received(every.items) if every else [],
        further=FURTHER_MATTERS,
        words=words,
        typed={name: said for name, said in posted.fields.items() if name != "code"} if posted else {},
        draft=(posted.get("draft") if posted else "") or new_draft(),
        because=because,
        findings=findings or {},
        walk_in=walk_in,
        documents=DOCUMENT_TYPES[1:],
        address=f"/staff/sessions/{quote(session_id, safe='')}/{kind}",
        day=day,
    )
