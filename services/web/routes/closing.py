"""The end of the day: windows confirm, tickets get their end, the manager signs; what is entered or put right.

Every form that cannot be done comes back as it was typed, with a sentence and with the day as it is now.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web import closing, day
from services.web.addresses import Id
from services.web.closing import Closing, Read
from services.web.forms import whole_number
from services.web.languages import phrase
from services.web.pages import OpenPage, Page
from services.web.permissions import MANAGE, REPORT, SEE_CLOSING, WORK_AT_COUNTER
from services.web.queries import or_none
from services.web.refusals import REFUSALS, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import new_draft
from services.web.upstream import Refused, Unavailable
from shared.access import permit

router = APIRouter(include_in_schema=False)


def _address(session_id: str, *rest: str) -> str:
    return "/staff/sessions/" + "/".join(quote(each, safe="") for each in (session_id, *rest))


async def _kept(page: Page, posted: Posted, answer: Awaitable[Response]) -> Response:
    """The answer to a form; while the queue is away a page that keeps what was typed, to be sent again.

    Whether it was done before the queue went is not known. Sent again it is not done twice: a window, a visit and
    the day have moved on then, and a paper has its key.
    """
    try:
        return await answer
    except Unavailable:
        return page.show(
            "staff/again.html",
            HTTPStatus.SERVICE_UNAVAILABLE,
            personal=True,
            because=closing.AWAY_AT_END,
            typed=posted.fields,
            address=page.here,
        )


@router.get("/staff/sessions/{session_id}/closing", dependencies=[permit(SEE_CLOSING)])
async def end_of_day(session_id: Id, page: Page = OpenPage) -> Response:
    """What is still to be done before the day is signed, and what was signed."""
    return await _show_closing(page, session_id)


@router.post("/staff/sessions/{session_id}/closing", dependencies=[permit(SEE_CLOSING)])
async def do_at_end(session_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Close or confirm a window, end a ticket, or sign the day."""
    return await _kept(page, posted, _do_at_end(page, session_id, posted))


async def _do_at_end(page: Page, session_id: str, posted: Posted) -> Response:
    form, verb = posted.fields, posted.get("verb")
    if not posted.is_fresh:
        return await _show_closing(page, session_id, form, because=REFUSALS["form_expired"])
    shown = await page.queries.closing(session_id)
    read = _read(shown, verb, form)
    if read is None:
        return page.tell(REFUSALS["not_found"], HTTPStatus.NOT_FOUND, code="not_found")
    if read.findings:
        return await _show_closing(page, session_id, form, findings=read.findings)
    try:
        if verb == "sign":
            await page.commands.sign(session_id, read.body["by"])
        elif verb == "end":
            await page.commands.close_ticket(session_id, posted.get("ticket"), read.body["reason"])
        else:
            await page.commands.at_window(session_id, posted.get("window"), verb, read.body)
    except Refused as refused:
        is_open = verb == "confirm" and refused.code == "window_busy"
        because = closing.WINDOW_OPEN if is_open else refusal(refused.code)
        return await _show_closing(page, session_id, form, because=because, status=refused.status)
    return page.go(_address(session_id, "closing"))


def _read(shown: Closing, verb: str, form: Mapping[str, str]) -> Read | None:
    """What the queue is asked for; None for what the page does not offer."""
    read = Read()
    if verb == "sign":
        read.body["by"] = closing.line(read, form, "by", phrase("请写经理的姓名"))
        return read
    if verb == "end":
        ticket = next((each for each in shown.open if each.ticket_id == form.get("ticket")), None)
        # One that has its end meanwhile is the queue's to refuse.
        name = f"reason{ticket.number}" if ticket else next((each for each in form if each.startswith("reason")), "")
        read.body["reason"] = form.get(name, "")
        if read.body["reason"] not in closing.REASONS:
            read.findings[name] = phrase("请选一个原因")
        return read
    window = shown.window(form.get("window", ""))
    if window is None or verb not in ("confirm", "close"):
        return None
    read.body["version"] = whole_number(form.get("version", "")) or 0
    if verb == "confirm":
        read.body["by"] = closing.line(read, form, f"by{window.number}", phrase("请写是谁确认的"))
    return read


async def _show_closing(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    session_id: str,
    typed: Mapping[str, str] | None = None,
    *,
    because: Refusal | None = None,
    findings: Mapping[str, str] | None = None,
    status: int = HTTPStatus.CONFLICT,
) -> Response:
    shown, session, names = await asyncio.gather(
        page.queries.closing(session_id), page.queries.session_or_none(session_id), _departments(page)
    )
    return page.show(
        "staff/closing.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else status if because else HTTPStatus.OK,
        personal=True,
        closing=shown,
        session=session,
        names=names,
        typed=typed or {},
        because=because,
        findings={name: page.say(said) for name, said in (findings or {}).items()},
        base=_address(session_id),
        address=_address(session_id, "closing"),
        words=closing,
        day=day,
    )


async def _departments(page: Page) -> dict[str, str]:
    found = await or_none(page.queries.departments())
    return {each.department_id: page.language.of(each, "name") for each in found.items} if found else {}


@router.get("/staff/sessions/{session_id}/visits", dependencies=[permit(REPORT)])
async def visits(session_id: Id, page: Page = OpenPage) -> Response:
    """The day's visits with what came of them."""
    found = await page.queries.visits(session_id, page.query.get("after", ""))
    matters, names = await asyncio.gather(page.queries.matters_of(found.matter_ids), _departments(page))
    return page.show(
        "staff/visits.html",
        personal=True,
        visits=found,
        matters=matters,
        names=names,
        first=not page.query.get("after"),
        base=_address(session_id),
        address=_address(session_id, "visits"),
        words=closing,
        day=day,
    )


