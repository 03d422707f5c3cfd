"""What an operator gets from `docker compose up --build --wait`, asked from outside and looked at from inside.

The tests run in the order of this file: the last ones kill and stop what the first ones use.
"""

import http.client
import json
import secrets
import string
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from stdnum.cn import ric

from tests.compose.stack import Stack, eventually

SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications", "web")
JOBS = ("secrets", "kafka-users", "topics", "migrate", "demo", "demo-accounts")
SERVERS = ("postgres", "kafka", "caddy")


def resident_id() -> str:
    """A made-up resident ID that passes every check: a real district and birth date, a right check character."""
    body = f"110101{1950 + secrets.randbelow(50)}0315{secrets.randbelow(1000):03d}"
    return body + ric.calc_check_digit(body + "0")


def at_noon(stack: Stack, database: str) -> None:
    """Shift the county's clock in a database to noon: at night a visitor is not told before the morning."""
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    seconds = int((now.replace(hour=12, minute=0) - now).total_seconds())
    stack.query(
        database,
        "create or replace function county_now() returns timestamptz language sql stable "
        f"as $$ select now() + interval '{seconds} seconds' $$",
    )


def open_slot(stack: Stack) -> tuple[str, dict[str, Any]]:
    """A matter that needs a visit, and a free slot for it, not within two days."""
    soon = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    matters = stack.http.get("/api/roster/v1/matters", params={"limit": 100}).raise_for_status().json()["items"]
    for matter in matters:
        if matter["visit"] != "needed":
            continue
        matter_id = matter["matter_id"]
        answer = stack.http.get("/api/booking/v1/sessions", params={"matter_id": matter_id})
        if answer.status_code != 200:
            continue
        for session in answer.json()["items"]:
            if session["state"] == "open" and session["free"] and session["date"] > soon:
                path = f"/api/booking/v1/sessions/{session['session_id']}/slots"
                slots = stack.http.get(path, params={"matter_id": matter_id}).raise_for_status().json()["items"]
                return matter_id, next(slot for slot in slots if slot["free"])
    return "", {}


def test_the_demo_county_answers_through_caddy(stack: Stack) -> None:
    page = stack.http.get("/", follow_redirects=True)
    assert page.status_code == 200
    assert "您要办什么事" in page.text
    assert "望川县" in json.dumps(stack.http.get("/api/roster/v1/venue").json(), ensure_ascii=False)
    assert stack.http.get("/api/roster/v1/matters").json()["total"] >= 40
    eventually(lambda: open_slot(stack)[0], seconds=120, what="roster's sessions reached booking by Kafka")


@dataclass(frozen=True)
class Booked:
    """A booking that was answered, and what its visitor gave."""

    booking_id: str
    code: str
    number: str
    phone: str
    correlation_id: str


def book(stack: Stack) -> Booked:
    """Take a free seat for a made-up visitor."""
    matter_id, slot = eventually(lambda: open_slot(stack), seconds=60, what="a free slot")
    number, phone = resident_id(), "139" + "".join(secrets.choice(string.digits) for _ in range(8))
    correlation_id = f"compose-{secrets.token_hex(8)}"
    answer = stack.http.post(
        "/api/booking/v1/bookings",
        headers={"Idempotency-Key": secrets.token_hex(16), "X-Correlation-Id": correlation_id},
        json={
            "slot_id": slot["slot_id"],
            "matter_id": matter_id,
            "visitor": {
                "name": "王桂兰",
                "document": {"type": "resident_id", "number": number},
                "phone": phone,
                "email": None,
            },
            "party_size": 1,
            "proxy": None,
            "note": None,
            "raised_before": None,
            "language": "zh",
        },
    )
    assert answer.status_code == 201, answer.text
    body = answer.json()
    return Booked(body["booking_id"], body["code"], number, phone, correlation_id)


def told(stack: Stack, booked: Booked) -> list[str]:
    """Channel and correlation id of the messages that say it was booked; waits for the first."""
    statement = (
        "select m.channel, m.correlation_id from message m join console_message using (message_id) "
        f"where m.about = '{booked.booking_id}' and m.kind = 'booked' and m.state = 'sent'"
    )
    return eventually(lambda: stack.query("notifications", statement), seconds=60, what="the console message")


