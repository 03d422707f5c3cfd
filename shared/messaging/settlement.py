"""What becomes of a message: handled, held, or a dead letter. The only place that decides it.

- Handled: the handler's transaction committed. The offset moves on.
- Ignored: a tombstone, which tells of a key that is gone.
- Held: the database is away, or busy with a deadlock and the like. The message is tried again until that is over,
  and its partition waits. A message that fails so ten times although the database answers is no longer held.
- Dead letter: at once if it cannot be read, else after three tries. The offset moves on.

Where a subscription takes messages together, those that wait behind one are handled in one transaction with it; if that
fails for any reason, nothing of it was done, and each is brought to its own end as above, in order.

After 20 seconds of holding the message is given back and read again, so that the consumer stays a live member of
its group. Nothing is given up in a stop: what is not settled is read again after the next start.
"""

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream.exceptions import NackMessage
from faststream.message import StreamMessage

from shared import database
from shared.messaging import failure, metrics, sql
from shared.messaging.consumer import Subscription
from shared.messaging.envelope import Record, Unreadable, sent_at

logger = structlog.get_logger(__name__)

TRIES = 3
TRY_WAITS_SECONDS = (0.1, 0.5)
HOLD_WAITS_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0)
HOLD_SECONDS = 20.0
"""After this long a held message is given back and read again."""
ANSWERED_LIMIT = 10
"""So often a message may fail by a passing error while the database answers."""

Place = tuple[int, int]


