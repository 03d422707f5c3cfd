"""The booking itself: taking the seat, the voucher, looking up, cancelling, agreeing to another day.

Code and digits never stand in an address. They are posted, and kept by an encrypted cookie for an hour, so that
the voucher can be opened again, printed and saved.
"""

import asyncio
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Response

from services.web import voucher as vouchers
from services.web.domain import Booking, lookup_digits
from services.web.forms import Findings, field_phrase, found_by_booking, found_here
from services.web.pages import OpenPage, Page
from services.web.queries import or_none
from services.web.refusals import AWAY, AWAY_WHILE_BOOKING, REFUSALS, Refusal, Way, refusal
from services.web.routes.book import (
    Walk,
    choice,
    party_size_max,
    session_or_refused,
    show_check,
    show_times,
    tell_with_form,
)
from services.web.routes.posted import Posted, PostedForm
from services.web.security import VOUCHER_COOKIE
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow

logger = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

CODE_CHARACTERS = 20
DIGITS_CHARACTERS = 8


@router.post("/bookings")
async def book(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Take the seat. The same form sent twice is the same booking."""
    walk = Walk.of(posted.get("matter"), posted)
    try:
        session = await or_none(session_or_refused(page, walk.session_id))
        findings = found_here(walk.details, page.language, party_size_max=party_size_max(session))
        if findings or not posted.is_fresh or walk.slot_id is None:
            return await _check_again(page, walk, findings, expired=not posted.is_fresh)
        body = walk.details.body(slot_id=walk.slot_id, matter_id=walk.matter_id, language=page.language.code)
        booking = await page.commands.book(body, page.site.cookies.idempotency_key(walk.draft, body))
    except Unavailable:
        return tell_with_form(page, walk, AWAY_WHILE_BOOKING, HTTPStatus.SERVICE_UNAVAILABLE, action="/bookings")
    except Refused as refused:
        return await _refused(page, walk, refused)
    response = page.go("/bookings")
    digits = lookup_digits(booking, walk.details.document_number, walk.details.phone)
    page.site.cookies.set_voucher(page.request, response, booking.code, digits)
    return response


async def _check_again(page: Page, walk: Walk, findings: Findings, *, expired: bool = False) -> Response:
    """The check page once more, to be mended there; other times where the chosen one is gone."""
    chosen = await choice(page, walk.matter_id, walk.session_id, walk.slot_id)
    if chosen is None:
        return await show_times(page, walk, refusal("slot_unknown"))
    return show_check(page, walk, chosen, findings, expired=expired)


async def _refused(page: Page, walk: Walk, refused: Refused) -> Response:
    because = refusal(refused.code)
    findings, stray = found_by_booking(refused.errors, walk.details, page.language)
    try:
        if findings and not stray:
            return await _check_again(page, walk, findings)
        if because.way is Way.TIMES:
            return await show_times(page, walk, because, refused.status)
    except (Unavailable, Refused) as error:
        logger.warning("refusal_told_without_its_page", code=refused.code, error=type(error).__name__)
    return tell_with_form(
        page,
        walk,
        because,
        refused.status,
        action="/bookings",
        code=refused.code,
        retry_after=refused.retry_after,
    )


@router.get("/bookings")
async def voucher(page: Page = OpenPage) -> Response:
    """The voucher, as long as this browser may open it."""
    held = page.site.cookies.voucher(page.request)
    if held is None:
        return page.go("/bookings/lookup")
    booking = await _held_booking(page, held)
    if isinstance(booking, Response):
        return booking
    matter, session = await asyncio.gather(
        or_none(vouchers.matter(page.queries, booking)), or_none(vouchers.session(page.queries, booking))
    )
    return page.show(
        "voucher.html",
        personal=True,
        booking=booking,
        matter=matter,
        session=session,
        window=session.window(booking.window_id) if session else None,
        duty=session.duty_at(booking.window_id) if session else None,
        qr=vouchers.qr(booking.code),
        now=await page.queries.now(),
    )


async def _held_booking(page: Page, held: tuple[str, str]) -> Booking | Response:
    """The booking that the cookie opens, or the page that says why it does not."""
    try:
        return await page.commands.look_up(*held)
    except Unavailable:
        # The code is all that is needed to come, so it is shown even where nothing else can be.
        return page.tell(AWAY["booking"], HTTPStatus.SERVICE_UNAVAILABLE, held_code=held[0])
    except Refused as refused:
        if refused.code in {"booking_unknown", "invalid_request"}:
            response = page.go("/bookings/lookup")
            page.site.cookies.delete(page.request, response, VOUCHER_COOKIE)
            return response
        return page.tell(
            refusal(refused.code),
            refused.status,
            code=refused.code,
            retry_after=refused.retry_after,
            held_code=held[0],
        )


@router.get("/bookings/calendar.ics")
async def calendar(page: Page = OpenPage) -> Response:
    """The booking for a phone's calendar."""
    held = page.site.cookies.voucher(page.request)
    if held is None:
        return page.go("/bookings/lookup")
    booking = await _held_booking(page, held)
    if isinstance(booking, Response):
        return booking
    matter, session = await asyncio.gather(
        or_none(vouchers.matter(page.queries, booking)), or_none(vouchers.session(page.queries, booking))
    )
    text = vouchers.calendar(page, booking, matter, session)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="service-day.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


@router.get("/bookings/lookup")
async def look_up_form(page: Page = OpenPage) -> Response:
    """查我的预约."""
    return page.show("lookup.html", code="", findings={}, because=None, retry_after=None)


@router.post("/bookings/lookup")
async def look_up(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Open a booking by its code and last digits."""
    code, digits = posted.get("code")[:CODE_CHARACTERS], posted.get("digits")[:DIGITS_CHARACTERS]
    findings: Findings = {}
    if not code:
        findings["code"] = page.say("还没填，预约码是 8 位数字")
    if not digits:
        findings["digits"] = field_phrase("digits_format", page.language)
    if not posted.is_fresh:
        return _look_up_again(page, code, findings, REFUSALS["form_expired"], status=HTTPStatus.OK)
    if findings:
        return _look_up_again(page, code, findings, None, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        booking = await page.commands.look_up(code, digits)
    except Refused as refused:
        for each in refused.errors:
            name = each.pointer.strip("/")
            if name in {"code", "digits"}:
                findings[name] = field_phrase(each.code, page.language)
        because = None if findings else refusal(refused.code)
        return _look_up_again(page, code, findings, because, status=refused.status, retry_after=refused.retry_after)
    response = page.go("/bookings")
    page.site.cookies.set_voucher(page.request, response, booking.code, digits)
    return response


def _look_up_again(  # noqa: PLR0913  (what the page says)
    page: Page,
    code: str,
    findings: Findings,
    because: Refusal | None,
    *,
    status: int,
    retry_after: int | None = None,
) -> Response:
    response = page.show(
        "lookup.html",
        status,
        personal=True,
        code=code,
        findings=findings,
        because=because,
        retry_after=retry_after,
    )
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


@router.get("/bookings/cancel")
async def cancel_form(page: Page = OpenPage) -> Response:
    """真的要取消吗?"""
    held = page.site.cookies.voucher(page.request)
    if held is None:
        return page.go("/bookings/lookup")
    booking = await _held_booking(page, held)
    if isinstance(booking, Response):
        return booking
    if booking.state == "cancelled":
        return page.go("/bookings")
    matter = await or_none(vouchers.matter(page.queries, booking))
    return page.show("cancel.html", personal=True, booking=booking, matter=matter)


@router.post("/bookings/cancel")
async def cancel(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Give the seat back. Twice is once."""
    held = page.site.cookies.voucher(page.request)
    if held is None:
        return page.go("/bookings/lookup")
    if not posted.is_fresh:
        return page.go("/bookings/cancel")
    try:
        await page.commands.cancel(*held)
    except Refused as refused:
        if refused.code != "booking_already_cancelled":
            return page.tell(refusal(refused.code), refused.status, code=refused.code, retry_after=refused.retry_after)
    return page.go("/bookings")


@router.post("/bookings/agree")
async def agree(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Agree to the day that the session moved to."""
    held = page.site.cookies.voucher(page.request)
    if held is None:
        return page.go("/bookings/lookup")
    if posted.is_fresh:
        try:
            await page.commands.agree(*held)
        except Refused as refused:
            return page.tell(refusal(refused.code), refused.status, code=refused.code, retry_after=refused.retry_after)
    return page.go("/bookings")


@router.post("/bookings/leave")
async def leave(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Forget the booking on this device, which may be the hall's."""
    if not posted.is_fresh:
        return page.go("/bookings")
    response = page.go("/")
    page.site.cookies.delete(page.request, response, VOUCHER_COOKIE)
    return response
