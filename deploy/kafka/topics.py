"""Topics as `shared.events.topics` declares them: compacted, keyed, made before anyone asks for them.

May be repeated: what is there keeps its partitions (more would tear an aggregate's order apart) and gets the
settings below again. A tombstone stays as long as a step does, so that a consumer away for a week sees it.
"""

import asyncio
import time

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.events.topics import TOPICS
from shared.messaging.security import connection_arguments
from shared.settings import KafkaSettings

WEEK_MILLISECONDS = 7 * 24 * 60 * 60 * 1000
SETTINGS = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": str(WEEK_MILLISECONDS),
    "delete.retention.ms": str(WEEK_MILLISECONDS),
}


async def _connected(settings: KafkaSettings, deadline: float) -> AIOKafkaAdminClient:
    while True:
        client = AIOKafkaAdminClient(**connection_arguments(settings), request_timeout_ms=15_000)
        try:
            await client.start()
        except (KafkaError, OSError):
            await client.close()
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)
        else:
            return client


async def create(bootstrap: str, prefix: str) -> None:
    """Make every declared topic under `prefix` where Kafka knows no users. Raises as `create_as`."""
    await create_as(KafkaSettings(kafka_bootstrap_servers=bootstrap, topic_prefix=prefix))


async def create_as(settings: KafkaSettings, *, replicas: int = 1, seconds: float = 60.0) -> None:
    """Make every declared topic, as the user that `settings` name, and wait until each can be used.

    Waits up to `seconds` for the cluster. Raises KafkaError, TimeoutError, UserUnnamed.
    """
    prefix, deadline = settings.topic_prefix, time.monotonic() + seconds
    client = await _connected(settings, deadline)
    try:
        there = set(await client.list_topics())
        missing = [topic for topic in TOPICS if prefix + topic.name not in there]
        if missing:
            wanted = [
                NewTopic(prefix + topic.name, topic.partitions, replicas, topic_configs=SETTINGS) for topic in missing
            ]
            answer = await client.create_topics(wanted, timeout_ms=15_000)
            for name, code, *_ in answer.topic_errors:
                if code not in (0, TopicAlreadyExistsError.errno):
                    raise for_code(code)(name)
        kept = [prefix + topic.name for topic in TOPICS if prefix + topic.name in there]
        if kept:
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, SETTINGS) for name in kept])
        await _usable(client, prefix, deadline)
    finally:
        await client.close()


async def _usable(client: AIOKafkaAdminClient, prefix: str, deadline: float) -> None:
    """Until every partition has a leader."""
    names = [prefix + topic.name for topic in TOPICS]
    while True:
        described = await client.describe_topics(names)
        if all(
            topic["error_code"] == 0
            and topic["partitions"]
            and all(part["leader"] >= 0 for part in topic["partitions"])
            for topic in described
        ):
            return
        if time.monotonic() > deadline:
            message = "the topics were made but have no leader"
            raise TimeoutError(message)
        await asyncio.sleep(0.05)


async def delete(bootstrap: str, prefix: str) -> None:
    """Remove the declared topics under `prefix`, which must not be empty. For tests."""
    if not prefix:
        raise ValueError("the installation's own topics are never removed")
    client = await _connected(KafkaSettings(kafka_bootstrap_servers=bootstrap), time.monotonic() + 5)
    try:
        await client.delete_topics([prefix + topic.name for topic in TOPICS], timeout_ms=5_000)
    finally:
        await client.close()
