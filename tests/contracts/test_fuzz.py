"""Whatever is sent to accounts, booking, queue and roster, the answer is one that their documents name, never a 5xx.

The services run as processes of their own on real databases; the operations are those of the document that
each serves. Generated requests rarely win a seat, so the ways to success are tested elsewhere. The queue has a service
day behind it, and its requests name that day, its windows and tickets, half of the time, each verb at the window's
present version: made-up ids alone would be told that there is no such session, and nothing behind would be reached.
"""

import os
import subprocess
import sys
import time
from contextlib import ExitStack

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.postgres import databases, sql
from services.queue.commands import projections
from shared import database
from tests import conftest, identity
from tests.integration import queue_hall
from tests.integration.booking_desk import at, matter
from tests.ports import free_ports

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = {"accounts": 20, "booking": 40, "queue": 20, "roster": 40}
SLOW = 4
"""Examples of what a process of its own makes: sheets and speech."""
ENDLESS = "/stream"
"""It answers until somebody leaves; `test_queue_live.py` listens to it."""
START_SECONDS = 60


def environment(service, dsn, settings_env, port):
    return {
        **os.environ,
        **settings_env,
        f"{service.upper()}_DATABASE_URL": dsn,
        f"{service.upper()}_PORT": str(port),
        "ROSTER_URL": "http://127.0.0.1:1",
        "BOOKING_URL": "http://127.0.0.1:1",
        "SHUTDOWN_SECONDS": "3",
        "LOG_LEVEL": "error",
    }


def wait_until_ready(url, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended"
        try:
            if httpx.get(f"{url}/ready", timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(url)


async def hold_day(owner_dsn, runtime_dsn, set_county_now):
    """Make it nine o'clock on a service day, its matters and windows known to the queue."""
    await set_county_now(owner_dsn, at("09:00"))
    pool = await database.open_pool(runtime_dsn, size=1, application_name="queue-fuzz")
    try:
        async with database.transaction(pool) as connection:
            venue, day = queue_hall.venue(), queue_hall.service_day()
            await projections.take_venue(connection, venue, 1)
            for each in (matter(), matter("advice", "health")):
                await projections.take_matter(connection, each, 1)
            await projections.take_session(connection, day, 1)
    finally:
        await pool.close()


class Day:
    """The queue's service day as somebody knows it who works there."""

    def __init__(self, url, secrets):
        self.http = httpx.Client(base_url=f"{url}{queue_hall.API}", headers=secrets)
        self.taken = 0
        for window_id in ("w1", "w2", "w3"):
            path = f"/staff/sessions/day/windows/{window_id}/open"
            self.http.post(path, json={"version": self.version(window_id)}).raise_for_status()

    def version(self, window_id):
        return self.http.get(f"/staff/sessions/day/windows/{window_id}").json()["window_version"]

    def ticket(self):
        """Somebody who has just come in."""
        self.taken += 1
        answer = self.http.post(
            "/staff/sessions/day/walk-ins",
            json={"matter_ids": ["house"]},
            headers={"Idempotency-Key": f"fuzz-walk-in-{self.taken:06}"},
        )
        return answer.json() if answer.status_code == 201 else {}

    def name(self, case):
        """Let a generated request be about this day."""
        known = {"session_id": "day", "window_id": "w1"}
        if {"ticket_id", "token"} & set(case.path_parameters):
            known |= {name: value for name, value in self.ticket().items() if name in {"ticket_id", "token"}}
        case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
        if "{window_id}" in case.path and isinstance(case.body, dict) and isinstance(case.body.get("version"), int):
            case.body["version"] = self.version("w1")


@pytest.fixture(scope="module")
async def documents(postgres, templates, settings_env, set_county_now):
    """The services' documents, loaded from where they run."""
    with ExitStack() as stack:
        loaded = {}
        for service, port in zip(EXAMPLES, free_ports(len(EXAMPLES)), strict=True):
            if service not in templates:
                templates[service] = await conftest._template(postgres, service)
            name = f"{service}_fuzz"
            async with databases.connected(postgres.dsn) as connection:
                await sql.clone_database(connection, name, templates[service], databases.owner_role(service))
                await sql.restrict_database(connection, name, databases.runtime_role(service))
            dsn = databases.dsn_of(
                postgres.dsn, database=name, user=databases.runtime_role(service), password=conftest.PASSWORD
            )
            if service == "queue":
                owner = databases.owner_role(service)
                owner_dsn = databases.dsn_of(postgres.dsn, database=name, user=owner, password=conftest.PASSWORD)
                with pytest.MonkeyPatch.context() as patch:
                    for key, value in {**settings_env, "QUEUE_DATABASE_URL": dsn}.items():
                        patch.setenv(key, value)
                    await hold_day(owner_dsn, dsn, set_county_now)
            process = subprocess.Popen(  # noqa: ASYNC220  (started once, and waited for by HTTP)
                [sys.executable, "-m", f"services.{service}"], env=environment(service, dsn, settings_env, port)
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, process)
            loaded[service] = schemathesis.openapi.from_url(f"{url}/internal/openapi.json")
            loaded[service].config.update(base_url=url)
        yield loaded


@pytest.mark.parametrize("service", EXAMPLES)
def test_a_service_answers_as_documented(service, documents, settings_env, subtests):
    secrets = {
        "X-Service-Secret": settings_env["SERVICE_SECRET"],
        "X-Operator-Secret": settings_env["OPERATOR_SECRET"],
        **identity.bearer(),
    }
    document = documents[service]
    day = Day(document.config.base_url, secrets) if service == "queue" else None
    tried = 0
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path.endswith(ENDLESS):
            continue
        examples = SLOW if "/sheet." in operation.path or "/speech/" in operation.path else EXAMPLES[service]

        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(), known=st.booleans())
        def answers_as_documented(case, known):
            if day is not None and known:
                day.name(case)
            case.call_and_validate(checks=CHECKS, headers=secrets)

        with subtests.test(operation.label):
            answers_as_documented()
        tried += 1
    assert tried >= 6, "the document names fewer operations than the service has"
