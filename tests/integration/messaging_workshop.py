"""A tiny service to try messaging with: it says and hears of things, on real parts.

Its database is made of the messaging migrations alone and two tables, with an owner and a runtime role like any
service's. As a program it is the consumer that tests kill: `python -m tests.integration.messaging_workshop`.
"""

import asyncio
import itertools
import os
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from shared import logs
from shared.database import SERVER_SETTINGS, Connection, Pool, open_pool
from shared.events.base import Event, Topic
from shared.messaging.consumer import Handler, Received, Subscriptions
from shared.messaging.runner import Messaging
from shared.settings import ServiceSettings

MIGRATIONS = Path(__file__).parents[2] / "shared" / "messaging" / "migrations"
PASSWORD = "workshop"
TABLES = """
create table thing (
    thing_id text primary key, version bigint not null, note text not null, changes int not null default 1
);
create table effect (thing_id text not null, version bigint not null, correlation_id text not null);
"""


class ThingNoted(Event):
    """Something was noted of a thing."""

    topic: ClassVar[str] = "workshop.things.v1"
    thing_id: str
    note: str = ""

    @property
    def subject(self) -> str:
        return self.thing_id


THINGS = Topic(
    name="workshop.things.v1",
    producer="workshop",
    consumers=("workshop",),
    key="thing_id",
    meaning="Things, for tests.",
    events=(ThingNoted,),
    partitions=3,
)


async def project(connection: Connection, received: Received) -> None:
    """A version-guarded projection, as services have them."""
    event = received.event
    assert isinstance(event, ThingNoted)
    await connection.execute(
        """
        insert into thing (thing_id, version, note) values ($1, $2, $3)
        on conflict (thing_id) do update
        set version = excluded.version, note = excluded.note, changes = thing.changes + 1
        where excluded.version > thing.version
        """,
        event.thing_id,
        event.version,
        event.note,
    )


def listening(handler: Handler = project, *, once: bool = False) -> Subscriptions:
    """What the workshop listens to, with this handler."""
    subscriptions = Subscriptions("workshop")
    subscriptions.to(THINGS, once=once)(handler)
    return subscriptions


@dataclass
class Workshop:
    """One database and one set of topics."""

    owner_dsn: str
    settings: ServiceSettings
    pool: Pool

    async def aggregate_ids(self, connection: Connection, after: str | None, limit: int) -> Sequence[str]:
        """The next ids of things."""
        query = "select thing_id from thing where thing_id > $1 order by thing_id limit $2"
        return [row["thing_id"] for row in await connection.fetch(query, after or "", limit)]

    async def state_events(self, connection: Connection, ids: Sequence[str]) -> list[Event]:
        """The current state of things, each locked."""
        rows = await connection.fetch("select * from thing where thing_id = any($1) order by thing_id for update", ids)
        return [ThingNoted(version=row["version"], thing_id=row["thing_id"], note=row["note"]) for row in rows]


def with_database(dsn: str, database: str, user: str | None = None, port: int | None = None) -> str:
    """`dsn` with another database, user or port."""
    parts = urlsplit(dsn)
    place = f"{parts.hostname}:{port or parts.port}"
    who = f"{user}:{PASSWORD}" if user else f"{parts.username}:{parts.password}"
    return urlunsplit(parts._replace(netloc=f"{who}@{place}", path=f"/{database}"))


