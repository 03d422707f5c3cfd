"""The operator's pages: who signs in, with which roles, and what to do where somebody lost their telephone or leaves.

A password that is handed out stands in the answer to the form that made it and nowhere else: not in an address, not in
a cookie, and no second time.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web import accounts
from services.web.accounts import Asked, Findings, finding
from services.web.addresses import Id
from services.web.domain import Departments, Official
from services.web.pages import OpenPage, Page
from services.web.permissions import MANAGE_ACCOUNTS
from services.web.queries import Found, or_none
from services.web.refusals import Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.upstream import Refused
from shared.access import permit

router = APIRouter(include_in_schema=False, dependencies=[permit(MANAGE_ACCOUNTS)])

HERE = "/staff/accounts"
PAGE_ACCOUNTS = 50
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
OPENING = {"login_taken": "login", "official_taken": "official"}
GRANTING = {"too_many_grants": "role", "last_operator": "until"}
"""At which field of a form a refusal belongs."""


@dataclass(frozen=True)
class Places:
    """What the roster offers for choice; nothing while it is away."""

    departments: Mapping[str, str]
    venues: Mapping[str, str]
    officials: Mapping[str, Official]


async def _or_nothing(asked: Awaitable[Found]) -> Found | None:
    try:
        return await or_none(asked)
    except Refused:  # no pack was imported yet
        return None


async def _places(page: Page) -> Places:
    departments, officials = await asyncio.gather(
        _or_nothing(page.queries.departments()), _or_nothing(page.queries.officials())
    )
    of = page.language.of
    return Places(
        {each.department_id: of(each, "name") for each in (departments or Departments(items=())).items},
        {page.venue.venue_id: of(page.venue, "name")} if page.venue else {},
        {each.official_id: each for each in officials.items} if officials else {},
    )


def _said(page: Page, findings: Findings) -> Findings:
    return {name: page.say(finding(code)) for name, code in findings.items()}


def account_page(account_id: str) -> str:
    """The address of an account."""
    return f"{HERE}/{quote(account_id, safe='')}"


@router.get(HERE)
async def show(page: Page = OpenPage) -> Response:
    """All accounts, by login, and a form for one more."""
    return await _show(page, Asked({}))


async def _show(page: Page, asked: Asked, status: int = HTTPStatus.OK, because: Refusal | None = None) -> Response:
    after = page.query.get("after", "")
    found, places = await asyncio.gather(page.queries.accounts(after, PAGE_ACCOUNTS), _places(page))
    return page.show(
        "staff/accounts.html",
        status,
        personal=True,
        found=found,
        is_first=not after,
        places=places,
        typed=asked.typed,
        findings=_said(page, asked.findings),
        because=because,
        words=accounts,
    )


@router.post(HERE)
async def open_account(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Let somebody in. Their first password is in this answer alone."""
    asked = accounts.new_account(posted.fields, set((await _places(page)).officials))
    if not posted.is_fresh:
        return await _show(page, Asked(asked.typed), HTTPStatus.CONFLICT, refusal("form_expired"))
    if asked.findings:
        return await _show(page, asked, UNPROCESSABLE)
    try:
        opened = await page.commands.open_account(asked.body)
    except Refused as refused:
        at = OPENING.get(refused.code)
        told = Asked(asked.typed, findings={at: refused.code} if at else {})
        return await _show(page, told, refused.status, _told(refused))
    return page.show("staff/first_password.html", HTTPStatus.CREATED, personal=True, opened=opened, is_new=True)


def _told(refused: Refused) -> Refusal:
    """What to say above. Whoever may not be here at all is sent away as on every page."""
    if refused.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise refused
    return refusal(refused.code)


@router.get(f"{HERE}/{{account_id}}")
async def account(account_id: Id, page: Page = OpenPage) -> Response:
    """One account: its roles, and what can be done about it."""
    return await _show_account(page, account_id, Asked({}))


async def _show_account(
    page: Page, account_id: str, asked: Asked, status: int = HTTPStatus.OK, because: Refusal | None = None
) -> Response:
    found, places, provider = await asyncio.gather(
        page.queries.account(account_id), _places(page), page.queries.provider()
    )
    return page.show(
        "staff/account.html",
        status,
        personal=True,
        account=found,
        address=account_page(account_id),
        official=places.officials.get(found.official_id or ""),
        places=places,
        provider=provider,
        typed=asked.typed,
        findings=_said(page, asked.findings),
        because=because,
        words=accounts,
    )


