"""What keeps a page the visitor's own: headers, cookies, and that a form was sent from our page.

- Headers: no script but our own files, no other origin, no framing; set on every answer, errors included.
- A form counts only with a token that belongs to the browser's cookie, and only from our own origin.
- Cookies are HttpOnly and SameSite=Lax; over https also Secure, with the `__Host-` prefix.
- What a cookie says of a visitor (a booking's code and digits, what was typed on the way to it) is sealed, and
  expires. The keys are derived from the installation's service secret, so that every replica opens it; a new secret
  only closes open vouchers and drafts.
- What was typed is kept for the page that shows it, under that page's own address: no other page is sent it, and
  two tabs keep theirs apart.
"""

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Request, Response
from pydantic import SecretStr

from services.web.sealing import Seal
from services.web.settings import WebSettings
from shared.gateway import is_secure
from shared.identity.recognition import COOKIE

FORM_COOKIE = "form"
VOUCHER_COOKIE = "voucher"
PAGE_COOKIE = "page"
RENEWAL_COOKIE = "renewal"
"""By which a citizen who is signed in gets a new token; accounts says how long."""
BROWSER_COOKIE = "browser"
"""A random name of this browser: so many codes are sent for one."""
LANGUAGE_COOKIE = "language"
ELDER_COOKIE = "elder"
DEVICE_COOKIE = "device"
"""The secret of a kiosk or a screen."""
PREFERENCE_SECONDS = 365 * 24 * 3600
MADE_HERE = re.compile(r"[A-Za-z0-9_-]{43}")
"""What `secrets.token_urlsafe(32)` looks like. All else was planted, and no header of ours can carry all of it."""
KEPT_CHARACTERS = 3800
"""Browsers drop a cookie whose name, value and attributes pass 4 KiB."""
KEPT_PARTS = 4
"""So many cookies keep an outcome that is too long for one; servers take 64 KiB of headers."""
PART_COOKIES = (PAGE_COOKIE, *(f"{PAGE_COOKIE}{part}" for part in range(1, KEPT_PARTS)))

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; media-src 'self'; style-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # `no-referrer` would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
TRANSPORT_HEADER = ("Strict-Transport-Security", "max-age=31536000")


