"""What dies, hangs or is away: nothing is lost, nothing is reordered, and what stands still is noticed."""

import asyncio
import itertools
import os
import re
import signal
import sys
import time
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging import metrics
from shared.messaging.relay import Relay
from shared.messaging.watchdog import Watchdog
from tests.integration.messaging_workshop import (
    THINGS,
    ThingNoted,
    Workshop,
    headers,
    listening,
    producer,
    project,
    running,
    until,
    with_database,
    workshop,
)
from tests.integration.test_messaging_flow import append, published


class Wire:
    """A wire to Postgres that can be cut: the way a database goes away."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, far_writer]
        await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while some := await reader.read(65_536):
                writer.write(some)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def wired_workshop(postgres, kafka):
    wire = Wire(postgres.port)
    await wire.mend()
    async with workshop(postgres, kafka, wire.port) as place:
        yield place, wire
    await wire.cut()


@asynccontextmanager
async def process(place: Workshop, **changed: str):
    """The workshop's consumer as a process of its own, killed at the end."""
    environment = os.environ | {
        "WORKSHOP_DATABASE_URL": place.settings.database_url.get_secret_value(),
        "DATABASE_URL": place.settings.database_url.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": place.settings.kafka_bootstrap_servers,
        "TOPIC_PREFIX": place.settings.topic_prefix,
        "SERVICE_SECRET": "s" * 32,
        "OPERATOR_SECRET": "o" * 32,
        "WORKSHOP_HANGS": "0",
        **changed,
    }
    command = [sys.executable, "-m", "tests.integration.messaging_workshop"]
    started = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def line(started: asyncio.subprocess.Process, text: str) -> None:
    """Wait until the process printed a line with `text`."""
    assert started.stdout is not None
    async with asyncio.timeout(20):
        while True:
            said = (await started.stdout.readline()).decode()
            assert said, f"ended with {started.returncode} before it said {text!r}"
            if text in said:
                return


def in_order(records) -> None:
    """Each key's versions rise by one. Where a batch was sent again they fall, and rise by one again to the newest."""
    for _, of_key in itertools.groupby(sorted(records, key=lambda each: each[0]), key=lambda each: each[0]):
        versions = [version for _, version in of_key]
        assert versions[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(versions))
        assert versions[-1] == max(versions)


def told(records) -> list[tuple[bytes, int]]:
    return [(each.key, ThingNoted.model_validate_json(each.value).version) for each in records]


async def test_killing_a_process_in_its_handler_loses_nothing(postgres, kafka):
    async with workshop(postgres, kafka) as place:
        async with running(place) as messaging:
            await append(place, ThingNoted(version=1, thing_id="t1", note="hang"))
            messaging.wake()
            await until(lambda: place.pool.fetchval("select count(*) = 0 from outbox where published_at is null"))
        async with process(place, WORKSHOP_HANGS="1") as first:
            await line(first, "handling hang")
            await asyncio.sleep(5.5)  # a consumer that commits by itself does so every five seconds
            first.send_signal(signal.SIGKILL)
            assert await first.wait() == -signal.SIGKILL
        assert await place.pool.fetchval("select count(*) from thing") == 0
        began = time.monotonic()
        async with process(place):
            await until(lambda: place.pool.fetchval("select count(*) = 1 from thing"), 20)
        # The dead one's session ends after six seconds; a start of the interpreter is in it.
        assert time.monotonic() - began < 15


async def test_a_process_whose_consume_task_died_ends_itself(postgres, kafka, monkeypatch):
    reasons: list[str] = []
    async with workshop(postgres, kafka) as place, running(place, listening()) as messaging:
        (subscriber,) = messaging.broker.subscribers
        await until(lambda: asyncio.sleep(0, messaging._watchdog._watched))
        watchdog = Watchdog(place.pool, reasons.append, round_seconds=0.1)
        watchdog._watched = messaging._watchdog._watched
        watching = asyncio.create_task(watchdog.run())
        await asyncio.sleep(0.5)
        assert reasons == []
        for task in subscriber.tasks:
            task.cancel()
        await until(lambda: asyncio.sleep(0, reasons))
        assert reasons[0] == "the consume task of workshop.things.v1 is dead"
        watching.cancel()
        # The real thing, which ends the process.
        async with process(place, WORKSHOP_LOSES_TASK="1") as lost:
            async with asyncio.timeout(30):
                output, _ = await lost.communicate()
            assert lost.returncode == 70
            assert b"the consume task of workshop.things.v1 is dead" in output