async def create_topic(bootstrap: str, prefix: str) -> None:
    """The one topic, under `prefix`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        compacted = {"cleanup.policy": "compact", "min.compaction.lag.ms": "604800000"}
        await admin.create_topics([NewTopic(prefix + THINGS.name, THINGS.partitions, 1, topic_configs=compacted)])
    finally:
        await admin.close()


@asynccontextmanager
async def workshop(postgres: Postgres, kafka: Kafka, port: int | None = None) -> AsyncIterator[Workshop]:
    """A new workshop. `port` is where its database is reached, if not directly."""
    superuser_dsn, bootstrap = postgres.dsn, kafka.bootstrap
    name = f"workshop_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(superuser_dsn)
    try:
        for role in ("workshop_owner", "workshop_runtime"):
            if not await connection.fetchval("select true from pg_roles where rolname = $1", role):
                await connection.execute(f"create role {role} login password '{PASSWORD}'")
        await connection.execute(f"create database {name} owner workshop_owner")
    finally:
        await connection.close()
    owner_dsn = with_database(superuser_dsn, name, "workshop_owner")
    await _migrate(owner_dsn)
    settings = ServiceSettings(
        database_url=with_database(superuser_dsn, name, "workshop_runtime", port),
        kafka_bootstrap_servers=bootstrap,
        topic_prefix=f"{name}.",
        service_secret="s" * 32,
        operator_secret="o" * 32,
    )
    await create_topic(bootstrap, settings.topic_prefix)
    pool = await open_pool(settings.database_url.get_secret_value(), size=6, application_name="workshop")
    try:
        yield Workshop(owner_dsn, settings, pool)
    finally:
        await asyncio.wait_for(pool.close(), 5)
        connection = await asyncpg.connect(superuser_dsn)
        await connection.execute(f"drop database {name} with (force)")
        await connection.close()


async def _migrate(owner_dsn: str) -> None:
    ups = [re.split(r"-- migrate:(?:up|down)", each.read_text())[1] for each in sorted(MIGRATIONS.glob("*.sql"))]
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("".join(ups) + TABLES)
        await connection.execute("grant select, insert, update on thing, effect to workshop_runtime")
    finally:
        await connection.close()


@asynccontextmanager
async def running(
    place: Workshop, subscriptions: Subscriptions | None = None, on_stuck: Callable[[str], None] = print
) -> AsyncIterator[Messaging]:
    """The workshop's messaging, started and stopped. Its watchdog does not end the process, which is the tests'."""
    messaging = Messaging(place.settings, "workshop", place.pool, subscriptions, on_stuck=on_stuck)
    messaging.start()
    try:
        yield messaging
    finally:
        await messaging.stop()


@asynccontextmanager
async def producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer of whatever a test wants to be on a topic."""
    made = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=4 * 1024 * 1024)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


def headers(**changed: bytes | None) -> list[tuple[str, bytes | None]]:
    """Good headers of a ThingNoted, with these changed; `absent` leaves one out."""
    good: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": str(uuid.uuid4()).encode(),
        "ce_type": b"workshop.ThingNoted",
        "ce_source": b"/workshop",
    }
    return list((good | changed).items())


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 15.0) -> None:
    """Wait until `condition` holds. Raises TimeoutError with what it last gave."""
    deadline = asyncio.get_running_loop().time() + seconds
    for wait in itertools.chain((0.01, 0.02, 0.03), itertools.repeat(0.05)):
        found = await condition()
        if found:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"still {found!r} after {seconds} s")
        await asyncio.sleep(wait)


async def main() -> None:
    """Consume until killed. A note says what the handler does before it answers; it tells so on standard output."""

    async def handle(connection: Connection, received: Received) -> None:
        assert isinstance(received.event, ThingNoted)
        print("handling", received.event.note, flush=True)
        if received.event.note == "hang" and os.environ["WORKSHOP_HANGS"] == "1":
            await asyncio.sleep(3600)
        await project(connection, received)

    settings = ServiceSettings(database_url=os.environ["WORKSHOP_DATABASE_URL"])
    logs.configure("workshop", "info")
    dsn = settings.database_url.get_secret_value()
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4, server_settings=SERVER_SETTINGS)
    messaging = Messaging(settings, "workshop", pool, listening(handle))
    messaging.start()
    if os.environ.get("WORKSHOP_LOSES_TASK") == "1":
        await until(lambda: asyncio.sleep(0, messaging.broker.subscribers[0].running), 30)
        for task in messaging.broker.subscribers[0].tasks:
            task.cancel()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
