"""Outermost layer of the pages: headers on every answer, preferences by link, and HEAD as GET without a body."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.web import preferences
from services.web.devices import RENEWED
from services.web.forms import most_bytes
from services.web.pages import FORGOTTEN
from services.web.security import HEADERS, TRANSPORT_HEADER, Cookies
from shared.gateway import is_secure
from shared.identity.recognition import COOKIE


class Edge:
    """An ASGI layer."""

    def __init__(self, app: ASGIApp, cookies: Cookies, too_large: Callable[[Request], Awaitable[Response]]) -> None:
        self._app = app
        self._cookies = cookies
        self._too_large = too_large
        """The page for a form that says it is too long: what lies within would answer a program, not a reader."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head_only = scope["method"] == "HEAD"
        if head_only:
            scope = {**scope, "method": "GET"}
        scope.setdefault("state", {})  # one for all layers: what a page notes there is read here
        request = Request(scope, receive)

        async def send_protected(message: Message) -> None:
            if head_only and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._renewed(request)]
                present = {name.lower() for name, _ in message["headers"]}
                added = [each for each in protection(request) if each[0] not in present]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        answer = None
        if _is_too_long(request):
            answer = await self._too_large(request)
        elif request.method == "GET":
            answer = self._preference(request)
        await (answer or self._app)(scope, receive, send_protected)

    def _renewed(self, request: Request) -> list[tuple[bytes, bytes]]:
        """The cookie with the token that the page got anew while it was made; none any more where that was refused."""
        token, is_over = getattr(request.state, RENEWED, ""), getattr(request.state, FORGOTTEN, False)
        kept = Response()
        if token:
            self._cookies.set(request, kept, COOKIE, token, None)
        elif is_over:
            self._cookies.sign_out(request, kept)
        return [each for each in kept.raw_headers if each[0] == b"set-cookie"]

    def _preference(self, request: Request) -> Response | None:
        """`?lang=en` and `?elder=1` are remembered, and leave the address again."""
        wishes = preferences.wished(request)
        if not wishes:
            return None
        rest = [(name, value) for name, value in preferences.pairs(request) if name not in preferences.NAMES]
        path = preferences.own_path(request)
        response = RedirectResponse(f"{path}?{urlencode(rest)}" if rest else path, HTTPStatus.SEE_OTHER)
        preferences.remember(self._cookies, request, response, wishes)
        return response


def _is_too_long(request: Request) -> bool:
    length = request.headers.get("content-length", "0")
    return length.isdigit() and int(length) > most_bytes(request.url.path)


def protection(request: Request) -> list[tuple[bytes, bytes]]:
    """The headers that every answer carries; an answer may say otherwise of its keeping."""
    headers = {**HEADERS, "Cache-Control": "private, no-cache"}
    if is_secure(request):
        headers |= [TRANSPORT_HEADER]
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
