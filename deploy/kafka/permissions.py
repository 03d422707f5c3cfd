"""What each service's Kafka user may do: what the table of topics says, and nothing else.

A producer may write its topics; a consumer may read its topics and stand in its own group of each. Writing and reading
include asking what a topic is; writing includes doing so idempotently. Nobody but the administrator makes, changes or
deletes a topic, and nobody is let in without a name.

May be repeated: what lacks is added, and what a service's user may do beyond the table, by hand or from an older
table, is taken back. Left alone are other users, and names without the prefix, which are another county's.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from shared.events.base import Topic
from shared.events.topics import TOPICS
from shared.messaging.security import connection_arguments
from shared.settings import KafkaSettings

ANY = 1
"""Kafka's own number for "whichever", the same in each of its lists."""
EVERY_HOST = "*"


class Resource(IntEnum):
    """What is protected, by Kafka's own numbers."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """What is done with it, by Kafka's own numbers."""

    READ = 3
    WRITE = 4


class Pattern(IntEnum):
    """How a name is meant, by Kafka's own numbers."""

    LITERAL = 3


class Verdict(IntEnum):
    """Whether it may be done, by Kafka's own numbers."""

    ALLOW = 3


class Permission(NamedTuple):
    """One entry of Kafka's list, in the order of its requests."""

    resource: int
    name: str
    pattern: int
    principal: str
    host: str
    operation: int
    verdict: int


def users(topics: Iterable[Topic] = TOPICS) -> frozenset[str]:
    """The services that use Kafka; each has a user of its name."""
    return frozenset(service for topic in topics for service in (topic.producer, *topic.consumers))


def permissions(prefix: str, topics: Iterable[Topic] = TOPICS) -> frozenset[Permission]:
    """What the table says, under the installation's prefix."""
    return frozenset(each for topic in topics for each in _of_topic(prefix, topic))


def _of_topic(prefix: str, topic: Topic) -> Iterable[Permission]:
    yield _allow(topic.producer, Operation.WRITE, Resource.TOPIC, prefix + topic.name)
    for consumer in topic.consumers:
        yield _allow(consumer, Operation.READ, Resource.TOPIC, prefix + topic.name)
        yield _allow(consumer, Operation.READ, Resource.GROUP, f"{prefix}{consumer}.{topic.name}")


def _allow(user: str, operation: Operation, resource: Resource, name: str) -> Permission:
    return Permission(resource, name, Pattern.LITERAL, _principal(user), EVERY_HOST, operation, Verdict.ALLOW)


def _principal(user: str) -> str:
    return f"User:{user}"


def superfluous(present: Iterable[Permission], prefix: str, topics: Iterable[Topic] = TOPICS) -> frozenset[Permission]:
    """What the services' users have that the table does not say."""
    topics = tuple(topics)
    ours = {_principal(user) for user in users(topics)}
    own = {each for each in present if each.principal in ours and each.name.startswith(prefix)}
    return frozenset(own - permissions(prefix, topics))


async def grant(settings: KafkaSettings) -> None:
    """Bring Kafka's list in line with the table, as its administrator. Raises KafkaError."""
    async with _connected(settings) as client:
        present = await _list(client)
        for lacking in sorted(permissions(settings.topic_prefix) - present):
            for code, message in (await client.send(_node(client), CreateAclsRequest(*lacking))).creation_responses:
                _check(code, message)
        for extra in sorted(superfluous(present, settings.topic_prefix)):
            for code, message, _ in (await client.send(_node(client), DeleteAclsRequest(*extra))).filter_responses:
                _check(code, message)


@asynccontextmanager
async def _connected(settings: KafkaSettings) -> AsyncIterator[AIOKafkaClient]:
    # The administrator's client of aiokafka has no permissions yet; its requests have, and any client sends them.
    client = AIOKafkaClient(**connection_arguments(settings), request_timeout_ms=15_000)
    await client.bootstrap()
    try:
        yield client
    finally:
        await client.close()


async def _list(client: AIOKafkaClient) -> frozenset[Permission]:
    answer = await client.send(_node(client), DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
    _check(answer.error_code, answer.error_message)
    return frozenset(
        Permission(resource, name, pattern, *entry)
        for resource, name, pattern, entries in answer.resources
        for entry in entries
    )


def _node(client: AIOKafkaClient) -> int:
    """Whichever is there: a broker hands on what the controller has to do."""
    node: int = client.get_random_node()
    return node


def _check(code: int, message: str | None) -> None:
    if code:
        raise for_code(code)(message)
