"""A citizen's own page: what one has booked, whom one books for, and signing out, here or everywhere."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter, Response

from services.web.addresses import Id
from services.web.case_queries import OwnCases
from services.web.case_telling import STATES
from services.web.pages import NotThere, OpenPage, Page
from services.web.queries import or_none
from services.web.routes.by_phone import BY_PHONE
from services.web.routes.posted import Posted, PostedForm
from services.web.security import Held
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow

router = APIRouter(prefix="/me", include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])


def require_citizen(page: Page) -> None:
    """Raises NotThere, which leads to the sign-in and from there back."""
    if page.citizen is None:
        raise NotThere(page.go(f"{BY_PHONE}?to={page.here}"))


@router.get("")
async def me(page: Page = OpenPage) -> Response:
    """我的预约. Each part is there while the service of another is away."""
    require_citizen(page)
    account, found, persons, raised, now = await asyncio.gather(
        or_none(page.queries.citizen()),
        or_none(page.queries.own_bookings()),
        or_none(page.queries.persons()),
        or_none(OwnCases(page.queries.upstream).all()),
        page.queries.now(),
    )
    matters = await page.queries.matters_of(each.matter_id for each in (found.items if found else ()))
    return page.show(
        "me/bookings.html",
        personal=True,
        account=account,
        found=found,
        persons=persons,
        to_come=found.to_come(now) if found else (),
        gone_by=found.gone_by(now) if found else (),
        matters=matters,
        raised=raised,
        states=STATES,
    )


@router.get("/bookings/{booking_id}")
async def open_booking(booking_id: Id, page: Page = OpenPage) -> Response:
    """Open one's own booking: code and digits are not needed for it."""
    require_citizen(page)
    booking = await page.queries.own_booking(booking_id)
    response = page.go("/bookings")
    page.site.cookies.set_voucher(page.request, response, Held(booking.booking_id, booking.code, ""))
    return response


@router.post("/sign-out")
async def sign_out(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """End this sign-in, or all of them; also where accounts cannot be told, but then the page says so."""
    if not posted.is_fresh:
        return page.go("/me")
    if posted.get("everywhere"):
        with suppress(Refused):  # it was over already
            await page.commands.sign_oneself_out_everywhere()
    else:
        with suppress(Refused, Unavailable):  # it was over already, or ends by itself
            await page.commands.sign_out()
    response = page.go("/")
    page.site.cookies.sign_out(page.request, response)
    return response
