"""Who asks, in tests of one service: tokens signed by a key of this run, and where services find its public half.

Whole systems have accounts itself; see `tests.demo`.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.events.accounts import Kind, Role
from shared.identity.keys import PATH
from shared.identity.tokens import TOKEN_SECONDS, Held, Principal, issue

KEY = Ed25519PrivateKey.generate()
KEY_ID = "of-the-tests"
ROLES: tuple[Role, ...] = get_args(Role)


def key_set() -> dict[str, Any]:
    """The public half, as accounts would name it."""
    public = base64.urlsafe_b64encode(KEY.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": KEY_ID, "x": public}]}


def token(
    *roles: Role,
    department_id: str | None = None,
    venue_id: str | None = None,
    official_id: str | None = None,
    kind: Kind = "staff",
    scope: str | None = None,
    account_id: str = "a1",
    nothing: bool = False,
) -> str:
    """A token of somebody who holds these roles there; without any, all of them everywhere, or with `nothing` none."""
    now = datetime.now(UTC)
    held = tuple(Held(role=each, department_id=department_id, venue_id=venue_id) for each in roles)
    if kind == "staff" and not roles and not nothing:
        held = tuple(Held(role=each) for each in ROLES)
    principal = Principal(
        account_id=account_id,
        session_id=f"of-{account_id}",
        kind=kind,
        issued_at=now,
        expires_at=now + timedelta(seconds=TOKEN_SECONDS),
        held=held,
        official_id=official_id,
        scope=scope,
    )
    return issue(principal, KEY, KEY_ID)


def bearer(*roles: Role, **where: Any) -> dict[str, str]:
    """The header that shows such a token."""
    return {"Authorization": f"Bearer {token(*roles, **where)}"}


class _Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """The set of keys, and nothing else."""
        body = json.dumps(key_set()).encode() if self.path == PATH else b"{}"
        self.send_response(200 if self.path == PATH else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Nothing."""


@contextmanager
def keys_served() -> Iterator[str]:
    """Where services of this run find the key."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Keys)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
