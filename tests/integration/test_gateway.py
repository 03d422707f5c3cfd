"""The gateway with its own configuration, on real HTTP, before services that only say what they were asked.

Two listeners: what is the staff's or the operators' is unknown at the citizens', by whatever name it is asked for.
"""

import http.client
import importlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from deploy.local.installation import ROOT, SERVICES
from deploy.local.processes import TETHER
from shared.access import Caller, declared
from tests.ports import free_ports
from tests.stack import eventually

START_SECONDS = 20.0
HEADER_SECONDS = 10.0
"""Of the configuration."""
STAFF_PAGES = re.compile(r"/(staff|sign-in|sign-out|device)(/|$)")
STAFF_ENTRANCE = {
    "/api/accounts/v1/sign-in",
    "/api/accounts/v1/devices/pair",
    "/api/accounts/v1/devices/renew",
    "/api/accounts/v1/me/password",
    "/api/accounts/v1/me/totp",
    "/api/accounts/v1/me/totp/confirm",
}
"""For anyone by their declaration, for nobody is signed in yet; but for staff alone."""


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "secret/1.0"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = json.dumps({"path": self.path, "headers": dict(self.headers.items())}).encode()
        self.send_response(404 if self.path == "/unknown" else 200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  (the library's names)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Gateway:
    """Its two ports."""

    citizens: int
    staff: int

    def ask(self, port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """By hand, for a client library would tidy the path up before it sends it."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in {"Content-Length": "0", **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(folder: Path, scheme: str = "", config: Path = ROOT / "deploy/caddy/Caddyfile") -> Iterator[Gateway]:
    """The gateway in front of a service that answers anything, on ports of its own."""
    behind = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    citizens, staff = free_ports(2)
    environment = {
        **os.environ,
        **{f"{service.upper()}_UPSTREAM": f"127.0.0.1:{behind.server_port}" for service in SERVICES},
        "CADDY_ADDRESS": f"{scheme}:{citizens}",
        "CADDY_STAFF_ADDRESS": f"{scheme}:{staff}",
        "CADDY_BIND": "127.0.0.1",
        "CADDY_STAFF_BIND": "127.0.0.1",
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    caddy = Path(sys.prefix) / "bin" / "caddy"
    command = [caddy, "run", "--config", config, "--adapter", "caddyfile"]
    tether = [sys.executable, str(TETHER), str(os.getpid()), "9", "-"]
    process = subprocess.Popen([*tether, *map(str, command)], env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (_listens(citizens) and _listens(staff)):
            assert process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.05)
        yield Gateway(citizens, staff)
    finally:
        process.terminate()
        process.wait(10)
        behind.shutdown()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("gateway")) as found:
        yield found


def routes(service: str) -> list[tuple[str, str, Caller]]:
    """Method, path and caller of every route that a service declares."""
    module = importlib.import_module(f"services.{service}.routes")
    found = {}
    for router in module.ROUTERS if service == "web" else module.routers:
        found |= declared(router)
    return [
        (name.partition(" ")[0], re.sub(r"\{[^}]*\}", "11111111", name.partition(" ")[2]), caller)
        for name, caller in found.items()
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_citizen_finds_nothing_of_the_staffs_and_the_staff_find_everything(gateway: Gateway, service: str) -> None:
    for method, path, caller in routes(service):
        if path.startswith("/internal"):
            continue
        theirs = caller in {Caller.STAFF, Caller.OPERATOR} or "/operator/" in path or path in STAFF_ENTRANCE
        theirs = theirs or bool(STAFF_PAGES.match(path))
        assert gateway.ask(gateway.staff, path, method)[0] == 200, (method, path)
        assert gateway.ask(gateway.citizens, path, method)[0] == (404 if theirs else 200), (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/staff",
        "/staff/",
        "//staff/today",
        "/STAFF/today",
        "/%73taff/today",
        "/staff%2ftoday",
        "/book/../staff/today",
        "/./staff/today",
        "/staff%0a",
        "/sign-in%0a",
        "/sign-in/first",
        "/device",
        "/device%0a",
        "/api/accounts/v1/devices/pair",
        "/api/queue/v1/staff/today",
        "/api/queue//v1/staff/today",
        "/api/queue/v1/%73taff/today",
        "/api/queue/v1/../v1/staff/today",
        "/api/accounts/v1/operator/accounts",
        "/api/accounts/v1/sign-in%0a",
    ],
)
def test_no_way_of_writing_it_opens_it(gateway: Gateway, path: str) -> None:
    status, _, body = gateway.ask(gateway.citizens, path)
    assert status == 404
    assert b"staff" not in body.lower()
    assert b"sign-in" not in body


def test_what_only_begins_alike_is_the_citizens(gateway: Gateway) -> None:
    for path in ("/staffing", "/hall/s1", "/api/queue/v1/sessions/s1/screen", "/api/queue/v1/sessions/s1/stream"):
        assert gateway.ask(gateway.citizens, path)[0] == 200


@pytest.mark.parametrize("listener", ["citizens", "staff"])
def test_every_answer_says_what_a_browser_may_do_with_it_and_nothing_of_what_made_it(
    gateway: Gateway, listener: str
) -> None:
    for path in ("/", "/api/booking/v1/sessions", "/metrics", "/api/nobody"):
        _, headers, _ = gateway.ask(getattr(gateway, listener), path)
        assert "server" not in headers
        assert "via" not in headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers, "a promise for a site that has no TLS"


def test_nobody_outside_speaks_as_a_service_or_names_another_address(gateway: Gateway) -> None:
    _, _, body = gateway.ask(
        gateway.citizens,
        "/api/booking/v1/sessions",
        **{
            "X-Service-Secret": "guessed",
            "X-Client-Address": "10.0.0.1",
            "X-Client-Agent": "another",
            "X-Client-Device": "another",
            "X-Forwarded-For": "10.0.0.1",
            "X-Forwarded-Proto": "https",
        },
    )
    heard = {name.lower(): value for name, value in json.loads(body)["headers"].items()}
    assert not {"x-service-secret", "x-client-address", "x-client-agent", "x-client-device"} & set(heard)
    assert heard["x-forwarded-for"].rpartition(",")[2].strip() == "127.0.0.1"
    assert heard["x-forwarded-proto"] == "http"


def test_headers_that_have_no_end_are_not_waited_for(gateway: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.citizens), timeout=HEADER_SECONDS + 5) as slow:
        began = time.monotonic()
        slow.sendall(b"GET / HTTP/1.1\r\nHost: hall\r\nX-Slow: ")
        while slow.recv(4096):
            pass
        assert time.monotonic() - began < HEADER_SECONDS + 2


def test_headers_of_more_than_64_kib_are_refused(gateway: Gateway) -> None:
    assert gateway.ask(gateway.citizens, "/", Cookie="a" * 20_000)[0] == 200
    assert gateway.ask(gateway.citizens, "/", **{f"X-Many-{number}": "a" * 30_000 for number in range(4)})[0] == 431


def test_only_behind_tls_browsers_are_told_to_come_by_tls_alone(gateway: Gateway, tmp_path: Path) -> None:
    assert "strict-transport-security" not in gateway.ask(gateway.citizens, "/")[1]
    own = (ROOT / "deploy/caddy/Caddyfile").read_text()
    config = tmp_path / "Caddyfile"  # the same, but that it asks for no port 80 and trusts nobody on this machine
    config.write_text(own.replace("admin off", "admin off\n\tauto_https disable_redirects\n\tskip_install_trust", 1))
    with running(tmp_path, "https://localhost", config) as secured:
        for port in (secured.citizens, secured.staff):
            for path in ("/", "/api/booking/v1/health", "/metrics"):
                answer = eventually(lambda port=port, path=path: _over_tls(port, path))  # its certificate is made first
                assert answer.headers["strict-transport-security"] == "max-age=31536000", (port, path)


def _over_tls(port: int, path: str) -> httpx.Response | None:
    try:
        return httpx.get(f"https://localhost:{port}{path}", verify=False, trust_env=False)  # noqa: S501  (made just now)
    except httpx.ConnectError:
        return None
