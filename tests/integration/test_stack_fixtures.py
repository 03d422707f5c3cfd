"""The fixtures that every other test stands on."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.kafka import topics
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.postgres import databases
from shared.events.topics import BOOKINGS, TOPICS
from tests.conftest import Database

Clone = Callable[[str], Awaitable[Database]]


async def test_a_clone_is_migrated_and_its_own(database: Clone) -> None:
    first, second = await database("booking"), await database("booking")
    assert first.name != second.name
    connection = await asyncpg.connect(first.owner_dsn)
    try:
        versions = {row["version"] for row in await connection.fetch("select version from schema_migrations")}
    finally:
        await connection.close()
    assert {"0001", "0002", "0101"} <= versions


async def test_a_database_of_an_earlier_checkout_takes_what_came_later(database: Clone) -> None:
    """Messaging's numbers lie below the service's own, which are there already."""
    booking = await database("booking")
    async with databases.connected(booking.owner_dsn) as connection:
        await connection.execute("drop function refuse_to_delete_waiting cascade")
        await connection.execute("drop index dead_letter_settled")
        await connection.execute("revoke delete on dead_letter from booking_runtime")
        await connection.execute("delete from schema_migrations where version = '0002'")
    await databases.migrate("booking", booking.owner_dsn)
    async with databases.connected(booking.runtime_dsn) as connection:
        assert await connection.execute("delete from dead_letter") == "DELETE 0"


@pytest.mark.parametrize("service", databases.services())
async def test_no_service_reaches_the_database_of_another(database: Clone, postgres: Postgres, service: str) -> None:
    own = await database(service)
    for other in databases.services():
        if other == service:
            continue
        strangers = await database(other)
        for role_dsn in (own.runtime_dsn, own.owner_dsn):
            stranger_dsn = role_dsn.replace(own.name, strangers.name)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(stranger_dsn)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):  # nor makes anything where everybody may go
        async with databases.connected(own.runtime_dsn) as connection:
            await connection.execute("create table public.smuggled (id int)")


async def test_the_county_clock_can_be_stopped(
    database: Clone, set_county_now: Callable[[str, datetime | None], Awaitable[None]]
) -> None:
    booking = await database("booking")
    moment = datetime(2028, 2, 29, 8, 30, tzinfo=UTC)
    await set_county_now(booking.owner_dsn, moment)
    async with databases.connected(booking.runtime_dsn) as connection:
        assert await connection.fetchval("select county_now()") == moment
        await set_county_now(booking.owner_dsn, None)
        assert await connection.fetchval("select county_now() = now()")


async def test_topics_are_compacted_and_steps_stay_a_week(kafka: Kafka, topic_prefix: str) -> None:
    await topics.create(kafka.bootstrap, topic_prefix)  # again: changes nothing
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()
    try:
        described = await client.describe_topics([topic_prefix + topic.name for topic in TOPICS])
        partitions = {topic["topic"]: len(topic["partitions"]) for topic in described}
        assert partitions == {topic_prefix + topic.name: topic.partitions for topic in TOPICS}
        resource = ConfigResource(ConfigResourceType.TOPIC, topic_prefix + BOOKINGS.name)
        (answer,) = await client.describe_configs([resource])
        settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    finally:
        await client.close()
    assert settings["cleanup.policy"] == "compact"
    assert settings["min.compaction.lag.ms"] == str(7 * 24 * 3600 * 1000)


async def test_the_broker_may_be_killed_and_started_again(kafka: Kafka, topic_prefix: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await producer.start()
    await producer.send_and_wait(topic_prefix + BOOKINGS.name, b"state", key=b"one")
    await producer.stop()
    await kafka.kill()
    await kafka.start()
    consumer = AIOKafkaConsumer(
        topic_prefix + BOOKINGS.name, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        assert (await consumer.getone()).value == b"state"
    finally:
        await consumer.stop()