async def _done(page: Page, account_id: str, deed: Awaitable[None], at: Mapping[str, str], asked: Asked) -> Response:
    """Have it done and show the account as it is then; `at`: the field at which a refusal is told."""
    try:
        await deed
    except Refused as refused:
        because, place = _told(refused), at.get(refused.code)
        told = Asked(asked.typed, findings={place: refused.code} if place else {})
        return await _show_account(page, account_id, told, refused.status, because)
    return page.go(account_page(account_id))


async def _too_old(page: Page, account_id: str, asked: Asked) -> Response:
    return await _show_account(page, account_id, Asked(asked.typed), HTTPStatus.CONFLICT, refusal("form_expired"))


@router.post(f"{HERE}/{{account_id}}/grants")
async def grant(account_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Give a role."""
    zone, places = page.site.settings.zone, await _places(page)
    today = (await page.queries.now()).astimezone(zone).date()
    asked = accounts.new_grant(posted.fields, set(places.departments), set(places.venues), today, zone)
    if not posted.is_fresh:
        return await _too_old(page, account_id, asked)
    if asked.findings:
        return await _show_account(page, account_id, asked, UNPROCESSABLE)
    return await _done(page, account_id, page.commands.grant(account_id, asked.body), GRANTING, asked)


@router.post(f"{HERE}/{{account_id}}/grants/{{grant_id}}/end")
async def revoke(account_id: Id, grant_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Take a role back; one that was taken back already is what was wished."""
    if not posted.is_fresh:
        return await _too_old(page, account_id, Asked({}))
    try:
        await page.commands.revoke(account_id, grant_id)
    except Refused as refused:
        if refused.code not in {"grant_unknown", "last_operator"}:
            raise
        if refused.code == "last_operator":
            told = Asked({}, findings={f"grant-{grant_id}": refused.code})
            return await _show_account(page, account_id, told, refused.status)
    return page.go(account_page(account_id))


@router.post(f"{HERE}/{{account_id}}/suspend")
async def suspend(account_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Let somebody in no more; `resume` takes it back."""
    if not posted.is_fresh:
        return await _too_old(page, account_id, Asked({}))
    deed = page.commands.switch_account(account_id, "suspend")
    return await _done(page, account_id, deed, {"last_operator": "suspend"}, Asked({}))


@router.post(f"{HERE}/{{account_id}}/resume")
async def resume(account_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Let somebody in again."""
    if not posted.is_fresh:
        return await _too_old(page, account_id, Asked({}))
    return await _done(page, account_id, page.commands.switch_account(account_id, "resume"), {}, Asked({}))


@router.post(f"{HERE}/{{account_id}}/sign-out")
async def sign_out(account_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Sign somebody out everywhere; they may sign in again."""
    if not posted.is_fresh:
        return await _too_old(page, account_id, Asked({}))
    return await _done(page, account_id, page.commands.sign_out_everywhere(account_id), {}, Asked({}))


@router.post(f"{HERE}/{{account_id}}/reset")
async def reset(account_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Begin anew with somebody. The new first password is in this answer alone."""
    if not posted.is_fresh:
        return await _too_old(page, account_id, Asked({}))
    try:
        opened = await page.commands.reset_account(account_id)
    except Refused as refused:
        return await _show_account(page, account_id, Asked({}), refused.status, _told(refused))
    return page.show("staff/first_password.html", personal=True, opened=opened, is_new=False)


@router.post(f"{HERE}/{{account_id}}/subject")
async def link_subject(account_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Have a subject of the provider mean this account."""
    asked = accounts.new_subject(posted.fields)
    if not posted.is_fresh:
        return await _too_old(page, account_id, asked)
    if asked.findings:
        return await _show_account(page, account_id, asked, UNPROCESSABLE)
    deed = page.commands.link_subject(account_id, asked.body)
    return await _done(page, account_id, deed, {"oidc_subject_taken": "subject"}, asked)


@router.post(f"{HERE}/{{account_id}}/subject/end")
async def unlink_subject(account_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Have no subject mean this account any more."""
    if not posted.is_fresh:
        return await _too_old(page, account_id, Asked({}))
    return await _done(page, account_id, page.commands.unlink_subject(account_id), {}, Asked({}))