def public_origin(request: Request, settings: WebSettings) -> str | None:
    """Where visitors find these pages, for what is printed; None where the request's `Host` is nobody's we know."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = request.headers.get("host", "").lower()
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return None
    if not HOST.fullmatch(host) or not (name in ("localhost", *settings.allowed_hosts) or _is_private(name)):
        return None
    if is_secure(request):
        return f"https://{host}"
    if settings.citizens_port:  # the counter asked at the staff's listener, which is nobody's to reach
        host = HOST.sub(rf"\1:{settings.citizens_port}", host)
    return f"http://{host}"


def _is_private(name: str) -> bool:
    try:
        return ip_address(name).is_private
    except ValueError:
        return False


def comes_from_here(request: Request) -> bool:
    """Whether a form was sent from a page of ours, as the browser says. Saying nothing is a no."""
    said = request.headers.get("origin") or request.headers.get("referer") or ""
    try:
        origin = urlsplit(said)
    except ValueError:
        return False
    expected = "https" if is_secure(request) else "http"
    return origin.scheme == expected and origin.netloc.lower() == request.headers.get("host", "").lower()


class TooMuchToKeep(Exception):  # noqa: N818  (what was typed)
    """More than the cookies hold: far more than is typed."""


@dataclass(frozen=True)
class Held:
    """The booking that a browser may open."""

    booking_id: str
    code: str
    digits: str
    """Empty where the account opens it that booked it."""


class Cookies:
    """Reads and writes the pages' cookies."""

    def __init__(self, secret: SecretStr, *, voucher_seconds: int, draft_seconds: int) -> None:
        self._voucher_seconds = voucher_seconds
        self._draft_seconds = draft_seconds
        self._form_key = _derive(secret, b"web form token")
        self._draft_key = _derive(secret, b"web draft")
        self._seal = Seal(_derive(secret, b"web seal"))

    def read(self, request: Request, name: str, path: str = "/") -> str:
        """A cookie's text, empty where there is none."""
        return request.cookies.get(_full_name(request, name, path), "")

    def set(  # noqa: PLR0913  (what a cookie is made of)
        self, request: Request, response: Response, name: str, value: str, seconds: int | None, *, path: str = "/"
    ) -> None:
        """Write a cookie that lives `seconds`, or until the browser closes, and is sent to what lies under `path`."""
        response.set_cookie(
            _full_name(request, name, path),
            value,
            max_age=seconds,
            path=path,
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )

    def delete(self, request: Request, response: Response, name: str) -> None:
        """Take a cookie away."""
        response.delete_cookie(
            _full_name(request, name, "/"), path="/", secure=is_secure(request), httponly=True, samesite="lax"
        )

    def browser(self, request: Request) -> str:
        """The browser's random name: what its cookie says, else a new one."""
        found = self.read(request, BROWSER_COOKIE)
        return found if MADE_HERE.fullmatch(found) else secrets.token_urlsafe(32)

    def sign_out(self, request: Request, response: Response) -> None:
        """Have the browser forget who is signed in, and the booking that it may open."""
        for name in (COOKIE, RENEWAL_COOKIE, VOUCHER_COOKIE):
            if self.read(request, name):
                self.delete(request, response, name)

    def form_secret(self, request: Request) -> str:
        """The browser's half of the form token: what its cookie says, else a new one."""
        found = self.read(request, FORM_COOKIE)
        return found if MADE_HERE.fullmatch(found) else secrets.token_urlsafe(32)

    def form_token(self, form_secret: str) -> str:
        """The page's half of the form token."""
        return hmac.new(self._form_key, form_secret.encode(), hashlib.sha256).hexdigest()

    def form_is_ours(self, request: Request, token: str) -> bool:
        """Whether a form's token belongs to the browser that sends it."""
        expected = self.form_token(self.read(request, FORM_COOKIE))
        return bool(self.read(request, FORM_COOKIE)) and hmac.compare_digest(expected.encode(), token.encode())

    def idempotency_key(self, draft: str, body: object) -> str:
        """One key for one draft with one content: sent twice it is the same booking, changed it is another."""
        text = json.dumps([draft, body], sort_keys=True, ensure_ascii=False)
        return hmac.new(self._draft_key, text.encode(), hashlib.sha256).hexdigest()

    def set_voucher(self, request: Request, response: Response, held: Held) -> None:
        """Let this browser open a booking for a while."""
        sealed = self._seal.close([held.booking_id, held.code, held.digits], VOUCHER_COOKIE)
        self.set(request, response, VOUCHER_COOKIE, sealed, self._voucher_seconds)

    def voucher(self, request: Request) -> Held | None:
        """The booking that this browser may open."""
        found = self._seal.open(self.read(request, VOUCHER_COOKIE), VOUCHER_COOKIE, self._voucher_seconds)
        return Held(*found) if found else None

    def set_sealed(self, request: Request, response: Response, name: str, data: Any, seconds: int) -> None:
        """Have this browser keep for a while what it can neither read nor change."""
        self.set(request, response, name, self._seal.close(data, name), seconds)

    def sealed(self, request: Request, name: str, seconds: int) -> Any | None:
        """What `set_sealed` had the browser keep; None where there is none, or an older one."""
        return self._seal.open(self.read(request, name), name, seconds)

    def keep(self, request: Request, response: Response, address: str, data: Any, *, most: int = 1) -> None:
        """Have the browser keep what the pages under `address` show, in `most` cookies. Raises TooMuchToKeep."""
        sealed = self._seal.close(data, f"{PAGE_COOKIE} {address}")
        parts = [sealed[at : at + KEPT_CHARACTERS] for at in range(0, len(sealed), KEPT_CHARACTERS)]
        if len(parts) > most:
            raise TooMuchToKeep
        for name, part in zip(PART_COOKIES, parts, strict=False):
            self.set(request, response, name, part, self._draft_seconds, path=address)
        for name in PART_COOKIES[len(parts) :]:
            if self.read(request, name, address):
                self.set(request, response, name, "", 0, path=address)

    def kept(self, request: Request, address: str) -> Any | None:
        """What the browser kept for the pages under `address`; None where it kept nothing, or too long ago."""
        sealed = "".join(self.read(request, name, address) for name in PART_COOKIES)
        return self._seal.open(sealed, f"{PAGE_COOKIE} {address}", self._draft_seconds)


def new_draft() -> str:
    """The name of one walk through the booking pages, or of one page that tells something: it says nothing itself."""
    return secrets.token_urlsafe(16)


def _full_name(request: Request, name: str, path: str) -> str:
    """Browsers take `__Host-` for the whole host alone; under a path the most that they vouch for is `__Secure-`."""
    if not is_secure(request):
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"


def _derive(secret: SecretStr, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose).derive(secret.get_secret_value().encode())
