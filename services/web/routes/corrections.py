"""更正信息: whoever can open a booking puts right who comes, or how they are reached.

What was typed and refused is kept by the browser, sealed, under an address of its own, so that the page can be opened
again; it is gone with the correction.
"""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.web.addresses import DraftId
from services.web.domain import lookup_digits
from services.web.forms import LABELS, LONGEST, Details, Findings, found_by_booking
from services.web.pages import OpenPage, Page
from services.web.routes.bookings import held_booking, held_of, is_shown
from services.web.routes.posted import Posted, PostedForm
from services.web.security import Held, new_draft
from services.web.upstream import Refused
from shared.access import Caller, allow
from shared.problems import FieldProblem

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

ADDRESS = "/bookings/correct"


class Tried(BaseModel):
    """A correction that was refused: what was typed, and pointer and code of each fault."""

    details: Details
    errors: tuple[tuple[str, str], ...]


@router.get(ADDRESS)
async def correction_form(page: Page = OpenPage) -> Response:
    """The form, empty: what is not filled in stays."""
    return await _show(page, Details(), {}, HTTPStatus.OK)


@router.get(ADDRESS + "/{page_id}")
async def correction_again(page_id: DraftId, page: Page = OpenPage) -> Response:
    """The form with what was typed, and what is wrong with it."""
    kept = page.site.cookies.kept(page.request, f"{ADDRESS}/{page_id}")
    if kept is None:
        return page.go(ADDRESS)
    tried = Tried.model_validate(kept)
    errors = [FieldProblem(pointer=_on_the_walk(pointer), code=code, detail="") for pointer, code in tried.errors]
    findings, _ = found_by_booking(errors, tried.details, page.language)
    return await _show(page, tried.details, findings, HTTPStatus.UNPROCESSABLE_ENTITY)


@router.post(ADDRESS)
async def correct(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Put it right, and keep the digits by which the booking opens from now on."""
    held, details = held_of(page), Details.of(posted.fields)
    changes = _changes(details)
    if not posted.is_fresh or not is_shown(posted, held) or not changes:
        return page.go(ADDRESS)
    try:
        booking = await page.commands.correct_booking(held.code, held.digits, changes)
    except Refused as refused:
        if not refused.errors:
            raise
        tried = Tried(details=details, errors=tuple((each.pointer, each.code) for each in refused.errors))
        address = f"{ADDRESS}/{new_draft()}"
        response = page.go(address)
        page.site.cookies.keep(page.request, response, address, tried.model_dump(mode="json"))
        return response
    response = page.go("/bookings")
    digits = lookup_digits(booking, details.document_number, details.phone) or held.digits
    page.site.cookies.set_voucher(page.request, response, Held(booking.booking_id, booking.code, digits))
    return response


def _changes(details: Details) -> dict[str, Any]:
    changes: dict[str, Any] = {"name": details.name, "phone": details.phone}
    if details.document_number:
        changes["document"] = {"type": details.document_type, "number": details.document_number}
    return {name: value for name, value in changes.items() if value}


def _on_the_walk(pointer: str) -> str:
    """Where the same field stands in a booking's own request."""
    return f"/visitor{pointer}"


async def _show(page: Page, typed: Details, findings: Findings, status: HTTPStatus) -> Response:
    booking = await held_booking(page)
    if booking.state == "cancelled":
        return page.go("/bookings")
    return page.show(
        "correct.html",
        status,
        personal=True,
        booking=booking,
        typed=typed,
        findings=findings,
        labels=LABELS,
        longest=LONGEST,
    )
