"""Signing in with the county's provider of OpenID Connect: there, and back again.

Accounts asks and judges; the pages send the browser and keep its part in a sealed cookie of ten minutes, by which an
answer counts only in the browser that asked. Begun by a link, since a form may lead to no other origin (`form-action`).
The page that the provider sends the browser to shows nothing: it leads on at once, so that no code stays in an address.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from services.web.pages import OpenPage, Page
from services.web.people import SignedIn
from services.web.refusals import Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.routes.sign_in import FINDINGS, PROVIDER_STATUS, keep_token, way_back
from services.web.security import public_origin
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

BACK: Final = "/sign-in/oidc/back"
CODE: Final = "/sign-in/oidc/code"
ASKED: Final = "oidc"
VOUCHED: Final = "oidc-code"
ASKED_SECONDS = 600
VOUCHED_SECONDS = 300


def _explain(page: Page, why: str, to: str) -> Response:
    """Back to the sign-in page, which says why and offers the password."""
    why = why if why in PROVIDER_STATUS else "oidc_refused"
    response = page.go(f"/sign-in?{urlencode({'why': why, 'to': way_back(to)})}")
    return _forget(page, response)


def _forget(page: Page, response: Response) -> Response:
    for name in (ASKED, VOUCHED):
        if page.site.cookies.read(page.request, name):
            page.site.cookies.delete(page.request, response, name)
    return response


def _enter(page: Page, found: SignedIn, to: str) -> Response:
    response = _forget(page, page.go(way_back(to)))
    keep_token(page, response, found)
    return response


@router.get("/sign-in/oidc")
async def ask(page: Page = OpenPage) -> Response:
    """To the provider, with a question of this browser's own."""
    to = way_back(page.query.get("to", ""))
    origin = public_origin(page.request, page.site.settings)
    if origin is None:  # a host that nobody knows: the provider must send nobody there
        return _explain(page, "oidc_not_offered", to)
    try:
        asked = await page.commands.ask_provider(origin + BACK)
    except Unavailable:
        return _explain(page, "oidc_unavailable", to)
    except Refused as refused:
        return _explain(page, refused.code, to)
    response = page.go(asked.address)
    page.site.cookies.set_sealed(page.request, response, ASKED, [asked.question, to], ASKED_SECONDS)
    return response


@router.get(BACK)
async def take_answer(page: Page = OpenPage) -> Response:
    """From the provider: signed in, or on to the telephone's code, or back to the sign-in page, which says why."""
    kept = page.site.cookies.sealed(page.request, ASKED, ASKED_SECONDS)
    if kept is None:
        return _explain(page, "oidc_expired", "")
    question, to = kept
    code, state = page.query.get("code", ""), page.query.get("state", "")
    if not code:  # it says `error` instead: somebody pressed cancel there, or may not use it
        return _explain(page, "oidc_refused", to)
    try:
        found = await page.commands.take_provider_answer(question, state, code, page.query.get("iss"))
    except Unavailable:
        return _explain(page, "oidc_unavailable", to)
    except Refused as refused:
        return _explain(page, refused.code, to)
    if found.signed_in is not None:
        return _enter(page, found.signed_in, to)
    response = _forget(page, page.go(CODE))
    page.site.cookies.set_sealed(page.request, response, VOUCHED, [found.ticket, to], VOUCHED_SECONDS)
    return response


@router.get(CODE)
async def code_form(page: Page = OpenPage) -> Response:
    """The telephone's code, for whom the provider vouched."""
    if page.site.cookies.sealed(page.request, VOUCHED, VOUCHED_SECONDS) is None:
        return _explain(page, "oidc_expired", "")
    return _show(page)


@router.post(CODE)
async def sign_in_with_code(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Sign in by the telephone's code."""
    kept = page.site.cookies.sealed(page.request, VOUCHED, VOUCHED_SECONDS)
    if kept is None:
        return _explain(page, "oidc_expired", "")
    ticket, to = kept
    code = posted.get("code").replace(" ", "")[:32]
    if not posted.is_fresh:
        return _show(page, HTTPStatus.CONFLICT, because=refusal("form_expired"))
    if not code:
        return _show(page, HTTPStatus.UNPROCESSABLE_ENTITY, findings={"code": "code_required"})
    try:
        found = await page.commands.sign_in_vouched(ticket, code)
    except Refused as refused:
        return _show_refused(page, refused, to)
    return _enter(page, found, to)


def _show_refused(page: Page, refused: Refused, to: str) -> Response:
    if refused.code in {"sign_in_refused", "invalid_request"}:
        return _show(page, refused.status, findings={"code": "code_refused"})
    if refused.code.startswith("oidc_"):
        return _explain(page, refused.code, to)
    return _show(page, refused.status, because=refusal(refused.code), retry_after=refused.retry_after)


def _show(
    page: Page,
    status: int = HTTPStatus.OK,
    *,
    because: Refusal | None = None,
    findings: dict[str, str] | None = None,
    retry_after: int | None = None,
) -> Response:
    return page.show(
        "staff/sign_in_code.html",
        status,
        personal=True,
        because=because,
        findings={name: page.say(FINDINGS[code]) for name, code in (findings or {}).items()},
        retry_after=retry_after,
    )
