"""Who may call a route. Every route declares it; an undeclared one fails the start.

`citizen`: anyone. `staff`: whoever shows a token of a staff account; `STAFF_ACCESS` may open these routes to anyone,
for a demonstration, or leave them out. `service`: shows the shared secret of the installation. `operator`: shows
the operator's. Secrets travel in headers, are compared in constant time, and are never logged.
"""

import hmac
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends
from fastapi.routing import APIRoute
from pydantic import SecretStr

from shared.identity.recognition import Recognition
from shared.problems import Problem

SERVICE_HEADER = "X-Service-Secret"
OPERATOR_HEADER = "X-Operator-Secret"


class Caller(StrEnum):
    """Whom a route is for."""

    CITIZEN = "citizen"
    STAFF = "staff"
    SERVICE = "service"
    OPERATOR = "operator"


class AccessDenied(Problem):
    """The caller showed no secret or a wrong one, or is signed in and may not do this."""

    status = 403
    code = "access_denied"
    title = "You may not do this."


def _shows(request: Request, header: str, secret: SecretStr) -> bool:
    return hmac.compare_digest(request.headers.get(header, "").encode(), secret.get_secret_value().encode())


class _Allowed:
    """The dependency that both declares and enforces."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    async def __call__(self, request: Request) -> None:
        settings = request.app.state.settings
        if self.caller is Caller.STAFF and settings.staff_access == "signed_in":
            await _recognise_staff(request)
        if self.caller is Caller.SERVICE and not _shows(request, SERVICE_HEADER, settings.service_secret):
            raise AccessDenied
        if self.caller is Caller.OPERATOR and not _shows(request, OPERATOR_HEADER, settings.operator_secret):
            raise AccessDenied


async def _recognise_staff(request: Request) -> None:
    """Raises SignInNeeded where nobody is signed in, AccessDenied where somebody is who is not staff."""
    recognition: Recognition = request.app.state.runtime.recognition
    found = await recognition.principal(request)
    if found.kind != "staff" or found.scope is not None:  # a token with a scope is good for that alone
        raise AccessDenied
    request.state.principal = found


def allow(caller: Caller) -> Any:
    """Declare, in a route's `dependencies=[…]`, whom it is for."""
    return Depends(_Allowed(caller))


def is_from_service(request: Request) -> bool:
    """Whether the caller is one of our own services, whose word on the client's address is taken."""
    return _shows(request, SERVICE_HEADER, request.app.state.settings.service_secret)


def route_name(route: APIRoute) -> str:
    """Method and path, such as `GET /live`."""
    return f"{','.join(sorted(route.methods or ()))} {route.path}"


def _callers(dependant: Dependant) -> Iterator[Caller]:
    for each in dependant.dependencies:
        if isinstance(each.call, _Allowed):
            yield each.call.caller
        yield from _callers(each)


def declared(router: APIRouter) -> dict[str, Caller]:
    """Whom each route of `router` is for, by method and path. RuntimeError names a route that does not say."""
    found: dict[str, Caller] = {}
    for route in router.routes:
        if not isinstance(route, APIRoute):
            raise RuntimeError(  # noqa: TRY004  (a mistake of ours like the next, for the same reader)
                f"{route!r} declares no caller: give each router to the service, not to another router"
            )
        callers = set(_callers(route.dependant))
        if len(callers) != 1:
            raise RuntimeError(
                f"route {route_name(route)} must declare exactly one caller, has {sorted(callers) or 'none'}"
            )
        found[route_name(route)] = callers.pop()
    return found


def offered(router: APIRouter, *, staff_access: str) -> APIRouter:
    """The router with every declaration checked, without the staff routes where nobody can be told from staff."""
    callers = declared(router)
    if staff_access != "closed":
        return router
    kept = [
        route
        for route in router.routes
        if isinstance(route, APIRoute) and callers[route_name(route)] is not Caller.STAFF
    ]
    return APIRouter(routes=list(kept))
