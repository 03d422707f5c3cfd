"""Figure: from a booking's answer to its rendered message, at 200 a second, beside Kafka's own acknowledgement.

Bookings arrive in an open loop, so that a slow answer holds up none of the next. "Rendered" is the commit of the
console message's row, told by Postgres; both clocks are this machine's. In between lie the outbox, the relay, Kafka,
notifications' consumer, its worker and the visitor card. Kafka's own time is that of single keyed messages with
`acks=all` at the same rate, in turn with the bookings and never beside them.
"""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from statistics import median

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.bench import sql
from tests.bench.figures import Report, aim, percentile
from tests.bench.generator import Answers, Generator, Slots
from tests.bench.memory import cpu_seconds
from tests.bench.stack import System, connected, until

RATE = 200
CONNECTIONS = 100
ACK_TOPIC = "bench.acknowledgements"
ACK_SECONDS = 4
WARM_UP_SECONDS = 2
PARTITIONS = 6
PAYLOAD_BYTES = 560
ARRIVE_SECONDS = 30.0
LARGE_SLOTS = 200
MESSAGE_AIM_MS = 100.0


async def measure(system: System, report: Report, *, seconds: int, rounds: int) -> None:
    """Run rounds of acknowledgements and bookings in turn, and print the figure."""
    slots, matter = await _slots(system)
    persons = Generator(matter)
    acks: list[float] = []
    delays: list[float] = []
    answers: list[Answers] = []
    cores: dict[str, float] = defaultdict(float)
    async with _producer(system) as producer, connected(system.owner_dsn("notifications")) as connection:
        report.progress("messages: warming up")
        await _acknowledgements(producer, WARM_UP_SECONDS)
        warm = await _book(system, persons, slots, WARM_UP_SECONDS)
        await _rendered(connection, warm)
        for number in range(1, rounds + 1):
            report.progress(f"messages: round {number} of {rounds}")
            acks += await _acknowledgements(producer, ACK_SECONDS)
            busy_before = cpu_seconds(system)
            booked = await _book(system, persons, slots, seconds)
            answers.append(booked)
            rendered = await _rendered(connection, booked)
            for name, busy in cpu_seconds(system).items():
                cores[name] += (busy - busy_before.get(name, 0.0)) / (seconds * rounds)
            missing = booked.booked_at.keys() - rendered.keys()
            report.check(right=not missing, otherwise=f"messages: {len(missing)} bookings were told to nobody")
            report.check(right=set(booked.by_status) == {201}, otherwise=f"messages: answers {booked.by_status}")
            delays += [(moment - booked.booked_at[each]) * 1000 for each, moment in rendered.items()]
    p99 = percentile(delays, 0.99)
    report.figure(
        f"booking answered to message rendered, {RATE} bookings a second",
        p50_ms=percentile(delays, 0.5),
        p99_ms=p99,
        max_ms=max(delays),
        messages=len(delays),
        kafka_ack_p50_ms=percentile(acks, 0.5),
        kafka_ack_p99_ms=percentile(acks, 0.99),
        p50_of_kafka_ack=percentile(delays, 0.5) / percentile(acks, 0.5),
        p99_of_kafka_ack=p99 / percentile(acks, 0.99),
        booking_p50_ms=median(each.p50_ms for each in answers),
        booking_p99_ms=median(each.p99_ms for each in answers),
        cores_busy=dict(sorted(cores.items())),
        generator_late_max_ms=max(each.latest_ms for each in answers),
        **aim(f"p99 at most {MESSAGE_AIM_MS:g} ms", met=p99 <= MESSAGE_AIM_MS),
    )


async def _book(system: System, persons: Generator, slots: Slots, seconds: int) -> Answers:
    return await persons.load([system.booking_url], slots, connections=CONNECTIONS, seconds=seconds, rate=RATE)


async def _slots(system: System) -> tuple[Slots, str]:
    """Large slots in a session of the demo county, as soon as booking has heard of it over Kafka, and a matter."""
    found: tuple[list[int], str] = [], ""
    async with connected(system.owner_dsn("booking")) as connection:

        async def ready() -> bool:
            nonlocal found
            found = await sql.multiply_slots(connection, LARGE_SLOTS)
            numbers = found[0]
            return bool(numbers) and max(numbers) - min(numbers) == LARGE_SLOTS - 1  # none of booking's own between

        await until("a session of the demo county that is open", ready)
    return Slots(min(found[0]), LARGE_SLOTS, sql.SEATS), found[1]


async def _acknowledgements(producer: AIOKafkaProducer, seconds: int) -> list[float]:
    """How long each took, in milliseconds, of `RATE` a second sent by the clock."""
    took: list[float] = []
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(RATE * seconds):
            await asyncio.sleep(max(began + number / RATE - loop.time(), 0))
            group.create_task(_acknowledge(producer, took))
    return took


async def _acknowledge(producer: AIOKafkaProducer, took: list[float]) -> None:
    began = time.perf_counter()
    await producer.send_and_wait(ACK_TOPIC, value=b"x" * PAYLOAD_BYTES, key=uuid.uuid4().bytes)
    took.append((time.perf_counter() - began) * 1000)


@asynccontextmanager
async def _producer(system: System) -> AsyncIterator[AIOKafkaProducer]:
    """A producer as the relay's, and a topic as the bookings'."""
    admin = AIOKafkaAdminClient(bootstrap_servers=system.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(ACK_TOPIC, PARTITIONS, 1)])
        await until("the topic of the acknowledgements", partial(_has_leaders, admin))
    finally:
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=system.bootstrap, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _has_leaders(admin: AIOKafkaAdminClient) -> bool:
    (topic,) = await admin.describe_topics([ACK_TOPIC])
    partitions = topic["partitions"]
    return len(partitions) == PARTITIONS and all(each["leader"] >= 0 for each in partitions)


async def _rendered(connection: sql.Connection, booked: Answers) -> Mapping[str, float]:
    """When each booking's message was there; what is missing in the end is left out."""
    found: Mapping[str, float] = {}

    async def ready() -> bool:
        nonlocal found
        found = await sql.rendered_at(connection, list(booked.booked_at))
        return len(found) == len(booked.booked_at)

    with suppress(TimeoutError):
        await until("messages", ready, ARRIVE_SECONDS)
    return found
