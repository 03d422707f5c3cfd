"""The booking itself: the voucher, looking up, cancelling, agreeing to another day.

Code and digits never stand in an address. They are posted, and kept by a sealed cookie for an hour, so that
the voucher can be opened again, printed and saved. Every form is answered by a way on to a page that can be opened
again.
"""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.web import voucher as vouchers
from services.web.addresses import DraftId
from services.web.domain import Booking, is_quiet, is_reminded
from services.web.drafts import Told
from services.web.forms import Findings, field_phrase
from services.web.pages import NotThere, OpenPage, Page
from services.web.refusals import AWAY, DRAFT_GONE, Refusal, refusal
from services.web.routes.posted import Posted, PostedForm
from services.web.security import VOUCHER_COOKIE, Held, new_draft
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

CODE_CHARACTERS = 20
DIGITS_CHARACTERS = 8


class LookUp(BaseModel):
    """A look-up that opened nothing: the code as typed (the digits are typed again), and what is wrong."""

    code: str
    errors: dict[str, str] = {}
    """Codes by field."""
    told: Told | None = None


@router.get("/bookings")
async def voucher(page: Page = OpenPage) -> Response:
    """The voucher, as long as this browser may open it."""
    booking = await held_booking(page)
    matter, session, channels = await asyncio.gather(
        page.queries.matter_or_none(booking.matter_id),
        page.queries.session_or_none(booking.session_id),
        page.queries.channels(),
    )
    now, zone = await page.queries.now(), page.site.settings.zone
    return page.show(
        "voucher.html",
        personal=True,
        booking=booking,
        matter=matter,
        session=session,
        window=session.window(booking.window_id) if session else None,
        duty=session.duty_at(booking.window_id) if session else None,
        qr=vouchers.qr(booking.code),
        by_mail=channels.mail and booking.email_masked is not None,
        quiet_until=channels.quiet_until if is_quiet(channels, now, zone) else None,
        reminded=is_reminded(booking.starts_at, now, zone),
        now=now,
    )


def held_of(page: Page) -> Held:
    """What this browser may open. Raises NotThere, which leads to the look-up."""
    held = page.site.cookies.voucher(page.request)
    if held is None:
        raise NotThere(page.go("/bookings/lookup"))
    return held


async def held_booking(page: Page) -> Booking:
    """The booking that this browser may open. Raises NotThere, which leads to the look-up or says what is wrong."""
    held = held_of(page)
    try:
        if not held.digits:
            return await page.queries.own_booking(held.booking_id)
        return await page.commands.look_up(held.code, held.digits)
    except Unavailable:
        # The code is all that is needed to come, so it is shown even where nothing else can be.
        response = page.tell(AWAY["booking"], HTTPStatus.SERVICE_UNAVAILABLE, held_code=held.code)
    except Refused as refused:
        if refused.status == HTTPStatus.UNAUTHORIZED:
            raise
        if refused.code in {"booking_unknown", "invalid_request", "access_denied"}:
            response = page.go("/bookings/lookup")
            page.site.cookies.delete(page.request, response, VOUCHER_COOKIE)
        else:
            response = page.tell(
                refusal(refused.code),
                refused.status,
                code=refused.code,
                retry_after=refused.retry_after,
                held_code=held.code,
            )
    raise NotThere(response)


@router.get("/bookings/calendar.ics")
async def calendar(page: Page = OpenPage) -> Response:
    """The booking for a phone's calendar."""
    booking = await held_booking(page)
    matter, session = await asyncio.gather(
        page.queries.matter_or_none(booking.matter_id), page.queries.session_or_none(booking.session_id)
    )
    text = vouchers.calendar(page, booking, matter, session)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="service-day.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


@router.get("/bookings/lookup")
async def look_up_form(page: Page = OpenPage) -> Response:
    """查我的预约."""
    return _show_look_up(page, "", {}, None)


