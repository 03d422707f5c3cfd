"""The whole service: over real Kafka from booking's outbox to the box, what staff read, and least rights."""

import asyncio
import time
import uuid
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.notifications import app as notifications_app
from shared import database as databases
from shared.application import Runtime
from shared.events import roster
from shared.messaging import outbox
from shared.messaging.relay import Relay
from shared.settings import ServiceSettings
from tests import identity
from tests.integration.notifications_day import behind, visit
from tests.integration.notifications_hall import VISIT, at, hall_open, matter, said, session, venue


@asynccontextmanager
async def running():
    """The service as it runs, spoken to over ASGI."""
    app = notifications_app.create_app()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://notifications", headers=identity.bearer()) as client,
    ):
        client.runtime = app.state.runtime
        yield client


async def eventually(look, wanted, seconds=30):
    """What `look` finds, once it is `wanted`; the last finding after so many seconds."""
    end = time.monotonic() + seconds
    while (found := await look()) != wanted and time.monotonic() < end:
        await asyncio.sleep(0.02)
    return found


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with hall_open(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


class Speaker:
    """Another service: says events through its own outbox and relay."""

    def __init__(self, pool, relay):
        self._pool = pool
        self._relay = relay

    async def say(self, *events):
        async with databases.transaction(self._pool) as connection:
            await outbox.append(connection, *events)
        self._relay.wake()


@asynccontextmanager
async def speaking(make_database, service):
    """Another service, on the Kafka that the environment names."""
    made = await make_database(service)
    settings = ServiceSettings()
    pool = await databases.open_pool(made.runtime_dsn, size=2, application_name=service)
    relay = Relay(made.runtime_dsn, settings, service)
    relaying = asyncio.create_task(relay.run())
    try:
        yield Speaker(pool, relay)
    finally:
        await relay.close()
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        await pool.close()


@pytest.fixture
async def county(hall, database, kafka, topic_prefix, monkeypatch):
    """Roster and booking on real Kafka; what the hall had heard of the session is taken away."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("TOPIC_PREFIX", topic_prefix)
    await hall.fetch("delete from session")
    async with speaking(database, "roster") as the_roster, speaking(database, "booking") as the_booking:
        yield the_roster, the_booking


async def said_on_kafka(kafka, topic_prefix, count):
    """So many of our own events, as anybody reads them: type, correlation id, text."""
    consumer = AIOKafkaConsumer(
        f"{topic_prefix}notifications.messages.v1", bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        found = []
        async with asyncio.timeout(20):
            while len(found) < count:
                record = await consumer.getone()
                headers = {name: value.decode() for name, value in record.headers}
                found.append((headers["ce_type"], headers["ce_correlationid"], record.value.decode()))
        return found
    finally:
        await consumer.stop()


async def forget_offsets(kafka, topic_prefix):
    """Have our groups read everything from the beginning."""
    for topic in ("booking.bookings.v1", "roster.sessions.v1", "roster.matters.v1", "roster.venues.v1"):
        consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka.bootstrap,
            group_id=f"{topic_prefix}notifications.{topic}",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            await consumer._client.force_metadata_update()
            parts = [
                TopicPartition(topic_prefix + topic, each)
                for each in consumer._client.cluster.partitions_for_topic(topic_prefix + topic)
            ]
            consumer.assign(parts)
            await consumer.commit(dict.fromkeys(parts, 0))
        finally:
            await consumer.stop()


@pytest.mark.slow
async def test_from_bookings_outbox_over_kafka_into_the_box_and_never_twice(hall, county, kafka, topic_prefix):
    the_roster, the_booking = county
    hall.desk.card()
    async with running():
        await the_booking.say(said("made", 1))
        await the_roster.say(
            roster.VenueDescribed(version=1, venue=venue()),
            roster.MatterDescribed(version=1, matter=matter()),
            roster.SessionPlanned(version=1, session=session()),
        )
        assert await eventually(hall.messages, {"booked1": "sent", "reminder1": "waiting"}) == {
            "booked1": "sent",
            "reminder1": "waiting",
        }
        hall.desk.card(state="cancelled", version=2)
        await the_booking.say(said("made", 1), said("cancelled", 2))

        async def states():
            return (await hall.messages()).get("cancelled2")

        assert await eventually(states, "sent") == "sent"
        assert [kind for kind, *_ in await hall.box()] == ["booked", "cancelled"]
        told = await said_on_kafka(kafka, topic_prefix, 4)
    assert sorted(kind.removeprefix("notifications.") for kind, *_ in told) == [
        "MessageQueued",
        "MessageQueued",
        "MessageSent",
        "MessageSent",
    ]
    (row,) = await hall.fetch("select correlation_id from message where kind = 'booked'")
    assert row["correlation_id"] in {correlation_id for _, correlation_id, _ in told}
    assert hall.desk.asked[0][2] == row["correlation_id"]
    for _, _, text in told:
        assert "王" not in text
        assert "13912345678" not in text
        assert "4081" not in text

    before = await hall.fetch("select message_id, state, attempts, version from message order by 1")
    await forget_offsets(kafka, topic_prefix)
    heard_again = 0

    async def count():
        return heard_again

    take = next(each for each in notifications_app.subscriptions if each.topic.name == "booking.bookings.v1")
    original = take.handler

    async def counting(connection, received):
        nonlocal heard_again
        heard_again += 1
        await original(connection, received)

    object.__setattr__(take, "handler", counting)
    try:
        async with running():
            assert await eventually(count, 3) == 3, "the topic is read from the beginning"
            await asyncio.sleep(0.2)  # what should not be sent would be by now
    finally:
        object.__setattr__(take, "handler", original)
    assert await hall.fetch("select message_id, state, attempts, version from message order by 1") == before
    assert len(await hall.box()) == 2


@pytest.mark.slow
async def test_from_the_queues_outbox_over_kafka_into_the_box(hall, county, database):
    _, the_booking = county
    await hall.hear(roster.SessionPlanned(version=1, session=session()))
    await hall.set_now(at("2026-12-01T10:00"))
    hall.desk.card()
    async with speaking(database, "queue") as the_queue, running():
        await the_booking.say(said("made", 1))

        async def heard():
            return len(await hall.fetch("select from booking"))

        assert await eventually(heard, 1) == 1
        for event in (visit("Called", 3), visit("Called", 3), visit("Unanswered", 4)):
            await the_queue.say(event)

        async def states():
            found = await hall.messages()
            return found.get("missed4"), found.get("running_late2")

        assert await eventually(states, ("sent", None)) == ("sent", None)
        await the_queue.say(behind(2, 40))
        assert await eventually(states, ("sent", "sent")) == ("sent", "sent")
        versions = await hall.fetch("select version from visit union all select version from window_day order by 1")
        assert [row["version"] for row in versions] == [2, 4]
        boxed = [kind for kind, *_ in await hall.box()]
        assert len(boxed) == len(set(boxed)), "what was said twice is told once"


@pytest.mark.slow
async def test_the_workers_are_woken_and_do_not_wait_for_their_look(hall, county):
    the_roster, the_booking = county
    await the_roster.say(roster.SessionPlanned(version=1, session=session()))
    async with running():

        async def sessions():
            return len(await hall.fetch("select from session"))

        assert await eventually(sessions, 1) == 1
        took = []
        for number in range(20):
            booking_id = f"b{number}"
            hall.desk.card(booking_id)
            began = time.perf_counter()
            await the_booking.say(said("made", 1, booking_id))

            async def sent(wanted=booking_id):
                return len(await hall.fetch("select from console_message where about = $1", wanted))

            assert await eventually(sent, 1) == 1
            took.append(time.perf_counter() - began)
        assert sorted(took)[len(took) // 2] < 0.5, "a worker that only looks every second needs more"


async def test_staff_read_the_box(hall):
    hall.desk.card()
    await hall.hear(said("made", 1))
    await hall.work()
    async with running() as client:
        answer = await client.get("/api/notifications/v1/staff/console-messages?limit=10")
        assert answer.status_code == 200
        (item,) = answer.json()["items"]
        assert item["kind"] == "booked"
        assert item["language"] == "zh"
        assert item["to"] == "*********78"
        assert item["about"] == "b1"
        assert item["subject"].startswith("约好了")
        assert "4081 2736" in item["body"]
        assert set(item) == {"message_id", "kind", "language", "to", "subject", "body", "about", "sent_at"}
        for limit in ("0", "201", "many"):
            refused = await client.get(f"/api/notifications/v1/staff/console-messages?limit={limit}")
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_staff_see_whom_to_call_and_every_unmasking_stands_in_the_audit(hall, monkeypatch, capsys):
    monkeypatch.setenv("LOG_LEVEL", "info")
    hall.desk.card(phone=None)
    hall.desk.card("b2", phone=None, state="cancelled", version=2)
    await hall.hear(said("made", 1))
    await hall.hear(said("cancelled", 2, "b2", reason="session_cancelled"))
    await hall.work()
    await hall.fetch("update message set phone = $1 where about = 'b2'", hall.vault.encrypt("0856123", "message.phone"))
    async with running() as client:
        items = (await client.get("/api/notifications/v1/staff/call-list")).json()["items"]
        assert [(each["about"], each["kind"], each["reason"]) for each in items] == [
            ("b2", "session_cancelled", "no_address"),
            ("b1", "booked", "no_address"),
        ]
        assert items[0]["phone"] == "*****23"
        assert await hall.fetch("select * from audit_entry") == []
        shown = (await client.get(f"/api/notifications/v1/staff/call-list/{items[0]['message_id']}")).json()
        assert shown["phone"] == "0856123"
        assert "不要白跑一趟" in shown["body"]
        (row,) = await hall.fetch("select * from audit_entry")
        assert (row["action"], row["record_id"]) == ("call.unmasked", items[0]["message_id"])
        assert "0856123" not in str(tuple(row)) + capsys.readouterr().out
        (row,) = await hall.fetch("select message_id from message where kind = 'reminder'")
        for unknown in (row["message_id"], uuid.uuid4()):
            answer = await client.get(f"/api/notifications/v1/staff/call-list/{unknown}")
            assert (answer.status_code, answer.json()["code"]) == (404, "call_unknown")
        assert len(await hall.fetch("select * from audit_entry")) == 1
    await hall.set_now(at("2026-12-02T09:31"))
    async with running() as client:
        assert (await client.get("/api/notifications/v1/staff/call-list")).json() == {"items": []}, "too late to call"


async def test_a_message_is_unique_whatever_the_code_does(hall):
    await hall.hear(said("made", 1))
    columns = (
        "about, about_version, kind, recipient, language, starts_at, window_id, session_date, queued_at, due_at, try_at"
    )
    with pytest.raises(asyncpg.UniqueViolationError) as violation:
        await hall.fetch(f"insert into message ({columns}) select {columns} from message where kind = 'booked'")
    assert violation.value.constraint_name == "message_once"
    with pytest.raises(asyncpg.UniqueViolationError) as violation:
        await hall.fetch(
            f"insert into message ({columns}) select {columns.replace('about_version', '7', 1)} "
            "from message where kind = 'reminder'"
        )
    assert violation.value.constraint_name == "message_reminder_once"


async def test_the_service_may_not_delete_messages_nor_change_the_box(hall):
    async with hall.pool.acquire() as connection:
        for statement in (
            "delete from message",
            "truncate message",
            "delete from delivery",
            "update console_message set about = ''",
            "delete from booking",
            "create table mine (id int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_the_visit_is_not_told_of_twice_by_two_replicas(hall):
    for number in range(10):
        hall.desk.card(f"b{number}")
        await hall.hear(said("made", 1, f"b{number}", starts_at=VISIT))
    async with running() as one, running() as two:
        assert isinstance(one.runtime, Runtime)
        assert two.runtime is not one.runtime

        async def sent():
            return len(await hall.box())

        assert await eventually(sent, 10) == 10
    (row,) = await hall.fetch("select count(*) from delivery")
    assert row["count"] == 10
