"""FastStream as we use it. The one place that makes a broker, a router or a subscriber.

Its defaults lose messages (it commits before the handler), skip what was sent before the first start, and let an
unreadable message loop for ever or vanish. So here: an offset is committed after the message was settled; a new group
starts at the beginning; one message at a time; parsing never fails; and `Settlement` stands around the handler.
The broker only consumes: whatever is published goes through the outbox and its relay.
"""

import dataclasses
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from faststream import BaseMiddleware
from faststream.kafka import KafkaBroker, KafkaRouter
from faststream.message import StreamMessage
from faststream.middlewares import AckPolicy

from shared import database
from shared.messaging.consumer import Subscription
from shared.messaging.envelope import Record
from shared.messaging.security import make_security
from shared.messaging.settlement import Settlement
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from faststream._internal.context.repository import ContextRepo

ACK_POLICY: Final = AckPolicy.NACK_ON_ERROR
AUTO_OFFSET_RESET: Final = "earliest"
SESSION_TIMEOUT_MS = 6_000
HEARTBEAT_MS = 2_000
METADATA_AGE_MS = 30_000
GRACE_SECONDS = 4.0
"""How long a stop waits for the message in hand."""


class _Settling(BaseMiddleware[Any, Any]):
    """Puts the settlement around whatever FastStream calls for a message."""

    def __init__(self, msg: Any, /, *, context: "ContextRepo", settlement: Settlement) -> None:
        super().__init__(msg, context=context)
        self._settlement = settlement

    async def consume_scope(
        self, call_next: Callable[[StreamMessage[Any]], Awaitable[Any]], msg: StreamMessage[Any]
    ) -> None:
        await self._settlement.settle(call_next, msg)


async def _parse(
    record: Record,
    original: Callable[[Record], Awaitable[StreamMessage[Any]]],
) -> StreamMessage[Any]:
    """FastStream's message without its reading of headers, which fails on a null and on what is no UTF-8."""
    message = await original(dataclasses.replace(record, headers=()))
    message.raw_message = record
    return message


async def _decode(message: StreamMessage[Any]) -> Any:
    """The record itself: the payload is read inside the settlement, where a failure is decided on."""
    return message.raw_message


def group_id(subscription: Subscription, settings: ServiceSettings) -> str:
    """The consumer group of a subscription."""
    return settings.topic_prefix + subscription.consumer


def make_router(settings: ServiceSettings, settlements: Sequence[Settlement], pool: database.Pool) -> KafkaRouter:
    """A router with a subscriber for each settlement's subscription."""
    router = KafkaRouter()
    for settlement in settlements:
        subscribe(router, settings, settlement, pool)
    return router


def subscribe(router: KafkaRouter, settings: ServiceSettings, settlement: Settlement, pool: database.Pool) -> None:
    """Declare one subscriber."""
    subscription = settlement.subscription

    async def handle(record: Any) -> None:
        received = subscription.read(record)
        async with database.transaction(pool) as connection:
            await subscription.deliver(connection, received)

    route = KafkaRouter(middlewares=(partial(_Settling, settlement=settlement),), ack_policy=ACK_POLICY)
    route.subscriber(
        settings.topic_prefix + subscription.topic.name,
        group_id=group_id(subscription, settings),
        ack_policy=ACK_POLICY,
        auto_offset_reset=AUTO_OFFSET_RESET,
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        max_workers=1,
        parser=_parse,
        decoder=_decode,
        no_reply=True,
    )(handle)
    router.include_router(route)


def make_broker(settings: ServiceSettings, router: KafkaRouter) -> KafkaBroker:
    """The broker with the router's subscribers. Not connected yet. Raises UserUnnamed."""
    logger = logging.getLogger("shared.messaging.faststream")
    logger.setLevel(logging.ERROR)  # it warns at each start that topics are not made by asking, which is how we want it
    return KafkaBroker(
        settings.kafka_bootstrap_servers,
        security=make_security(settings),
        consumer_only=True,
        allow_auto_create_topics=False,
        client_id="service-day",
        metadata_max_age_ms=METADATA_AGE_MS,
        request_timeout_ms=10_000,
        graceful_timeout=GRACE_SECONDS,
        ack_policy=ACK_POLICY,
        routers=(router,),
        apply_types=False,
        logger=logger,
        log_level=logging.DEBUG,
    )


def connection_arguments(subscriber: Any) -> Mapping[str, Any]:
    """What a declared subscriber will tell aiokafka, for the tests that guard it."""
    arguments: Mapping[str, Any] = subscriber._connection_args  # noqa: SLF001  (published nowhere else)
    return arguments
