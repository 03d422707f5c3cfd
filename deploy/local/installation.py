"""The embedded installation: its data folder, its secrets, its ports, and what each service is told.

Everything lies in one folder, `.data` in the checkout or `DATA_DIR`, with what must not be lost in
`secrets`, for the user's eyes alone: whoever removes it can no longer read the visitors' data. One supervisor
at a time holds the folder. `PORT` is the citizens' at the gateway, `STAFF_PORT` the staff's, by default the next
free one; the servers behind it take free ports next to these, which `ports.json` tells those who join the running
stack.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from deploy.image import secrets
from deploy.local.obstacles import Obstacle, check_disk, is_free
from deploy.postgres import databases

ROOT = Path(__file__).parents[2]
SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications", "web")
HIGHEST_PORT = 65_435
PORTS_BESIDE = 100
LOOPBACK = "127.0.0.1"
SHUTDOWN_SECONDS = 7
"""What a service has to end by itself; less than the supervisor waits."""


@dataclass(frozen=True)
class Ports:
    """Where each part listens, all on 127.0.0.1."""

    gateway: int
    """The citizens' listener."""
    staff: int
    """The staff's."""
    postgres: int
    kafka: int
    controller: int
    services: dict[str, int]


def choose_ports(gateway: int, staff: int = 0) -> Ports:
    """The gateway's ports as wished, and free ones above the first for the others. Raises Obstacle.

    With `staff` 0 the staff's listener takes the next free one.
    """
    for name, port in (("PORT", gateway), ("STAFF_PORT", staff)):
        if port and (not is_free(port) or (name == "STAFF_PORT" and port == gateway)):
            raise Obstacle(
                f"Port {port} cannot be used: another program listens on it, or this user may not. "
                f"Choose another one, such as `make up {name}={port + 1000 if port < HIGHEST_PORT - 1000 else 8080}`."
            )
    free = (port for port in range(gateway + 1, gateway + PORTS_BESIDE) if port != staff and is_free(port))
    try:
        staff = staff or next(free)
        services = {service: next(free) for service in SERVICES}
        return Ports(gateway, staff, next(free), next(free), next(free), services)
    except StopIteration:
        raise Obstacle(f"There are not enough free ports above {gateway}; choose another PORT.") from None


