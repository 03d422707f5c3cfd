"""Poison of every kind ends in the dead letters, byte for byte, and blocks nothing; there it can be settled."""

import asyncio
import json
import re
from base64 import b64encode

import asyncpg
import pytest

from shared.messaging import dead_letters, failure
from shared.messaging.settlement import ANSWERED_LIMIT, HOLD_WAITS_SECONDS, TRIES
from shared.problems import Problem
from tests.integration.messaging_workshop import (
    THINGS,
    ThingNoted,
    headers,
    listening,
    producer,
    project,
    running,
    until,
    workshop,
)

GOOD = ThingNoted(version=1, thing_id="poison").model_dump_json().encode()

UNREADABLE = {
    "bad JSON": (b'{"version": 1, ', headers()),
    "not UTF-8": (b'{"version": 1, "thing_id": "\xff"}', headers()),
    "empty": (b"", headers()),
    "no object": (b"[1]", headers()),
    "schema": (b'{"version": 0, "thing_id": "4081-secret"}', headers()),
    "deep": (b'{"version": 1, "thing_id": ' + b"[" * 50_000, headers()),
    "null header": (GOOD, headers(ce_source=None)),
    "header that is not UTF-8": (GOOD, headers(other=b"\xff\xfe")),
    "no headers": (GOOD, []),
    "no id": (GOOD, headers(ce_id=b"")),
    "long id": (GOOD, headers(ce_id=b"x" * 201)),
    "U+0000 in the id": (GOOD, headers(ce_id=b"a\x00b")),
    "unknown type": (GOOD, headers(ce_type=b"workshop.ThingForgotten")),
    "type of another topic": (GOOD, headers(ce_type=b"booking.BookingMade")),
    "1 MB": (b'{"version": 1, "thing_id": "big", "note": "' + b"x" * 900_000 + b'"}', headers()),
}


class ThingImpossible(Problem):
    """A rule refused it."""

    status = 409
    code = "thing_impossible"


async def awkward(connection, received):
    """A handler that fails in the way the note says."""
    match received.event.note:
        case "problem":
            raise ThingImpossible("never")
        case "bug":
            raise KeyError("nothing")
        case "exit":
            raise SystemExit(3)
        case "integer":  # client side: asyncpg refuses the argument, which is an interface error
            await connection.execute("insert into effect values ('', $1, '')", 2**70)
        case "text":  # server side
            await connection.execute("insert into effect values ($1, 1, '')", "a\x00b")
        case "constraint":
            await connection.execute("insert into thing values ('x', 1, ''), ('x', 1, '')")
    await project(connection, received)


