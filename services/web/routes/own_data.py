"""What a citizen's account holds: to be taken away, and to be closed with the account.

Closing is asked for on a page of its own, for it cannot be taken back; its number is all that is left of it.
"""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.web.addresses import Id
from services.web.pages import OpenPage, Page
from services.web.refusals import refusal
from services.web.routes.me import require_citizen
from services.web.routes.posted import Posted, PostedForm
from shared.access import Caller, allow

router = APIRouter(prefix="/me", include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])


@router.post("/data")
async def export(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """What was typed with the account, in one archive."""
    require_citizen(page)
    if not posted.is_fresh:
        return page.go("/me")
    archive = await page.commands.export_own()
    headers = {"Content-Disposition": 'attachment; filename="my-data.zip"', "Cache-Control": "private, no-store"}
    return Response(archive, media_type="application/zip", headers=headers)


@router.get("/leave")
async def leave(page: Page = OpenPage) -> Response:
    """What goes with the account, and what stays."""
    require_citizen(page)
    return page.show("me/leave.html", personal=True, because=None)


@router.post("/leave")
async def close(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Close the account. The browser forgets who was signed in."""
    require_citizen(page)
    if not posted.is_fresh:
        return page.show("me/leave.html", HTTPStatus.CONFLICT, personal=True, because=refusal("form_expired"))
    ordered = await page.commands.order_own_erasure()
    response = page.go(f"/me/left/{quote(ordered.erasure_id, safe='')}")
    page.site.cookies.sign_out(page.request, response)
    return response


@router.get("/left/{erasure_id}")
async def left(erasure_id: Id, page: Page = OpenPage) -> Response:
    """The order's number, by which the hall can tell how it stands."""
    return page.show("me/left.html", personal=True, number=erasure_id)
