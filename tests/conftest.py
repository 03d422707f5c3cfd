"""What all tests share: one PostgreSQL and one Kafka for the whole run, real ones, started when first asked for.

`postgres`   the server; `postgres.dsn` is its superuser's address.
`kafka`      the broker; `kafka.bootstrap`. Whoever does `await kafka.kill()` does `await kafka.start()` again.
`database`   `await database("booking")` clones that service's migrated template: `.runtime_dsn`, `.owner_dsn`.
`topic_prefix`    topics of the test's own, made.
`settings_env`    the environment that services need beside their addresses.
`stack`           the whole system as `make up` runs it, with the demo county: `stack.address`, `stack.output`.
`set_county_now`  `await set_county_now(owner_dsn, moment)` stops the county's clock; with none it goes again.

Tests marked `browser` are left out, with a line that cannot be missed, where there is no Chromium or no Chinese font;
`REQUIRE_BROWSER=1` makes that an error. Both servers are tethered to this process: however the run ends, they end.
"""

import base64
import os
import secrets
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from deploy.kafka import topics
from deploy.local import jars, programs
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.postgres import databases, sql
from tests import identity
from tests.embedded import EmbeddedStack
from tests.ports import free_ports

PASSWORD = "test-password"
LEFT_OUT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what nothing here can show."""
    of_pages = [item for item in items if item.get_closest_marker("browser")]
    if not of_pages or programs.has_browser():
        return
    if os.environ.get("REQUIRE_BROWSER") == "1":
        raise pytest.UsageError("REQUIRE_BROWSER=1, but there is no Chromium, or no font with Chinese characters")
    items[:] = [item for item in items if item not in of_pages]
    config.hook.pytest_deselected(items=of_pages)
    config.stash[LEFT_OUT] = len(of_pages)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was left out."""
    if left_out := config.stash.get(LEFT_OUT, 0):
        line = f"{left_out} BROWSER TESTS LEFT OUT: no Chromium, or no font with Chinese characters"
        terminalreporter.write_sep("!", line, red=True, bold=True)


@dataclass(frozen=True)
class Database:
    """A test's own copy of a service's database."""

    service: str
    name: str
    owner_dsn: str
    runtime_dsn: str


@pytest.fixture(scope="session")
def stack_folder() -> Iterator[Path]:
    """Where the servers keep data and logs during this run."""
    with TemporaryDirectory(prefix="service-day-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
async def postgres(stack_folder: Path) -> AsyncIterator[Postgres]:
    (port,) = free_ports(1)
    log = stack_folder / "logs" / "postgres.log"
    server = Postgres(stack_folder / "postgres", port=port, password=PASSWORD, log=log, durable=False)
    try:
        await server.start()
        yield server
    finally:
        await server.stop(3)


@pytest.fixture(scope="session")
async def kafka(stack_folder: Path) -> AsyncIterator[Kafka]:
    port, controller_port = free_ports(2)
    log = stack_folder / "logs" / "kafka.log"
    data = stack_folder / "kafka"
    broker = Kafka(data, port=port, controller_port=controller_port, jars=jars.fetch_all(), log=log)
    try:
        await broker.start()
        yield broker
    finally:
        await broker.stop(0.2)  # what it would still write is thrown away anyhow


@pytest.fixture(scope="session")
def stack() -> Iterator[EmbeddedStack]:
    """One for the whole run, with servers of its own. Tests leave it running, and their bookings apart."""
    with TemporaryDirectory(prefix="service-day-test-", ignore_cleanup_errors=True) as folder:
        running = EmbeddedStack(Path(folder) / "data", free_ports(1)[0])
        try:
            running.start()
            yield running
        finally:
            running.kill()


@pytest.fixture(scope="session")
def templates() -> dict[str, str]:
    """Names of the template databases that were made in this run, by service."""
    return {}


async def _template(postgres: Postgres, service: str) -> str:
    """A service's database with all migrations and no rows, to be cloned."""
    await databases.create(postgres.dsn, service, PASSWORD, PASSWORD)
    owner = databases.owner_role(service)
    owner_dsn = databases.dsn_of(postgres.dsn, database=service, user=owner, password=PASSWORD)
    await databases.migrate(service, owner_dsn)
    return service


@pytest.fixture
async def database(
    postgres: Postgres, templates: dict[str, str]
) -> AsyncIterator[Callable[[str], Awaitable[Database]]]:
    made: list[str] = []

    async def clone(service: str) -> Database:
        if service not in templates:
            templates[service] = await _template(postgres, service)
        owner, runtime = databases.owner_role(service), databases.runtime_role(service)
        name = f"{service}_{uuid.uuid4().hex[:12]}"
        async with databases.connected(postgres.dsn) as connection:
            await sql.clone_database(connection, name, templates[service], owner)
            made.append(name)
            await sql.restrict_database(connection, name, runtime)
        return Database(
            service=service,
            name=name,
            owner_dsn=databases.dsn_of(postgres.dsn, database=name, user=owner, password=PASSWORD),
            runtime_dsn=databases.dsn_of(postgres.dsn, database=name, user=runtime, password=PASSWORD),
        )

    yield clone
    async with databases.connected(postgres.dsn) as connection:
        for name in made:
            await sql.drop_database(connection, name)


@pytest.fixture
async def topic_prefix(kafka: Kafka) -> AsyncIterator[str]:
    prefix = f"test-{uuid.uuid4().hex[:12]}."
    await topics.create(kafka.bootstrap, prefix)
    yield prefix
    if kafka.process.is_running:
        await topics.delete(kafka.bootstrap, prefix)


@pytest.fixture(scope="session")
def keys_url() -> Iterator[str]:
    """Where services find the key that signs this run's tokens, see `tests.identity`."""
    with identity.keys_served() as address:
        yield address


@pytest.fixture(scope="session")
def settings_env(keys_url: str) -> dict[str, str]:
    """Secrets made up for this run. Kafka's address is one that nobody answers until the test gives its own."""
    return {
        "SERVICE_SECRET": secrets.token_urlsafe(32),
        "OPERATOR_SECRET": secrets.token_urlsafe(32),
        "PRIVACY_ENCRYPTION_KEYS": '{"k1": "' + base64.b64encode(os.urandom(32)).decode() + '"}',
        "PRIVACY_INDEX_KEY": base64.b64encode(os.urandom(32)).decode(),
        "ACCOUNTS_URL": keys_url,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "LOG_LEVEL": "warning",
        # All of a test comes from one address, for one phone; test_limits.py has limits of its own.
        "BOOKING_REQUESTS_PER_ADDRESS": str(10**6),
        "BOOKING_SEATS_PER_PHONE": str(10**6),
    }


@pytest.fixture(scope="session")
def set_county_now() -> Callable[[str, datetime | None], Awaitable[None]]:
    async def replace(owner_dsn: str, moment: datetime | None) -> None:
        if moment is not None and moment.tzinfo is None:
            raise ValueError("a moment has a time zone")
        body = "select now()" if moment is None else f"select timestamptz '{moment.isoformat()}'"
        connection = await asyncpg.connect(owner_dsn)
        try:
            await connection.execute(
                f"create or replace function county_now() returns timestamptz language sql stable as $$ {body} $$"
            )
        finally:
            await connection.close()

    return replace
