"""What a service listens to, and how one message becomes one call of its handler.

A handler runs inside one transaction that is committed after it returns; the offset moves on after that. So a
message may be handled again after a crash. A version-guarded projection stands that by itself; for any
other effect `once=True` records the message's id in the inbox, in the same transaction.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from shared.database import Connection
from shared.events.base import Event, Topic
from shared.messaging import sql
from shared.messaging.envelope import Envelope, Record, Unreadable, read_envelope

PAYLOAD_BYTES = 262_144
"""No outbox can hold more, so whatever is larger is none of ours."""


@dataclass(frozen=True)
class Received:
    """An event with its envelope."""

    event: Event
    envelope: Envelope


Handler = Callable[[Connection, Received], Awaitable[None]]


@dataclass(frozen=True)
class Subscription:
    """One service listening to one topic."""

    service: str
    topic: Topic
    once: bool
    handler: Handler
    together: int = 1
    """At most so many messages, in their order, share a transaction; where that fails, each has its own."""

    @property
    def consumer(self) -> str:
        """The name in the inbox, and the consumer group's without any prefix."""
        return f"{self.service}.{self.topic.name}"

    def read(self, record: Record) -> Received:
        """The event in `record`. Raises Unreadable; its text holds nothing of the payload."""
        envelope = read_envelope(record, self.topic.name)
        event_class = self.topic.event_types().get(envelope.type)
        if event_class is None:
            raise Unreadable(f"{self.topic.name} has no event of this ce_type")
        value = record.value or b""
        if len(value) >= PAYLOAD_BYTES:
            raise Unreadable(f"the payload has {len(value)} bytes, {PAYLOAD_BYTES} or more")
        try:
            event = event_class.model_validate_json(value)
        except ValidationError as error:
            raise Unreadable(f"the payload is no {event_class.__name__}: {findings(error)}") from None
        return Received(event=event, envelope=envelope)

    async def deliver(self, connection: Connection, received: Received) -> bool:
        """Call the handler inside the caller's transaction; False if the inbox knew the message."""
        envelope = received.envelope
        with structlog.contextvars.bound_contextvars(
            correlation_id=envelope.correlation_id, traceparent=envelope.traceparent, event_id=envelope.id
        ):
            if self.once and not await sql.enter_inbox(connection, envelope.id, self.consumer):
                return False
            await self.handler(connection, received)
        return True


class Subscriptions:
    """All that one service listens to."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._subscriptions: dict[str, Subscription] = {}

    def to(self, topic: Topic, *, once: bool = False, together: int = 1) -> Callable[[Handler], Handler]:
        """Declare a handler for `topic`. ValueError where the topic's contract does not name the service.

        `together`: so many messages that wait may share a transaction and an offset's commit, which are most of
        what a small handler costs. A handler that locks what others need had better keep to one.
        """
        if self.service not in topic.consumers:
            raise ValueError(f"{topic.name} does not name {self.service} as a consumer")
        if topic.name in self._subscriptions:
            raise ValueError(f"{self.service} already has a handler for {topic.name}")

        def declare(handler: Handler) -> Handler:
            self._subscriptions[topic.name] = Subscription(self.service, topic, once, handler, together)
            return handler

        return declare

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._subscriptions.values())

    def __len__(self) -> int:
        return len(self._subscriptions)


def findings(error: ValidationError) -> str:
    """Where a payload is wrong and how, without the offending values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']) or '(whole)'}: {each['type']}" for each in found[:10]
    )
