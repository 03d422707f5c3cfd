"""The staff's pages of joint reviews and frontline supervisions: which there are, and one with agenda and minutes."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web import case_forms, cases, meetings
from services.web.addresses import Id
from services.web.case_forms import Read
from services.web.case_queries import StaffCases
from services.web.domain import Official
from services.web.meetings import ACTS
from services.web.pages import OpenPage, Page
from services.web.permissions import SEE_MEETINGS
from services.web.queries import or_none
from services.web.refusals import REFUSALS, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.upstream import Refused, Unavailable
from shared.access import permit

router = APIRouter(include_in_schema=False, dependencies=[permit(SEE_MEETINGS)])

HERE = "/staff/meetings"


def meeting_page(session_id: str) -> str:
    """The address of a meeting."""
    return f"{HERE}/{quote(session_id, safe='')}"


def _cases(page: Page) -> StaffCases:
    return StaffCases(page.queries.upstream)


@router.get(HERE)
async def listed(page: Page = OpenPage) -> Response:
    """Those of the last months and to come."""
    found = await _cases(page).meetings()
    coming = [each for each in found.items if each.date >= found.today]
    past = [each for each in found.items if each.date < found.today]
    return page.show(
        "staff/cases/meetings.html", personal=True, coming=coming, past=past[::-1], words=cases, meetings=meetings
    )


@router.get(f"{HERE}/{{session_id}}")
async def meeting(session_id: Id, page: Page = OpenPage) -> Response:
    """One meeting: agenda, attendance, decisions, and what can be done in it now."""
    return await _show(page, session_id, {})


async def _officials(page: Page) -> dict[str, Official]:
    found = await or_none(page.queries.officials())
    return {each.official_id: each for each in found.items} if found else {}


async def _departments(page: Page) -> dict[str, str]:
    found = await or_none(page.queries.departments())
    return {each.department_id: page.language.of(each, "name") for each in found.items} if found else {}


async def _show(  # noqa: PLR0913  (what the page may be shown with)
    page: Page,
    session_id: str,
    typed: Mapping[str, str],
    *,
    findings: Mapping[str, str] | None = None,
    because: Refusal | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    shown, names, officials, now = await asyncio.gather(
        _cases(page).meeting(session_id), _departments(page), _officials(page), page.queries.now()
    )
    return page.show(
        "staff/cases/meeting.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else status,
        personal=True,
        meeting=shown,
        names=names,
        officials=officials,
        typed=typed,
        act=f"{typed.get('act', '')}{typed.get('item_id', '')}",
        findings={name: page.say(case_forms.finding(code)) for name, code in (findings or {}).items()},
        because=None if findings else because,
        address=meeting_page(session_id),
        papers=f"/api/cases/v1/staff/meetings/{quote(session_id, safe='')}",
        today=now.astimezone(page.site.settings.zone).date(),
        words=cases,
        meetings=meetings,
    )


@router.post(f"{HERE}/{{session_id}}")
async def do(session_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Do something in a meeting."""
    form, act = posted.fields, ACTS.get(posted.get("act"))
    if act is None:
        return page.tell(REFUSALS["not_found"], HTTPStatus.NOT_FOUND, code="not_found")
    if not posted.is_fresh:
        return await _show(page, session_id, form, because=REFUSALS["form_expired"], status=HTTPStatus.CONFLICT)
    read = meetings.read_act(act, form, await _departments(page), await _officials(page))
    await _find_case(page, read)
    if read.findings:
        return await _show(page, session_id, form, findings=read.findings)
    try:
        await _cases(page).act_in_meeting(session_id, read.body)
    except Unavailable:
        return page.show(
            "staff/again.html",
            HTTPStatus.SERVICE_UNAVAILABLE,
            personal=True,
            because=refusal("away_cases"),
            typed=form,
            address=meeting_page(session_id),
        )
    except Refused as refused:
        if refused.code in {"meeting_unknown", "access_denied"} or refused.status == HTTPStatus.UNAUTHORIZED:
            raise
        found = meetings.refused_findings(act, refused.code, refused.errors)
        because = refusal(refused.code)
        return await _show(page, session_id, form, findings=found, because=because, status=refused.status)
    return page.go(meeting_page(session_id))


async def _find_case(page: Page, read: Read) -> None:
    """The case that the form names by its number."""
    typed = read.body.get("case_id")
    if isinstance(typed, str):
        found = await _cases(page).search(q=typed, limit=2)
        if len(found.items) == 1:
            read.body["case_id"] = found.items[0].case_id
        else:
            read.findings["case_id"] = "other_case_unknown"
