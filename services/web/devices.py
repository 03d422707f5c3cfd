"""Kiosks and screens: browsers that nobody signs in to, which keep a secret and get their tokens for it by themselves.

The secret stands in a cookie that no script reads. A token of a device is renewed like anybody's at half its life.
Where it has expired (a kiosk that nobody touched for an hour) the next request, a form too, gets a new one before it is
judged, so that nothing that a visitor typed is lost. Where somebody of the staff is signed in, they are who asks.
"""

from dataclasses import replace

from fastapi import Request

from services.web.commands import Commands
from services.web.people import DeviceToken
from services.web.security import DEVICE_COOKIE, Cookies
from services.web.settings import WebSettings
from services.web.upstream import Refused, Unavailable, Upstream
from shared.application import Runtime
from shared.gateway import client_address
from shared.identity.recognition import Recognition
from shared.identity.tokens import Principal, SignInNeeded

RENEWED = "renewed"
"""Where a request's state notes the token that was got anew, so that the outermost layer gives it to the browser."""
COOKIE_SECONDS = 400 * 24 * 3600
"""The longest that browsers keep a cookie; each look at `/device` begins it anew."""


class PageRecognition(Recognition):
    """Recognises who asks for a page: by the token, else by a device's secret."""

    async def principal(self, request: Request) -> Principal:
        """Who asks. Raises SignInNeeded, TokenUnknown, IdentityUnavailable, and Unavailable for a device."""
        try:
            return await super().principal(request)
        except SignInNeeded:
            if not secret_of(request):
                raise
        return await self.of_token((await renew(request)).token)


def recognise_devices(running: Runtime) -> None:
    """Have this process recognise devices as well."""
    before = running.recognition
    running.recognition = PageRecognition(before.keys, before.standings, takes_forms=True)


def secret_of(request: Request) -> str:
    """The secret that this browser keeps as a device; empty where it is none."""
    cookies: Cookies = request.app.state.site.cookies
    return cookies.read(request, DEVICE_COOKIE)


async def renew(request: Request) -> DeviceToken:
    """Another token for the device that asks, which its browser keeps.

    Raises SignInNeeded of one that was revoked, and Unavailable whatever else accounts says: it may pair again by no
    word but that one.
    """
    settings: WebSettings = request.app.state.site.settings
    upstream = Upstream(request.app.state.runtime.http, settings, client_address(request))
    try:
        found = await Commands(upstream).renew_device(secret_of(request))
    except Refused as refused:
        if refused.code != SignInNeeded.code:
            raise Unavailable(refused.service) from None
        raise SignInNeeded from None
    setattr(request.state, RENEWED, found.token)
    return found


async def going_on(request: Request, upstream: Upstream) -> Upstream:
    """The same with a new token of the device. Raises SignInNeeded and Unavailable."""
    return replace(upstream, token=(await renew(request)).token)
