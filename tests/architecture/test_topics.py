"""Who says what to whom: every topic is declared, produced and consumed as its table says."""

import ast
import importlib
from pathlib import Path

import pytest
from faststream.middlewares import AckPolicy

from shared.events.topics import TOPICS
from shared.messaging import router as messaging_router
from shared.messaging.settlement import Settlement
from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications", "web")
CONSUMING = tuple(sorted({consumer for topic in TOPICS for consumer in topic.consumers}))


def constructed(service):
    """Names called or referred to as events in a service's own code."""
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for path in (ROOT / "services" / service).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name | ast.Attribute)
    }


def subscriptions(service):
    return importlib.import_module(f"services.{service}.consumers").subscriptions


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topics_name_tells_its_producer_and_version(topic):
    producer, _, version = topic.name.split(".")
    assert producer == topic.producer
    assert version.startswith("v")
    assert topic.producer not in topic.consumers
    assert all(event.topic == topic.name for event in topic.events)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_declared_event_is_said_by_its_producer(topic):
    said = constructed(topic.producer)
    assert {event.__name__ for event in topic.events} <= said


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_listens_to_what_the_table_says_and_to_nothing_else(service):
    wanted = {topic.name for topic in TOPICS if service in topic.consumers}
    listens = {each.topic.name for each in subscriptions(service)} if service in CONSUMING else set()
    assert listens == wanted


@pytest.mark.parametrize("service", CONSUMING)
async def test_every_subscriber_neither_loses_nor_skips(service):
    settings = ServiceSettings(service_secret="s" * 32, operator_secret="o" * 32, topic_prefix="trial.")
    settlements = [Settlement(each, None, messaging_router.group_id(each, settings)) for each in subscriptions(service)]
    broker = messaging_router.make_broker(settings, messaging_router.make_router(settings, settlements, None))
    assert len(broker.subscribers) == len(settlements)
    for subscriber in broker.subscribers:
        assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
        (topic,) = subscriber.topics
        assert subscriber.group_id == f"trial.{service}.{topic.name.removeprefix('trial.')}"
        arguments = messaging_router.connection_arguments(subscriber)
        assert arguments["auto_offset_reset"] == "earliest"
        assert arguments["session_timeout_ms"] == 6_000
        assert subscriber.calls, "a subscriber without a handler would pass over everything"


def test_nobody_makes_a_subscriber_or_a_producer_elsewhere():
    rooms = ("messaging/router.py", "messaging/relay.py", "asyncapi.py")  # the last one's broker never connects
    allowed = {ROOT / "shared" / room for room in rooms}
    for folder in ("services", "shared", "deploy"):
        for path in (ROOT / folder).rglob("*.py"):
            if path not in allowed:
                text = path.read_text()
                for name in ("KafkaBroker(", "KafkaRouter(", "AIOKafkaProducer(", "AIOKafkaConsumer("):
                    assert name not in text, f"{path.relative_to(ROOT)} makes a {name[:-1]}"
