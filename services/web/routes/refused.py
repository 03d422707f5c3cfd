"""What a form without a walk could not do, told at an address of its own."""

from fastapi import APIRouter, Response

from services.web.addresses import DraftId
from services.web.drafts import Told, told
from services.web.pages import OpenPage, Page
from services.web.permissions import HEAR_REFUSAL
from services.web.security import new_draft
from shared.access import Caller, allow, permit

staff = APIRouter(include_in_schema=False)
router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])


def go_and_tell(page: Page, what: Told) -> Response:
    """Send the browser to the page that tells it."""
    address = f"{'/staff' if page.is_staff else ''}/refused/{new_draft()}"
    response = page.go(address)
    kept = what.model_copy(update={"back": page.kiosk})
    page.site.cookies.keep(page.request, response, address, kept.model_dump(mode="json"))
    return response


@router.get("/refused/{page_id}")
async def refused(page_id: DraftId, page: Page = OpenPage) -> Response:
    """Once more what was told; the first page where the browser does not keep it any more."""
    found = page.site.cookies.kept(page.request, f"/refused/{page_id}")
    return told(page, Told.model_validate(found)) if found else page.go("/")


@staff.get("/staff/refused/{page_id}", dependencies=[permit(HEAR_REFUSAL)])
async def refused_to_staff(page_id: DraftId, page: Page = OpenPage) -> Response:
    """The same on the staff's pages."""
    found = page.site.cookies.kept(page.request, f"/staff/refused/{page_id}")
    return told(page, Told.model_validate(found)) if found else page.go("/staff/today")
