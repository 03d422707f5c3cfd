"""The pages put together: settings, routes, the outermost layer, and a page for every error."""

from contextlib import AsyncExitStack
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from services.web import devices, preferences
from services.web.drafts import Told
from services.web.edge import Edge, protection
from services.web.forms import Unreadable
from services.web.pages import DEVICE_PAGE, NotThere, Page, Site, open_page
from services.web.refusals import AWAY, NOT_YET, REFUSALS, refusal
from services.web.routes import ROUTERS
from services.web.routes.by_phone import BY_PHONE
from services.web.routes.posted import NotFromHere
from services.web.routes.refused import go_and_tell
from services.web.routes.sign_in import FIRST
from services.web.security import TooMuchToKeep
from services.web.settings import WebSettings
from services.web.upstream import Refused, Unavailable
from shared.access import AccessDenied
from shared.application import Runtime, build
from shared.identity.tokens import SignInNeeded, TokenUnknown
from shared.problems import Problem

logger = structlog.get_logger(__name__)

SIGN_IN_CODES = frozenset({SignInNeeded.code, TokenUnknown.code})
AGAIN_SECONDS = 30
"""When a page that a service was missing for may be tried again."""


def create_app(settings: WebSettings | None = None) -> FastAPI:
    """The application, ready to be served."""
    settings = settings or WebSettings()

    async def start(runtime: Runtime, _: AsyncExitStack) -> None:
        devices.recognise_devices(runtime)

    app = build(
        name="web",
        title="服务日 pages",
        settings=settings,
        routers=ROUTERS,
        database=False,
        takes_forms=True,
        on_start=start,
    )
    site = Site.build(settings)
    app.state.site = site
    app.add_middleware(Edge, cookies=site.cookies, too_large=_on_too_large)
    app.add_exception_handler(Unavailable, _on_unavailable)
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(SignInNeeded, _on_sign_in_needed)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(Unreadable, _on_unreadable)
    app.add_exception_handler(NotThere, _on_not_there)
    app.add_exception_handler(TooMuchToKeep, _on_too_much_to_keep)
    app.add_exception_handler(NotFromHere, _on_not_from_here)
    app.add_exception_handler(RequestValidationError, _on_no_such_page)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unforeseen)
    return app


async def _open(request: Request) -> Page:
    """The page that tells an error. Of an address that is no text, too, only the error is told: not a second one."""
    try:
        return await open_page(request)
    except Unreadable:  # it has forgotten the query by now
        return await open_page(request)


async def _tell(request: Request, code: str, status: int) -> Response:
    page = await _open(request)
    return page.tell(REFUSALS[code], status, code=code)


async def _on_unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unavailable)  # noqa: S101  (what it is registered for)
    page = await _open(request)
    matter_id = str(request.path_params.get("matter_id", "")) if error.service == "booking" else ""
    if request.method == "POST":
        return go_and_tell(
            page,
            Told(
                code=f"away_{error.service}",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                retry_after=AGAIN_SECONDS,
                matter_id=matter_id,
            ),
        )
    return page.tell(
        AWAY[error.service], HTTPStatus.SERVICE_UNAVAILABLE, retry_after=AGAIN_SECONDS, matter_id=matter_id, away=True
    )


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101  (what it is registered for)
    if error.code == "invalid_request" and request.method == "GET":  # an id that can be nobody's
        return await _tell(request, "not_found", HTTPStatus.NOT_FOUND)
    if error.code in SIGN_IN_CODES:
        return await _on_sign_in_needed(request, error)
    page = await _open(request)
    if error.code == "matter_unknown" and error.service == "booking":
        matter_id = str(request.path_params.get("matter_id", ""))
        return page.tell(
            NOT_YET, HTTPStatus.SERVICE_UNAVAILABLE, retry_after=AGAIN_SECONDS, matter_id=matter_id, away=True
        )
    matter_id = str(request.path_params.get("matter_id", "")) if error.code != "matter_unknown" else ""
    if request.method == "POST":
        return go_and_tell(
            page, Told(code=error.code, status=error.status, retry_after=error.retry_after, matter_id=matter_id)
        )
    return page.tell(
        refusal(error.code), error.status, code=error.code, retry_after=error.retry_after, matter_id=matter_id
    )


async def _on_sign_in_needed(request: Request, _: Exception) -> Response:
    """Nobody is signed in, or not any more: to the sign-in, and from there back to this page.

    A device goes to its own page, for whoever stands before it has nothing to sign in with. On a citizens' page the
    browser forgets who was, so that all that needs no account goes on without one.
    """
    if devices.secret_of(request):
        return RedirectResponse(DEVICE_PAGE, HTTPStatus.SEE_OTHER)
    here = preferences.own_path(request)
    if not f"{here}/".startswith(("/staff/", "/sign-in/")):
        response = RedirectResponse(f"{BY_PHONE}?{urlencode({'to': here})}", HTTPStatus.SEE_OTHER)
        request.app.state.site.cookies.sign_out(request, response)
        return response
    asked = request.url.query if request.method == "GET" else ""
    here += f"?{asked}" if asked else ""
    return RedirectResponse(f"/sign-in?{urlencode({'to': here})}", HTTPStatus.SEE_OTHER)


async def _is_first_sign_in(request: Request) -> bool:
    """Whether the browser shows a token that is good for a password of one's own and the telephone alone."""
    try:
        found = await request.app.state.runtime.recognition.principal(request)
    except (Problem, Unavailable):
        return False
    return found.kind == "staff" and found.scope is not None


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  (what it is registered for)
    if isinstance(error, AccessDenied) and request.method == "GET" and await _is_first_sign_in(request):
        return RedirectResponse(FIRST, HTTPStatus.SEE_OTHER)
    request.state.principal = None
    page = await _open(request)
    return page.tell(refusal(error.code), error.status, code=error.code)


async def _on_unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unreadable)  # noqa: S101  (what it is registered for)
    if error.too_large:
        return await _on_too_large(request)
    return await _tell(request, "unreadable", HTTPStatus.BAD_REQUEST)


async def _on_not_there(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotThere)  # noqa: S101  (what it is registered for)
    return error.response


async def _on_too_much_to_keep(request: Request, _: Exception) -> Response:
    return await _on_too_large(request)


async def _on_too_large(request: Request) -> Response:
    return await _tell(request, "body_too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


async def _on_not_from_here(request: Request, _: Exception) -> Response:
    return await _tell(request, "form_from_elsewhere", HTTPStatus.FORBIDDEN)


async def _on_no_such_page(request: Request, _: Exception) -> Response:
    return await _tell(request, "not_found", HTTPStatus.NOT_FOUND)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (what it is registered for)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return await _tell(request, "method_not_allowed", error.status_code)
    if error.status_code == HTTPStatus.NOT_FOUND:
        here = preferences.own_path(request)
        if request.method == "GET" and (page := here.rstrip("/")) not in {"", here}:
            return RedirectResponse(page, HTTPStatus.SEE_OTHER)  # typed with a slash behind it
        return await _tell(request, "not_found", error.status_code)
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return await _on_too_large(request)
    return await _tell(request, "unreadable", error.status_code)


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    """Answered outside of every layer, so it brings its headers itself."""
    logger.error("page_failed", exc_info=error)
    response = await _tell(request, "internal_error", HTTPStatus.INTERNAL_SERVER_ERROR)
    response.raw_headers.extend(each for each in protection(request) if each[0] != b"cache-control")
    return response