async def test_poison_ends_in_dead_letters_and_blocks_nothing(postgres, kafka):
    async with workshop(postgres, kafka) as place, running(place, listening(awkward)) as messaging:
        topic = place.settings.topic_prefix + THINGS.name
        sent = {}
        async with producer(kafka.bootstrap) as made:
            for number, (kind, (payload, its_headers)) in enumerate(UNREADABLE.items()):
                record = await made.send_and_wait(topic, payload, key=b"k", partition=1, headers=its_headers)
                sent[record.offset] = (kind, payload, its_headers)
                good = ThingNoted(version=1, thing_id=f"good{number}").model_dump_json().encode()
                await made.send_and_wait(topic, good, key=b"k", partition=1, headers=headers())
            await made.send_and_wait(topic, None, key=b"gone", partition=1, headers=[])
            for note in ("problem", "bug", "exit", "integer", "text", "constraint"):
                payload = ThingNoted(version=1, thing_id=note, note=note).model_dump_json().encode()
                record = await made.send_and_wait(topic, payload, key=b"k", partition=1, headers=headers())
                sent[record.offset] = (note, payload, None)
            last = ThingNoted(version=1, thing_id="last").model_dump_json().encode()
            await made.send_and_wait(topic, last, key=b"k", partition=1, headers=headers())
        await until(lambda: place.pool.fetchval("select true from thing where thing_id = 'last'"), 30)

        assert await place.pool.fetchval("select count(*) from thing") == len(UNREADABLE) + 1
        letters = {row["offset"]: row for row in await place.pool.fetch("select * from dead_letter")}
        assert letters.keys() == sent.keys()
        for offset, (kind, payload, its_headers) in sent.items():
            letter = letters[offset]
            assert letter["raw"] == payload, kind
            assert (letter["topic"], letter["partition"], letter["state"]) == (topic, 1, "waiting"), kind
            assert letter["consumer_group"] == place.settings.topic_prefix + "workshop.workshop.things.v1"
            if its_headers is not None:
                assert letter["attempts"] == 1, kind
                assert letter["error"].startswith("Unreadable: "), kind
                assert dead_letters.unpack_headers(letter["headers"]) == its_headers, kind
            else:
                assert letter["attempts"] == TRIES, kind
                assert ("test_messaging_poison.py" in letter["stack"]) == (kind != "exit"), kind
        told = {kind: letters[offset]["error"] for offset, (kind, _, _) in sent.items()}
        assert told["schema"] == "Unreadable: the payload is no ThingNoted: version: greater_than_equal"
        assert told["problem"] == "ThingImpossible: never"
        assert told["constraint"].startswith("UniqueViolationError: 23505 thing thing_pkey duplicate key")
        assert told["integer"].startswith("DataError: ")
        for error in told.values():
            assert not re.search("Key [(]|secret|1180591620717411303424", error)
        # The offset moved past all of it, and its group is not behind.
        (lags,) = [await each.lags() for each in messaging._watchdog._watched]
        assert sum(lags.values()) == 0
        await messaging.measure()


async def test_a_passing_error_that_never_passes_is_poison_too(postgres, kafka, monkeypatch):
    """A statement that always times out would else hold its partition for ever, and look healthy."""
    monkeypatch.setattr("shared.messaging.settlement.HOLD_WAITS_SECONDS", (0.01,))
    assert sum(HOLD_WAITS_SECONDS) < 20

    async def slow(connection, received):
        if received.event.note == "slow":
            await connection.execute("set local statement_timeout = '10ms'")
            await connection.execute("select pg_sleep(1)")
        await project(connection, received)

    async with workshop(postgres, kafka) as place, running(place, listening(slow)) as messaging:
        topic = place.settings.topic_prefix + THINGS.name
        async with producer(kafka.bootstrap) as made:
            for name in ("slow", "quick"):
                payload = ThingNoted(version=1, thing_id=name, note=name).model_dump_json().encode()
                await made.send_and_wait(topic, payload, key=b"k", partition=0, headers=headers())
        await until(lambda: place.pool.fetchval("select true from thing where thing_id = 'quick'"))
        letter = await place.pool.fetchrow("select * from dead_letter")
        assert letter["error"].startswith("QueryCanceledError: 57014")
        assert letter["attempts"] == ANSWERED_LIMIT
        assert not messaging.settlements[0].holding


