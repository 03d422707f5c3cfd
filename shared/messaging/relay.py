"""The relay: publishes what the outbox holds, in order, and marks what the broker confirmed.

- One relay a service leads: it holds a session advisory lock, and reads and marks on the connection that holds it, so
  that whoever has lost the lock can mark nothing. A replica takes over when it dies.
- A batch is read, sent keyed one by one and awaited together. What was confirmed is marked, except behind an
  unconfirmed event of the same key. So the tail of a key may be published again, from some version to the newest and
  in order; nothing is lost, and the last record of a key is its newest state.
- While Kafka is away the batch in flight waits for it: an idempotent send never expires. After any error of a send
  the producer is thrown away, because what it still holds may be delivered at any time; rows not marked are sent again.
- It is woken by the process that appended, and polls for the rows of others: 30 ms after work, 250 ms when idle.
A topic that does not exist stops the relay until it does, and shows as the age of the oldest unpublished event.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.database import SERVER_SETTINGS, Connection
from shared.messaging import failure, metrics, sql
from shared.messaging.envelope import write_headers
from shared.messaging.security import connection_arguments
from shared.settings import ServiceSettings

logger = structlog.get_logger(__name__)

BATCH_ROWS = 500
DELETE_ROWS = 5_000
DELETE_IDLE_SECONDS = 10.0
BUSY_POLL_SECONDS = 0.03
IDLE_POLL_SECONDS = 0.25
BUSY_SECONDS = 5.0
"""How long after the last row the relay still polls fast."""
GATHER_SECONDS = 0.012
SMALL_BATCH_ROWS = 32
"""After fewer rows than these the relay waits a moment for more: a batch of one costs as much as one of ten."""
LEAD_POLL_SECONDS = 1.0
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
CLOSE_SECONDS = 3.0
"""How long the last batch may take in a stop."""


class _Lost(Exception):  # noqa: N818  (a noun: what the relay has)
    """The connection with the lock is gone, or the relay is to stop, while events were in flight."""


class Relay:
    """Publishes one service's outbox. `dsn` is that of its database."""

    def __init__(self, dsn: str, settings: ServiceSettings, service: str) -> None:
        self._dsn = dsn
        self._settings = settings
        self._service = service
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self.leads = False

    def wake(self) -> None:
        """Tell that a transaction with events has committed."""
        self._woken.set()

    async def run(self) -> None:
        """Lead, publish and mark until closed; what fails is begun anew with backoff."""
        self._ended.clear()
        failures = 0
        try:
            while not self._closing.is_set():
                began = time.monotonic()
                try:
                    await self._term()
                except Exception as error:  # noqa: BLE001  (whatever it was, to begin anew is all there is to do)
                    if self._closing.is_set():
                        return
                    if time.monotonic() - began > BACKOFF_SECONDS[-1]:
                        failures = 0
                    metrics.relay_failures.labels(type(error).__name__).inc()
                    logger.warning("relay_failed", error=failure.describe(error))
                    await self._pause(self._closing, BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
                    failures += 1
        finally:
            self._ended.set()

    async def close(self) -> None:
        """Finish the batch in hand, within three seconds, and end `run`."""
        self._closing.set()
        self._woken.set()
        await self._ended.wait()

    async def _term(self) -> None:
        """One connection's time, of which it leads a part."""
        connection = await asyncpg.connect(
            self._dsn,
            timeout=10,
            command_timeout=15,
            server_settings={
                **SERVER_SETTINGS,
                "application_name": f"{self._service}-relay",
                # A leader whose machine vanished gives up the lock within half a minute.
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            },
        )
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            while not await sql.lead(connection):
                await self._pause(self._closing, LEAD_POLL_SECONDS)
                if self._closing.is_set():
                    return
            async with _producer(self._settings) as producer:
                logger.info("relay_leads")
                self.leads = True
                metrics.relay_leads.set(1)
                await self._publish(connection, producer, lost)
        finally:
            self.leads = False
            metrics.relay_leads.set(0)
            with suppress(TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=2)

    async def _publish(self, connection: Connection, producer: AIOKafkaProducer, lost: asyncio.Event) -> None:
        worked_at = cleaned_at = time.monotonic()
        marked = DELETE_ROWS  # what a predecessor left is deleted first
        while not self._closing.is_set():
            self._woken.clear()
            rows = await sql.select_unpublished(connection, BATCH_ROWS)
            if rows:
                marked += await self._publish_batch(connection, producer, rows, lost)
                worked_at = time.monotonic()
            if marked >= DELETE_ROWS or (marked and time.monotonic() - cleaned_at > DELETE_IDLE_SECONDS):
                deleted = await sql.delete_published(connection, DELETE_ROWS)
                cleaned_at = time.monotonic()
                marked = marked if deleted == DELETE_ROWS else 0
            if 0 < len(rows) < SMALL_BATCH_ROWS:
                await self._pause(self._closing, GATHER_SECONDS)
            elif len(rows) < BATCH_ROWS:
                busy = time.monotonic() - worked_at < BUSY_SECONDS
                await self._pause(self._woken, BUSY_POLL_SECONDS if busy else IDLE_POLL_SECONDS)

    async def _publish_batch(
        self, connection: Connection, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record], lost: asyncio.Event
    ) -> int:
        """Send, await and mark one batch; how many were confirmed. Raises what went wrong after marking the rest."""
        sends: list[asyncio.Future[object]] = []
        error: BaseException | None = None
        try:
            for row in rows:
                sends.append(await self._send(producer, row))  # noqa: PERF401  (what was sent counts when one is refused)
        except KafkaError as refused:
            error = refused
        answers = await self._await_all(sends, lost)
        confirmed: list[int] = []
        unconfirmed: set[tuple[str, str]] = set()
        for row, answer in zip(rows, answers, strict=False):
            key = (row["topic"], row["key"])
            if isinstance(answer, BaseException):
                error = error or answer
                unconfirmed.add(key)
            elif key not in unconfirmed:
                confirmed.append(row["position"])
        if confirmed:
            await sql.mark_published(connection, confirmed)
            metrics.relay_published.inc(len(confirmed))
        if error is not None:
            raise error
        return len(confirmed)

    async def _send(self, producer: AIOKafkaProducer, row: asyncpg.Record) -> "asyncio.Future[object]":
        sent: asyncio.Future[object] = await producer.send(
            self._settings.topic_prefix + row["topic"],
            value=row["payload"].encode(),
            key=row["key"].encode(),
            headers=write_headers(row),
        )
        return sent

    async def _await_all(
        self, sends: Sequence["asyncio.Future[object]"], lost: asyncio.Event
    ) -> list[object | BaseException]:
        """Wait for every answer, however long Kafka is away, but not without the lock nor past a stop."""
        answers: asyncio.Future[list[object | BaseException]] = asyncio.gather(*sends, return_exceptions=True)
        without_lock = asyncio.create_task(lost.wait())
        stopped = asyncio.create_task(self._closed_for_long())
        try:
            waits: set[asyncio.Future[Any]] = {answers, without_lock, stopped}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if answers.done() and not lost.is_set():
                return answers.result()
            raise _Lost
        finally:
            for each in (answers, without_lock, stopped):
                each.cancel()
            await asyncio.gather(answers, without_lock, stopped, return_exceptions=True)

    async def _closed_for_long(self) -> None:
        await self._closing.wait()
        await asyncio.sleep(CLOSE_SECONDS)

    @staticmethod
    async def _pause(event: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()


@asynccontextmanager
async def _producer(settings: ServiceSettings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer for one term. It is thrown away and never flushed: what is not confirmed is sent again."""
    producer = AIOKafkaProducer(
        **connection_arguments(settings),
        client_id="service-day-relay",
        enable_idempotence=True,
        acks="all",
        # A batch of rows must fit without waiting for room, and one of 256 KiB must fit at all.
        max_batch_size=512 * 1024,
        max_request_size=1024 * 1024,
        request_timeout_ms=10_000,
        metadata_max_age_ms=30_000,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await _throw_away(producer)


async def _throw_away(producer: AIOKafkaProducer) -> None:
    """End a producer without a flush, so that nothing of it is delivered later than now.

    `stop()` alone waits for Kafka for as long as it is away, and its sender would go on sending. The sender
    is ended first; a request that is out already is awaited for at most two seconds, then its connection is cut.
    """
    sender = producer._sender  # noqa: SLF001  (aiokafka offers no end without a flush)
    with suppress(TimeoutError, KafkaError, asyncio.CancelledError):
        async with asyncio.timeout(2):
            await sender.close()
    await producer.client.close()
    with suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(2):
            await producer.stop()
