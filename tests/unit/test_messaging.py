"""Messaging's rules that need no broker: what is declared, read, written down and documented."""

import asyncio
import json
from datetime import UTC, datetime, timedelta, timezone

import asyncpg
import pytest
from aiokafka import ConsumerRecord
from pydantic import BaseModel, ValidationError

from shared.asyncapi import document
from shared.events.base import Topic
from shared.events.booking import BookingMade
from shared.events.topics import BOOKINGS, SESSIONS, TOPICS
from shared.messaging import dead_letters, failure, sql
from shared.messaging.consumer import Subscriptions
from shared.messaging.envelope import Unreadable, read_envelope, write_headers
from shared.messaging.settlement import Settlement
from tests.contracts.export import ROOT

RECEIVED = 1_767_225_600_000  # 2026-01-01, in ms


def record(*headers, value=b"{}", key=b"k", timestamp=RECEIVED):
    return ConsumerRecord("p.t", 1, 7, timestamp, 0, key, value, None, 0, 0, headers)


def good(**changed):
    found = {"ce_id": "i", "ce_type": "t", **changed}
    return [(name, value.encode()) for name, value in found.items()]


async def nothing(connection, received):
    """A handler."""


def test_reading_is_tolerant_of_what_others_add_and_leave_out():
    envelope = read_envelope(record(*good(new="1", traceparent="00-1")), "t")
    assert envelope.time == datetime(2026, 1, 1, tzinfo=UTC)
    assert (envelope.subject, envelope.correlation_id, envelope.traceparent) == ("k", "i", "00-1")
    assert (envelope.topic, envelope.partition, envelope.offset) == ("t", 1, 7)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-21T09:00:00+08:00", datetime(2026, 11, 21, 9, tzinfo=timezone(timedelta(hours=8)))),
        ("2026-11-21T01:00:00Z", datetime(2026, 11, 21, 1, tzinfo=UTC)),
        ("2026-11-21T01:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("yesterday", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_without_sense_is_the_records_own(text, time):
    assert read_envelope(record(*good(ce_time=text)), "t").time == time


def test_a_record_without_a_time_is_from_1970():
    for timestamp in (-1, 2**62):
        assert read_envelope(record(*good(), timestamp=timestamp), "t").time == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        good(ce_id=""),
        good(ce_id="字" * 67),
        good(ce_type=""),
        [*good(), ("other", None)],
        [*good(), ("other", b"\xff")],
    ],
    ids=str,
)
def test_what_cannot_be_read_says_so_without_saying_what(headers):
    with pytest.raises(Unreadable) as unreadable:
        read_envelope(record(*headers), "t")
    assert "字" not in str(unreadable.value)


def test_headers_that_are_written_are_read_again():
    row = {
        "id": "0196",
        "type": "booking.BookingMade",
        "source": "/booking",
        "subject": "b1",
        "correlation_id": "c",
        "traceparent": None,
        "recorded_at": datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=UTC),
    }
    envelope = read_envelope(record(*write_headers(row)), "t")
    assert envelope.time == row["recorded_at"]
    assert (envelope.id, envelope.source, envelope.subject) == ("0196", "/booking", "b1")
    assert (envelope.correlation_id, envelope.traceparent) == ("c", None)


def test_a_service_listens_only_to_what_the_table_grants_it_and_once():
    subscriptions = Subscriptions("notifications")
    subscriptions.to(BOOKINGS)(nothing)
    with pytest.raises(ValueError, match="already"):
        subscriptions.to(BOOKINGS)
    with pytest.raises(ValueError, match="does not name"):
        Subscriptions("booking").to(BOOKINGS)


class Person(BaseModel):
    phone: int