def test_a_booking_is_taken_and_told(stack: Stack) -> None:
    at_noon(stack, "notifications")
    booked = book(stack)
    body = {"code": booked.code, "digits": booked.phone[-4:]}
    found = stack.http.post("/api/booking/v1/bookings/lookup", json=body)
    assert found.status_code == 200, found.text
    assert found.json()["booking_id"] == booked.booking_id
    # The same id from the request to the message, through two databases and Kafka.
    assert told(stack, booked) == [f"console|{booked.correlation_id}"]
    logs = stack.compose("logs", "--no-color", "--no-log-prefix", seconds=60)
    assert booked.number not in logs
    assert booked.phone not in logs


def test_booking_goes_on_while_kafka_is_away(stack: Stack) -> None:
    stack.compose("stop", "kafka")
    try:
        booked = book(stack)
        assert stack.containers()["booking"]["State"]["Health"]["Status"] == "healthy"
    finally:
        stack.compose("start", "kafka")
        eventually(
            lambda: stack.containers()["kafka"]["State"]["Health"]["Status"] == "healthy",
            seconds=180,
            what="Kafka is back",
        )
    assert told(stack, booked) == [f"console|{booked.correlation_id}"]


@pytest.mark.parametrize("listener", ["port", "staff_port"])
@pytest.mark.parametrize(
    "path",
    [
        "/internal/v1/visitor-cards/0",
        "/internal/openapi.json",
        "/internal/asyncapi.json",
        "/api/booking/internal/openapi.json",
        "/api/queue/internal/openapi.json",
        "/api/booking/../../internal/openapi.json",
        "/api/booking/..%2f..%2finternal/openapi.json",
        "//internal/openapi.json",
        "/%69nternal/openapi.json",
        "/metrics",
        "/live",
        "/ready",
        "/metrics%0a",
        "/openapi.json",
        "/docs",
    ],
)
def test_nothing_internal_is_reached_through_caddy(stack: Stack, listener: str, path: str) -> None:
    # By hand, for a client library would tidy the path up before it sends it.
    connection = http.client.HTTPConnection("127.0.0.1", getattr(stack, listener), timeout=10)
    try:
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.endheaders()
        assert connection.getresponse().status == 404
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/api/notifications/v1/staff/console-messages", "/api/roster/v1/staff/officials"])
def test_staff_routes_ask_who_it_is(stack: Stack, path: str) -> None:
    answer = stack.staff.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")
    assert stack.http.get(path).status_code == 404


def test_operator_routes_ask_who_it_is(stack: Stack) -> None:
    answer = stack.staff.post("/api/roster/v1/plan")
    assert answer.status_code in {401, 403}, answer.text
    assert stack.http.post("/api/roster/v1/plan").status_code == 404


def test_only_caddy_is_published(stack: Stack) -> None:
    published = {
        service: bindings
        for service, container in stack.containers().items()
        if (bindings := [each for each in (container["NetworkSettings"]["Ports"] or {}).values() if each])
    }
    assert list(published) == ["caddy"]
    assert {each["HostPort"] for bindings in published["caddy"] for each in bindings} == {
        str(stack.port),
        str(stack.staff_port),
    }


