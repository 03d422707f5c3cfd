"""When a director leaves, told to the staff; and what directors find and decide without a visitor.

These forms stand on the window's desk and on the director's page; each is answered by the page it came from.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web.addresses import Id
from services.web.day import CHOICES, SETTLED
from services.web.languages import phrase
from services.web.pages import OpenPage, Page
from services.web.permissions import HELP_VISITOR, WORK_AT_WINDOW
from services.web.refusals import REFUSALS, refusal
from services.web.routes.desk import go_back, show_refused, show_window
from services.web.routes.hall import issue_findings
from services.web.routes.posted import Posted, PostedForm
from services.web.upstream import Refused
from shared.access import permit

router = APIRouter(include_in_schema=False)

Kind = Literal["desk", "live"]


@router.post("/staff/sessions/{session_id}/{kind}/{window_id}/beyond", dependencies=[permit(WORK_AT_WINDOW)])
async def act(
    session_id: Id, kind: Kind, window_id: Id, page: Page = OpenPage, posted: Posted = PostedForm
) -> Response:
    """Keep a finding, a decision, a call to whoever wrote something down, or what a visitor chose."""
    form, deed = posted.fields, posted.get("deed")
    shown = await page.queries.desk(session_id, window_id)
    if not posted.is_fresh:
        return await show_window(page, kind, shown, form, because=REFUSALS["form_expired"])
    if deed not in DEEDS:
        return page.tell(REFUSALS["not_found"], HTTPStatus.NOT_FOUND, code="not_found")
    findings = {name: page.say(words) for name, words in DEEDS[deed](form).items()}
    if findings:
        return await show_window(page, kind, shown, form, findings=findings)
    try:
        await _do(page, session_id, window_id, deed, form)
    except Refused as refused:
        if deed == "choice" and refused.code == "invalid_request":
            found = issue_findings(page, refused)
            return await show_window(page, kind, shown, form, findings={f"issue_{each}": found[each] for each in found})
        return await show_refused(page, kind, shown, form, refused)
    return await go_back(page, kind, shown, form)


async def _do(page: Page, session_id: str, window_id: str, deed: str, form: Mapping[str, str]) -> None:
    if deed == "choice":
        body: dict[str, Any] = {"choice": form["choice"]}
        if form["choice"] == "written_issue":
            body |= {"text": form["issue_text"], "phone": form.get("issue_phone") or None}
        await page.commands.choose_for(session_id, form["ticket"], body)
    elif deed == "kept":
        at = form.get("at", "")
        body = {"by": form[f"by{at}"], "said": form[f"said{at}"]}
        await page.commands.keep_promise(session_id, window_id, form["promise"], body)
    elif deed == "finding":
        body = {"text": form["finding"], "settled": form["found_settled"]}
        key = page.site.cookies.idempotency_key(form.get("draft", ""), body)
        await page.commands.note(session_id, window_id, "findings", body, key)
    else:
        body = {"text": form["decision"], "scope": form["scope"], "basis": form.get("basis") or None}
        key = page.site.cookies.idempotency_key(form.get("draft", ""), body)
        await page.commands.note(session_id, window_id, "decisions", body, key)


def _of_finding(form: Mapping[str, str]) -> dict[str, str]:
    found = {} if form.get("finding") else {"finding": FINDING_EMPTY}
    return found if form.get("found_settled") in SETTLED else {**found, "found_settled": FINDING_UNSETTLED}


def _of_decision(form: Mapping[str, str]) -> dict[str, str]:
    found = {} if form.get("decision") else {"decision": DECISION_EMPTY}
    return found if form.get("scope") else {**found, "scope": SCOPE_EMPTY}


def _of_call(form: Mapping[str, str]) -> dict[str, str]:
    at = form.get("at", "")
    found = {} if form.get(f"by{at}") else {f"by{at}": CALLER_EMPTY}
    found |= {} if form.get(f"said{at}") else {f"said{at}": SAID_EMPTY}
    return found if form.get("promise") else {**found, f"said{at}": SAID_EMPTY}


def _of_choice(form: Mapping[str, str]) -> dict[str, str]:
    if form.get("choice") not in CHOICES or not form.get("ticket"):
        return {"choice": CHOICE_EMPTY}
    written = form["choice"] == "written_issue"
    return {"issue_text": ISSUE_EMPTY} if written and not form.get("issue_text") else {}


FINDING_EMPTY = phrase("请写一句发现了什么")
FINDING_UNSETTLED = phrase("问题是当场解决了，还是转出去？请选一个")
DECISION_EMPTY = phrase("请写一句决定了什么")
SCOPE_EMPTY = phrase("请写清楚对哪些情况有效")
CALLER_EMPTY = phrase("请写是谁打的电话")
SAID_EMPTY = phrase("请写一句电话里怎么说的")
CHOICE_EMPTY = phrase("请选这位群众要怎么办")
ISSUE_EMPTY = phrase("请写下群众的事情")

DEEDS = {"finding": _of_finding, "decision": _of_decision, "kept": _of_call, "choice": _of_choice}
"""What a form may ask for, and what is still to be mended in it, by field."""


def _first_place(session_id: str, ticket_id: str) -> str:
    return f"/staff/sessions/{quote(session_id, safe='')}/tickets/{quote(ticket_id, safe='')}/first-place"


@router.get("/staff/sessions/{session_id}/tickets/{ticket_id}/first-place", dependencies=[permit(HELP_VISITOR)])
async def ask_first_place(session_id: Id, ticket_id: Id, page: Page = OpenPage) -> Response:
    """An old ticket that promises the first place."""
    here = _first_place(session_id, ticket_id)
    return page.show("staff/first_place.html", personal=True, here=here, given=None, typed={}, because=None)


@router.post("/staff/sessions/{session_id}/tickets/{ticket_id}/first-place", dependencies=[permit(HELP_VISITOR)])
async def give_first_place(
    session_id: Id, ticket_id: Id, page: Page = OpenPage, posted: Posted = PostedForm
) -> Response:
    """Keep that promise; sent again, it is kept already."""
    given, because, status = None, None, HTTPStatus.OK.value
    if posted.is_fresh:
        body = {"number": posted.get("number"), "date": posted.get("date")}
        try:
            given = await page.commands.give_first_place(session_id, ticket_id, body)
        except Refused as refused:
            because, status = refusal(refused.code), refused.status
    else:
        because, status = REFUSALS["form_expired"], HTTPStatus.CONFLICT.value
    return page.show(
        "staff/first_place.html",
        status,
        personal=True,
        here=_first_place(session_id, ticket_id),
        given=given,
        typed=posted.fields,
        because=because,
    )