class Installation:
    """The data folder: held by the supervisor's process, joined by that of an operator's command."""

    def __init__(self, folder: Path, port: int, staff_port: int = 0) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self._port, self._staff_port = port, staff_port
        self._lock: IO[str] | None = None
        self.secrets: dict[str, str] = {}
        self.ports = Ports(port, staff_port, 0, 0, 0, {})

    def hold(self) -> None:
        """Check what could be in the way, take the folder, and read or make the secrets. Raises Obstacle."""
        if not 1 <= self._port <= HIGHEST_PORT:
            raise Obstacle(f"PORT must be a number from 1 to {HIGHEST_PORT}.")
        if not 0 <= self._staff_port <= HIGHEST_PORT:
            raise Obstacle(f"STAFF_PORT must be a number from 1 to {HIGHEST_PORT}.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            self._take()
        except PermissionError as error:
            raise Obstacle(
                f"{error.filename} belongs to somebody else; choose another folder with DATA_DIR."
            ) from error
        check_disk(self.folder)
        self.ports = choose_ports(self._port, self._staff_port)
        self.secrets = self._read_secrets()
        aside = self._ports_file.with_suffix(".new")
        aside.write_text(json.dumps(asdict(self.ports)))
        aside.replace(self._ports_file)

    def join(self) -> None:
        """Read the secrets and ports of the stack that runs on the folder; change nothing. Raises Obstacle."""
        try:
            if not self._is_held():
                raise Obstacle(
                    f"Nothing runs on {self.folder}; start it with `make up`, or say which DATA_DIR is meant."
                )
            self.ports = Ports(**json.loads(self._ports_file.read_text()))
            self.secrets = secrets.read(self.folder / "secrets")
        except FileNotFoundError:
            raise Obstacle(f"What runs on {self.folder} is only just starting; try again once it says so.") from None
        except PermissionError as error:
            raise Obstacle(f"{error.filename} belongs to somebody else; be the user who started `make up`.") from error

    @property
    def _ports_file(self) -> Path:
        return self.folder / "ports.json"

    def _is_held(self) -> bool:
        """Whether a supervisor holds the folder now."""
        try:
            with (self.folder / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _take(self) -> None:
        lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            where = lock.read().strip()
            lock.close()
            raise Obstacle(
                f"It already runs on {self.folder}{f' ({where})' if where else ''}. "
                "Use that one, or stop it where it was started; a second one needs its own DATA_DIR and PORT."
            ) from None
        self._ports_file.unlink(missing_ok=True)  # those of the run before
        lock.truncate(0)
        lock.write(f"http://{LOOPBACK}:{self._port}/, process {os.getpid()}")
        lock.flush()
        self._lock = lock

    def _read_secrets(self) -> dict[str, str]:
        store = self.folder / "secrets"
        lost = (
            f"The keys in {store} are missing, and without them the data beside them cannot be read. "
            f"Put them back from a copy, or remove {self.folder} to start anew without that data."
        )
        if (self.folder / "postgres").exists() and not store.exists():
            raise Obstacle(lost)
        try:
            return secrets.complete(store)
        except secrets.SecretsLost as error:
            raise Obstacle(lost) from error

    def database_dsn(self, service: str, role: str) -> str:
        """The address of a service's database as its `owner` or `runtime` role."""
        password = self.secrets[f"{service.upper()}_{role.upper()}_PASSWORD"]
        return f"postgresql://{service}_{role}:{password}@{LOOPBACK}:{self.ports.postgres}/{service}"

    @property
    def address(self) -> str:
        """Where citizens find the pages."""
        return f"http://{LOOPBACK}:{self.ports.gateway}"

    @property
    def staff_address(self) -> str:
        """Where the staff find theirs, and the citizens' as well."""
        return f"http://{LOOPBACK}:{self.ports.staff}"

    def service_url(self, service: str) -> str:
        """Where a service answers, to those inside."""
        return f"http://{LOOPBACK}:{self.ports.services[service]}"

    def service_environment(self, service: str) -> dict[str, str]:
        """What a service is told. What the caller's environment says of other settings, such as SMTP, goes along."""
        prefix = service.upper()
        told = {
            **secrets.views(self.secrets)[service],
            f"{prefix}_HOST": LOOPBACK,
            f"{prefix}_PORT": str(self.ports.services[service]),
            "KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{self.ports.kafka}",
            "SHUTDOWN_SECONDS": str(SHUTDOWN_SECONDS),
            "ACCOUNTS_URL": self.service_url("accounts"),
            "ROSTER_URL": self.service_url("roster"),
            "BOOKING_URL": self.service_url("booking"),
            "QUEUE_URL": self.service_url("queue"),
            "CASES_URL": self.service_url("cases"),
            "NOTIFICATIONS_URL": self.service_url("notifications"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }
        if service in databases.services():
            told[f"{prefix}_DATABASE_URL"] = self.database_dsn(service, "runtime")
        own = {
            "NOTIFICATIONS_PUBLIC_URL": self.address,
            "WEB_CITIZENS_PORT": str(self.ports.gateway),
            "BOOKING_REQUESTS_PER_ADDRESS": str(10**6),  # everybody comes from this machine
            "CASES_CASES_PER_ADDRESS": str(10**6),
        }
        return {**own, **os.environ, **told}

    def gateway_environment(self) -> dict[str, str]:
        """What Caddy is told. It keeps nothing, but would make folders in the home of the user."""
        upstreams = {
            f"{service.upper()}_UPSTREAM": f"{LOOPBACK}:{port}" for service, port in self.ports.services.items()
        }
        return {
            **os.environ,
            **upstreams,
            "CADDY_ADDRESS": f":{self.ports.gateway}",
            "CADDY_BIND": LOOPBACK,
            "CADDY_STAFF_ADDRESS": f":{self.ports.staff}",
            "CADDY_STAFF_BIND": LOOPBACK,
            "XDG_DATA_HOME": str(self.folder / "caddy"),
            "XDG_CONFIG_HOME": str(self.folder / "caddy"),
        }
