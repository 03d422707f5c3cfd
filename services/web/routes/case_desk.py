"""The staff's pages of cases: the ladder as a board, a department's desk, lists, one case with its story and its forms.

A form that cannot be done comes back as it was typed, beside the case as it is now.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web import case_forms, cases
from services.web.addresses import Id
from services.web.case_forms import ACTS, Act, Read
from services.web.case_queries import StaffCases
from services.web.cases import Cards
from services.web.pages import OpenPage, Page
from services.web.permissions import ENTER_CASE, SEE_CASE_BOARD, SEE_CASE_DESK, SEE_CASES
from services.web.queries import or_none
from services.web.refusals import REFUSALS, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import new_draft
from services.web.upstream import Refused, Unavailable
from shared.access import permit

router = APIRouter(include_in_schema=False)

HERE = "/staff/cases"
PAGE_CASES = 50
FILTERS = ("q", "state", "level", "department_id", "kind", "light")
NO_CARDS = Cards(items=())


def _cases(page: Page) -> StaffCases:
    return StaffCases(page.queries.upstream)


def case_page(case_id: str) -> str:
    """The address of a case."""
    return f"{HERE}/{quote(case_id, safe='')}"


async def _departments(page: Page) -> dict[str, str]:
    """The names of the departments; none while the roster is away."""
    found = await or_none(page.queries.departments())
    return {each.department_id: page.language.of(each, "name") for each in found.items} if found else {}


def _show(page: Page, template: str, names: Mapping[str, str], **context: Any) -> Response:
    account = getattr(page.request.state, "principal", None)
    return page.show(
        f"staff/cases/{template}",
        context.pop("status", HTTPStatus.OK),
        personal=True,
        names=names,
        words=cases,
        forms=case_forms,
        me=account.account_id if account else "",
        **context,
    )


@router.get(HERE, dependencies=[permit(SEE_CASE_BOARD)])
async def board(page: Page = OpenPage) -> Response:
    """The ladder, the late and the listed."""
    shown, names = await asyncio.gather(_cases(page).board(), _departments(page))
    return _show(page, "board.html", names, board=shown, today=shown.today)


@router.get(f"{HERE}/desk", dependencies=[permit(SEE_CASE_DESK)])
async def desk(page: Page = OpenPage) -> Response:
    """What one's departments have to do."""
    shown, names = await asyncio.gather(_cases(page).desk(), _departments(page))
    return _show(page, "desk.html", names, desk=shown, today=shown.today)


@router.get(f"{HERE}/mine", dependencies=[permit(SEE_CASES)])
async def mine(page: Page = OpenPage) -> Response:
    """What is in one's own charge, by its next day."""
    shown, names = await asyncio.gather(_cases(page).mine(), _departments(page))
    return _show(page, "mine.html", names, found=shown, today=shown.today)


@router.get(f"{HERE}/list", dependencies=[permit(SEE_CASES)])
async def search(page: Page = OpenPage) -> Response:
    """Cases by words, number, department and need."""
    asked = {name: page.query.get(name, "") for name in FILTERS}
    listed = page.query.get("listed") == "1"
    wanted = {name: value for name, value in asked.items() if value}
    after = page.query.get("after") or None
    names, now = await asyncio.gather(_departments(page), page.queries.now())
    try:
        found = await _cases(page).search(**wanted, listed="true" if listed else None, after=after, limit=PAGE_CASES)
    except Refused as refused:
        if refused.code != "invalid_request":
            raise
        return page.go(f"{HERE}/list")
    today = now.astimezone(page.site.settings.zone).date()
    context = {"found": found, "asked": asked, "listed": listed, "first": after is None, "today": today}
    return _show(page, "list.html", names, **context)


@router.get(f"{HERE}/new", dependencies=[permit(ENTER_CASE)])
async def new(page: Page = OpenPage) -> Response:
    """The form for what somebody says at the counter or the phone."""
    return await _show_new(page, {"source": "counter", "kind": "problem"}, new_draft())