async def test_a_handler_that_lets_a_cancellation_escape_does_not_stop_the_consumer(postgres, kafka):
    tries = 0

    async def handle(connection, received):
        nonlocal tries
        if received.event.note == "inner":  # awaits what somebody else cancelled
            tries += 1
            waiting = asyncio.get_running_loop().create_future()
            waiting.cancel()
            await waiting
        if received.event.note == "outer" and (tries := tries + 1) == 4:  # its own task is cancelled, once
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(1)
        await project(connection, received)

    async with workshop(postgres, kafka) as place, running(place, listening(handle)) as messaging:
        topic = place.settings.topic_prefix + THINGS.name
        async with producer(kafka.bootstrap) as made:
            for note in ("inner", "outer", "well"):
                payload = ThingNoted(version=1, thing_id=note, note=note).model_dump_json().encode()
                await made.send_and_wait(topic, payload, key=b"k", headers=headers())
        await until(lambda: place.pool.fetchval("select true from thing where thing_id = 'well'"))
        assert await place.pool.fetchval("select true from thing where thing_id = 'outer'")
        letter = await place.pool.fetchrow("select * from dead_letter")
        assert letter["error"].startswith("HandlerCancelled: ")
        assert letter["attempts"] == 3
        assert not any(task.done() for task in messaging.broker.subscribers[0].tasks)


async def test_a_lag_that_stands_still_is_noticed_and_a_hang_is_not_a_hold(postgres, kafka):
    reasons: list[str] = []

    async def hang(connection, received):
        await asyncio.sleep(3600)

    async with workshop(postgres, kafka) as place, running(place, listening(hang)) as messaging:
        await append(place, ThingNoted(version=1, thing_id="t1"))
        messaging.wake()
        await until(lambda: asyncio.sleep(0, messaging._watchdog._watched))
        watchdog = Watchdog(place.pool, reasons.append, round_seconds=0.1, stuck_seconds=1.0)
        watchdog.watch(messaging.broker.subscribers[0], messaging.settlements[0])
        watching = asyncio.create_task(watchdog.run())
        messaging.settlements[0]._holding = True
        await asyncio.sleep(1.5)
        assert reasons == []
        messaging.settlements[0]._holding = False
        await until(lambda: asyncio.sleep(0, reasons))
        assert re.fullmatch(r"1 messages of workshop.things.v1 wait and none was settled for \d+ s", reasons[0])
        watching.cancel()


async def test_while_the_database_is_away_everything_is_held_and_nothing_is_lost(postgres, kafka):
    reasons: list[str] = []
    async with wired_workshop(postgres, kafka) as (place, wire), running(place, listening()) as messaging:
        settlement = messaging.settlements[0]
        topic = place.settings.topic_prefix + THINGS.name
        await append(place, ThingNoted(version=1, thing_id="before"))
        messaging.wake()
        await until(lambda: place.pool.fetchval("select count(*) = 1 from thing"))
        await until(lambda: asyncio.sleep(0, messaging._watchdog._watched))
        watchdog = Watchdog(place.pool, reasons.append, round_seconds=0.1, stuck_seconds=0.5)
        watchdog._watched = messaging._watchdog._watched
        watching = asyncio.create_task(watchdog.run())

        await wire.cut()
        async with producer(kafka.bootstrap) as made:
            for number in range(20):
                payload = ThingNoted(version=1, thing_id=f"t{number}").model_dump_json().encode()
                await made.send_and_wait(topic, payload, key=b"t%d" % number, headers=headers())
            await made.send_and_wait(topic, b"junk", key=b"junk", headers=headers())
        await until(lambda: asyncio.sleep(0, settlement.holding))
        await asyncio.sleep(1.5)
        await messaging.measure()  # does not raise
        assert reasons == []
        assert settlement.holding
        await wire.mend()
        await until(lambda: place.pool.fetchval("select count(*) = 21 from thing"), 30)
        await until(lambda: place.pool.fetchval("select count(*) = 1 from dead_letter"), 30)
        assert not settlement.holding
        # The relay leads again, on a new connection.
        await append(place, ThingNoted(version=1, thing_id="after"))
        messaging.wake()
        await until(lambda: place.pool.fetchval("select true from thing where thing_id = 'after'"), 30)
        assert reasons == []
        watching.cancel()


async def test_a_held_message_is_given_back_and_read_again(postgres, kafka, monkeypatch):
    monkeypatch.setattr("shared.messaging.settlement.HOLD_SECONDS", 0.3)
    async with wired_workshop(postgres, kafka) as (place, wire), running(place, listening()) as messaging:
        await append(place, ThingNoted(version=1, thing_id="t1"), ThingNoted(version=1, thing_id="t2"))
        messaging.wake()
        await until(lambda: place.pool.fetchval("select count(*) = 2 from thing"))
        await wire.cut()
        topic = place.settings.topic_prefix + THINGS.name
        async with producer(kafka.bootstrap) as made:
            for version in (2, 3):
                payload = ThingNoted(version=version, thing_id="t1").model_dump_json().encode()
                await made.send_and_wait(topic, payload, key=b"t1", headers=headers())
        await until(lambda: asyncio.sleep(0, messaging.settlements[0]._held))
        await asyncio.sleep(1)
        await wire.mend()
        await until(lambda: place.pool.fetchval("select version = 3 and changes = 3 from thing where thing_id = 't1'"))


