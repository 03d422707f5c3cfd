"""Whom to tell of a weakness: security.txt (RFC 9116), where the operator has said whom."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response

from services.web.pages import site_of
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

SECURITY_PATH = "/.well-known/security.txt"
EXPIRES_DAYS = 30
"""Counted from each answer: who reads it later than that asks again. The standard wants less than a year."""


@router.get(SECURITY_PATH)
async def security(request: Request) -> Response:
    """Contacts in the order in which they are to be tried; its end lies always ahead, by the machine's clock."""
    settings = site_of(request).settings
    if not settings.security_contact:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    expires = datetime.now(UTC) + timedelta(days=EXPIRES_DAYS)
    lines = [f"Contact: {each}" for each in settings.security_contact]
    lines += [f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}", "Preferred-Languages: zh, en"]
    if settings.public_url:
        lines.append(f"Canonical: {settings.public_url.rstrip('/')}{SECURITY_PATH}")
    return PlainTextResponse("\n".join(lines) + "\n")
