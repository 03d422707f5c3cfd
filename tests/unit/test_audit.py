"""What a row of the audit covers, what it may hold, and whom it names."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.datastructures import State

from shared.audit import actors
from shared.audit.chain import BEGINNING, WITHHELD, Actor, Entry, as_code, coded
from shared.identity.tokens import Held, Principal

NOW = datetime(2026, 12, 1, 1, 0, 0, 250_000, tzinfo=UTC)
BY = Actor("a", "zhou", ("director@tax",), "10.0.0.1", "pages", "POST /x/{id}")
ROW = {
    "number": 1,
    "at": NOW,
    "by": BY,
    "action": "ticket.called",
    "record_kind": "ticket",
    "record_id": "t",
    "details": {"window": "w1"},
}


def test_each_part_of_a_row_is_covered():
    hashed = Entry(**ROW).hash_after(BEGINNING)
    changes = {
        "number": 2,
        "at": NOW + timedelta(microseconds=1),
        "action": "ticket.started",
        "record_kind": "window",
        "record_id": "u",
        "details": {"window": "w2"},
    }
    for name, value in changes.items():
        assert Entry(**{**ROW, name: value}).hash_after(BEGINNING) != hashed, name
    others = [
        Actor("b", "zhou", ("director@tax",), "10.0.0.1", "pages", "POST /x/{id}"),
        Actor("a", "wu", ("director@tax",), "10.0.0.1", "pages", "POST /x/{id}"),
        Actor("a", "zhou", ("director@land",), "10.0.0.1", "pages", "POST /x/{id}"),
        Actor("a", "zhou", ("director@tax",), "10.0.0.2", "pages", "POST /x/{id}"),
        Actor("a", "zhou", ("director@tax",), "10.0.0.1", "api", "POST /x/{id}"),
        Actor("a", "zhou", ("director@tax",), "10.0.0.1", "pages", "POST /y/{id}"),
    ]
    for other in others:
        assert Entry(**{**ROW, "by": other}).hash_after(BEGINNING) != hashed, other
    assert Entry(**ROW).hash_after(hashed) != hashed


@pytest.mark.parametrize(
    "value", ["王桂兰", "Wang Guilan", "11010519491231002X", "13800138000", "a\nb", "<b>", "x" * 201, "tel:1380013"]
)
def test_what_may_be_somebodys_is_withheld(value):
    assert as_code(value) == WITHHELD
    assert coded({"said": value, "list": [value]}) == {"said": WITHHELD, "list": [WITHHELD]}


@pytest.mark.parametrize(
    "value",
    [
        "hall.director-service-day.2026-12-01",
        "w1",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "01890a5d-ac96-774b-bcce-123456789012",
        "2026-12-01T01:00:00.250000Z",
        "A012",
    ],
)
def test_ids_and_codes_stay(value):
    assert as_code(value) == value


def test_what_is_empty_is_left_out():
    assert coded({"a": None, "b": "", "c": [], "d": 0, "e": False, "f": ["x"]}) == {"d": 0, "e": False, "f": ["x"]}


class Settings:
    service_secret = SecretStr("s" * 32)
    operator_secret = SecretStr("o" * 32)


def scope(path="/api/queue/v1/staff/x", headers=(), principal=None):
    app = FastAPI()
    app.state = State({"settings": Settings})
    state = {"principal": principal} if principal else {}
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": raw,
        "app": app,
        "state": state,
        "client": ("10.9.9.9", 1),
    }


def test_outside_of_a_request_it_is_the_process():
    assert actors.acting() == Actor("system")
    with actors.acting_as(actors.COMMAND_LINE):
        assert actors.acting() == Actor("command-line", client="command-line")
    assert actors.acting() == Actor("system")


@pytest.mark.parametrize(
    ("path", "headers", "wanted"),
    [
        ("/api/queue/v1/staff/x", (), ("unknown", "api", "10.9.9.9")),
        ("/api/roster/v1/plan", (("x-operator-secret", "o" * 32),), ("operator-secret", "api", "10.9.9.9")),
        ("/api/roster/v1/plan", (("x-operator-secret", "p" * 32),), ("unknown", "api", "10.9.9.9")),
        ("/internal/v1/x", (("x-service-secret", "s" * 32),), ("service", "api", "")),
        (
            "/api/queue/v1/staff/x",
            (("x-service-secret", "s" * 32), ("x-client-address", "10.1.1.1")),
            ("unknown", "pages", "10.1.1.1"),
        ),
        (
            "/api/queue/v1/staff/x",
            (("x-client-address", "10.1.1.1"), ("x-forwarded-for", "1.1.1.1, 10.2.2.2")),
            ("unknown", "api", "10.2.2.2"),
        ),
    ],
)
async def test_whom_a_request_names_and_from_where(path, headers, wanted):
    actors.bind(scope(path, headers))
    found = actors.acting()
    assert (found.actor, found.client, found.address) == wanted


async def test_whoever_is_signed_in_is_named_with_what_they_hold():
    held = (
        Held(role="director", department_id="tax"),
        Held(role="hall_manager", venue_id="hall"),
        Held(role="auditor"),
    )
    principal = Principal("acc-1", "ses-1", "staff", NOW, NOW, held, official_id="zhou")
    actors.bind(scope(principal=principal))
    found = actors.acting()
    assert (found.actor, found.official_id) == ("acc-1", "zhou")
    assert found.held == ("director@tax", "hall_manager@@hall", "auditor")
