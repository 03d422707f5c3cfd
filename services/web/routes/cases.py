"""A citizen's cases: raise one, follow it by its number without an account, say whether it is mended; the public list.

Number and digits never stand in an address: they are posted, and kept by the browser, sealed, for as long as a voucher
is. A form that cannot be sent comes back as it was typed; sent twice, it is one case.
"""

from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ValidationError

from services.web import case_telling, cases
from services.web.addresses import Id
from services.web.case_answers import CitizenCase
from services.web.case_queries import OwnCases
from services.web.languages import phrase
from services.web.pages import OpenPage, Page
from services.web.queries import or_none
from services.web.refusals import AWAY_CASES, REFUSALS, Refusal, refusal
from services.web.routes.me import require_citizen
from services.web.routes.posted import Posted, PostedForm
from services.web.security import new_draft
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow
from shared.notices import CURRENT

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

CASE = "/case"
NEW = "/case/new"
MINE = "/me/cases"
COOKIE = "case"
AWAY = Refusal(phrase("进度现在看不到"), phrase("我们正在修。编号还管用，过一会儿再查，着急就打电话。"))


class Key(BaseModel):
    """What opens a case."""

    number: str
    digits: str


def _asked(page: Page) -> OwnCases:
    return OwnCases(page.queries.upstream)


def _key(page: Page) -> Key | None:
    """The case that this browser may open."""
    found = page.site.cookies.sealed(page.request, COOKIE, page.site.settings.voucher_seconds)
    try:
        return Key.model_validate(found) if found else None
    except ValidationError:
        return None


def _keep(page: Page, response: Response, key: Key) -> Response:
    seconds = page.site.settings.voucher_seconds
    page.site.cookies.set_sealed(page.request, response, COOKIE, key.model_dump(), seconds)
    return response


def _said(page: Page, findings: Mapping[str, str] | None) -> dict[str, str]:
    return {name: page.say(case_telling.finding(code)) for name, code in (findings or {}).items()}


@router.get(CASE)
async def follow(page: Page = OpenPage) -> Response:
    """The case that this browser may open, or the form that opens one."""
    key = _key(page)
    if key is None or page.query.get("other"):
        return _show_look_up(page, "", held=key is not None)
    try:
        found = await _asked(page).look_up(key.number, key.digits)
    except Unavailable:
        return _show_look_up(page, key.number, because=AWAY, status=HTTPStatus.SERVICE_UNAVAILABLE)
    except Refused as refused:
        response = _refused_look_up(page, key.number, refused)
        if refused.code == "case_unknown":
            page.site.cookies.delete(page.request, response, COOKIE)
        return response
    return _show_case(page, found, CASE, is_new=page.query.get("new") == "1")


