"""Who acts in a request: taken from the request itself, so that no command has to hand it on.

The outermost layer of a service binds the request (`bind`); whoever appends to the audit asks `acting`. Outside of a
request it is the process itself, or whoever is named by `acting_as`.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from starlette.requests import Request
from starlette.types import Scope

from shared.access import OPERATOR_HEADER, address_of, is_from_service
from shared.audit.chain import Actor
from shared.identity.tokens import Held, Principal

UNKNOWN = "unknown"
"""Nobody has shown who they are, at a route that is open to anyone."""
OPERATOR_SECRET = "operator-secret"  # noqa: S105  (a name, not a secret)
SERVICE = "service"
SYSTEM = "system"
COMMAND_LINE = Actor("command-line", client="command-line")
"""Where an operator works at the machine itself."""

_request: ContextVar[Scope | None] = ContextVar("audit_request", default=None)
_named: ContextVar[Actor | None] = ContextVar("audit_actor", default=None)


def bind(scope: Scope) -> None:
    """From now on it is this request that acts, in this task."""
    _request.set(scope)
    _named.set(None)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """It is `actor` who acts, whatever the request says."""
    token = _named.set(actor)
    try:
        yield
    finally:
        _named.reset(token)


def acting() -> Actor:
    """Who acts now."""
    named, scope = _named.get(), _request.get()
    if named is not None:
        return named
    if scope is None:
        return Actor(SYSTEM)
    request = Request(scope)
    principal: Principal | None = scope.get("state", {}).get("principal")
    ours = is_from_service(request)
    return Actor(
        actor=principal.account_id if principal else _without_account(request),
        official_id=principal.official_id if principal else None,
        held=tuple(map(_held, principal.held)) if principal else (),
        address="".join(each for each in address_of(request) if each.isprintable())[:64],
        client="pages" if ours and not scope["path"].startswith("/internal/") else "api",
        path=f"{scope['method']} {getattr(scope.get('route'), 'path', '')}".strip()[:200],
    )


def _without_account(request: Request) -> str:
    if request.scope["path"].startswith("/internal/"):
        return SERVICE
    secret = request.app.state.settings.operator_secret.get_secret_value()
    shown = request.headers.get(OPERATOR_HEADER, "")
    return OPERATOR_SECRET if hmac.compare_digest(shown.encode(), secret.encode()) else UNKNOWN


def _held(each: Held) -> str:
    place = f"@{each.department_id or ''}" + (f"@{each.venue_id}" if each.venue_id else "")
    return each.role + (place if place != "@" else "")
