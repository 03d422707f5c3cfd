"""Citizens sign in: the phone, then the code that was sent to it.

What was typed and what is wrong with it is kept by the browser, sealed, under the page's own address: a phone stands in
no address, and the way back, forward and a reload send nothing again. No answer tells whether a phone was here before.
"""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.web.addresses import DraftId
from services.web.forms import Findings, field_phrase
from services.web.languages import phrase
from services.web.pages import OpenPage, Page
from services.web.people import CitizenSignedIn
from services.web.refusals import AWAY, DRAFT_GONE, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import BROWSER_COOKIE, PAGE_COOKIE, PREFERENCE_SECONDS, RENEWAL_COOKIE, new_draft
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow
from shared.identity.recognition import COOKIE

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

BY_PHONE: Final = "/me/sign-in"
HOME: Final = "/me"
WAY_BACK = re.compile(r"/(me|book|bookings|case|matters)(/[A-Za-z0-9._~%-]+)*")
"""The citizens' own pages, by our own alphabet: nothing in it leads to another host."""
TYPED_CHARACTERS = 40
LABELS = {"phone": phrase("手机号码"), "code": phrase("验证码")}
FINDINGS = {
    "phone_required": phrase("还没填，请写您的手机号码"),
    "phone_invalid": phrase("这个手机号码打不通，请核对，国外的号码前面加 + 和国家代码"),
    "phone_area": phrase("座机收不到短信，请写手机号码"),
    "phone_takes_no_texts": phrase("座机收不到短信，请写手机号码"),
    "code_required": phrase("还没填，请写短信里的 6 位数字"),
    "citizen_code_refused": phrase("验证码不对，或者过期了。请看最新的一条短信；试错 5 次要重新发"),
}


class Tried(BaseModel):
    """A sign-in under way: what was typed last, where it leads, and what came of it."""

    phone: str = ""
    to: str = HOME
    sent: bool = False
    errors: dict[str, str] = {}
    """Codes by field."""
    refused: str = ""
    status: int = HTTPStatus.OK
    retry_after: int | None = None

    def failed(self, refused: Refused | Unavailable) -> "Tried":
        """The same with what accounts said."""
        if isinstance(refused, Unavailable):
            changes: dict[str, object] = {"refused": "away_accounts", "status": HTTPStatus.SERVICE_UNAVAILABLE}
        elif refused.code == "invalid_request":
            errors = {each.pointer.strip("/"): each.code for each in refused.errors}
            changes = {"errors": {name: errors[name] for name in LABELS if name in errors}, "status": refused.status}
        elif refused.code == "citizen_code_refused":
            changes = {"errors": {"code": refused.code}, "status": HTTPStatus.UNPROCESSABLE_ENTITY}
        else:
            changes = {"refused": refused.code, "status": refused.status, "retry_after": refused.retry_after}
        return self.model_copy(update=changes)


def way_back(asked: str) -> str:
    """Where to go after signing in: `asked` if it is a page of the citizens', else to one's own."""
    return asked if WAY_BACK.fullmatch(asked) else HOME


@router.get(BY_PHONE)
async def phone_form(page: Page = OpenPage) -> Response:
    """Which phone?"""
    return _show(page, Tried(to=way_back(page.query.get("to", ""))))


