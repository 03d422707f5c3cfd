"""What the bench runs on: parts of the embedded stack, as it starts them, in a folder that is gone afterwards.

`workshop`: PostgreSQL with its durable settings, Kafka, and two booking processes, with nobody who consumes their
events: on a small machine the whole system beside them would be measured too. `whole_system`: `python -m deploy.local`.
"""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import asyncpg
import httpx
import psutil

from deploy.image import secrets
from deploy.kafka import topics
from deploy.local import jars
from deploy.local.installation import LOOPBACK, ROOT, SERVICES, Installation
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.processes import Process
from deploy.postgres import databases
from tests.bench import sql
from tests.ports import free_port

TOPIC_PREFIX = "bench."
START_SECONDS = 60.0
WHOLE_START_SECONDS = 150.0
STOP_SECONDS = 20.0
CADDYFILE = """
{
    admin off
    auto_https off
    persist_config off
}
http://127.0.0.1:%d {
    header Content-Type application/json
    respond `{%s}` 201
}
"""
ANSWER = ", ".join(f'"field_{number}": "0123456789abcdef0123"' for number in range(16))
"""As long as a booking's answer."""


async def until_announced(supervisor: Process) -> None:
    """Wait until `deploy.local` has said that it runs: by its last line, for of what it says only the end is kept."""

    async def announced() -> bool:
        supervisor.check()
        return any("Stop with Ctrl-C" in line for line in supervisor.tail)

    await until(supervisor.name, announced, WHOLE_START_SECONDS)


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """A folder on disk that is gone afterwards."""
    path = Path(mkdtemp(prefix="service-day-bench-"))
    try:
        yield path
    finally:
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[sql.Connection]:
    """A connection of the bench's own."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def until(what: str, ready: Callable[[], Awaitable[bool]], seconds: float = START_SECONDS) -> None:
    """Ask until it is so. TimeoutError names what never was."""
    deadline = time.monotonic() + seconds
    while not await ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        await asyncio.sleep(0.2)


@dataclass(frozen=True)
class Workshop:
    """What the claims are measured on."""

    folder: Path
    owner_dsn: str
    booking_urls: tuple[str, str]
    """The first one's relay leads."""
    constant_url: str
    """Answers 201 with a constant body whatever it is asked."""
    start_accounts: Callable[[AsyncExitStack], Awaitable[str]]
    """Starts accounts beside the others, which needs more memory than most figures do, and tells its address."""


@asynccontextmanager
async def workshop(data: Path) -> AsyncIterator[Workshop]:
    """Start it on a new data folder. The database holds a session that is open, without slots."""
    async with AsyncExitStack() as stack:
        installation = stack.enter_context(_held(data))
        yield await _start_workshop(stack, installation)
    shutil.rmtree(data / "bench-kafka")


async def _start_workshop(stack: AsyncExitStack, installation: Installation) -> Workshop:
    postgres = _postgres(installation)
    data = installation.folder
    kafka = Kafka(
        data / "bench-kafka",
        port=installation.ports.kafka,
        controller_port=installation.ports.controller,
        jars=await asyncio.to_thread(jars.fetch_all),
        log=installation.logs / "kafka.log",
    )
    stack.push_async_callback(postgres.stop)
    stack.push_async_callback(kafka.stop)
    await asyncio.gather(postgres.start(), kafka.start())
    await topics.create(kafka.bootstrap, TOPIC_PREFIX)
    passwords = [installation.secrets[f"BOOKING_{role}_PASSWORD"] for role in ("OWNER", "RUNTIME")]
    await databases.create(postgres.dsn, "booking", *passwords)
    owner_dsn = installation.database_dsn("booking", "owner")
    await databases.migrate("booking", owner_dsn)
    connection = await stack.enter_async_context(connected(owner_dsn))
    await sql.create_bench_session(connection)
    await sql.create_floors(connection)
    stack.push_async_callback(sql.forget_bench, connection)
    urls = [await _start_booking(stack, installation, number) for number in (1, 2)]
    constant = await _start_constant(stack, installation)

    async def start_accounts(stack: AsyncExitStack) -> str:
        passwords = [installation.secrets[f"ACCOUNTS_{role}_PASSWORD"] for role in ("OWNER", "RUNTIME")]
        await databases.create(postgres.dsn, "accounts", *passwords)
        await databases.migrate("accounts", installation.database_dsn("accounts", "owner"))
        return await _start_accounts(stack, installation)

    return Workshop(data, owner_dsn, (urls[0], urls[1]), constant, start_accounts)


@contextmanager
def _held(data: Path) -> Iterator[Installation]:
    """An installation's secrets and ports; another may hold the folder afterwards."""
    installation = Installation(data, free_port())
    installation.hold()
    try:
        yield installation
    finally:
        if installation._lock is not None:
            installation._lock.close()


def _postgres(installation: Installation) -> Postgres:
    return Postgres(
        installation.folder / "postgres",
        port=installation.ports.postgres,
        password=installation.secrets["POSTGRES_PASSWORD"],
        log=installation.logs / "postgres.log",
    )


