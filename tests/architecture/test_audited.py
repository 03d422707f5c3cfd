"""Whatever staff or operators have done leaves a row in the audit: every such route goes through what writes one.

Followed from the route's function through whatever it names, as far as that is this project's own code. Each verb is
done for real, and its row looked at, in `tests/integration/test_audit_rows.py`.
"""

import inspect
import types

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from services.booking.combiner import Combiner
from shared.access import Caller, declared
from shared.audit import recording
from tests.contracts.export import application

SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications")
WRITERS = {recording.audited.__wrapped__, recording.record, recording.append}
HANDED_OVER = {"POST /api/booking/v1/staff/bookings": Combiner}
"""Where an object does the work that the route finds in the running service."""
READ_AND_RECORDED = (
    "GET /api/notifications/v1/staff/call-list/{message_id}",
    "GET /api/queue/v1/staff/sessions/{session_id}/visits/{ticket_id}",
    "GET /api/queue/v1/staff/sessions/{session_id}/sheet.pdf",
    "GET /api/queue/v1/staff/sessions/{session_id}/sheet.xlsx",
    "GET /api/queue/v1/staff/sessions/{session_id}/tickets/{ticket_id}/notice",
    "GET /api/queue/v1/staff/sessions/{session_id}/windows/{window_id}/promises",
    "GET /internal/v1/documents/{booking_id}",
)
"""What is read of somebody, or taken away, so that it is worth a row."""
OF_ONESELF = (
    "/api/accounts/v1/me",
    "/api/accounts/v1/operator",
    "/api/accounts/v1/session",
    "/api/accounts/v1/devices",
)
NOTHING_DONE = {"POST /api/accounts/v1/session/renew", "POST /api/accounts/v1/devices/renew"}
"""A sign-in, or a device, goes on as it was."""


def routes(service):
    for context in iter_route_contexts(application(service).routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            (pair,) = declared(types.SimpleNamespace(routes=(route,))).items()
            yield *pair, route


def is_worth_a_row(name, caller):
    method, _, path = name.partition(" ")
    if name in READ_AND_RECORDED:
        return True
    by_staff = caller in {Caller.STAFF, Caller.OPERATOR} or path.startswith(OF_ONESELF)
    return method not in {"GET", "HEAD"} and by_staff and name not in NOTHING_DONE


def functions(thing):
    """The functions that an object of ours is made of."""
    if isinstance(thing, types.FunctionType):
        yield inspect.unwrap(thing)
    elif inspect.isclass(thing):
        for each in vars(thing).values():
            yield from functions(getattr(each, "__func__", each)) if not inspect.isclass(each) else ()


def codes(code):
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from codes(each)


def named(function):
    """What a function names of its module's, of modules that it imports, and of what surrounds it."""
    surrounding = [cell.cell_contents for cell in function.__closure__ or ()]
    known = function.__globals__
    for code in codes(function.__code__):
        for name in code.co_names:
            if name in known:
                surrounding.append(known[name])
            surrounding += [
                getattr(each, name) for each in known.values() if inspect.ismodule(each) and hasattr(each, name)
            ]
    return surrounding


def writes(thing, seen=None):
    seen = set() if seen is None else seen
    for function in functions(thing):
        if function in WRITERS:
            return True
        if function in seen or not function.__module__.startswith(("services.", "shared.audit")):
            continue
        seen.add(function)
        if any(writes(each, seen) for each in named(function)):
            return True
    return False


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_that_staff_change_something_by_leaves_a_row(service):
    looked_at = 0
    for name, caller, route in routes(service):
        if is_worth_a_row(name, caller):
            looked_at += 1
            assert writes(HANDED_OVER.get(name, route.endpoint)), f"{name} leaves nothing in the audit"
    assert looked_at


def test_what_is_named_here_is_there():
    there = {name for service in SERVICES for name, _, _ in routes(service)}
    assert {*READ_AND_RECORDED, *HANDED_OVER, *NOTHING_DONE} <= there


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_shows_its_audit_to_staff(service):
    found = {name: caller for name, caller, _ in routes(service)}
    assert found[f"GET /api/{service}/v1/staff/audit"] is Caller.STAFF
    assert found[f"POST /api/{service}/v1/staff/audit/exports"] is Caller.STAFF


def test_the_search_does_not_find_what_is_not_there():
    from services.queue.routes import visitor  # noqa: PLC0415  (one example)

    assert not writes(visitor.leave)
