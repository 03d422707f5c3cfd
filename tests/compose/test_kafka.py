"""Who gets into Kafka, and what each service's user can do there."""

from tests.compose.stack import Stack

KAFKA = """
import asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code
from shared.messaging.security import connection_arguments
from shared.settings import KafkaSettings

OWN = connection_arguments(KafkaSettings())

async def write(topic):
    async with AIOKafkaProducer(**OWN, request_timeout_ms=10_000) as producer:
        await producer.send_and_wait(topic, key=b"nobody", value=None)

async def read(topic, group=None, **other):
    settings = {**OWN, "group_id": group, "auto_offset_reset": "earliest", "request_timeout_ms": 10_000, **other}
    # Without the topic's name where there is a group, so that it does not join and take partitions from the service.
    consumer = AIOKafkaConsumer(*([] if group else [topic]), **settings)
    try:
        await consumer.start()
        if group:
            part = TopicPartition(topic, 0)
            consumer.assign([part])
            await consumer.committed(part)
        else:
            async with asyncio.timeout(20):
                assert await consumer.getone()
    finally:
        await consumer.stop()

async def make(topic):
    admin = AIOKafkaAdminClient(**OWN, request_timeout_ms=10_000)
    await admin.start()
    try:
        for _, code, *_ in (await admin.create_topics([NewTopic(topic, 1, 1)])).topic_errors:
            if code:
                raise for_code(code)
    finally:
        await admin.close()

async def main(*trials):
    for trial in trials:
        try:
            await trial
        except (KafkaError, TimeoutError) as error:
            print(type(error).__name__)
        else:
            print("done")
"""
"""What a service's container can try at Kafka, as the service or as somebody else."""


def test_a_services_kafka_user_can_do_its_own_work_and_no_more(stack: Stack) -> None:
    trials = {
        'read("roster.sessions.v1", "booking.roster.sessions.v1")': "done",
        'read("notifications.messages.v1")': "TopicAuthorizationFailedError",
        'read("roster.sessions.v1", "notifications.roster.sessions.v1")': "GroupAuthorizationFailedError",
        'write("roster.sessions.v1")': "TopicAuthorizationFailedError",
        'make("booking.notes.v1")': "TopicAuthorizationFailedError",
    }
    answers = stack.python("booking", f"{KAFKA}\nasyncio.run(main({', '.join(trials)}))").splitlines()
    assert dict(zip(trials, answers, strict=True)) == trials


def test_nobody_is_let_into_kafka_without_a_name_and_its_password(stack: Stack) -> None:
    trials = {
        'read("roster.sessions.v1")': "done",
        'read("roster.sessions.v1", security_protocol="PLAINTEXT")': "KafkaConnectionError",
        'read("roster.sessions.v1", sasl_plain_username="roster")': "KafkaConnectionError",
        'read("roster.sessions.v1", sasl_mechanism="PLAIN", sasl_plain_username="admin")': "KafkaConnectionError",
    }
    answers = stack.python("booking", f"{KAFKA}\nasyncio.run(main({', '.join(trials)}))").splitlines()
    assert dict(zip(trials, answers, strict=True)) == trials


def test_what_a_kafka_user_may_do_beyond_the_table_is_taken_back(stack: Stack) -> None:
    script = """
import asyncio
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest
from deploy.kafka import permissions
from shared.settings import KafkaSettings

async def main():
    settings = KafkaSettings()
    table = permissions.permissions("")
    read = next(each for each in table if each.principal == "User:booking" and each.name == "roster.sessions.v1")
    more, stranger = read._replace(operation=permissions.Operation.WRITE), read._replace(principal="User:stranger")
    async with permissions._connected(settings) as client:
        print(await permissions._list(client) == table)
        node = client.get_random_node()
        for each in (more, stranger):
            await client.send(node, CreateAclsRequest(*each))
        await client.send(node, DeleteAclsRequest(*read))
        print(await permissions._list(client) == (table | {more, stranger}) - {read})
        for _ in range(2):
            await permissions.grant(settings)
            print(await permissions._list(client) == table | {stranger})
        await client.send(node, DeleteAclsRequest(*stranger))

asyncio.run(main())
"""
    run = ("run", "--rm", "--no-deps", "--no-TTY", "topics", "python", "-")
    assert stack.compose(*run, text=script).split() == ["True"] * 4