@router.post(CASE)
async def look_up(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Open a case."""
    number = posted.get("number")[: case_telling.NUMBER_CHARACTERS]
    digits = posted.get("digits")[: case_telling.DIGITS_CHARACTERS]
    if not posted.is_fresh:
        return _show_look_up(page, number, because=REFUSALS["form_expired"], status=HTTPStatus.CONFLICT)
    missing = {name: "missing" for name, typed in (("number", number), ("digits", digits)) if not typed}
    if missing:
        return _show_look_up(page, number, findings=missing)
    try:
        found = await _asked(page).look_up(number, digits)
    except Unavailable:
        return _show_look_up(page, number, because=AWAY, status=HTTPStatus.SERVICE_UNAVAILABLE)
    except Refused as refused:
        return _refused_look_up(page, number, refused)
    return _keep(page, page.go(CASE), Key(number=found.number, digits=digits))


def _refused_look_up(page: Page, number: str, refused: Refused) -> Response:
    findings = case_telling.refused_fields(refused.code, refused.errors)
    because = None if findings else refusal(refused.code)
    return _show_look_up(
        page, number, findings=findings, because=because, status=refused.status, retry_after=refused.retry_after
    )


def _show_look_up(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    number: str,
    *,
    findings: Mapping[str, str] | None = None,
    because: Refusal | None = None,
    status: int = HTTPStatus.OK,
    retry_after: int | None = None,
    held: bool = False,
) -> Response:
    return page.show(
        "case/look_up.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else status,
        personal=True,
        number=number,
        findings=_said(page, findings),
        labels=case_telling.LABELS,
        because=because,
        retry_after=retry_after,
        held=held,
    )


@router.post(f"{CASE}/leave")
async def leave(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Have this browser forget the case."""
    response = page.go(CASE)
    if posted.is_fresh:
        page.site.cookies.delete(page.request, response, COOKIE)
    return response


@router.post(f"{CASE}/reply")
async def reply(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Say that it is mended, that it is not, or something more."""
    key = _key(page)
    if key is None:
        return page.go(CASE)
    asked = _asked(page)

    async def send(body: dict[str, Any]) -> CitizenCase:
        return await asked.reply({**body, **key.model_dump()})

    return await _reply(page, posted, asked.look_up(key.number, key.digits), send, CASE)


async def _reply(page: Page, posted: Posted, opened: Awaitable[CitizenCase], send: Any, address: str) -> Response:
    """Send what is said of a case, as it was when it was shown; else show it as it is now, with what was typed."""
    try:
        found = await opened
    except Unavailable:
        return page.tell(AWAY_CASES, HTTPStatus.SERVICE_UNAVAILABLE, code="away_cases")
    if not posted.is_fresh:
        because = REFUSALS["form_expired"]
        return _show_case(page, found, address, posted.fields, because=because, status=HTTPStatus.CONFLICT)
    version = int(posted.get("version")) if posted.get("version").isdecimal() else 0
    told = case_telling.read_reply(posted.fields, min(max(version, 1), 10**6))
    if told.findings:
        return _show_case(page, found, address, posted.fields, findings=told.findings)
    try:
        await send(told.body)
    except Unavailable:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return _show_case(page, found, address, posted.fields, because=AWAY_CASES, status=status)
    except Refused as refused:
        if refused.status == HTTPStatus.UNAUTHORIZED:
            raise
        findings = case_telling.refused_fields(refused.code, refused.errors)
        because = refusal(refused.code)
        return _show_case(
            page, found, address, posted.fields, findings=findings, because=because, status=refused.status
        )
    return page.go(address)


def _show_case(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    found: CitizenCase,
    address: str,
    typed: Mapping[str, str] | None = None,
    *,
    findings: Mapping[str, str] | None = None,
    because: Refusal | None = None,
    status: int = HTTPStatus.OK,
    is_new: bool = False,
) -> Response:
    return page.show(
        "case/case.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else status,
        personal=True,
        case=found,
        address=address,
        typed=typed or {},
        findings=_said(page, findings),
        because=None if findings else because,
        is_new=is_new,
        words=cases,
        telling=case_telling,
    )


@router.get(NEW)
async def new(page: Page = OpenPage) -> Response:
    """Raise a case."""
    kind = page.query.get("kind", "")
    return await _show_new(page, {"kind": kind if kind in case_telling.KINDS else "problem"}, new_draft())


async def _show_new(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    typed: Mapping[str, str],
    draft: str,
    *,
    findings: Mapping[str, str] | None = None,
    because: Refusal | None = None,
    status: int = HTTPStatus.OK,
    retry_after: int | None = None,
) -> Response:
    departments = await or_none(page.queries.departments())
    return page.show(
        "case/new.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else status,
        personal=True,
        typed=typed,
        draft=draft,
        departments=departments.items if departments else (),
        findings=_said(page, findings),
        labels=case_telling.LABELS,
        because=because,
        retry_after=retry_after,
        telling=case_telling,
        notice=CURRENT,
    )


@router.post(NEW)
async def tell(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Send it. The same form sent twice is one case."""
    form, draft = posted.fields, posted.get("draft") or new_draft()
    if not posted.is_fresh:
        return await _show_new(page, form, draft, because=REFUSALS["form_expired"], status=HTTPStatus.CONFLICT)
    departments = await or_none(page.queries.departments())
    known = [each.department_id for each in departments.items] if departments else []
    told = case_telling.read_new(form, known, page.language.code)
    if told.findings:
        return await _show_new(page, form, draft, findings=told.findings)
    key = page.site.cookies.idempotency_key(draft, told.body)
    try:
        made = await _asked(page).raise_case(told.body, key)
    except Unavailable:
        return await _show_new(page, form, draft, because=AWAY_CASES, status=HTTPStatus.SERVICE_UNAVAILABLE)
    except Refused as refused:
        findings = case_telling.refused_fields(refused.code, refused.errors)
        return await _show_new(
            page,
            form,
            draft,
            findings=findings,
            because=None if findings else refusal(refused.code),
            status=refused.status,
            retry_after=refused.retry_after,
        )
    digits = "".join(each for each in form.get("phone", "") if each.isalnum())[-4:]
    return _keep(page, page.go(f"{CASE}?new=1"), Key(number=made.number, digits=digits))


@router.get("/watched")
async def watched(page: Page = OpenPage) -> Response:
    """The public list: department, kind and age."""
    found = await _asked(page).watched()
    return page.show("case/watched.html", watched=found.items, words=cases)


@router.get(f"{MINE}/{{case_id}}")
async def own(case_id: Id, page: Page = OpenPage) -> Response:
    """A case that whoever is signed in has raised."""
    require_citizen(page)
    return _show_case(page, await _asked(page).own(case_id), f"{MINE}/{case_id}")


@router.post(f"{MINE}/{{case_id}}/reply")
async def reply_to_own(case_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Say something to it."""
    require_citizen(page)
    asked = _asked(page)

    async def send(body: dict[str, Any]) -> CitizenCase:
        return await asked.reply_to_own(case_id, body)

    return await _reply(page, posted, asked.own(case_id), send, f"{MINE}/{case_id}")
