"""Coming in: the counter checks people in and gives tickets; the kiosk is the same for oneself, in large print."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web import day
from services.web.addresses import Id
from services.web.day import Ticket
from services.web.forms import whole_number
from services.web.pages import OpenPage, Page
from services.web.queries import or_none
from services.web.refusals import REFUSALS, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import is_secure, new_draft
from services.web.squares import square
from services.web.upstream import Refused
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.STAFF)])

CODE_CHARACTERS = 20
CODE_LEAST = 8


@router.get("/staff/sessions/{session_id}/counter")
async def counter(session_id: Id, page: Page = OpenPage) -> Response:
    """Who comes in at the counter."""
    return await _show(page, "counter", session_id)


@router.get("/staff/sessions/{session_id}/kiosk")
async def kiosk(session_id: Id, page: Page = OpenPage) -> Response:
    """Check in for oneself."""
    return await _show(page, "kiosk", session_id)


@router.post("/staff/sessions/{session_id}/counter")
async def arrive(session_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Check in with a code, or take a ticket without one."""
    return await _arrive(page, "counter", session_id, posted)


@router.post("/staff/sessions/{session_id}/kiosk")
async def arrive_alone(session_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Check in with a code, for oneself."""
    return await _arrive(page, "kiosk", session_id, posted)


async def _arrive(page: Page, kind: str, session_id: str, posted: Posted) -> Response:
    """The ticket answers the form itself: it names nobody, and a reload takes no second one."""
    if not posted.is_fresh:
        return await _show(page, kind, session_id, posted, because=REFUSALS["form_expired"])
    persons = whole_number(posted.get("persons")) if posted.get("persons") else None
    body: dict[str, Any] = {"priority": posted.get("priority") or None}
    try:
        if posted.get("matter") and kind == "counter":
            body |= {"matter_ids": [posted.get("matter")], "persons": persons or 1, "language": page.language.code}
            key = page.site.cookies.idempotency_key(posted.get("draft"), body)
            ticket = await page.commands.walk_in(session_id, body, key)
        elif CODE_LEAST <= len(posted.get("code")) <= CODE_CHARACTERS:
            body |= {"code": posted.get("code"), "persons": persons}
            ticket = await page.commands.check_in(session_id, body)
        else:
            return await _show(page, kind, session_id, posted, because=REFUSALS["code_unreadable"], status=422)
    except Refused as refused:
        because = REFUSALS["check_in_unknown"] if refused.code == "booking_unknown" else refusal(refused.code)
        return await _show(page, kind, session_id, posted, because=because, status=refused.status)
    return await _ticket(page, kind, ticket)


async def _ticket(page: Page, kind: str, ticket: Ticket) -> Response:
    scheme = "https" if is_secure(page.request) else "http"
    own = f"{scheme}://{page.request.headers.get('host', '')}"
    matters = await page.queries.matters_of(ticket.matter_ids)
    return page.show(
        f"staff/{kind}_ticket.html",
        personal=True,
        ticket=ticket,
        matters=matters,
        status_path=f"/tickets/{quote(ticket.token, safe='')}",
        qr=square(f"{own}/tickets/{quote(ticket.token, safe='')}"),
        day=day,
        address=f"/staff/sessions/{quote(ticket.session_id, safe='')}/{kind}",
    )


async def _show(  # noqa: PLR0913, PLR0917  (what the page may be shown with)
    page: Page,
    kind: str,
    session_id: str,
    posted: Posted | None = None,
    because: Any = None,
    status: int = HTTPStatus.CONFLICT,
) -> Response:
    session = await page.queries.session_or_none(session_id)
    words = page.query.get("q", "")
    matters = (
        await or_none(page.queries.search(words) if words else page.queries.matters()) if kind == "counter" else None
    )
    receiving = {each.department_id for each in session.windows} if session else set()
    return page.show(
        f"staff/{kind}.html",
        status if because else HTTPStatus.OK,
        personal=True,
        session=session,
        matters=[each for each in matters.items if not receiving or each.department_id in receiving] if matters else [],
        words=words,
        typed=posted.fields if posted else {},
        draft=(posted.get("draft") if posted else "") or new_draft(),
        because=because,
        address=f"/staff/sessions/{quote(session_id, safe='')}/{kind}",
        day=day,
    )
