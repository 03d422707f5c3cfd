"""What keeps a page the visitor's own: headers, cookies, and that a form was sent from our page.

- Headers: no script, no other origin, no framing; set on every answer, errors included.
- A form counts only with a token that belongs to the browser's cookie, and only from our own origin.
- Cookies are HttpOnly and SameSite=Lax; over https also Secure, with the `__Host-` prefix.
- What a cookie says of a booking (code and digits) is encrypted, and expires. Its key is derived from the
  installation's service secret, so that every replica opens it; a new secret only closes open vouchers.
"""

import base64
import hashlib
import hmac
import json
import secrets
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Request, Response
from pydantic import SecretStr

FORM_COOKIE = "form"
VOUCHER_COOKIE = "voucher"
LANGUAGE_COOKIE = "language"
ELDER_COOKIE = "elder"
PREFERENCE_SECONDS = 365 * 24 * 3600
TOKEN_CHARACTERS = 43
"""Of `secrets.token_urlsafe(32)`."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # `no-referrer` would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TRANSPORT_HEADER = ("Strict-Transport-Security", "max-age=31536000")


def is_secure(request: Request) -> bool:
    """Whether the visitor's browser speaks https: the gateway says so, which alone reaches this service."""
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"


def comes_from_here(request: Request) -> bool:
    """Whether a form was sent from a page of ours, as the browser says. Saying nothing is a no."""
    said = request.headers.get("origin") or request.headers.get("referer") or ""
    try:
        origin = urlsplit(said)
    except ValueError:
        return False
    expected = "https" if is_secure(request) else "http"
    return origin.scheme == expected and origin.netloc.lower() == request.headers.get("host", "").lower()


class Cookies:
    """Reads and writes the pages' cookies."""

    def __init__(self, secret: SecretStr, voucher_seconds: int) -> None:
        self._voucher_seconds = voucher_seconds
        self._form_key = _derive(secret, b"web form token")
        self._draft_key = _derive(secret, b"web draft")
        self._seal = Fernet(base64.urlsafe_b64encode(_derive(secret, b"web voucher")))

    def read(self, request: Request, name: str) -> str:
        """A cookie's text, empty where there is none."""
        return request.cookies.get(_full_name(request, name), "")

    def set(self, request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
        """Write a cookie that lives `seconds`, or until the browser closes."""
        response.set_cookie(
            _full_name(request, name),
            value,
            max_age=seconds,
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )

    def delete(self, request: Request, response: Response, name: str) -> None:
        """Take a cookie away."""
        response.delete_cookie(
            _full_name(request, name), path="/", secure=is_secure(request), httponly=True, samesite="lax"
        )

    def form_secret(self, request: Request) -> str:
        """The browser's half of the form token: what its cookie says, else a new one."""
        found = self.read(request, FORM_COOKIE)
        return found if len(found) == TOKEN_CHARACTERS else secrets.token_urlsafe(32)

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

    def set_voucher(self, request: Request, response: Response, code: str, digits: str) -> None:
        """Let this browser open a booking for a while."""
        sealed = self._seal.encrypt(json.dumps([code, digits]).encode()).decode()
        self.set(request, response, VOUCHER_COOKIE, sealed, self._voucher_seconds)

    def voucher(self, request: Request) -> tuple[str, str] | None:
        """Code and digits of the booking that this browser may open."""
        try:
            text = self._seal.decrypt(self.read(request, VOUCHER_COOKIE), ttl=self._voucher_seconds)
        except (InvalidToken, ValueError):  # the latter for what is no ASCII
            return None
        code, digits = json.loads(text)
        return code, digits


def new_draft() -> str:
    """The name of one walk through the booking pages."""
    return secrets.token_urlsafe(16)


def _full_name(request: Request, name: str) -> str:
    return f"__Host-{name}" if is_secure(request) else name


def _derive(secret: SecretStr, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose).derive(secret.get_secret_value().encode())