async def test_dead_letters_are_listed_shown_replayed_and_discarded(postgres, kafka):
    healed = asyncio.Event()

    async def handle(connection, received):
        if received.event.note == "待修" and not healed.is_set():
            raise ThingImpossible
        await project(connection, received)

    subscriptions = listening(handle, once=True)
    async with workshop(postgres, kafka) as place, running(place, subscriptions):
        prefix = place.settings.topic_prefix
        async with producer(kafka.bootstrap) as made:
            for version, thing in ((1, "old"), (2, "new")):
                payload = ThingNoted(version=version, thing_id=thing, note="待修").model_dump_json().encode()
                await made.send_and_wait(prefix + THINGS.name, payload, key=b"k", headers=headers(extra=b"13800138000"))
            newer = ThingNoted(version=3, thing_id="old", note="newer").model_dump_json().encode()
            await made.send_and_wait(prefix + THINGS.name, newer, key=b"k", headers=headers())
            await made.send_and_wait(prefix + THINGS.name, b"junk 13800138000", key=b"k", headers=headers())
        await until(lambda: place.pool.fetchval("select count(*) = 3 from dead_letter"))

        async with place.pool.acquire() as connection:
            old, new, junk = [each.id for each in await dead_letters.select(connection)]
            masked = await dead_letters.show(connection, old)
            assert masked["payload_keys"] == ["note", "thing_id", "version"]
            assert ["extra", "(11 bytes)"] in masked["headers"]
            assert ["ce_type", "workshop.ThingNoted"] in masked["headers"]
            for number in (old, new, junk):
                text = json.dumps(await dead_letters.show(connection, number), ensure_ascii=False)
                assert "13800138000" not in text
                assert "待修" not in text
            assert "待修" in (await dead_letters.show(connection, old, raw=True))["payload"]
            with pytest.raises(dead_letters.DeadLetterUnknown):
                await dead_letters.show(connection, 10**9)

        with pytest.raises(dead_letters.ReplayFailed):
            await dead_letters.replay(place.pool, subscriptions, prefix, old)
        assert await place.pool.fetchval(
            "select attempts = 4 and state = 'waiting' from dead_letter where id = $1", old
        )
        assert await place.pool.fetchval("select count(*) from inbox") == 1  # a failed one is not remembered
        with pytest.raises(dead_letters.ConsumerUnknown):
            await dead_letters.replay(place.pool, subscriptions, "other.", old)
        healed.set()
        for number in (old, new):
            await dead_letters.replay(place.pool, subscriptions, prefix, number)
        # What became old meanwhile is absorbed; the rest is there now. Nothing was published again.
        assert await place.pool.fetchval("select note from thing where thing_id = 'old'") == "newer"
        assert await place.pool.fetchval("select version from thing where thing_id = 'new'") == 2
        assert await place.pool.fetchval("select count(*) from outbox") == 0
        with pytest.raises(dead_letters.DeadLetterUnknown):
            await dead_letters.replay(place.pool, subscriptions, prefix, new)

        async with place.pool.acquire() as connection:
            await dead_letters.discard(connection, junk)
            with pytest.raises(dead_letters.DeadLetterUnknown):
                await dead_letters.discard(connection, junk)
            assert await dead_letters.select(connection) == []
            everything = await dead_letters.select(connection, None)
            assert [each.state for each in everything] == ["replayed", "replayed", "discarded"]


async def test_two_replays_of_one_letter_handle_it_once(postgres, kafka):
    handled = 0

    async def handle(connection, received):
        nonlocal handled
        handled += 1
        await asyncio.sleep(0.2)

    subscriptions = listening(handle)
    async with workshop(postgres, kafka) as place:
        group = place.settings.topic_prefix + "workshop.workshop.things.v1"
        packed = json.dumps([[name, b64encode(value).decode()] for name, value in headers()]).encode()
        await place.pool.execute(
            """
            insert into dead_letter
                (topic, partition, "offset", sent_at, consumer_group, headers, raw, error, stack, attempts)
            values ('t', 0, 0, clock_timestamp(), $1, $2, $3, '', '', 1)
            """,
            group,
            packed,
            GOOD,
        )
        replays = [dead_letters.replay(place.pool, subscriptions, place.settings.topic_prefix, 1) for _ in range(3)]
        answers = await asyncio.gather(*replays, return_exceptions=True)
        assert handled == 1
        assert [type(each) for each in answers if each] == [dead_letters.DeadLetterUnknown] * 2


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.CannotConnectNowError(), True),
        (asyncpg.DeadlockDetectedError(), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (asyncpg.exceptions._base.DataError("value out of int64 range"), False),
        (asyncpg.UniqueViolationError(), False),
        (ThingImpossible(), False),
        (KeyError(), False),
        (FileNotFoundError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_passes_is_a_list(error, passes):
    assert failure.passes(error) is passes
