"""The demo county's people at a running system: signed in as they would be, with password and telephone."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import httpx
import pyotp

KEPT = "demo-accounts.json"
FRESH_SECONDS = 20 * 60
"""A token lives 30 minutes."""
STEP_SECONDS = 30
"""A telephone's code opens once, and the next one comes after this long."""
SIGN_IN = "/api/accounts/v1/sign-in"

_tokens: dict[tuple[str, str], tuple[float, str]] = {}


class System(Protocol):
    """What runs, and where it keeps its data."""

    @property
    def address(self) -> str: ...
    @property
    def folder(self) -> Path: ...


def token(system: System, login: str = "manager") -> str:
    """A token of one of the demo county's people; the same one while it is fresh. AssertionError if refused."""
    known = _tokens.get((system.address, login))
    if known is not None and time.monotonic() - known[0] < FRESH_SECONDS:
        return known[1]
    kept = json.loads((system.folder / KEPT).read_text())["accounts"][login]
    address = getattr(system, "staff_address", system.address)  # the citizens' listener lets nobody sign in
    for _ in range(2):
        code = pyotp.TOTP(kept["telephone"]).at(datetime.now(UTC))
        wish = {"login": login, "password": kept["password"], "code": code}
        answer = httpx.post(f"{address}{SIGN_IN}", json=wish, timeout=20, trust_env=False)
        if answer.is_success:
            break
        time.sleep(STEP_SECONDS + 1 - time.time() % STEP_SECONDS)  # somebody else has used this code
    assert answer.is_success, answer.text
    made: str = answer.json()["token"]
    _tokens[system.address, login] = (time.monotonic(), made)
    return made


def bearer(system: System, login: str = "manager") -> dict[str, str]:
    """The header that shows it."""
    return {"Authorization": f"Bearer {token(system, login)}"}


def cookie(system: System, login: str = "manager") -> dict[str, str]:
    """The cookie by which the pages know it, for a browser; over http."""
    return {"name": "session", "value": token(system, login), "url": system.address}