async def _show_new(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    typed: Mapping[str, str],
    draft: str,
    *,
    findings: Mapping[str, str] | None = None,
    because: Refusal | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    return _show(
        page,
        "new.html",
        await _departments(page),
        typed=typed,
        draft=draft,
        findings={name: page.say(case_forms.finding(code)) for name, code in (findings or {}).items()},
        because=because,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if findings else status,
    )


@router.post(f"{HERE}/new", dependencies=[permit(ENTER_CASE)])
async def enter(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Write a case down. Sent again, it is the same one."""
    form, draft = posted.fields, posted.get("draft") or new_draft()
    if not posted.is_fresh:
        return await _show_new(page, form, draft, because=REFUSALS["form_expired"], status=HTTPStatus.CONFLICT)
    names = await _departments(page)
    venue_id = page.venue.venue_id if page.venue else ""
    read = case_forms.read_new(form, names, venue_id, page.language.code)
    if read.findings:
        return await _show_new(page, form, draft, findings=read.findings)
    try:
        done = await _cases(page).enter(read.body, draft)
    except Unavailable:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return await _show_new(page, form, draft, because=refusal("away_cases"), status=status)
    except Refused as refused:
        found = case_forms.refused_new(refused.code, refused.errors)
        return await _show_new(page, form, draft, findings=found, because=_told(refused), status=refused.status)
    return page.go(f"{case_page(done.card.case_id)}?new=1" if done.seen else f"{HERE}/list?entered={done.card.number}")


def _told(refused: Refused) -> Refusal:
    """What to say above. Whoever may not be here at all is sent away as on every page."""
    if refused.status == HTTPStatus.UNAUTHORIZED or refused.code == "access_denied":
        raise refused
    return refusal(refused.code)


@router.get(f"{HERE}/{{case_id}}", dependencies=[permit(SEE_CASES)])
async def case(case_id: Id, page: Page = OpenPage) -> Response:
    """One case: what it is, who has it until when, its story, and what can be done now."""
    return await _show_case(page, case_id)


@dataclass(frozen=True)
class _Typed:
    """A form that comes back as it was typed."""

    fields: Mapping[str, str]
    act: str


NOTHING_TYPED = _Typed({}, "")


async def _show_case(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    case_id: str,
    typed: _Typed = NOTHING_TYPED,
    *,
    findings: Mapping[str, str] | None = None,
    because: Refusal | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    asked = _cases(page)
    shown, names, now = await asyncio.gather(asked.file(case_id), _departments(page), page.queries.now())
    may = {*shown.may.handle, *shown.may.oversee}
    duplicates = await asked.likely(case_id) if "merge" in may else NO_CARDS
    return _show(
        page,
        "case.html",
        names,
        file=shown,
        may=may,
        likely=duplicates.items,
        address=case_page(case_id),
        typed=typed.fields,
        act=typed.act,
        findings={name: page.say(case_forms.finding(code)) for name, code in (findings or {}).items()},
        because=because,
        today=now.astimezone(page.site.settings.zone).date(),
        is_new=page.query.get("new") == "1",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if findings else status,
    )


@router.post(f"{HERE}/{{case_id}}", dependencies=[permit(SEE_CASES)])
async def do(case_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Do something with a case."""
    form, act = posted.fields, ACTS.get(posted.get("act"))
    if act is None:
        return page.tell(REFUSALS["not_found"], HTTPStatus.NOT_FOUND, code="not_found")
    kept = _Typed(form, act.name)
    if not posted.is_fresh:
        because = REFUSALS["form_expired"]
        return await _show_case(page, case_id, kept, because=because, status=HTTPStatus.CONFLICT)
    read = case_forms.read_act(act, form, await _departments(page))
    await _find_other(page, act, read)
    if read.findings:
        return await _show_case(page, case_id, kept, findings=read.findings)
    try:
        done = await _act(page, case_id, act, read)
    except Unavailable:
        return page.show(
            "staff/again.html",
            HTTPStatus.SERVICE_UNAVAILABLE,
            personal=True,
            because=refusal("away_cases"),
            typed=form,
            address=case_page(case_id),
        )
    except Refused as refused:
        if refused.code == "case_unknown":
            raise
        found = case_forms.refused_findings(act, refused.code, refused.errors)
        because = _told(refused)
        return await _show_case(page, case_id, kept, findings=found, because=because, status=refused.status)
    return page.go(case_page(case_id) if done.seen else f"{HERE}/list")


async def _act(page: Page, case_id: str, act: Act, read: Read) -> cases.Done:
    """Notes and promises are anybody's who is concerned: whoever only oversees says it as that."""
    oversee = act.name in case_forms.OVERSEEN
    if act.name in {"note", "keep_measure"}:
        shown = await _cases(page).file(case_id)
        oversee = act.name not in shown.may.handle
    return await _cases(page).act(case_id, read.body, oversee=oversee)


async def _find_other(page: Page, act: Act, read: Read) -> None:
    """The other case that a form names by its number."""
    for each in act.fields:
        typed = read.body.get(each.name)
        if each.kind == "number" and isinstance(typed, str):
            found = await _cases(page).search(q=typed, state="all", limit=2)
            if len(found.items) == 1:
                read.body[each.name] = found.items[0].case_id
            else:
                read.findings[each.name] = "other_case_unknown"
