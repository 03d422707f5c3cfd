"""The window on the service day: who is there, who is next, what was done, and who sits at it; the director's phone.

Every form carries the window's version that its page showed. Where the window has moved on meanwhile nothing is done:
the page comes anew with a sentence, and with whatever was typed.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response

from services.web import day, outcomes
from services.web.addresses import Id, window_page
from services.web.domain import Official, Session, SessionWindow
from services.web.forms import whole_number
from services.web.hall import Desk, Document, Hall, Promises
from services.web.pages import OpenPage, Page
from services.web.permissions import WORK_AT_WINDOW
from services.web.queries import or_none
from services.web.refusals import REFUSALS, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import new_draft
from services.web.upstream import Refused
from shared.access import permit

router = APIRouter(include_in_schema=False)

PLAIN = {"call-next", "recall", "unanswered", "start", "hold", "undo", "open", "close"}
"""Verbs that need nothing but the version."""
TICKET_VERBS = {"call", "resume"}
NOWHERE = REFUSALS["not_found"]


@router.get("/staff/sessions/{session_id}/desk/{window_id}", dependencies=[permit(WORK_AT_WINDOW)])
async def desk(session_id: Id, window_id: Id, page: Page = OpenPage) -> Response:
    """The window's desk."""
    return await show_window(page, "desk", await page.queries.desk(session_id, window_id))