def test_an_errors_words_repeat_no_values():
    given = {"phone": "secret"}
    with pytest.raises(ValidationError) as invalid:
        Person.model_validate(given)
    constraint = asyncpg.UniqueViolationError('duplicate key value violates unique constraint "one"')
    constraint.detail = "Key (phone)=(13800138000) already exists."
    for error in (
        invalid.value,
        constraint,
        asyncpg.InvalidTextRepresentationError('invalid input syntax for type integer: "13800138000"'),
        asyncpg.exceptions._base.DataError("invalid input for query argument $1: '13800138000'"),
        ValueError("no such person: 11010519491231002X"),
    ):
        for text in (failure.describe(error), failure.stack(error)):
            assert not any(value in text for value in ("secret", "13800138000", "11010519491231002X"))
    assert failure.describe(constraint).endswith('violates unique constraint "one"')


def test_what_is_written_down_can_be_stored():
    text = failure.describe(RuntimeError("a\x00b\ud800" + "x" * 5_000))
    assert text.startswith("RuntimeError: a�b?")
    assert len(text) == failure.ERROR_CHARACTERS
    text.encode()


def test_shown_keys_hold_no_values_and_are_bounded():
    assert dead_letters._keys(b'{"a": {"b": [{"c": 1}], "d": {}}, "e": "v"}') == ["a", "a.b", "a.d", "e"]
    assert dead_letters._keys(b"[1]") is None
    assert dead_letters._keys(b"\xff") is None
    assert dead_letters._keys(b"[" * 100_000) is None
    many = json.dumps({f"k{number}": 1 for number in range(1_000)}).encode()
    assert len(dead_letters._keys(many)) == dead_letters.KEYS_SHOWN


async def test_a_stop_lets_a_cancellation_through_and_holds_nothing():
    subscription = next(iter(_listening(BOOKINGS)))
    settlement = Settlement(subscription, None, "g")

    async def cancelled(message):
        raise asyncio.CancelledError

    settlement.stop()
    with pytest.raises(asyncio.CancelledError):
        await settlement.settle(cancelled, type("Message", (), {"raw_message": record()}))
    assert not settlement.holding
    assert not settlement.settling


def _listening(*topics: Topic, service="notifications"):
    subscriptions = Subscriptions(service)
    for topic in topics:
        subscriptions.to(topic)(nothing)
    return subscriptions


@pytest.mark.parametrize("service", ["accounts", "roster", "booking", "queue", "cases", "notifications"])
def test_the_asyncapi_document_tells_what_is_said_and_heard(service):
    heard = [topic for topic in TOPICS if service in topic.consumers]
    found = document(service, _listening(*heard, service=service))
    assert found["asyncapi"] == "3.0.0"
    actions = {name: operation["action"] for name, operation in found["operations"].items()}
    said = [topic.name for topic in TOPICS if topic.producer == service]
    assert actions == dict.fromkeys(said, "send") | {topic.name: "receive" for topic in heard}
    for reference in _references(found):
        _resolve(found, reference)


def test_the_asyncapi_document_tells_of_our_envelope():
    found = document("notifications", _listening(BOOKINGS, SESSIONS))
    channel = found["channels"][BOOKINGS.name]
    (message,) = [_resolve(found, each["$ref"]) for each in channel["messages"].values()]
    assert message["correlationId"] == {"location": "$message.header#/ce_correlationid"}
    assert "booking.BookingMade" in message["headers"]["properties"]["ce_type"]["enum"]
    assert channel["bindings"]["kafka"]["partitions"] == BOOKINGS.partitions
    group = found["operations"][BOOKINGS.name]["bindings"]["kafka"]["groupId"]["enum"]
    assert group == ["notifications.booking.bookings.v1"]
    assert BookingMade.__name__ in found["components"]["schemas"]


def _references(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from _references(each)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


def _resolve(found, reference):
    assert reference.startswith("#/")
    for name in reference[2:].split("/"):
        found = found[name.replace("~1", "/").replace("~0", "~").replace("%20", " ")]
    return found


def test_the_relays_lock_is_one_number_and_no_other_code_takes_it():
    users = [
        path.relative_to(ROOT)
        for folder in ("shared", "services")
        for path in (ROOT / folder).rglob("*.py")
        if "RELAY_LOCK" in path.read_text() or str(sql.RELAY_LOCK) in path.read_text()
    ]
    assert [str(path) for path in users] == ["shared/messaging/sql.py"]
