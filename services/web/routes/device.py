"""Where a kiosk or screen is made one, and from where it finds its page of today by itself.

A code is typed once. From then on this address leads to the kiosk or the hall's screen of the day, and on days without
one to a quiet page that looks again. The kiosk's pages come back here now and then, a screen each morning.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web import devices
from services.web.languages import phrase
from services.web.pages import DEVICE_PAGE, OpenPage, Page
from services.web.refusals import AWAY, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import DEVICE_COOKIE
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow
from shared.identity.recognition import COOKIE
from shared.identity.tokens import SignInNeeded
from shared.problems import Problem

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

CODE_CHARACTERS = 32
FINDINGS = {"code_required": phrase("请写配对码")}


@dataclass(frozen=True)
class _Found:
    """Which device asks, and what it asks with."""

    kind: str
    venue_id: str
    token: str


@router.get(DEVICE_PAGE)
async def device(page: Page = OpenPage) -> Response:
    """The page of today, the quiet page, or the form that makes this browser a device."""
    if not devices.secret_of(page.request):
        return _form(page)
    try:
        found = await _found(page)
        queries = replace(page.queries, upstream=replace(page.queries.upstream, token=found.token))
        today = await queries.venue_today(found.venue_id)
    except SignInNeeded:
        return _revoked(page)
    except (Unavailable, Refused):  # accounts knows it, so what the queue does not is not for ever
        response = _quiet(page, HTTPStatus.SERVICE_UNAVAILABLE, away=True)
    else:
        response = page.go(_page_of(found, today.session_ids[0])) if today.session_ids else _quiet(page, day=today.now)
    _keep_secret(page, response, devices.secret_of(page.request))
    return response


@router.post(DEVICE_PAGE)
async def pair(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Make this browser the device whose code was typed."""
    code = posted.get("code").strip()[:CODE_CHARACTERS]
    if not posted.is_fresh:
        return _form(page, HTTPStatus.CONFLICT, because=refusal("form_expired"))
    if not code:
        return _form(page, HTTPStatus.UNPROCESSABLE_ENTITY, finding="code_required")
    try:
        found = await page.commands.pair_device(code)
    except Unavailable:
        return _form(page, HTTPStatus.SERVICE_UNAVAILABLE, because=AWAY["accounts"])
    except Refused as refused:
        because = refusal("pairing_refused" if refused.code == "invalid_request" else refused.code)
        return _form(page, refused.status, because=because, retry_after=refused.retry_after)
    response = page.go(DEVICE_PAGE)
    page.site.cookies.set(page.request, response, COOKIE, found.token, None)
    _keep_secret(page, response, found.secret)
    return response


async def _found(page: Page) -> _Found:
    """Who this device is, with a new token; with the one that it has while accounts is away.

    Raises SignInNeeded where it was revoked, and Unavailable.
    """
    try:
        renewed = await devices.renew(page.request)
    except Unavailable as away:
        token = page.queries.upstream.token
        try:
            known = await page.request.app.state.runtime.recognition.of_token(token)
        except Problem:
            raise away from None
        if known.kind != "device":
            raise
        kind, _, venue_id = (known.scope or "").partition(":")
        return _Found(kind, venue_id, token)
    return _Found(renewed.kind, renewed.venue_id, renewed.token)


def _page_of(found: _Found, session_id: str) -> str:
    held = quote(session_id, safe="")
    return f"/staff/sessions/{held}/kiosk" if found.kind == "kiosk" else f"/hall/{held}"


def _keep_secret(page: Page, response: Response, secret: str) -> None:
    page.site.cookies.set(page.request, response, DEVICE_COOKIE, secret, devices.COOKIE_SECONDS)


def _quiet(page: Page, status: int = HTTPStatus.OK, *, away: bool = False, day: datetime | None = None) -> Response:
    return page.show("staff/device_quiet.html", status, personal=True, away=away, day=day)


def _revoked(page: Page) -> Response:
    """The form anew; what opened once is forgotten."""
    response = _form(page, HTTPStatus.FORBIDDEN, because=refusal("device_revoked"))
    for name in (DEVICE_COOKIE, COOKIE):
        page.site.cookies.delete(page.request, response, name)
    return response


def _form(
    page: Page,
    status: int = HTTPStatus.OK,
    *,
    because: Refusal | None = None,
    finding: str = "",
    retry_after: int | None = None,
) -> Response:
    return page.show(
        "staff/device.html",
        status,
        personal=True,
        because=because,
        findings={"code": page.say(FINDINGS[finding])} if finding else {},
        retry_after=retry_after,
    )