@router.post("/staff/sessions/{session_id}/desk/{window_id}", dependencies=[permit(WORK_AT_WINDOW)])
async def act(session_id: Id, window_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Do one thing at the window."""
    return await _act(page, "desk", session_id, window_id, posted)


@router.get("/staff/sessions/{session_id}/live/{window_id}", dependencies=[permit(WORK_AT_WINDOW)])
async def live(session_id: Id, window_id: Id, page: Page = OpenPage) -> Response:
    """The director's day on a phone: who is at the window now, who waits, what was done."""
    return await show_window(page, "live", await page.queries.desk(session_id, window_id))


@router.post("/staff/sessions/{session_id}/live/{window_id}", dependencies=[permit(WORK_AT_WINDOW)])
async def hand_over(session_id: Id, window_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Come, or hand the window over."""
    return await _act(page, "live", session_id, window_id, posted)


async def _act(  # noqa: PLR0911  (one way a verb)
    page: Page, kind: str, session_id: str, window_id: str, posted: Posted
) -> Response:
    shown = await page.queries.desk(session_id, window_id)
    verb, form = posted.get("verb"), posted.fields
    if not posted.is_fresh:
        return await show_window(page, kind, shown, form, because=REFUSALS["form_expired"])
    if verb == "keep" and form.get(outcomes.TICKET):
        return await go_back(page, kind, shown, form)
    if verb == "unmask" and kind == "desk":
        return await _unmask(page, shown, form)
    body, findings = _body(page, shown, verb, form)
    if findings:
        return await show_window(page, kind, shown, form, findings=findings)
    if body is None:
        return page.tell(NOWHERE, HTTPStatus.NOT_FOUND, code="not_found")
    name = "attend" if verb in ("present", "away") else verb
    try:
        await page.commands.at_window(session_id, window_id, name, body)
    except Refused as refused:
        return await show_refused(page, kind, shown, form, refused)
    return await go_back(page, kind, shown, form)


async def _unmask(page: Page, shown: Desk, form: Mapping[str, str]) -> Response:
    """Show the number in this very answer: no address leads to it, and nothing keeps it."""
    if form.get("unmask_for", "") not in day.UNMASKED_FOR:
        return await show_window(page, "desk", shown, form, findings={"unmask_for": page.say("请选为什么要看")})
    try:
        found = await page.commands.unmask(
            shown.session_id, shown.window_id, form.get("unmask_ticket", ""), form["unmask_for"]
        )
    except Refused as refused:
        return await show_refused(page, "desk", shown, form, refused)
    return await show_window(page, "desk", shown, form, document=found)


async def show_refused(page: Page, kind: str, was: Desk, form: Mapping[str, str], refused: Refused) -> Response:
    """The window as it is by now, and why nothing was done. What was typed for whom it held meanwhile is kept."""
    fresh = await page.queries.desk(was.session_id, was.window_id)
    response = await show_window(page, kind, fresh, form, because=refusal(refused.code), status=refused.status)
    if kind == "desk" and form.get(outcomes.TICKET, "") in {each.ticket_id for each in fresh.held}:
        outcomes.keep(page, response, window_page(was.session_id, kind, was.window_id), fresh, form)
    return response


async def go_back(page: Page, kind: str, was: Desk, form: Mapping[str, str]) -> Response:
    """To the page that a form came from, with the outcome as far as it is typed; `was` is the window before."""
    address = window_page(was.session_id, kind, was.window_id)
    response = page.go(address)
    if kind == "desk" and not outcomes.keep(page, response, address, was, form) and form.get("verb") != "finish":
        # More than the browser keeps: it goes into the answer itself.
        fresh = await page.queries.desk(was.session_id, was.window_id)
        typed = {outcomes.TICKET: form[outcomes.TICKET], **outcomes.typed_of(form)}
        return await show_window(page, kind, fresh, typed)
    return response


def _body(  # noqa: PLR0911  (one way a verb)
    page: Page, shown: Desk, verb: str, form: Mapping[str, str]
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """What the queue is asked for, and what is to be mended first; None for a verb that no page offers."""
    body: dict[str, Any] = {"version": whole_number(form.get("version", "")) or 0}
    if verb in PLAIN:
        return body, {}
    if verb in TICKET_VERBS:
        return {**body, "ticket_id": form.get("ticket", "")}, {}
    if verb == "transfer":
        kind, _, target = form.get("target", "").partition(":")
        if not kind:
            return body, {"target": page.say("请选转到哪里")}
        return ({**body, kind: target} if kind in ("window_id", "department_id") else None), {}
    if verb == "finish":
        matter_ids = [form[f"matter{index}"] for index in range(day.MATTERS_MOST) if f"matter{index}" in form]
        read = day.finish_of(matter_ids, form)
        return {**body, **read.body}, {name: page.say(said) for name, said in read.findings.items()}
    if verb == "pause":
        reason = form.get("pause_reason", "")
        return {**body, "reason": reason}, {} if reason else {"pause_reason": page.say("请写一句为什么")}
    if verb == "present":
        return {**body, "attendance": "present"}, {}
    if verb == "away":
        reason = form.get("reason", "")
        substitute = form.get("substitute", "")
        back = day.moment_of(shown.date, form.get("back", ""), page.site.settings.zone)
        body |= {"attendance": "away", "reason": reason, "substitute_id": substitute or None}
        body["returns_at"] = back.isoformat() if back else None
        return body, {} if reason else {"reason": page.say("请写一句为什么")}
    return None, {}


async def show_window(  # noqa: PLR0913  (what a desk may be shown with)
    page: Page,
    kind: str,
    shown: Desk,
    typed: Mapping[str, str] | None = None,
    *,
    because: Refusal | None = None,
    findings: Mapping[str, str] | None = None,
    status: int = HTTPStatus.CONFLICT,
    document: Document | None = None,
) -> Response:
    """The window's page, with what was typed and what did not work."""
    address = window_page(shown.session_id, kind, shown.window_id)
    given = outcomes.shown_with(page, shown, address, typed) if kind == "desk" else typed or {}
    session, matters, officials, departments, promises, hall = await asyncio.gather(
        page.queries.session_or_none(shown.session_id),
        page.queries.matters_of(shown.matter_ids),
        _officials(page),
        or_none(page.queries.departments()),
        _promises(page, kind, shown),
        # Where to send somebody, and whether the day is signed: not asked for where the page says neither.
        page.queries.hall_or_none(shown.session_id) if shown.at or shown.state == "closed" else _nothing(),
    )
    return page.show(
        f"staff/{kind}.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if findings else status if because else HTTPStatus.OK,
        personal=True,
        desk=shown,
        session=session,
        window=session.window(shown.window_id) if session else None,
        matters=matters,
        official=_named(shown.official_id, session, officials),
        substitute=officials.get(shown.substitute_id or ""),
        deputies=[
            each
            for each in officials.values()
            if each.department_id == shown.department_id and each.official_id != shown.official_id
        ],
        departments=departments.items if departments else (),
        typed=given,
        because=because,
        findings=findings or {},
        document=document if document and shown.at and document.ticket_id == shown.at.ticket_id else None,
        address=address,
        day=day,
        targets=_targets(session, shown, hall),
        signed=bool(hall and hall.is_signed),
        promises=promises,
        draft=(typed or {}).get("draft") or new_draft(),
    )


async def _nothing() -> None:
    return None


def _targets(session: Session | None, shown: Desk, hall: Hall | None) -> list[tuple[SessionWindow, str]]:
    """The other windows with their state as far as it is known, those that receive nobody last."""
    others = [each for each in (session.windows if session else ()) if each.window_id != shown.window_id]
    found = [(each, hall.state_of(each.window_id) if hall else "") for each in others]
    return sorted(found, key=lambda each: each[1] == "closed")


async def _promises(page: Page, kind: str, shown: Desk) -> Promises | None:
    return await page.queries.promises(shown.session_id, shown.window_id) if kind == "live" else None


async def _officials(page: Page) -> dict[str, Official]:
    try:
        found = await or_none(page.queries.officials())
    except Refused:
        return {}
    return {each.official_id: each for each in found.items} if found else {}


def _named(official_id: str | None, session: Session | None, officials: Mapping[str, Official]) -> Official | None:
    if official_id is not None and official_id in officials:
        return officials[official_id]
    duties = session.duties if session else ()
    return next(
        (
            Official(
                official_id=each.official_id or "",
                name=each.official_name,
                title_zh=each.official_title_zh,
                title_en=each.official_title_en,
            )
            for each in duties
            if official_id and each.official_id == official_id
        ),
        None,
    )