class Settlement:
    """Settles the messages of one subscription, one at a time."""

    def __init__(self, subscription: Subscription, pool: database.Pool, group: str) -> None:
        self.subscription = subscription
        self.group = group
        self.progressed_at = time.monotonic()
        """When a message was last settled, on the monotonic clock."""
        self.settling = False
        """Whether a message is in hand."""
        self._pool = pool
        self._topic = subscription.topic.name
        self._stopping = asyncio.Event()
        self._held: dict[Place, int] = {}
        """Messages given back while they were held, and how often they failed while the database answered."""
        self._given_back_at = float("-inf")
        self._holding = False

    @property
    def holding(self) -> bool:
        """Whether a message waits for the database now."""
        return self._holding or time.monotonic() - self._given_back_at < HOLD_SECONDS

    def stop(self) -> None:
        """Hold nothing any longer and let cancellations through."""
        self._stopping.set()

    async def settle(self, call: Callable[[StreamMessage[Any]], Awaitable[Any]], message: StreamMessage[Any]) -> None:
        """Bring a message, and those taken together with it, to their end; or raise NackMessage to read them again."""
        self.settling = True
        try:
            records = [message.raw_message, *await self._behind(message)]
            if len(records) == 1 or not await self._settle_together(records):
                await self._settle_each(partial(call, message), message, records)
        finally:
            self.settling = False

    async def _behind(self, message: StreamMessage[Any]) -> list[Record]:
        """What was fetched already and may be taken together with `message`."""
        if self.subscription.together == 1:
            return []
        try:
            fetched = await _consumer(message).getmany(timeout_ms=0, max_records=self.subscription.together - 1)
        except KafkaError:  # it comes again where nothing is in hand, and is met there
            return []
        return [record for records in fetched.values() for record in records]

    async def _settle_together(self, records: Sequence[Record]) -> bool:
        """Handle all in one transaction; False if that failed, and nothing was done."""
        try:
            await self._uncancelled(partial(self._deliver, records))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is decided on for each by itself)
            logger.info(
                "messages_parted", messages=len(records), error=failure.describe(error), **self._where(records[0])
            )
            return False
        for record in records:
            self._settled("ignored" if record.value is None else "handled", record)
        return True

    async def _settle_each(
        self, first: Callable[[], Awaitable[Any]], message: StreamMessage[Any], records: Sequence[Record]
    ) -> None:
        for number, record in enumerate(records):
            try:
                await self._settle(first if number == 0 else partial(self._deliver, [record]), record)
            except BaseException:
                self._give_back(message, records[number:])
                raise

    async def _deliver(self, records: Sequence[Record]) -> None:
        received = [self.subscription.read(record) for record in records if record.value is not None]
        async with database.transaction(self._pool) as connection:
            for each in received:
                await self.subscription.deliver(connection, each)

    def _give_back(self, message: StreamMessage[Any], records: Sequence[Record]) -> None:
        """Have what was taken together and is not settled read again. FastStream does so for the first of all alone."""
        if self.subscription.together == 1:
            return
        earliest: dict[TopicPartition, int] = {}
        for record in records:
            part = TopicPartition(record.topic, record.partition)
            earliest[part] = min(record.offset, earliest.get(part, record.offset))
        for part, offset in earliest.items():
            with suppress(IllegalStateError):  # it is no longer ours, and whose it is reads it
                _consumer(message).seek(part, offset)

    async def _settle(self, call: Callable[[], Awaitable[Any]], record: Record) -> None:
        if record.value is None:
            self._settled("ignored", record)
            return
        place = (record.partition, record.offset)
        give_back_at = time.monotonic() + HOLD_SECONDS
        attempts, answered, waits = 0, self._held.get(place, 0), 0
        while True:
            try:
                await self._uncancelled(call)
            except Exception as error:  # noqa: BLE001  (whatever it is, it is decided here)
                found = error
            else:
                self._settled("handled", record)
                return
            attempts += 1
            if failure.passes(found):
                answered += await database.answers(self._pool)
                if answered < ANSWERED_LIMIT:
                    await self._hold(found, record, answered, waits, give_back_at)
                    waits, attempts = waits + 1, attempts - 1
                    continue
            elif not isinstance(found, Unreadable) and attempts < TRIES:
                logger.info("message_tried", error=failure.describe(found), attempts=attempts, **self._where(record))
                await self._sleep(TRY_WAITS_SECONDS[attempts - 1])
                continue
            await self._bury(found, record, max(attempts, answered), give_back_at)
            return

    async def _uncancelled(self, call: Callable[[], Awaitable[Any]]) -> None:
        """A cancellation or an exit that escapes would end the consume task for good, unseen."""
        try:
            await call()
        except SystemExit as error:
            raise failure.HandlerCancelled("the handler tried to end the process") from error
        except asyncio.CancelledError as error:
            if self._stopping.is_set():
                raise
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                task.uncancel()
            raise failure.HandlerCancelled("the handler let a cancellation escape") from error

    async def _hold(self, error: Exception, record: Record, answered: int, waits: int, give_back_at: float) -> None:
        if waits == 0:
            logger.warning("message_held", error=failure.describe(error), **self._where(record))
        self._holding = True
        metrics.consumer_holding.labels(self._topic).set(1)
        await self._sleep(HOLD_WAITS_SECONDS[min(waits, len(HOLD_WAITS_SECONDS) - 1)])
        if time.monotonic() > give_back_at:
            self._holding = False
            self._given_back_at = time.monotonic()
            self._held[record.partition, record.offset] = answered
            raise NackMessage

    async def _bury(self, error: Exception, record: Record, attempts: int, give_back_at: float) -> None:
        """Keep the message as a dead letter, whatever it takes: while that fails it is held."""
        waits = 0
        while True:
            try:
                async with self._pool.acquire(timeout=10) as connection:
                    letter = await sql.insert_dead_letter(
                        connection,
                        topic=record.topic,
                        partition=record.partition,
                        offset=record.offset,
                        sent_at=sent_at(record.timestamp),
                        consumer_group=self.group,
                        key=record.key,
                        headers=pack_headers(record),
                        raw=record.value or b"",
                        error=failure.describe(error),
                        stack=failure.stack(error),
                        attempts=attempts,
                    )
            except Exception as burial:
                if not failure.passes(burial):
                    # Without the trace, which would repeat what Postgres says about the values.
                    logger.error("dead_letter_refused", error=failure.describe(burial), **self._where(record))  # noqa: TRY400
                    await self._sleep(HOLD_WAITS_SECONDS[-1])
                    raise NackMessage from burial
                await self._hold(
                    burial, record, self._held.get((record.partition, record.offset), 0), waits, give_back_at
                )
                waits += 1
            else:
                break
        logger.error(
            "message_became_dead_letter",
            dead_letter=letter,
            error=failure.describe(error),
            attempts=attempts,
            **self._where(record),
        )
        self._settled("dead_letter", record)

    def _settled(self, outcome: str, record: Record) -> None:
        self.progressed_at = time.monotonic()
        if self._holding or self._held:
            self._holding = False
            self._held = {place: answered for place, answered in self._held.items() if place[0] != record.partition}
            metrics.consumer_holding.labels(self._topic).set(0)
        metrics.messages.labels(self._topic, outcome).inc()

    async def _sleep(self, seconds: float) -> None:
        """Wait, or raise NackMessage because the service stops."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
        raise NackMessage

    def _where(self, record: Record) -> dict[str, Any]:
        return {"topic": self._topic, "partition": record.partition, "offset": record.offset}


def _consumer(message: StreamMessage[Any]) -> AIOKafkaConsumer:
    """The consumer that a message was read with."""
    consumer: AIOKafkaConsumer = getattr(message, "consumer")  # noqa: B009  (Kafka's messages have it, others not)
    return consumer


def pack_headers(record: Record) -> bytes:
    """Headers byte for byte as JSON: a list of names with their values in base64, or null."""
    return json.dumps(
        [[name, None if value is None else b64encode(value).decode()] for name, value in record.headers]
    ).encode(errors="replace")