async def _start_booking(stack: AsyncExitStack, installation: Installation, number: int) -> str:
    """One booking process more; the first is waited for until its relay leads."""
    port = free_port()
    process = Process(
        f"booking-{number}",
        [sys.executable, "-m", "services.booking"],
        log=installation.logs / f"bench-booking-{number}.log",
        environment={
            **installation.service_environment("booking"),
            "BOOKING_PORT": str(port),
            "TOPIC_PREFIX": TOPIC_PREFIX,
        },
        folder=ROOT,
    )
    stack.push_async_callback(process.stop, STOP_SECONDS)
    await process.start()
    url = f"http://{LOOPBACK}:{port}"
    expected = "relay_leads 1.0" if number == 1 else "relay_leads 0.0"

    async def ready() -> bool:
        process.check()
        return expected in await _body(f"{url}/metrics") and bool(await _body(f"{url}/ready"))

    await until(process.name, ready)
    return url


async def _start_accounts(stack: AsyncExitStack, installation: Installation) -> str:
    port = free_port()
    process = Process(
        "accounts",
        [sys.executable, "-m", "services.accounts"],
        log=installation.logs / "bench-accounts.log",
        environment={
            **installation.service_environment("accounts"),
            "ACCOUNTS_PORT": str(port),
            "ACCOUNTS_TRIES_PER_ADDRESS": str(10**6),  # all that is offered comes from one
            "TOPIC_PREFIX": TOPIC_PREFIX,
        },
        folder=ROOT,
    )
    stack.push_async_callback(process.stop, STOP_SECONDS)
    await process.start()
    url = f"http://{LOOPBACK}:{port}"

    async def ready() -> bool:
        process.check()
        return bool(await _body(f"{url}/ready"))

    await until(process.name, ready)
    return url


async def _start_constant(stack: AsyncExitStack, installation: Installation) -> str:
    port = free_port()
    caddyfile = installation.folder / "constant.caddyfile"
    caddyfile.write_text(CADDYFILE % (port, ANSWER))
    process = Process(
        "constant answer",
        [Path(sys.prefix) / "bin" / "caddy", "run", "--config", caddyfile, "--adapter", "caddyfile"],
        log=installation.logs / "constant.log",
        environment=installation.gateway_environment(),
        folder=installation.folder,
    )
    stack.push_async_callback(process.stop, STOP_SECONDS)
    await process.start()
    url = f"http://{LOOPBACK}:{port}"

    async def ready() -> bool:
        process.check()
        return bool(await _body(url))

    await until(process.name, ready)
    return url


async def _body(url: str) -> str:
    """What a GET answers; empty where it does not succeed."""
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            answer = await client.get(url)
    except httpx.HTTPError:
        return ""
    return answer.text if answer.is_success else ""


@dataclass(frozen=True)
class System:
    """The running system, seen from outside."""

    supervisor: psutil.Process
    folder: Path
    gateway_url: str
    """The staff's listener, which has everything."""
    booking_url: str
    queue_url: str
    bootstrap: str
    postgres_port: int
    secrets: dict[str, str]

    @property
    def address(self) -> str:
        """Where people find it."""
        return self.gateway_url

    def owner_dsn(self, service: str) -> str:
        """The address of a service's database as its owner."""
        password = self.secrets[f"{service.upper()}_OWNER_PASSWORD"]
        return f"postgresql://{service}_owner:{password}@{LOOPBACK}:{self.postgres_port}/{service}"


@asynccontextmanager
async def whole_system(data: Path) -> AsyncIterator[System]:
    """`python -m deploy.local` on a data folder, once its pages answer."""
    await _keep_commit_times(data)
    port = free_port()
    supervisor = Process(
        "deploy.local",
        [sys.executable, "-m", "deploy.local"],
        log=data / "logs" / "bench-deploy-local.log",
        environment={**os.environ, "DATA_DIR": str(data), "PORT": str(port), "COUNTY_TIME_ZONE": daytime_zone()},
        folder=ROOT,
    )
    try:
        await supervisor.start()

        await until_announced(supervisor)
        process = psutil.Process(supervisor.pid)
        told = _environment_of(process, "services.booking")
        yield System(
            supervisor=process,
            folder=data,
            gateway_url=f"http://{LOOPBACK}:{json.loads((data / 'ports.json').read_text())['staff']}",
            booking_url=f"http://{LOOPBACK}:{told['BOOKING_PORT']}",
            queue_url=f"http://{LOOPBACK}:{_environment_of(process, 'services.queue')['QUEUE_PORT']}",
            bootstrap=told["KAFKA_BOOTSTRAP_SERVERS"],
            postgres_port=int(told["BOOKING_DATABASE_URL"].rsplit(":", 1)[1].partition("/")[0]),
            secrets=secrets.read(data / "secrets"),
        )
    finally:
        await supervisor.stop(STOP_SECONDS)


async def _keep_commit_times(data: Path) -> None:
    """Have the folder's PostgreSQL remember when each transaction was committed, from its next start on."""
    with _held(data) as installation:
        postgres = _postgres(installation)
        await postgres.start()
        try:
            async with connected(postgres.dsn) as connection:
                await sql.keep_commit_times(connection)
        finally:
            await postgres.stop()


def _environment_of(supervisor: psutil.Process, module: str) -> dict[str, str]:
    for process in supervisor.children(recursive=True):
        if process.cmdline()[-1:] == [module]:
            return process.environ()
    raise RuntimeError(f"{module} does not run; services are {', '.join(SERVICES)}")


def daytime_zone() -> str:
    """A time zone in which it is about noon: messages rest from 22:00 to 08:00, and the bench runs at any hour."""
    east = (12 - datetime.now(UTC).hour) % 24
    east = east if east <= 14 else east - 24  # zones go from -12 to +14
    return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"