@router.post(BY_PHONE)
async def send_code(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Have a code sent, and go on to where it is typed."""
    tried = Tried(phone=posted.get("phone")[:TYPED_CHARACTERS], to=way_back(posted.get("to")))
    return await _send(page, posted, tried, new_draft())


@router.get(BY_PHONE + "/{page_id}")
async def code_form(page_id: DraftId, page: Page = OpenPage) -> Response:
    """The code, or the phone with what is wrong."""
    tried = _kept(page, page_id)
    return _show(page, tried or Tried(), page_id=page_id, because=None if tried else DRAFT_GONE)


@router.post(BY_PHONE + "/{page_id}/again")
async def send_again(page_id: DraftId, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Another code for the same phone; the one before is void."""
    tried = _kept(page, page_id)
    if tried is None:
        return page.go(_address(page_id))
    return await _send(page, posted, Tried(phone=tried.phone, to=tried.to, sent=tried.sent), page_id)


@router.post(BY_PHONE + "/{page_id}")
async def sign_in(page_id: DraftId, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Begin the sign-in."""
    kept = _kept(page, page_id)
    if kept is None:
        return page.go(_address(page_id))
    tried = Tried(phone=kept.phone, to=kept.to, sent=True)
    code = posted.get("code")[:TYPED_CHARACTERS]
    if not posted.is_fresh:
        return _again(page, tried.model_copy(update={"refused": "form_expired"}), page_id)
    if not code:
        missing = {"errors": {"code": "code_required"}, "status": HTTPStatus.UNPROCESSABLE_ENTITY}
        return _again(page, tried.model_copy(update=missing), page_id)
    try:
        found = await page.commands.sign_in_by_code(tried.phone, code)
    except (Refused, Unavailable) as error:
        return _again(page, tried.failed(error), page_id)
    response = page.go(way_back(tried.to))
    _keep_token(page, response, found)
    page.site.cookies.set(page.request, response, PAGE_COOKIE, "", 0, path=_address(page_id))
    return response


async def _send(page: Page, posted: Posted, tried: Tried, page_id: str) -> Response:
    if not posted.is_fresh:
        return _again(page, tried.model_copy(update={"refused": "form_expired"}), page_id)
    if not tried.phone:
        missing = {"errors": {"phone": "phone_required"}, "status": HTTPStatus.UNPROCESSABLE_ENTITY}
        return _again(page, tried.model_copy(update=missing), page_id)
    device = page.site.cookies.browser(page.request)
    try:
        await page.commands.send_code(tried.phone, page.language.code, device)
    except Unavailable:  # accounts, or notifications behind it: which of them, does not matter here
        not_sent = {"refused": "code_not_sent", "status": HTTPStatus.SERVICE_UNAVAILABLE}
        response = _again(page, tried.model_copy(update=not_sent), page_id)
    except Refused as error:
        response = _again(page, tried.failed(error), page_id)
    else:
        response = _again(page, tried.model_copy(update={"sent": True}), page_id)
    page.site.cookies.set(page.request, response, BROWSER_COOKIE, device, PREFERENCE_SECONDS)
    return response


def _keep_token(page: Page, response: Response, found: CitizenSignedIn) -> None:
    """Have the browser keep the token until it is closed, and until the sign-in ends what the next one is had by."""
    cookies = page.site.cookies
    cookies.set(page.request, response, COOKIE, found.token, None)
    if found.renewal:
        seconds = int((found.session_ends_at - datetime.now(UTC)).total_seconds())
        cookies.set(page.request, response, RENEWAL_COOKIE, found.renewal, max(seconds, 0))


def _address(page_id: str) -> str:
    return f"{BY_PHONE}/{page_id}"


def _kept(page: Page, page_id: str) -> Tried | None:
    found = page.site.cookies.kept(page.request, _address(page_id))
    return Tried.model_validate(found) if found else None


def _again(page: Page, tried: Tried, page_id: str) -> Response:
    response = page.go(_address(page_id))
    page.site.cookies.keep(page.request, response, _address(page_id), tried.model_dump(mode="json"))
    return response


def _show(page: Page, tried: Tried, *, page_id: str = "", because: Refusal | None = None) -> Response:
    findings: Findings = {
        name: page.say(FINDINGS[code]) if code in FINDINGS else field_phrase(code, page.language)
        for name, code in tried.errors.items()
    }
    if tried.refused:
        because = AWAY["accounts"] if tried.refused == "away_accounts" else refusal(tried.refused)
    return page.show(
        "sign_in/phone.html",
        tried.status,
        personal=True,
        tried=tried,
        page_id=page_id,
        findings=findings,
        labels=LABELS,
        because=because,
        retry_after=tried.retry_after,
    )
