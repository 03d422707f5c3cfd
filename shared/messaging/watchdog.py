"""Sees consumers that no longer consume, and ends the process so that it is started again.

Every ten seconds, for each topic: the consume task lives; and where messages wait, or one is in hand, some were settled
in the last two minutes. A topic that holds for the database, a database that does not answer, and a broker that does
not answer are healthy: waiting is what is right then, and a new start would mend nothing.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import TopicPartition

from shared import database
from shared.messaging import metrics
from shared.messaging.settlement import Settlement

logger = structlog.get_logger(__name__)

ROUND_SECONDS = 10.0
STUCK_SECONDS = 120.0
ANSWER_SECONDS = 5.0
EXIT_CODE = 70


def exit_process(reason: str) -> None:
    """End the process at once: a stop that waits for what is stuck would never end."""
    logger.critical("watchdog_exits", reason=reason)
    sys.stdout.flush()
    os._exit(EXIT_CODE)


class Watchdog:
    """Watches the consumers of one service. `on_stuck` is told the reason and is not expected to return."""

    def __init__(
        self,
        pool: database.Pool,
        on_stuck: Callable[[str], None] = exit_process,
        *,
        round_seconds: float = ROUND_SECONDS,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self._pool = pool
        self._on_stuck = on_stuck
        self._round_seconds = round_seconds
        self._stuck_seconds = stuck_seconds
        self._watched: list[_Watched] = []

    def watch(self, subscriber: Any, settlement: Settlement) -> None:
        """Watch a started subscriber from now on. Whoever stops it ends the watchdog first."""
        self._watched.append(_Watched(subscriber, settlement))

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._round_seconds)
            for each in self._watched:
                reason = await self._look(each)
                if reason is not None:
                    self._on_stuck(reason)

    async def _look(self, watched: "_Watched") -> str | None:
        """Why the process should end, or None."""
        topic = watched.settlement.subscription.topic.name
        if watched.is_dead():
            return f"the consume task of {topic} is dead"
        lags = await watched.lags()
        waiting = sum((lags or {}).values()) + watched.settlement.settling
        if lags is None or watched.settlement.holding or not waiting:
            watched.healthy_at = time.monotonic()
            return None
        if not await database.answers(self._pool):
            watched.healthy_at = time.monotonic()
            return None
        idle = time.monotonic() - max(watched.healthy_at, watched.settlement.progressed_at)
        if idle < self._stuck_seconds:
            return None
        return f"{waiting} messages of {topic} wait and none was settled for {idle:.0f} s"


class _Watched:
    def __init__(self, subscriber: Any, settlement: Settlement) -> None:
        self.subscriber = subscriber
        self.settlement = settlement
        self.healthy_at = time.monotonic()

    def is_dead(self) -> bool:
        """Whether nothing consumes any longer, although nobody stopped it."""
        return not self.subscriber.running or all(task.done() for task in self.subscriber.tasks)

    async def lags(self) -> dict[int, int] | None:
        """How far the group is behind the end of each partition; None where the broker does not answer."""
        consumer = self.subscriber.consumer
        if consumer is None:
            return None
        (name,) = self.subscriber.topic_names
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                parts = [TopicPartition(name, each) for each in consumer.partitions_for_topic(name) or ()]
                ends = await consumer.end_offsets(parts)
                begins = await consumer.beginning_offsets(parts)
                mine = consumer.assignment()
                lags = {}
                for part in parts:
                    committed = await consumer.committed(part)
                    reached = begins[part] if committed is None else committed
                    if part in mine:
                        reached = max(reached, await consumer.position(part))
                    lags[part.partition] = max(ends[part] - reached, 0)
        except Exception:  # noqa: BLE001  (aiokafka fails in many ways while the broker is away)
            return None
        for partition, lag in lags.items():
            metrics.consumer_lag.labels(self.settlement.subscription.topic.name, partition).set(lag)
        return lags