@router.get("/staff/sessions/{session_id}/visits/{ticket_id}", dependencies=[permit(REPORT)])
async def correction(session_id: Id, ticket_id: Id, page: Page = OpenPage) -> Response:
    """A visit as it is recorded, to be put right once the day is signed."""
    return await _show_correction(page, session_id, ticket_id)


@router.post("/staff/sessions/{session_id}/visits/{ticket_id}", dependencies=[permit(MANAGE)])
async def correct(session_id: Id, ticket_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Put a visit right, with the reason."""
    return await _kept(page, posted, _correct(page, session_id, ticket_id, posted))


async def _correct(page: Page, session_id: str, ticket_id: str, posted: Posted) -> Response:
    form = posted.fields
    if not posted.is_fresh:
        return await _show_correction(page, session_id, ticket_id, form, because=REFUSALS["form_expired"])
    visit, notice = await asyncio.gather(
        page.queries.visit(session_id, ticket_id), page.queries.notice(session_id, ticket_id)
    )
    read = closing.correction_of(form, visit, notice.outcomes)
    if read.findings:
        return await _show_correction(page, session_id, ticket_id, form, findings=read.findings)
    try:
        await page.commands.correct(session_id, ticket_id, read.body)
    except Refused as refused:
        moved = refused.code == "ticket_moved_on"
        return await _show_correction(
            page,
            session_id,
            ticket_id,
            form,
            because=closing.CORRECTED_MEANWHILE if moved else refusal(refused.code),
            findings=closing.refused_fields(refused.errors, read, form),
            status=refused.status,
        )
    return page.go(_address(session_id, "closing"))


async def _show_correction(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    session_id: str,
    ticket_id: str,
    typed: Mapping[str, str] | None = None,
    *,
    because: Refusal | None = None,
    findings: Mapping[str, str] | None = None,
    status: int = HTTPStatus.CONFLICT,
) -> Response:
    visit, notice, shown = await asyncio.gather(
        page.queries.visit(session_id, ticket_id),
        page.queries.notice(session_id, ticket_id),
        page.queries.closing(session_id),
    )
    recorded = {"persons": str(visit.persons)}
    for index, each in enumerate(notice.outcomes):
        recorded |= {f"kind{index}": each.kind, f"said{index}": each.said or ""}
    return page.show(
        "staff/correction.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else status if because else HTTPStatus.OK,
        personal=True,
        visit=visit,
        outcomes=notice.outcomes,
        closing=shown,
        matters=await page.queries.matters_of(each.matter_id for each in notice.outcomes),
        typed=recorded | dict(typed or {}),
        because=because,
        findings={name: page.say(said) for name, said in (findings or {}).items()},
        base=_address(session_id),
        address=_address(session_id, "visits", ticket_id),
        words=closing,
        day=day,
    )


@router.get("/staff/sessions/{session_id}/paper-visits", dependencies=[permit(WORK_AT_COUNTER)])
async def paper_visit(session_id: Id, page: Page = OpenPage) -> Response:
    """At which window it was, then what stands on the paper."""
    return await _show_paper(page, session_id, page.query.get("window", ""))


@router.post("/staff/sessions/{session_id}/paper-visits", dependencies=[permit(WORK_AT_COUNTER)])
async def enter_paper_visit(session_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Enter a visit that was written on paper."""
    return await _kept(page, posted, _enter_paper_visit(page, session_id, posted))


async def _enter_paper_visit(page: Page, session_id: str, posted: Posted) -> Response:
    form, window_id = posted.fields, posted.get("window")
    if not posted.is_fresh:
        return await _show_paper(page, session_id, window_id, form, because=REFUSALS["form_expired"])
    shown = await page.queries.closing(session_id)
    read = closing.paper_visit_of(form, shown.date, shown.now, page.site.settings.zone)
    if read.findings:
        return await _show_paper(page, session_id, window_id, form, findings=read.findings)
    body: dict[str, Any] = {"window_id": window_id, **read.body}
    key = page.site.cookies.idempotency_key(posted.get("draft"), body)
    try:
        await page.commands.enter_paper_visit(session_id, body, key)
    except Refused as refused:
        of_code = closing.OF_CODE.get(refused.code) if body["code"] else None
        found = closing.refused_fields(refused.errors, read, form) | ({"code": of_code} if of_code else {})
        return await _show_paper(
            page, session_id, window_id, form, because=refusal(refused.code), findings=found, status=refused.status
        )
    return page.go(f"{_address(session_id, 'paper-visits')}?window={quote(window_id, safe='')}")


async def _show_paper(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    session_id: str,
    window_id: str,
    typed: Mapping[str, str] | None = None,
    *,
    because: Refusal | None = None,
    findings: Mapping[str, str] | None = None,
    status: int = HTTPStatus.CONFLICT,
) -> Response:
    shown, names = await asyncio.gather(page.queries.closing(session_id), _departments(page))
    window = shown.window(window_id)
    matters = await or_none(page.queries.matters(window.department_id)) if window else None
    if window and matters and not matters.items:  # a general desk has none of its own, and hears of all
        matters = await or_none(page.queries.matters())
    return page.show(
        "staff/paper_visit.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else status if because else HTTPStatus.OK,
        personal=True,
        closing=shown,
        window=window,
        matters=matters.items if matters else (),
        names=names,
        typed={"persons": "1", "draft": new_draft(), **(typed or {})},
        because=because,
        findings={name: page.say(said) for name, said in (findings or {}).items()},
        base=_address(session_id),
        address=_address(session_id, "paper-visits"),
        words=closing,
        day=day,
    )
