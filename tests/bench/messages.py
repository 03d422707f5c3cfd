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
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from stdnum.cn import ric

from tests.bench import sql
from tests.bench.figures import Report, aim, percentile
from tests.bench.memory import cpu_seconds
from tests.bench.stack import System, connected, until

RATE = 200
ACK_TOPIC = "bench.acknowledgements"
ACK_SECONDS = 4
WARM_UP_SECONDS = 2
PARTITIONS = 6
PAYLOAD_BYTES = 560
ARRIVE_SECONDS = 30.0
LARGE_SLOTS = 200
MESSAGE_AIM_MS = 100.0


@dataclass
class Visitors:
    """Books for one person after the other."""

    client: httpx.AsyncClient
    slots: Sequence[int]
    matter: str
    persons: int = 0
    answered: dict[str, float] = field(default_factory=dict)
    """When each booking was answered, in seconds since 1970."""
    took: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    async def book(self) -> None:
        """One booking."""
        number, self.persons = self.persons, self.persons + 1
        body = {
            "slot_id": self.slots[number % len(self.slots)],
            "matter_id": self.matter,
            "visitor": {
                "name": "王桂兰",
                "document": {"type": "resident_id", "number": _resident_id(number)},
                "phone": f"139{number:08}",
            },
        }
        began = time.perf_counter()
        answer = await self.client.post(
            "/api/booking/v1/bookings", json=body, headers={"Idempotency-Key": uuid.uuid4().hex}
        )
        if answer.status_code == httpx.codes.CREATED:
            self.answered[answer.json()["booking_id"]] = time.time()
            self.took.append(time.perf_counter() - began)
        else:
            self.refused.append(answer.status_code)


async def measure(system: System, report: Report, *, seconds: int, rounds: int) -> None:
    """Run rounds of acknowledgements and bookings in turn, and print the figure."""
    slots, matter = await _slots(system)
    acknowledged: list[float] = []
    late: list[float] = []
    cores: dict[str, float] = defaultdict(float)
    async with httpx.AsyncClient(
        base_url=system.booking_url, timeout=30, trust_env=False, limits=httpx.Limits(max_connections=100)
    ) as client:
        visitors = Visitors(client, slots, matter)
        async with _producer(system) as producer:
            report.progress("messages: warming up")
            await _open_loop(lambda: _acknowledge(producer, []), WARM_UP_SECONDS)
            await _open_loop(visitors.book, WARM_UP_SECONDS)
            await _all_rendered(system, visitors)
            visitors.answered.clear()
            visitors.took.clear()
            for number in range(1, rounds + 1):
                report.progress(f"messages: round {number} of {rounds}")
                late += await _open_loop(lambda: _acknowledge(producer, acknowledged), ACK_SECONDS)
                busy_before = cpu_seconds(system)
                late += await _open_loop(visitors.book, seconds)
                await _all_rendered(system, visitors)
                for name, busy in cpu_seconds(system).items():
                    cores[name] += (busy - busy_before.get(name, 0.0)) / (seconds * rounds)
    rendered = await _rendered(system, visitors)
    missing = len(visitors.answered) - len(rendered)
    report.check(right=missing == 0, otherwise=f"messages: {missing} bookings were told to nobody")
    report.check(right=not visitors.refused, otherwise=f"messages: bookings answered {set(visitors.refused)}")
    delays = [(rendered[each] - visitors.answered[each]) * 1000 for each in rendered]
    acks = [each * 1000 for each in acknowledged]
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
        booking_p50_ms=percentile(visitors.took, 0.5) * 1000,
        booking_p99_ms=percentile(visitors.took, 0.99) * 1000,
        cores_busy=dict(sorted(cores.items())),
        generator_late_p99_ms=percentile(late, 0.99) * 1000,
        **aim(f"p99 at most {MESSAGE_AIM_MS:g} ms", met=p99 <= MESSAGE_AIM_MS),
    )


async def _slots(system: System) -> tuple[list[int], str]:
    """Large slots in a session of the demo county, as soon as booking has heard of it over Kafka."""
    found: tuple[list[int], str] = [], ""
    async with connected(system.owner_dsn("booking")) as connection:

        async def ready() -> bool:
            nonlocal found
            found = await sql.multiply_slots(connection, LARGE_SLOTS)
            return bool(found[0])

        await until("a session of the demo county that is open", ready)
    return found


async def _open_loop(work: Callable[[], Awaitable[None]], seconds: float) -> list[float]:
    """Begin `RATE` pieces of work a second, whether or not those before have ended; how late each began, in seconds."""
    loop = asyncio.get_running_loop()
    late = []
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(round(RATE * seconds)):
            due = began + number / RATE
            await asyncio.sleep(max(due - loop.time(), 0))
            late.append(loop.time() - due)
            group.create_task(_awaited(work()))
    return late


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def _acknowledge(producer: AIOKafkaProducer, took: list[float]) -> None:
    began = time.perf_counter()
    await producer.send_and_wait(ACK_TOPIC, value=b"x" * PAYLOAD_BYTES, key=uuid.uuid4().bytes)
    took.append(time.perf_counter() - began)


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


async def _all_rendered(system: System, visitors: Visitors) -> None:
    """Wait for the messages; whatever is missing after that shows in the figure."""

    async def ready() -> bool:
        return len(await _rendered(system, visitors)) == len(visitors.answered)

    with suppress(TimeoutError):
        await until("messages", ready, ARRIVE_SECONDS)


async def _rendered(system: System, visitors: Visitors) -> Mapping[str, float]:
    async with connected(system.owner_dsn("notifications")) as connection:
        return await sql.rendered_at(connection, list(visitors.answered))


def _resident_id(number: int) -> str:
    """The number of a person who does not exist; each is another's."""
    body = (
        f"110101{1950 + number // 336_000}{number // 28_000 % 12 + 1:02}{number // 1000 % 28 + 1:02}{number % 1000:03}"
    )
    return body + ric.calc_check_digit(body + "0")
