"""What everybody in the hall sees: the screen with the calls, and a visitor's own ticket. Neither names anybody."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Response

from services.web import day
from services.web.addresses import Id
from services.web.day import CHOICES
from services.web.hall import Status
from services.web.pages import OpenPage, Page
from services.web.refusals import REFUSALS, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.upstream import Refused
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

Token = Annotated[str, Path(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@router.get("/hall/{session_id}")
async def screen(session_id: Id, page: Page = OpenPage) -> Response:
    """The last calls, the newest first."""
    found = await page.queries.screen(session_id)
    again = day.seconds_until_morning(found.now, page.site.settings.zone) if page.is_device else None
    return page.show("day/hall.html", screen=found, again=again)


@router.get("/tickets/{token}")
async def status(token: Token, page: Page = OpenPage) -> Response:
    """How far the line has come."""
    return await _status(page, token)


@router.get("/tickets/{token}/leave")
async def ask_leave(token: Token, page: Page = OpenPage) -> Response:
    """Really not today?"""
    return page.show("day/leave.html", personal=True, ticket=await page.queries.status(token), token=token)


@router.post("/tickets/{token}/leave")
async def leave(token: Token, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Not today."""
    if not posted.is_fresh:
        return await _status(page, token, REFUSALS["form_expired"])
    try:
        await page.commands.leave(token)
    except Refused as refused:
        if refused.code != "ticket_moved_on":
            raise
        return await _status(page, token, refusal(refused.code))
    return page.go(f"/tickets/{quote(token, safe='')}")


@router.get("/tickets/{token}/issue")
async def ask_issue(token: Token, page: Page = OpenPage) -> Response:
    """Write it down for the director?"""
    return await _issue(page, token, {})


@router.post("/tickets/{token}/choice")
async def choose(token: Token, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """The director is gone: stay, come first next time, or be called. What ends the ticket is asked once more."""
    before = await _before_choice(page, token, posted)
    if before is not None:
        return before
    choice = posted.get("choice")
    written = choice == "written_issue"
    body: dict[str, str | None] = {"choice": choice}
    if written:
        body |= {"text": posted.get("text"), "phone": posted.get("phone") or None}
    try:
        await page.commands.choose(token, body)
    except Refused as refused:
        if written and refused.code == "invalid_request":
            return await _issue(page, token, posted.fields, findings=issue_findings(page, refused))
        if refused.code not in ("ticket_moved_on", "official_present", "day_closed"):
            raise
        return await _status(page, token, refusal(refused.code))
    return page.go(f"/tickets/{quote(token, safe='')}")


async def _before_choice(page: Page, token: str, posted: Posted) -> Response | None:
    """What is still to be said, mended or asked before a choice is sent on; None where it can be."""
    choice = posted.get("choice")
    written = choice == "written_issue"
    if not posted.is_fresh:
        because = REFUSALS["form_expired"]
        return await _issue(page, token, posted.fields, because) if written else await _status(page, token, because)
    if choice not in CHOICES:
        return page.tell(REFUSALS["not_found"], HTTPStatus.NOT_FOUND, code="not_found")
    if choice == "next_session" and not posted.get("sure"):
        ticket = await page.queries.status(token)
        return page.show("day/next_time.html", personal=True, ticket=ticket, token=token)
    if written and not posted.get("text"):
        return await _issue(page, token, posted.fields, findings={"text": page.say("请写一句您的事情")})
    return None


def issue_findings(page: Page, refused: Refused) -> dict[str, str]:
    """What is to be mended of a written issue that the queue refused."""
    words = {
        "text": page.say("这段话收不下来，请写短一些，不要有特殊字符"),
        "phone": page.say("请留一个打得通的电话，家人、村干部的也行"),
    }
    found = {name: words[name] for each in refused.errors if (name := each.pointer.strip("/")) in words}
    return found or {"text": words["text"]}


async def _issue(
    page: Page,
    token: str,
    typed: Mapping[str, str],
    because: Refusal | None = None,
    findings: Mapping[str, str] | None = None,
) -> Response:
    return page.show(
        "day/issue.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else HTTPStatus.CONFLICT if because else HTTPStatus.OK,
        personal=True,
        ticket=await page.queries.status(token),
        token=token,
        typed=typed,
        because=because,
        findings=findings or {},
    )


@router.get("/tickets/{token}/wishes")
async def ask_wishes(token: Token, page: Page = OpenPage) -> Response:
    """What the hall should know of the visitor."""
    return _wishes(page, token, await page.queries.status(token))


@router.post("/tickets/{token}/wishes")
async def keep_wishes(token: Token, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Keep it; or the visitor is back."""
    ticket = await page.queries.status(token)
    if not posted.is_fresh:
        return _wishes(page, token, ticket, posted, because=REFUSALS["form_expired"])
    body, findings = day.wishes_of(ticket, posted.fields, page.site.settings.zone)
    if findings:
        return _wishes(page, token, ticket, posted, findings={name: page.say(said) for name, said in findings.items()})
    try:
        await page.commands.keep_wishes(token, body)
    except Refused as refused:
        if refused.code == "invalid_request":
            findings = {day.WISH_FIELDS.get(each.pointer, "last_bus"): day.TIME_PAST for each in refused.errors}
            said = {name: page.say(found) for name, found in findings.items()}
            return _wishes(page, token, ticket, posted, findings=said)
        if refused.code != "ticket_moved_on":
            raise
        return await _status(page, token, refusal(refused.code))
    return page.go(f"/tickets/{quote(token, safe='')}")


def _wishes(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    token: str,
    ticket: Status,
    posted: Posted | None = None,
    *,
    because: Refusal | None = None,
    findings: Mapping[str, str] | None = None,
) -> Response:
    shown = HTTPStatus.UNPROCESSABLE_ENTITY if findings else HTTPStatus.CONFLICT if because else HTTPStatus.OK
    return page.show(
        "day/wishes.html",
        shown,
        personal=True,
        ticket=ticket,
        token=token,
        typed=posted.fields if posted else day.wishes_shown(ticket, page.site.settings.zone),
        because=because,
        findings=findings or {},
    )


async def _status(page: Page, token: str, because: Refusal | None = None) -> Response:
    ticket = await page.queries.status(token)
    session, matters = await asyncio.gather(
        page.queries.session_or_none(ticket.session_id), page.queries.matters_of(ticket.matter_ids)
    )
    return page.show(
        "day/status.html",
        HTTPStatus.CONFLICT if because else HTTPStatus.OK,
        personal=True,
        ticket=ticket,
        token=token,
        window=session.window(ticket.window_id) if session and ticket.window_id else None,
        duty=session.duty_at(ticket.window_id) if session and ticket.window_id else None,
        matters=matters,
        because=because,
    )
