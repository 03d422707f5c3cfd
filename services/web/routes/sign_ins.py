"""One's own sign-ins: where one is signed in, and ending what one does not know or has left open."""

import asyncio

from fastapi import APIRouter, Response

from services.web.addresses import Id
from services.web.browsers import named
from services.web.pages import OpenPage, Page
from services.web.permissions import ANY_STAFF
from services.web.routes.posted import Posted, PostedForm
from services.web.upstream import Refused
from shared.access import permit

router = APIRouter(include_in_schema=False, dependencies=[permit(ANY_STAFF)])

HERE = "/staff/sign-ins"


@router.get(HERE)
async def sign_ins(page: Page = OpenPage) -> Response:
    """All of them, this one marked."""
    found, account = await asyncio.gather(page.queries.own_sign_ins(), page.queries.me())
    return page.show(
        "staff/sign_ins.html",
        personal=True,
        account=account,
        is_roleless=not page.request.state.principal.held,
        sign_ins=[(each, named(each.agent)) for each in found.items],
        others=sum(not each.is_this for each in found.items),
    )


@router.post(f"{HERE}/others/end")
async def end_others(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """End all but this one. An old form does nothing and shows them again."""
    if posted.is_fresh:
        await page.commands.end_other_sign_ins()
    return page.go(HERE)


@router.post(f"{HERE}/{{session_id}}/end")
async def end_one(session_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """End one; one that is over already is what was wished."""
    if posted.is_fresh:
        try:
            await page.commands.end_sign_in(session_id)
        except Refused as refused:
            if refused.code not in {"session_unknown", "invalid_request"}:
                raise
    return page.go(HERE)
