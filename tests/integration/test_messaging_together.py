"""Messages taken together: one transaction for many, and each its own end where that fails."""

import asyncpg
import pytest

from shared.messaging import metrics
from shared.messaging.consumer import Subscriptions
from tests.integration.messaging_workshop import (
    THINGS,
    ThingNoted,
    headers,
    producer,
    project,
    running,
    until,
    workshop,
)

COUNT = 240


async def effect(connection, received):
    """Applied as often as it was handled, with the transaction that did it."""
    event = received.event
    await connection.execute(
        "insert into effect values ($1, $2, pg_current_xact_id()::text)", event.thing_id, event.version
    )
    await project(connection, received)


def together(handler, *, once=False, most=50):
    subscriptions = Subscriptions("workshop")
    subscriptions.to(THINGS, once=once, together=most)(handler)
    return subscriptions


async def send(kafka, place, notes=(), count=COUNT):
    """Versions of six things over three partitions; `notes` by the message's number."""
    notes = dict(notes)
    topic = place.settings.topic_prefix + THINGS.name
    async with producer(kafka.bootstrap) as made:
        sending = []
        for number in range(count):
            thing = number % 6
            event = ThingNoted(version=number // 6 + 1, thing_id=f"t{thing}", note=notes.get(number, ""))
            payload = event.model_dump_json().encode()
            key = f"t{thing}".encode()
            sending.append(await made.send(topic, payload, key=key, partition=thing % 3, headers=headers()))
        for each in sending:
            await each


async def handled(place, count=COUNT, seconds=30):
    await until(lambda: place.pool.fetchval("select count(*) = $1 from effect", count), seconds)


async def in_order(place):
    rows = await place.pool.fetch("select thing_id, version from effect order by correlation_id::bigint, ctid")
    for thing in {row["thing_id"] for row in rows}:
        versions = [row["version"] for row in rows if row["thing_id"] == thing]
        assert versions == sorted(versions), thing


async def no_lag(messaging):
    async def caught_up():
        (lags,) = [await each.lags() for each in messaging._watchdog._watched]
        return lags is not None and sum(lags.values()) == 0

    await until(caught_up)


async def test_what_waits_is_handled_in_few_transactions_and_in_order(postgres, kafka):
    async with workshop(postgres, kafka) as place:
        await send(kafka, place)
        async with running(place, together(effect)) as messaging:
            await handled(place)
            await no_lag(messaging)
        assert await place.pool.fetchval("select count(distinct correlation_id) from effect") <= COUNT / 10
        assert await place.pool.fetchval("select count(*) from effect") == COUNT
        await in_order(place)


async def test_poison_among_others_is_buried_alone(postgres, kafka):
    async def awkward(connection, received):
        if received.event.note == "bug":
            raise KeyError("nothing")
        if received.event.note == "constraint":
            await connection.execute("insert into thing values ('x', 1, ''), ('x', 1, '')")
        await effect(connection, received)

    async with workshop(postgres, kafka) as place:
        await send(kafka, place, {20: "bug", 21: "constraint", 200: "bug"})
        topic = place.settings.topic_prefix + THINGS.name
        async with producer(kafka.bootstrap) as made:
            await made.send_and_wait(topic, b"{", key=b"k", partition=0, headers=headers())
            await made.send_and_wait(topic, None, key=b"k", partition=0, headers=headers())
        async with running(place, together(awkward, once=True)) as messaging:
            await handled(place, COUNT - 3)
            await no_lag(messaging)
        errors = await place.pool.fetch("select split_part(error, ':', 1) as error from dead_letter order by error")
        assert [row["error"] for row in errors] == ["KeyError", "KeyError", "UniqueViolationError", "Unreadable"]
        await in_order(place)


async def test_a_passing_error_among_others_doubles_and_loses_nothing(postgres, kafka):
    fails = 3

    async def busy(connection, received):
        nonlocal fails
        if received.event.note == "busy" and fails:
            fails -= 1
            raise asyncpg.LockNotAvailableError("somebody has it")
        await effect(connection, received)

    async with workshop(postgres, kafka) as place:
        await send(kafka, place, {100: "busy"})
        async with running(place, together(busy)) as messaging:
            await handled(place)
            await no_lag(messaging)
        assert await place.pool.fetchval("select count(*) from dead_letter") == 0
        assert await place.pool.fetchval("select count(*) from effect") == COUNT
        await in_order(place)


@pytest.mark.slow
async def test_what_was_taken_together_and_not_settled_is_read_again(postgres, kafka, monkeypatch):
    away, few = True, 36  # so few that they are taken from all partitions at once

    async def held(connection, received):
        if received.event.note == "held" and away:
            raise asyncpg.LockNotAvailableError("somebody has it")
        await effect(connection, received)

    monkeypatch.setattr("shared.messaging.settlement.HOLD_SECONDS", 0.2)
    async with workshop(postgres, kafka) as place:
        await send(kafka, place, {9: "held", 10: "held", 11: "held"}, few)
        async with running(place, together(held, once=True)) as messaging:

            async def given_back():
                return messaging.settlements[0]._held

            await until(given_back)
            assert metrics.consumer_holding.labels(THINGS.name)._value.get() in (0, 1)
            away = False
            await handled(place, few)
            await no_lag(messaging)
        assert await place.pool.fetchval("select count(*) from effect") == few
        assert await place.pool.fetchval("select count(*) from dead_letter") == 0
        await in_order(place)


@pytest.mark.slow
async def test_a_stop_among_others_loses_nothing(postgres, kafka):
    async def held(connection, received):
        if received.event.note == "held":
            raise asyncpg.LockNotAvailableError("somebody has it")
        await effect(connection, received)

    async with workshop(postgres, kafka) as place:
        await send(kafka, place, {9: "held", 10: "held", 11: "held"})
        async with running(place, together(held, once=True)):
            await until(lambda: place.pool.fetchval("select count(*) > 0 from effect"))
        assert await place.pool.fetchval("select count(*) from effect") < COUNT
        async with running(place, together(effect, once=True)) as messaging:
            await handled(place)
            await no_lag(messaging)
        assert await place.pool.fetchval("select count(*) from effect") == COUNT
        await in_order(place)