def test_containers_are_denied_what_they_do_not_need(stack: Stack) -> None:
    containers = stack.containers()
    assert set(containers) == {*SERVICES, *JOBS, *SERVERS}
    for service, container in containers.items():
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert [each.removeprefix("CAP_") for each in host["CapAdd"] or []] == (
            ["NET_BIND_SERVICE"] if service == "caddy" else []
        ), service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert not host["Privileged"], service
        assert container["Config"]["User"].split(":")[0] not in {"", "0", "root"}, service
        assert host["Memory"] > 0, service
        assert host["PidsLimit"] > 0, service
        assert host["LogConfig"]["Type"] == "json-file", service
        assert {"max-size", "max-file"} <= host["LogConfig"]["Config"].keys(), service
        assert host["RestartPolicy"]["Name"] == ("on-failure" if service in JOBS else "unless-stopped"), service
        assert not any("docker.sock" in mount["Source"] for mount in container["Mounts"]), service
        volumes = [mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume"]
        assert all(name.startswith("service-day-test_") for name in volumes), f"{service}: an anonymous volume"
        passwords = [each for each in container["Config"]["Env"] if "PASSWORD=" in each or "SECRET=" in each]
        assert not passwords, f"{service}: secrets come as files"
        if service in JOBS:
            assert container["State"]["ExitCode"] == 0, service
        else:
            assert container["State"]["Health"]["Status"] == "healthy", service


def test_processes_have_neither_root_nor_capabilities(stack: Stack) -> None:
    for service in (*SERVICES, *SERVERS):
        status = stack.run(service, "cat", "/proc/1/status", "/proc/self/status")
        effective = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")]
        users = [line.split()[1] for line in status.splitlines() if line.startswith("Uid:")]
        assert set(effective) == {"0000000000000000"}, service
        assert "0" not in users, service
        assert stack.run(service, "sh", "-c", "touch /written 2>&1 || true").strip().endswith("Read-only file system")


def test_each_container_sees_its_own_secrets(stack: Stack) -> None:
    privacy = {"PRIVACY_ENCRYPTION_KEYS", "PRIVACY_INDEX_KEY"}
    shown = {"SERVICE_SECRET", "OPERATOR_SECRET"}
    user = {"KAFKA_USERNAME", "KAFKA_PASSWORD"}
    expected = {
        "postgres": {"POSTGRES_PASSWORD"},
        "kafka": {"jaas.conf", "health.properties"},
        "accounts": {"ACCOUNTS_DATABASE_URL", *user, *shown, *privacy},
        "roster": {"ROSTER_DATABASE_URL", *user, *shown},
        "booking": {"BOOKING_DATABASE_URL", *user, *shown, *privacy},
        "queue": {"QUEUE_DATABASE_URL", *user, *shown, *privacy},
        "cases": {"CASES_DATABASE_URL", *user, *shown, *privacy},
        "notifications": {"NOTIFICATIONS_DATABASE_URL", *user, *shown, *privacy},
        "web": shown,
    }
    for service, names in expected.items():
        assert set(stack.run(service, "ls", "/run/secrets").split()) == names, service
    assert stack.run("web", "cat", "/run/secrets/OPERATOR_SECRET") != stack.run(
        "roster", "cat", "/run/secrets/OPERATOR_SECRET"
    )


def test_no_secret_stands_in_an_environment_or_a_command(stack: Stack) -> None:
    store = json.loads(stack.compose("run", "--rm", "--no-TTY", "secrets", "export"))
    assert {"KAFKA_ADMIN_PASSWORD", "BOOKING_KAFKA_PASSWORD"} <= store.keys()
    told = {service: json.dumps(container["Config"]) for service, container in stack.containers().items()}
    for service in (*SERVICES, *SERVERS):
        told[service] += stack.run(service, "sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
    assert "java.security.auth.login.config" in told["kafka"]
    for name, text in store.items():
        assert not [service for service in told if text in told[service]], name


def test_the_networks_keep_apart_what_need_not_meet(stack: Stack) -> None:
    networks = {
        service: {name.removeprefix("service-day-test_") for name in container["NetworkSettings"]["Networks"]}
        for service, container in stack.containers().items()
        if service not in JOBS
    }
    assert networks == {
        "postgres": {"data"},
        "kafka": {"data"},
        "accounts": {"data", "services", "provider"},
        "roster": {"data", "services"},
        "booking": {"data", "services"},
        "queue": {"data", "services"},
        "cases": {"data", "services"},
        "notifications": {"data", "services", "mail"},
        "web": {"services"},
        "caddy": {"services", "gateway"},
    }
    names = [f"service-day-test_{name}" for name in ("data", "services")]
    inspected = subprocess.run(["docker", "network", "inspect", *names], capture_output=True, text=True, check=True)
    assert all(network["Internal"] for network in json.loads(inspected.stdout)), "a way out"


def test_the_pages_cannot_reach_the_data(stack: Stack) -> None:
    # By address: a name that does not resolve would prove little.
    containers = stack.containers()

    def address(service: str, network: str) -> str:
        found: str = containers[service]["NetworkSettings"]["Networks"][f"service-day-test_{network}"]["IPAddress"]
        return found

    reach = f"""
import socket
for name, host, port in (
    ("postgres", "{address("postgres", "data")}", 5432),
    ("kafka", "{address("kafka", "data")}", 9092),
    ("booking", "{address("booking", "services")}", 8000),
):
    try:
        socket.create_connection((host, port), timeout=2).close()
        print(name)
    except OSError:
        pass
"""
    assert stack.python("web", reach).split() == ["booking"]
    assert stack.python("roster", reach).split() == ["postgres", "kafka", "booking"]


def test_a_service_cannot_read_anothers_database(stack: Stack) -> None:
    ask = """
import asyncio, asyncpg, pathlib
dsn = pathlib.Path("/run/secrets/ROSTER_DATABASE_URL").read_text()
async def main():
    await (await asyncpg.connect(dsn)).close()
    try:
        await asyncpg.connect(dsn.removesuffix("/roster") + "/booking")
    except asyncpg.InsufficientPrivilegeError:
        print("refused")
asyncio.run(main())
"""
    assert stack.python("roster", ask) == "refused"


def test_starting_again_changes_nothing(stack: Stack) -> None:
    before = {service: container["Id"] for service, container in stack.containers().items() if service not in JOBS}
    sessions = stack.query("roster", "select count(*) from session")
    seconds = stack.up()
    after = {service: container["Id"] for service, container in stack.containers().items() if service not in JOBS}
    print(f"\nup again: {seconds:.0f} s")
    assert after == before
    assert stack.query("roster", "select count(*) from session") == sessions
    assert "0 made" in stack.compose("logs", "--no-log-prefix", "secrets")


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_comes_back(stack: Stack, service: str) -> None:
    before = stack.containers()[service]["RestartCount"]
    # From inside, for Docker does not restart what was killed through it. Its init is 1; the service is its child.
    stack.run(
        service,
        "python",
        "-c",
        "import os, pathlib, signal\n"
        "children = pathlib.Path('/proc/1/task/1/children').read_text().split()\n"
        "os.kill(int(children[0]), signal.SIGKILL)",
        check=False,
    )

    def back() -> bool:
        container = stack.containers()[service]
        return bool(container["RestartCount"] > before and container["State"]["Health"]["Status"] == "healthy")

    eventually(back, seconds=120, what=f"{service} is healthy again")
    assert stack.http.get("/", follow_redirects=True).status_code == 200


def test_it_stops_in_time_and_by_itself(stack: Stack) -> None:
    started = time.monotonic()
    stack.compose("stop", seconds=90)
    seconds = time.monotonic() - started
    print(f"\nstop: {seconds:.0f} s")
    for service, container in stack.containers().items():
        # 143 is an orderly end by SIGTERM. 1 would be a service's own hard end, 137 Docker's after the grace period.
        assert container["State"]["ExitCode"] in {0, 143}, service
    assert seconds < 45


def test_data_and_keys_outlive_the_containers(stack: Stack) -> None:
    stack.up()
    booked = book(stack)
    stack.down(data=False)
    assert not stack.kept("container")
    print(f"\nup with data: {stack.up():.0f} s")
    # The code opens the booking only if the database, its passwords and the index key are those of before.
    body = {"code": booked.code, "digits": booked.phone[-4:]}
    found = stack.http.post("/api/booking/v1/bookings/lookup", json=body)
    assert found.status_code == 200, found.text
    assert found.json()["booking_id"] == booked.booking_id


def test_nothing_is_left_behind(stack: Stack) -> None:
    miscounted = stack.down(data=True)
    assert {kind: stack.kept(kind) for kind in ("container", "volume", "network")} == {
        "container": set(),
        "volume": set(),
        "network": miscounted,
    }
