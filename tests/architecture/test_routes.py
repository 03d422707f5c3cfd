"""Every route says whom it is for, and its path agrees."""

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import AfterValidator, BeforeValidator

from shared.access import Caller, declared, permission_of
from tests.contracts.export import application

SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications", "web")
DOCUMENTS = {"/internal/openapi.json", "/internal/asyncapi.json"}


def callers(app):
    found = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            found.update({name.split(" ", 1)[1]: caller for name, caller in declared_of(route).items()})
    return found


def declared_of(route):
    class One:
        routes = (route,)

    return declared(One)


@pytest.mark.parametrize("service", SERVICES)
def test_paths_and_callers_agree(service):
    found = callers(application(service))
    assert found, "no route was found, so nothing was looked at"
    for path, caller in found.items():
        if path.startswith("/internal/") and path not in DOCUMENTS:
            assert caller is Caller.SERVICE, path
        if "/staff" in path:
            assert caller is Caller.STAFF, path
        if caller is Caller.SERVICE:
            assert path.startswith("/internal/"), f"{path} is for services and must not be reachable from outside"


@pytest.mark.parametrize("service", ["accounts", "roster", "booking", "queue", "cases", "notifications"])
def test_an_id_that_decides_who_may_is_read_as_it_stands(service):
    """The permission asks about an address as it was sent: a route that trims it would open another one's thing."""
    for context in iter_route_contexts(application(service).routes):
        route = context.original_route
        permission = permission_of(route) if isinstance(route, APIRoute) else None
        if permission is None or permission.place is None:
            continue
        for each in (*route.dependant.path_params, *route.dependant.query_params):
            changed = [rule for rule in each.field_info.metadata if isinstance(rule, AfterValidator | BeforeValidator)]
            assert not changed, f"{route.path} changes {each.name}"


@pytest.mark.parametrize("service", ["accounts", "roster", "booking", "queue", "cases", "notifications"])
def test_public_paths_start_with_the_services_own_prefix(service):
    for path in callers(application(service)):
        own = path.startswith((f"/api/{service}/v1/", "/internal/")) or path in {"/live", "/ready", "/metrics"}
        assert own, path
