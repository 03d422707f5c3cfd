"""Signing in and out of the staff's pages, and the two things to set up the first time.

The cookie holds the token that accounts signed and nothing else; whatever is shown is asked of accounts each time. A
way back is taken only to the staff's own pages. What was typed as a password is never shown again.
"""

import re
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from services.web.languages import phrase
from services.web.pages import OpenPage, Page
from services.web.people import SignedIn, TelephonePending
from services.web.refusals import AWAY, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import RENEWAL_COOKIE
from services.web.squares import square
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow
from shared.identity.recognition import COOKIE

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

HOME: Final = "/staff/home"
FIRST: Final = "/sign-in/first"
WAY_BACK = re.compile(r"/staff(/[A-Za-z0-9._~-]+)*(\?[A-Za-z0-9._~=&%-]*)?")
"""The staff's own pages, by our own alphabet: nothing in it leads to another host."""
TYPED_CHARACTERS = 256
PROVIDER_STATUS: Final = {
    "oidc_not_offered": HTTPStatus.NOT_FOUND,
    "oidc_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "oidc_refused": HTTPStatus.UNAUTHORIZED,
    "oidc_expired": HTTPStatus.UNAUTHORIZED,
    "oidc_subject_unknown": HTTPStatus.FORBIDDEN,
    "oidc_telephone_missing": HTTPStatus.FORBIDDEN,
    "too_many_tries": HTTPStatus.TOO_MANY_REQUESTS,
}
"""Why a sign-in with the provider led back here: told at this address, which holds no code of the provider's."""

FINDINGS = {
    "login_required": phrase("请写用户名"),
    "password_required": phrase("请写密码"),
    "code_needed": phrase("密码对了。请再写一次密码，加上手机上的动态码"),
    "new_password_required": phrase("请写新密码"),
    "passwords_differ": phrase("两次写的不一样"),
    "password_too_weak": phrase("新密码要 12 个字以上，不能和用户名一样，也不能老是那几个字"),
    "password_refused": phrase("现在的密码不对"),
    "code_required": phrase("请写手机上的 6 位动态码"),
    "code_refused": phrase("动态码不对。请等手机换下一个，再写一次"),
}


def way_back(asked: str) -> str:
    """Where to go after signing in: `asked` if it is a page of the staff's, else one's own work."""
    return asked if WAY_BACK.fullmatch(asked) else HOME


async def show(  # noqa: PLR0913  (what the page says)
    page: Page,
    status: int = HTTPStatus.OK,
    *,
    login: str = "",
    to: str = "",
    because: Refusal | None = None,
    findings: dict[str, str] | None = None,
    retry_after: int | None = None,
) -> Response:
    """The sign-in page; with a provider's button where one is offered."""
    return page.show(
        "staff/sign_in.html",
        status,
        personal=True,
        login=login,
        to=way_back(to),
        because=because,
        findings={name: page.say(FINDINGS[code]) for name, code in (findings or {}).items()},
        retry_after=retry_after,
        provider=await page.queries.provider(),
    )


@router.get("/sign-in")
async def sign_in_form(page: Page = OpenPage) -> Response:
    """Who are you?"""
    why = page.query.get("why", "")
    to = page.query.get("to", "")
    if why in PROVIDER_STATUS:
        return await show(page, PROVIDER_STATUS[why], to=to, because=refusal(why))
    return await show(page, to=to)