async def test_two_relays_contend_and_order_is_kept(postgres, kafka):
    """The leader dies again and again in the middle of batches; the other takes over each time."""
    keys, versions = 40, 150
    async with workshop(postgres, kafka) as place:
        dsn = place.settings.database_url.get_secret_value()
        relays = [Relay(dsn, place.settings, "workshop") for _ in range(2)]
        tasks = [asyncio.create_task(relay.run()) for relay in relays]

        async def write() -> None:
            for version in range(1, versions + 1):
                await append(place, *(ThingNoted(version=version, thing_id=f"k{key}") for key in range(keys)))
                relays[version % 2].wake()
                assert sum(relay.leads for relay in relays) <= 1
                await asyncio.sleep(0.005)

        async def unseat() -> None:
            for _ in range(6):
                await asyncio.sleep(0.2)
                await _unseat(postgres, place)

        await asyncio.gather(write(), unseat())
        await until(
            lambda: place.pool.fetchval("select not exists (select from outbox where published_at is null)"), 30
        )
        for relay in relays:
            await relay.close()
        await asyncio.gather(*tasks)
        ends = await _count(place)
        records = told(await published(place, ends))
    in_order(records)
    assert set(records) == {(b"k%d" % key, version) for key in range(keys) for version in range(1, versions + 1)}


async def _unseat(postgres, place: Workshop) -> None:
    """End the connection of the relay that leads."""
    superuser = await asyncpg.connect(with_database(postgres.dsn, place.owner_dsn.rpartition("/")[2]))
    try:
        await superuser.execute(
            """
            select pg_terminate_backend(pid) from pg_locks
            where locktype = 'advisory' and granted
            and database = (select oid from pg_database where datname = current_database())
            """
        )
    finally:
        await superuser.close()


async def _count(place: Workshop) -> int:
    """How many records the topic has."""
    consumer = AIOKafkaConsumer(bootstrap_servers=place.settings.kafka_bootstrap_servers)
    await consumer.start()
    try:
        name = place.settings.topic_prefix + THINGS.name
        parts = [TopicPartition(name, each) for each in range(THINGS.partitions)]
        return sum((await consumer.end_offsets(parts)).values())
    finally:
        await consumer.stop()


@pytest.mark.slow
async def test_the_broker_is_killed_for_eight_seconds_while_appends_go_on(postgres, kafka):
    """Started with Kafka away, killed while busy and stopped while it is away: one restart of the broker for all."""
    reasons: list[str] = []
    keys = 10
    async with workshop(postgres, kafka) as place:
        version = 0

        async def write(seconds: float) -> None:
            nonlocal version
            until_then = time.monotonic() + seconds
            while time.monotonic() < until_then:
                version += 1
                await append(place, *(ThingNoted(version=version, thing_id=f"k{key}") for key in range(keys)))
                messaging.wake()
                await asyncio.sleep(0.04)

        async with running(place, listening(), on_stuck=reasons.append) as messaging:
            await write(1.0)
            kafka.process.kill()
            await kafka.process.wait()
            began = time.monotonic()
            await write(4.0)
            # A service that starts now starts, and one that stops now stops.
            started = time.monotonic()
            async with running(place, listening()) as late:
                await asyncio.sleep(1)
                assert not late.broker.subscribers[0].running
            assert time.monotonic() - started < 10
            await messaging.measure()
            assert metrics.outbox_unpublished._value.get() > 0
            # The lock is lost with events in flight: what the old producer still holds must never come.
            await _unseat(postgres, place)
            await write(max(0.0, 8.0 - (time.monotonic() - began)))
            await kafka.start()
            await write(1.0)
            unpublished = "select count(*) = 0 from outbox where published_at is null"
            await until(lambda: place.pool.fetchval(unpublished), 60)
            await until(
                lambda: place.pool.fetchval("select count(*) = $1 from thing where version = $2", keys, version), 60
            )
            assert await place.pool.fetchval("select count(*) from dead_letter") == 0
            assert all(not task.done() for task in messaging.broker.subscribers[0].tasks)
        records = told(await published(place, await _count(place)))
    in_order(records)
    assert set(records) == {(b"k%d" % key, each) for key in range(keys) for each in range(1, version + 1)}
    assert not [task for task in asyncio.all_tasks() if "Sender._sender_routine" in repr(task)]
    assert reasons == []
