"""Messaging of one running service: its relay, its consumers, the watchdog, and the cleaning of what has had its time.

Everything starts in the background and goes on while Kafka is away. What crashes unforeseen is logged and begun anew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import structlog

from shared.database import PASSING_ERRORS, Pool
from shared.messaging import failure, metrics, sql
from shared.messaging.consumer import Subscriptions
from shared.messaging.relay import Relay
from shared.messaging.router import group_id, make_broker, make_router
from shared.messaging.settlement import Settlement
from shared.messaging.watchdog import Watchdog, exit_process
from shared.settings import ServiceSettings

logger = structlog.get_logger(__name__)

CONNECT_SECONDS = (0.5, 1.0, 2.0, 5.0)
KEPT_DAYS = 30
"""How long the inbox remembers a message, and a settled dead letter stays."""
INBOX_ROWS = 5_000
DEAD_LETTER_ROWS = 200
"""A dead letter may be as long as a message may."""
CLEAN_SECONDS = 3600.0
STOP_SECONDS = 8.0


class Messaging:
    """All that a service does with Kafka."""

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        pool: Pool,
        subscriptions: Subscriptions | None = None,
        *,
        on_stuck: Callable[[str], None] = exit_process,
    ) -> None:
        self._pool = pool
        self.relay = Relay(settings.database_url.get_secret_value(), settings, service)
        self.settlements = [
            Settlement(each, pool, group_id(each, settings)) for each in subscriptions or Subscriptions(service)
        ]
        self.broker = make_broker(settings, make_router(settings, self.settlements, pool))
        self._consuming = list(zip(self.broker.subscribers, self.settlements, strict=True))
        self._watchdog = Watchdog(pool, on_stuck)
        self._relaying: asyncio.Task[None] | None = None
        self._background: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self) -> None:
        """Start everything in the background and return at once."""
        self._relaying = asyncio.create_task(self._supervise("relay", self.relay.run))
        self._begin("cleaning", self._clean)
        if self.settlements:
            self._begin("watchdog", self._watchdog.run)
        for subscriber, settlement in self._consuming:
            self._begin("consumer", partial(self._consume, subscriber, settlement))

    def wake(self) -> None:
        """Tell the relay that a transaction with events has committed."""
        self.relay.wake()

    async def measure(self) -> None:
        """Set the gauges that stand in the database; they stay as they are while it is away."""
        with suppress(*PASSING_ERRORS):
            async with asyncio.timeout(3), self._pool.acquire() as connection:
                rows, seconds = await sql.outbox_backlog(connection)
                letters = await sql.count_dead_letters(connection)
            metrics.outbox_unpublished.set(rows)
            metrics.outbox_oldest_seconds.set(seconds)
            metrics.dead_letters_waiting.clear()
            for topic, waiting in letters.items():
                metrics.dead_letters_waiting.labels(topic).set(waiting)

    async def stop(self) -> None:
        """Let the message and the batch in hand end, within eight seconds, and stop."""
        self._stopping = True
        for task in self._background:
            task.cancel()  # the watchdog among them, which would take a stop for a death
        await asyncio.gather(*self._background, return_exceptions=True)
        for settlement in self.settlements:
            settlement.stop()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(self.relay.close(), self._stop_broker())
        except TimeoutError:
            logger.warning("messaging_stop_timed_out", seconds=STOP_SECONDS)
        if self._relaying is not None:
            self._relaying.cancel()
            await asyncio.gather(self._relaying, return_exceptions=True)

    async def _stop_broker(self) -> None:
        try:
            await self.broker.stop()
        except Exception as error:  # noqa: BLE001  (the process ends; what is not settled is read again)
            logger.warning("broker_stop_failed", error=failure.describe(error))

    def _begin(self, part: str, run: Callable[[], Awaitable[None]]) -> None:
        self._background.append(asyncio.create_task(self._supervise(part, run)))

    async def _supervise(self, part: str, run: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping:
            try:
                await run()
            except Exception:
                logger.exception("messaging_part_crashed", part=part)
                await asyncio.sleep(1)
            else:
                return

    async def _consume(self, subscriber: Any, settlement: Settlement) -> None:
        """Connect one subscriber; FastStream's broker would begin those anew that already run."""
        await self.broker.connect()
        failures = 0
        while not self._stopping:
            try:
                await subscriber.start()
            except Exception as error:  # noqa: BLE001  (Kafka is away in more ways than can be listed)
                logger.warning(
                    "consumer_waits", topic=settlement.subscription.topic.name, error=failure.describe(error)
                )
                with suppress(Exception):
                    await subscriber.stop()
                await asyncio.sleep(CONNECT_SECONDS[min(failures, len(CONNECT_SECONDS) - 1)])
                failures += 1
            else:
                logger.info("consumer_started", topic=settlement.subscription.topic.name)
                self._watchdog.watch(subscriber, settlement)
                return

    async def _clean(self) -> None:
        while True:
            with suppress(*PASSING_ERRORS):
                async with self._pool.acquire(timeout=10) as connection:
                    while await sql.clean_inbox(connection, KEPT_DAYS, INBOX_ROWS) == INBOX_ROWS:
                        pass
                    while (
                        await sql.delete_settled_dead_letters(connection, KEPT_DAYS, DEAD_LETTER_ROWS)
                        == DEAD_LETTER_ROWS
                    ):
                        pass
            await asyncio.sleep(CLEAN_SECONDS)
