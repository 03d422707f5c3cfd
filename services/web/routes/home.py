"""Where somebody's own work is: the first sight after signing in."""

from fastapi import APIRouter, Response

from services.web.addresses import official_page, window_page
from services.web.pages import OpenPage, Page
from services.web.permissions import ANY_STAFF
from services.web.queries import or_none
from shared.access import permit
from shared.identity.roles import AROUND, AT_WINDOW
from shared.identity.tokens import Principal

router = APIRouter(include_in_schema=False)

TODAY = "/staff/today"


@router.get("/staff/home", dependencies=[permit(ANY_STAFF)])
async def home(page: Page = OpenPage) -> Response:
    """Lead on to one's own work."""
    principal: Principal = page.request.state.principal
    return page.go(await _own_work(page, principal))


async def _own_work(page: Page, principal: Principal) -> str:
    """A window on its day, else one's service days, the hall, the accounts, the audit, or one's own sign-ins."""
    windows = await _own_windows(page, principal)
    if len(windows) == 1:
        return windows[0]
    if principal.official_id is not None:
        return official_page(principal.official_id)
    roles = {each.role for each in principal.held}
    if roles & set(AROUND) - {"operator"}:
        return TODAY
    if not roles:
        return "/staff/sign-ins"
    return "/staff/accounts" if "operator" in roles else "/staff/audit"


async def _own_windows(page: Page, principal: Principal) -> list[str]:
    """Today's windows at which somebody receives: an official's own, else all of the departments of their roles."""
    mine = {each.department_id for each in principal.held if each.role in AT_WINDOW}
    if not mine or (None in mine and principal.official_id is None):
        return []
    today = await or_none(page.queries.today())
    found = []
    for each in today.items if today else ():
        session = await page.queries.session_or_none(each.session_id)
        for duty in session.duties if session else ():
            if principal.official_id is not None and duty.official_id == principal.official_id:
                found.append(window_page(each.session_id, "live", duty.window_id))
            elif principal.official_id is None and duty.department_id in mine:
                found.append(window_page(each.session_id, "desk", duty.window_id))
    return found
