"""What a form without a walk could not do, told at an address of its own."""

from fastapi import APIRouter, Response

from services.web.addresses import DraftId
from services.web.drafts import Told, told
from services.web.pages import OpenPage, Page
from services.web.security import new_draft
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])


def go_and_tell(page: Page, what: Told) -> Response:
    """Send the browser to the page that tells it."""
    address = f"/refused/{new_draft()}"
    response = page.go(address)
    page.site.cookies.keep(page.request, response, address, what.model_dump(mode="json"))
    return response


@router.get("/refused/{page_id}")
async def refused(page_id: DraftId, page: Page = OpenPage) -> Response:
    """Once more what was told; the first page where the browser does not keep it any more."""
    found = page.site.cookies.kept(page.request, f"/refused/{page_id}")
    return told(page, Told.model_validate(found)) if found else page.go("/")
