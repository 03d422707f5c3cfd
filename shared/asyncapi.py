"""The AsyncAPI document of a service: what it says and what it listens to, from the table of topics.

FastStream's generator writes it, on a broker that is never started; what stands in our headers is added, because our
envelope is CloudEvents and not FastStream's own. There is no page with a "try it out" that would publish.
"""

import json
from collections.abc import Iterable
from typing import Any, Union

from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from shared.events.base import Topic
from shared.events.topics import TOPICS
from shared.messaging.consumer import Subscription, Subscriptions

TEXT = {"type": "string"}


def document(
    service: str, subscriptions: Subscriptions | None = None, topics: Iterable[Topic] = TOPICS
) -> dict[str, Any]:
    """The document of `service`: the topics it produces, and those it has handlers for."""
    produced = [topic for topic in topics if topic.producer == service]
    broker = KafkaBroker("kafka:9092", specification_url="kafka:9092", description="Topics may carry a prefix.")
    for topic in produced:
        broker.publisher(topic.name, schema=_payload(topic), title=topic.name, description=topic.meaning)
    for subscription in subscriptions or ():
        _listen(broker, subscription)
    specification = AsyncAPI(broker, title=service, version="1", description=f"Events of {service}.")
    found: dict[str, Any] = json.loads(specification.to_specification().to_json())
    for topic in [*produced, *(each.topic for each in subscriptions or ())]:
        _complete(found, topic)
    for subscription in subscriptions or ():
        operation = found["operations"][subscription.topic.name]
        operation["bindings"] = {"kafka": {"groupId": {"type": "string", "enum": [subscription.consumer]}}}
    return found


def _payload(topic: Topic) -> Any:
    return Union[topic.events]  # noqa: UP007  (made of a tuple at run time)


def _listen(broker: KafkaBroker, subscription: Subscription) -> None:
    topic = subscription.topic

    async def handle(event: Any) -> None:
        """Documented, never called."""

    handle.__annotations__["event"] = _payload(topic)
    broker.subscriber(topic.name, group_id=subscription.consumer, title=topic.name, description=topic.meaning)(handle)


def _complete(found: dict[str, Any], topic: Topic) -> None:
    """Add headers, key and partitions, which FastStream does not know of."""
    channel = found["channels"][topic.name]
    channel["bindings"]["kafka"] |= {
        "partitions": topic.partitions,
        "topicConfiguration": {"cleanup.policy": ["compact"]},
    }
    for each in channel["messages"].values():
        message = found["components"]["messages"][each["$ref"].rpartition("/")[2]]
        message["correlationId"] = {"location": "$message.header#/ce_correlationid"}
        message["headers"] = {
            "type": "object",
            "required": ["ce_id", "ce_type"],
            "properties": {
                "ce_specversion": {"const": "1.0"},
                "ce_id": {**TEXT, "description": "UUIDv7; tells messages apart and nothing else"},
                "ce_type": {"enum": list(topic.event_types())},
                "ce_source": TEXT,
                "ce_time": {**TEXT, "format": "date-time"},
                "ce_subject": {**TEXT, "description": f"The {topic.key}"},
                "ce_correlationid": TEXT,
                "traceparent": {**TEXT, "description": "W3C Trace Context"},
                "content-type": {"const": "application/json"},
            },
        }
        message["bindings"] = {"kafka": {"key": {**TEXT, "description": f"The {topic.key}"}}}
