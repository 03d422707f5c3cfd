"""Who may call a route. Every route declares it; an undeclared one fails the start.

`citizen`: anyone. `staff`: whoever is signed in and has the route's `Permission`: one of its roles, held where the
thing stands that the route is about. `service`: shows the shared secret of the installation. `operator`: shows the
operator's, or is signed in as one. Secrets travel in headers, are compared in constant time, and are never logged.

Whether something exists is told to nobody who may not see it: where its place cannot be found, whoever holds the role
anywhere goes on and is told that it is unknown, and everybody else is refused as always.
"""

import hmac
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends
from fastapi.routing import APIRoute
from pydantic import SecretStr

from shared.events.accounts import Role
from shared.gateway import client_address
from shared.identity.recognition import Recognition
from shared.identity.tokens import Place, Principal, Reach, SignInNeeded
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


FindPlace = Callable[[Request], Awaitable[Place | None]]
"""Where the thing stands that a request is about; None where there is no such thing."""


@dataclass(frozen=True)
class Permission:
    """Who of the staff may do something. It stands beside the route, and in the exported matrix."""

    name: str
    """What may be done, in the matrix and in the audit."""
    roles: tuple[Role, ...]
    reach: Reach = "anywhere"
    """How far a role must reach, see `shared.identity.tokens.Reach`."""
    place: FindPlace | None = None
    """For a reach that asks where."""
    own_official: str = ""
    """The part of the path that names an official: whoever is that official may, whatever roles they hold."""
    roleless: bool = False
    """Whether whoever is of the staff may, without any role: what is about oneself alone."""
    devices: tuple[str, ...] = ()
    """The kinds of devices that may, such as `kiosk`, each in its own venue."""

    def __post_init__(self) -> None:
        """RuntimeError where it asks for a place that nobody finds."""
        if self.reach in {"there", "venue"} and self.place is None:
            raise RuntimeError(f"{self.name} has a reach, and no place")

    async def admits(self, principal: Principal, request: Request) -> bool:
        """Whether `principal` may."""
        if principal.kind == "device":
            return await self._admits_device(principal, request)
        if principal.kind != "staff" or principal.scope is not None:  # a token with a scope is good for that alone
            return False
        if self.own_official and principal.official_id == request.path_params.get(self.own_official):
            return True
        if self.roleless:
            return True
        held = [each for each in principal.held if each.role in self.roles]
        if not held or self.reach == "anywhere":
            return bool(held)
        place = await self._found(request) if self.place else Place()
        return place is None or any(each.reaches(place, self.reach) for each in held)

    async def _admits_device(self, principal: Principal, request: Request) -> bool:
        kind, _, venue_id = (principal.scope or "").partition(":")
        if kind not in self.devices or self.place is None:  # a page does not know the place; the service behind it does
            return kind in self.devices
        place = await self._found(request)
        return place is not None and place.venue_id == venue_id

    async def _found(self, request: Request) -> Place | None:
        """Where the thing stands. It is asked before the route judges its address: what no database takes is nowhere.

        The route has to read the very ids that were asked about: one that it trims would be another thing's.
        """
        said = (*request.path_params.values(), *request.query_params.values())
        if self.place is None or any("\0" in str(each) for each in said):
            return None
        return await self.place(request)

    def is_held(self, principal: Principal, department_id: str | None = None) -> bool:
        """Whether `principal` has it at all, or for a department that is named: what a page offers."""
        place = Place(department_id=department_id)
        reach: Reach = "there" if department_id is not None and self.reach != "hall" else self.reach
        if reach == "there" and department_id is None:
            reach = "anywhere"
        return any(each.role in self.roles and each.reaches(place, reach) for each in principal.held)


class _Allowed:
    """The dependency that both declares and enforces."""

    def __init__(self, caller: Caller, permission: Permission | None = None) -> None:
        self.caller = caller
        self.permission = permission

    async def __call__(self, request: Request) -> None:
        settings = request.app.state.settings
        if self.permission is not None:
            await _recognise(request, self.permission)
        if self.caller is Caller.SERVICE and not _shows(request, SERVICE_HEADER, settings.service_secret):
            raise AccessDenied
        if self.caller is Caller.OPERATOR and not _shows(request, OPERATOR_HEADER, settings.operator_secret):
            try:
                await _recognise(request, OPERATE)
            except SignInNeeded:
                raise AccessDenied from None


async def _recognise(request: Request, permission: Permission) -> None:
    """Raises SignInNeeded where nobody is signed in, AccessDenied where somebody is who may not."""
    recognition: Recognition = request.app.state.runtime.recognition
    found = await recognition.principal(request)
    if not await permission.admits(found, request):
        raise AccessDenied
    request.state.principal = found


OPERATE = Permission("operate", ("operator",))


def allow(caller: Caller) -> Any:
    """Declare, in a route's `dependencies=[…]`, whom it is for; for the staff it takes `permit`."""
    if caller is Caller.STAFF:
        raise RuntimeError("a route for staff names its permission")
    return Depends(_Allowed(caller))


def permit(permission: Permission) -> Any:
    """Declare, in a route's `dependencies=[…]`, who of the staff it is for."""
    return Depends(_Allowed(Caller.STAFF, permission))


def is_from_service(request: Request) -> bool:
    """Whether the caller is one of our own services, whose word on the client's address is taken."""
    return _shows(request, SERVICE_HEADER, request.app.state.settings.service_secret)


def address_of(request: Request) -> str:
    """The address of whoever asks: our own services' word for it, else the gateway's. Empty where neither says one."""
    if is_from_service(request):
        return request.headers.get("x-client-address", "")
    return client_address(request)


def route_name(route: APIRoute) -> str:
    """Method and path, such as `GET /live`."""
    return f"{','.join(sorted(route.methods or ()))} {route.path}"


def _declarations(dependant: Dependant) -> Iterator[_Allowed]:
    for each in dependant.dependencies:
        if isinstance(each.call, _Allowed):
            yield each.call
        yield from _declarations(each)


def _declaration(route: APIRoute) -> _Allowed:
    found = list(_declarations(route.dependant))
    if len(found) != 1:
        callers = sorted(each.caller for each in found) or "none"
        raise RuntimeError(f"route {route_name(route)} must declare exactly one caller, has {callers}")
    return found[0]


def declared(router: APIRouter) -> dict[str, Caller]:
    """Whom each route of `router` is for, by method and path. RuntimeError names a route that does not say."""
    found: dict[str, Caller] = {}
    for route in router.routes:
        if not isinstance(route, APIRoute):
            raise RuntimeError(  # noqa: TRY004  (a mistake of ours like the next, for the same reader)
                f"{route!r} declares no caller: give each router to the service, not to another router"
            )
        found[route_name(route)] = _declaration(route).caller
    return found


def permission_of(route: APIRoute) -> Permission | None:
    """Who of the staff may call it; None of a route that is not for staff."""
    allowed = _declaration(route)
    return OPERATE if allowed.caller is Caller.OPERATOR else allowed.permission
