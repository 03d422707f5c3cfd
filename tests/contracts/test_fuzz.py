"""Whatever is sent to booking and roster, the answer is one that their documents name, and never a 5xx.

The services run as processes of their own on real databases; the operations are those of the document that
each serves. Generated requests rarely win a seat, so the ways to success are tested elsewhere.
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
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.postgres import databases, sql
from tests import conftest

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 40
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


@pytest.fixture(scope="module")
async def documents(postgres, templates, settings_env):
    """The services' documents, loaded from where they run."""
    with ExitStack() as stack:
        loaded = {}
        for service, port in zip(("booking", "roster"), conftest.free_ports(2), strict=True):
            if service not in templates:
                templates[service] = await conftest._template(postgres, service)
            name = f"{service}_fuzz"
            async with databases.connected(postgres.dsn) as connection:
                await sql.clone_database(connection, name, templates[service], databases.owner_role(service))
                await sql.restrict_database(connection, name, databases.runtime_role(service))
            dsn = databases.dsn_of(
                postgres.dsn, database=name, user=databases.runtime_role(service), password=conftest.PASSWORD
            )
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


@pytest.mark.parametrize("service", ["booking", "roster"])
def test_a_service_answers_as_documented(service, documents, settings_env, subtests):
    secrets = {
        "X-Service-Secret": settings_env["SERVICE_SECRET"],
        "X-Operator-Secret": settings_env["OPERATOR_SECRET"],
    }
    tried = 0
    for found in documents[service].get_all_operations():
        operation = found.ok()

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def answers_as_documented(case):
            case.call_and_validate(checks=CHECKS, headers=secrets)

        with subtests.test(operation.label):
            answers_as_documented()
        tried += 1
    assert tried >= 6, "the document names fewer operations than the service has"
