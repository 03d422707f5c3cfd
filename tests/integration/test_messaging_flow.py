"""The whole way of an event, on the real broker and Postgres: outbox, relay, topic, consumer, projection."""

import asyncio

import asyncpg
import pytest
import structlog
from aiokafka import AIOKafkaConsumer

from shared.messaging import outbox, sql
from shared.messaging.republish import republish, republish_all
from tests.integration.messaging_workshop import (
    THINGS,
    ThingNoted,
    Workshop,
    headers,
    listening,
    producer,
    project,
    running,
    until,
    workshop,
)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def append(place: Workshop, *events: ThingNoted) -> None:
    async with place.pool.acquire() as connection, connection.transaction():
        await outbox.append(connection, *events)


async def published(place: Workshop, count: int) -> list:
    """Everything on the topic, once there are `count` records, by partition and offset."""
    consumer = AIOKafkaConsumer(
        place.settings.topic_prefix + THINGS.name,
        bootstrap_servers=place.settings.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    records: list = []
    try:
        async with asyncio.timeout(15):
            while len(records) < count:
                for some in (await consumer.getmany(timeout_ms=200)).values():
                    records.extend(some)
        # No more than that: the ends are where we are.
        ends = await consumer.end_offsets(consumer.assignment())
        assert sum(ends.values()) == len(records)
    finally:
        await consumer.stop()
    return sorted(records, key=lambda record: (record.partition, record.offset))


async def test_an_event_goes_the_whole_way_with_its_envelope(postgres, kafka):
    seen = {}

    async def handle(connection, received):
        if received.event.subject == "what-follows":
            return
        seen["context"] = structlog.contextvars.get_contextvars()
        seen["envelope"] = received.envelope
        await project(connection, received)
        await outbox.append(connection, ThingNoted(version=1, thing_id="what-follows"))

    async with workshop(postgres, kafka) as place:
        async with running(place, listening(handle)) as messaging:
            with structlog.contextvars.bound_contextvars(correlation_id="correlation-1", traceparent=TRACE):
                await append(place, ThingNoted(version=1, thing_id="清单-1", note="早"))
            messaging.wake()
            await until(lambda: place.pool.fetchval("select note = '早' from thing where thing_id = '清单-1'"))
            follows = "select published_at is not null from outbox where key = 'what-follows'"
            await until(lambda: place.pool.fetchval(follows))
        records = await published(place, 2)
        record = next(each for each in records if each.key.decode() == "清单-1")
        told = dict(record.headers)
        assert told["ce_specversion"] == b"1.0"
        assert told["ce_type"] == b"workshop.ThingNoted"
        assert told["ce_source"] == b"/workshop"
        assert told["ce_subject"].decode() == "清单-1"
        assert told["content-type"] == b"application/json"
        assert told["ce_correlationid"] == b"correlation-1"
        assert told["traceparent"] == TRACE.encode()
        assert told["ce_id"].decode()[14] == "7"
        envelope = seen["envelope"]
        assert (envelope.id, envelope.topic) == (told["ce_id"].decode(), THINGS.name)
        assert (envelope.partition, envelope.offset) == (record.partition, record.offset)
        # What a handler says belongs to what caused it.
        assert seen["context"]["correlation_id"] == "correlation-1"
        follower = await place.pool.fetchrow(
            "select correlation_id, traceparent from outbox where key = 'what-follows'"
        )
        assert tuple(follower) == ("correlation-1", TRACE)


async def test_an_event_of_a_transaction_that_fails_is_not_said(postgres, kafka):
    async with workshop(postgres, kafka) as place, running(place):
        async with place.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await outbox.append(connection, ThingNoted(version=1, thing_id="never"))
            await transaction.rollback()
        await append(place, ThingNoted(version=1, thing_id="said"))
        assert [record.key for record in await published(place, 1)] == [b"said"]


async def test_late_commits_are_published_too(postgres, kafka):
    """A position is taken before the commit, so a lower one may become visible after a higher one was published."""
    async with workshop(postgres, kafka) as place, running(place) as messaging:
        late = await asyncpg.connect(place.settings.database_url.get_secret_value())
        transaction = late.transaction()
        await transaction.start()
        await outbox.append(late, ThingNoted(version=1, thing_id="late"))
        await append(place, ThingNoted(version=1, thing_id="early"))
        messaging.wake()
        # Marked, or deleted already: a relay begins by deleting what was marked.
        waits = "select exists (select from outbox where key = 'early' and published_at is null)"
        await until(lambda: place.pool.fetchval(f"select not ({waits})"))
        await transaction.commit()
        await late.close()
        assert {record.key for record in await published(place, 2)} == {b"early", b"late"}


async def test_the_outbox_refuses_what_the_broker_would_and_carries_the_largest(postgres, kafka):
    frame = len(ThingNoted(version=1, thing_id="big").model_dump_json())
    async with workshop(postgres, kafka) as place, running(place, listening()):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await append(place, ThingNoted(version=1, thing_id="big", note="x" * (262_144 - frame)))
        assert refused.value.constraint_name == "outbox_payload_bounded"
        await append(place, ThingNoted(version=1, thing_id="big", note="x" * (262_143 - frame)))
        await append(place, ThingNoted(version=1, thing_id="small"))
        await until(lambda: place.pool.fetchval("select count(*) = 2 from thing"))
        assert await place.pool.fetchval("select count(*) from dead_letter") == 0


async def test_published_rows_are_marked_and_deleted(postgres, kafka):
    async with workshop(postgres, kafka) as place:
        things = [ThingNoted(version=1, thing_id=f"t{number}") for number in range(600)]
        for _ in range(10):
            await append(place, *things)
        assert await place.pool.fetchval("select count(*) from outbox") == 6_000
        async with running(place):
            unpublished = "select count(*) = 0 from outbox where published_at is null"
            await until(lambda: place.pool.fetchval(unpublished), 30)
            await until(lambda: place.pool.fetchval("select count(*) <= 1000 from outbox"), 30)


async def test_republish_changes_nothing_at_a_consumer_that_has_it(postgres, kafka):
    async with workshop(postgres, kafka) as place, running(place, listening()) as messaging:
        steps = [ThingNoted(version=version, thing_id="t1", note=f"v{version}") for version in (1, 2, 3)]
        await append(place, *steps, *(ThingNoted(version=1, thing_id=f"u{number}") for number in range(60)))
        messaging.wake()
        await until(lambda: place.pool.fetchval("select count(*) = 61 and max(version) = 3 from thing"))
        before = await place.pool.fetch("select * from thing order by thing_id")
        ids = [row["thing_id"] for row in before]
        found = [each async for page in republish(place.pool, place.state_events, [*ids, "nobody"]) for each in page]
        assert sorted(found) == sorted(ids)
        # Everything that was said again has been heard: something appended after it was.
        await append(place, *(ThingNoted(version=1, thing_id=f"end{number}") for number in range(20)))
        messaging.wake()
        await until(lambda: place.pool.fetchval("select count(*) = 81 from thing"))
        after = await place.pool.fetch("select * from thing where thing_id not like 'end%' order by thing_id")
        assert after == before
        assert all(row["changes"] == (3 if row["thing_id"] == "t1" else 1) for row in after)
        records = await published(place, 3 + 60 + 61 + 20)
        told = [record.value for record in records if record.key == b"t1"]
        assert told[-1] == told[-2] == steps[-1].model_dump_json().encode()


async def test_republishing_all_locks_a_page_at_a_time_and_commits_it(postgres, kafka):
    async with workshop(postgres, kafka) as place:
        await place.pool.execute("insert into thing select 't' || number, 4, '' from generate_series(1, 450) as number")
        seen = []

        async def state_events(connection, ids):
            events = await place.state_events(connection, ids)
            async with place.pool.acquire() as other, other.transaction():
                free = len(await other.fetch("select from thing for update skip locked"))
                seen.append((450 - free, await other.fetchval("select count(*) from outbox")))
            return events

        pages = [page async for page in republish_all(place.pool, place.aggregate_ids, state_events)]
        assert [len(page) for page in pages] == [200, 200, 50]
        assert seen == [(200, 0), (200, 200), (50, 400)], "locked by the page, and committed before it"
        assert len({each for page in pages for each in page}) == 450
        async with place.pool.acquire() as blocker, blocker.transaction():
            # Somebody holds a row of the last page: those before it are said all the same, and stay said.
            await blocker.execute("select from thing where thing_id = $1 for update", pages[-1][-1])
            again = republish_all(place.pool, place.aggregate_ids, place.state_events)
            assert [await anext(again), await anext(again)] == pages[:2]
            assert await place.pool.fetchval("select count(*) from outbox") == 850
            await again.aclose()


async def test_an_effect_that_is_no_projection_happens_once(postgres, kafka):
    handled = 0

    async def effect(connection, received):
        nonlocal handled
        handled += 1
        await connection.execute(
            "insert into effect values ($1, $2, '')", received.event.subject, received.event.version
        )

    async with workshop(postgres, kafka) as place, running(place, listening(effect, once=True)):
        topic = place.settings.topic_prefix + THINGS.name
        payload = ThingNoted(version=1, thing_id="t1").model_dump_json().encode()
        async with producer(kafka.bootstrap) as made:
            for ce_id in (b"one", b"one", b"two", b"one", b"last"):
                await made.send_and_wait(topic, payload, key=b"t1", headers=headers(ce_id=ce_id))
        await until(lambda: place.pool.fetchval("select count(*) = 3 from inbox"))
        assert handled == 3
        assert await place.pool.fetchval("select count(*) from effect") == 3


async def test_the_inbox_forgets_after_its_days(postgres, kafka):
    async with workshop(postgres, kafka) as place, place.pool.acquire() as connection:
        await sql.enter_inbox(connection, "new", "workshop.things")
        await connection.execute(
            "insert into inbox select 'old' || n, 'workshop', clock_timestamp() - interval '31 days' "
            "from generate_series(1, 7) n"
        )
        assert [await sql.clean_inbox(connection, 30, 5) for _ in range(3)] == [5, 2, 0]
        assert await connection.fetchval("select array_agg(ce_id) from inbox") == ["new"]


async def test_the_runtime_role_may_not_rewrite_what_was_said(postgres, kafka):
    async with workshop(postgres, kafka) as place:
        await append(place, ThingNoted(version=1, thing_id="t1"))
        await place.pool.execute(
            """
            insert into dead_letter (topic, partition, "offset", sent_at, consumer_group, headers, raw, error, stack,
                                     attempts)
            values ('t', 0, 0, now(), 'g', '[]', '', '', '', 1)
            """
        )
        for statement in (
            "update outbox set payload = '{}'",
            "update outbox set position = default",
            "update inbox set ce_id = ''",
            "update dead_letter set raw = ''",
            "delete from dead_letter",  # what waits
            "truncate outbox",
            "create or replace function county_now() returns timestamptz language sql as 'select now()'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await place.pool.execute(statement)
        assert await place.pool.fetchval("select county_now() = now()")