@router.get("/bookings/lookup/{page_id}")
async def look_up_again(page_id: DraftId, page: Page = OpenPage) -> Response:
    """The form with what is wrong."""
    found = page.site.cookies.kept(page.request, _look_up_page(page_id))
    if found is None:
        return _show_look_up(page, "", {}, DRAFT_GONE)
    tried = LookUp.model_validate(found)
    findings = {name: field_phrase(code, page.language) for name, code in tried.errors.items()}
    if tried.told is None:
        return _show_look_up(page, tried.code, findings, None, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    because = None if findings else refusal(tried.told.code)
    return _show_look_up(
        page, tried.code, findings, because, status=tried.told.status, retry_after=tried.told.retry_after
    )


@router.post("/bookings/lookup")
async def look_up(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Open a booking by its code and last digits."""
    code, digits = posted.get("code")[:CODE_CHARACTERS], posted.get("digits")[:DIGITS_CHARACTERS]
    if not posted.is_fresh:
        return _again(page, LookUp(code=code, told=Told(code="form_expired", status=HTTPStatus.OK)))
    missing = {"code": "code_required"} if not code else {}
    if not digits:
        missing["digits"] = "digits_format"
    if missing:
        return _again(page, LookUp(code=code, errors=missing))
    try:
        booking = await page.commands.look_up(code, digits)
    except Refused as refused:
        errors = {each.pointer.strip("/"): each.code for each in refused.errors}
        errors = {name: errors[name] for name in ("code", "digits") if name in errors}
        told = Told(code=refused.code, status=refused.status, retry_after=refused.retry_after)
        return _again(page, LookUp(code=code, errors=errors, told=told))
    response = page.go("/bookings")
    page.site.cookies.set_voucher(page.request, response, Held(booking.booking_id, booking.code, digits))
    return response


def _look_up_page(page_id: str) -> str:
    return f"/bookings/lookup/{page_id}"


def _again(page: Page, tried: LookUp) -> Response:
    address = _look_up_page(new_draft())
    response = page.go(address)
    page.site.cookies.keep(page.request, response, address, tried.model_dump(mode="json"))
    return response


def _show_look_up(  # noqa: PLR0913  (what the page says)
    page: Page,
    code: str,
    findings: Findings,
    because: Refusal | None,
    *,
    status: int = HTTPStatus.OK,
    retry_after: int | None = None,
) -> Response:
    held = page.site.cookies.voucher(page.request)
    return page.show(
        "lookup.html",
        status,
        personal=bool(code or findings or because or held),
        held=held,
        code=code,
        findings=findings,
        because=because,
        retry_after=retry_after,
    )


@router.get("/bookings/cancel")
async def cancel_form(page: Page = OpenPage) -> Response:
    """真的要取消吗?"""
    booking = await held_booking(page)
    if booking.state == "cancelled":
        return page.go("/bookings")
    matter = await page.queries.matter_or_none(booking.matter_id)
    return page.show("cancel.html", personal=True, booking=booking, matter=matter)


@router.post("/bookings/cancel")
async def cancel(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Give the seat back. Twice is once."""
    held = held_of(page)
    if not posted.is_fresh or not is_shown(posted, held):
        return page.go("/bookings/cancel")
    try:
        if held.digits:
            await page.commands.cancel(held.code, held.digits)
        else:
            await page.commands.cancel_own(held.booking_id)
    except Refused as refused:
        if refused.code != "booking_already_cancelled":
            raise
    return page.go("/bookings")


@router.post("/bookings/agree")
async def agree(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Agree to the day that the session moved to."""
    held = held_of(page)
    if posted.is_fresh and is_shown(posted, held):
        if held.digits:
            await page.commands.agree(held.code, held.digits)
        else:
            await page.commands.agree_own(held.booking_id)
    return page.go("/bookings")


def is_shown(posted: Posted, held: Held) -> bool:
    """Whether the form is about the booking that is open: another tab may have opened another one meanwhile."""
    return posted.get("booking") == held.booking_id


@router.post("/bookings/leave")
async def leave(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Forget the booking on this device, which may be the hall's."""
    if not posted.is_fresh:
        return page.go("/bookings")
    response = page.go("/")
    page.site.cookies.delete(page.request, response, VOUCHER_COOKIE)
    return response