@router.post("/sign-in")
async def sign_in(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Begin a sign-in; the first one leads to what is to be set up."""
    login, password = posted.get("login").strip()[:128], posted.get("password")[:TYPED_CHARACTERS]
    code, to = posted.get("code").replace(" ", "")[:32], posted.get("to")
    if not posted.is_fresh:
        return await show(page, HTTPStatus.CONFLICT, login=login, to=to, because=refusal("form_expired"))
    missing = {name: f"{name}_required" for name, typed in (("login", login), ("password", password)) if not typed}
    if missing:
        return await show(page, HTTPStatus.UNPROCESSABLE_ENTITY, login=login, to=to, findings=missing)
    try:
        found = await page.commands.sign_in(login, password, code)
    except Unavailable:
        return await show(page, HTTPStatus.SERVICE_UNAVAILABLE, login=login, to=to, because=AWAY["accounts"])
    except Refused as refused:
        if refused.code == "code_needed":
            return await show(page, refused.status, login=login, to=to, findings={"code": "code_needed"})
        because = refusal("sign_in_refused" if refused.code == "invalid_request" else refused.code)
        return await show(page, refused.status, login=login, to=to, because=because, retry_after=refused.retry_after)
    response = page.go(FIRST if found.is_first else way_back(to))
    keep_token(page, response, found)
    return response


def keep_token(page: Page, response: Response, found: SignedIn) -> None:
    """Have the browser keep the token until it is closed; accounts says itself when the token ends."""
    page.site.cookies.set(page.request, response, COOKIE, found.token, None)
    if page.site.cookies.read(page.request, RENEWAL_COOKIE):  # a citizen's, whose place this sign-in takes
        page.site.cookies.delete(page.request, response, RENEWAL_COOKIE)


@router.post("/sign-out")
async def sign_out(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """End the sign-in, also where accounts cannot be told: then its last token dies by itself."""
    if posted.is_fresh:
        with suppress(Refused, Unavailable):  # it was over already, or ends by itself
            await page.commands.sign_out()
    response = page.go("/sign-in")
    page.site.cookies.delete(page.request, response, COOKIE)
    return response


@router.get("/sign-in/first")
async def first(page: Page = OpenPage) -> Response:
    """A password of one's own, then the telephone."""
    return await _show_first(page)


@router.post("/sign-in/first/password")
async def choose_password(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Set a password of one's own."""
    present, new = posted.get("password")[:TYPED_CHARACTERS], posted.get("new_password")[:TYPED_CHARACTERS]
    if not posted.is_fresh:
        return await _show_first(page, HTTPStatus.CONFLICT, because=refusal("form_expired"))
    findings = {name: f"{name}_required" for name, text in (("password", present), ("new_password", new)) if not text}
    if new and new != posted.get("again")[:TYPED_CHARACTERS]:
        findings["again"] = "passwords_differ"
    if findings:
        return await _show_first(page, HTTPStatus.UNPROCESSABLE_ENTITY, findings=findings)
    try:
        await page.commands.choose_password(present, new)
    except Refused as refused:
        if refused.code == "password_refused":
            return await _show_first(page, refused.status, findings={"password": "password_refused"})
        if refused.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            return await _show_first(page, refused.status, findings={"new_password": "password_too_weak"})
        raise
    return page.go(FIRST)


@router.post("/sign-in/first/telephone")
async def set_telephone(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Show that the telephone was set up, by its first code; the codes on paper are shown this once."""
    code = posted.get("code").replace(" ", "")[:32]
    shown = TelephonePending(address=posted.get("address")[:512], secret=posted.get("secret")[:64])
    if not posted.is_fresh:
        return await _show_first(page, HTTPStatus.CONFLICT, because=refusal("form_expired"), shown=shown)
    if not code:
        missing = {"code": "code_required"}
        return await _show_first(page, HTTPStatus.UNPROCESSABLE_ENTITY, findings=missing, shown=shown)
    try:
        done = await page.commands.confirm_telephone(code)
    except Refused as refused:
        if refused.code in {"code_refused", "invalid_request"}:
            return await _show_first(page, refused.status, findings={"code": "code_refused"}, shown=shown)
        if refused.code == "no_telephone_pending":  # another tab has set it up
            return page.go(FIRST)
        raise
    return page.show("staff/recovery_codes.html", personal=True, codes=done.recovery_codes)


async def _show_first(
    page: Page,
    status: int = HTTPStatus.OK,
    *,
    because: Refusal | None = None,
    findings: dict[str, str] | None = None,
    shown: TelephonePending | None = None,
) -> Response:
    """`shown`: what the telephone may have read already, which another secret would make useless."""
    account = await page.queries.me()
    if account.telephone and not account.must_change_password:
        return page.go(HOME)
    pending = None if account.must_change_password else shown or await page.commands.pending_telephone()
    return page.show(
        "staff/first_sign_in.html",
        status,
        personal=True,
        account=account,
        pending=pending,
        drawing=square(pending.address) if pending else "",
        because=because,
        findings={name: page.say(FINDINGS[code]) for name, code in (findings or {}).items()},
    )
