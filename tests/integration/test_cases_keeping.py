"""What lasts: the topic equals the tables; what names a person goes after its term, but a repeated case's index."""

import asyncio
import json
from datetime import date
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from services.cases import workers
from services.cases.commands import state_events
from services.cases.domain.case import Case
from services.cases.office import public
from services.cases.queries import aggregate_ids
from shared import database
from shared.events.topics import CASES
from shared.rights import retention
from tests.integration import cases_town
from tests.integration.cases_town import Town

AFTER = date(2026, 8, 3)


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def some_lives(town: Town) -> None:
    """Cases that have gone different ways, each some steps long."""
    closed = await town.answered()
    await town.reply(closed, "confirm")
    refused = await town.answered(title="另一件")
    await town.reply(refused, "refuse", words="没有好")
    merged, into = await town.entered(title="甲"), await town.entered(title="乙")
    await town.do("manager", merged, "merge", into=into)
    await town.do("land", into, "accept")
    await town.do("land", into, "give_part", department_id="water", words="x", due_on="2026-03-10")
    await town.do("land", into, "promise_measure", beneficiary="firm", words="x", due_on="2026-03-10")
    await town.do("county", into, "list", words="x")
    await town.raised(kind="complaint", about_person=True, about="某人", about_department_id="land")


async def test_a_projection_rebuilt_from_the_topic_equals_the_tables(  # noqa: PLR0917
    kafka, topic_prefix, database, settings_env, monkeypatch, set_county_now
):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("TOPIC_PREFIX", topic_prefix)
    env = {**settings_env, "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "TOPIC_PREFIX": topic_prefix}
    async with cases_town.opened(database, env, monkeypatch, set_county_now) as town:
        await some_lives(town)
        rows = await town.fetch('select * from "case" order by case_id')
        wanted = {str(row["case_id"]): row["version"] for row in rows}
        consumer = AIOKafkaConsumer(
            topic_prefix + CASES.name, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        projection: dict[str, tuple[int, dict[str, Any]]] = {}
        try:
            async with asyncio.timeout(30):
                while {key: version for key, (version, _) in projection.items()} != wanted:
                    for some in (await consumer.getmany(timeout_ms=200)).values():
                        for record in some:
                            told = json.loads(record.value)
                            key = record.key.decode()
                            assert told["version"] == projection.get(key, (0, {}))[0] + 1, "in order, without a gap"
                            projection[key] = (told["version"], told["case"])
        finally:
            await consumer.stop()
        async with town.pool.acquire() as connection:
            states = await public(connection, [Case.of(row) for row in rows])
        assert {key: state for key, (_, state) in projection.items()} == {
            each.case_id: json.loads(each.model_dump_json()) for each in states
        }


async def test_republish_says_each_case_as_it_was_last_said(town: Town):
    await some_lives(town)
    last = await town.fetch(
        "select distinct on (key) key, payload from outbox where topic = 'cases.cases.v1' order by key, position desc"
    )
    async with database.transaction(town.pool) as connection:
        ids = await aggregate_ids(connection, None, 100)
        again = await state_events(connection, ids)
    assert {each.subject: json.loads(each.model_dump_json()) for each in again} == {
        row["key"]: json.loads(row["payload"]) for row in last
    }


async def forget(town: Town) -> dict[str, int]:
    forgotten = await retention.run(town.pool, workers.rules(town.runtime.settings), 90)
    assert forgotten is not None
    return forgotten


async def test_after_its_term_a_closed_case_names_nobody_and_an_open_one_does(town: Town):
    closed, still_open = await town.answered(), await town.raised(title="还在办的")
    await town.reply(closed, "confirm")
    await town.on(date(2026, 5, 29))
    assert (await forget(town))["cases"] == 0
    await town.on(AFTER)
    assert (await forget(town))["cases"] == 1
    assert (await forget(town))["cases"] == 0
    rows = {str(row["case_id"]): row for row in await town.fetch('select * from "case"')}
    gone, kept = rows[closed["case_id"]], rows[still_open["case_id"]]
    named = ("title", "words", "person", "phone_key", "tokens", "digits_keys")
    assert [gone[each] for each in named] == [None, None, None, None, [], []]
    assert all(kept[each] for each in named)
    assert (await town.looked_up(closed["number"])).status_code == 404
    assert (await town.file(closed["case_id"]))["card"]["title"] is None


async def test_of_what_was_raised_more_than_once_the_blind_index_stays(town: Town):
    first = await town.answered()
    await town.reply(first, "confirm")
    again = await town.raised(raised_before=first["number"])
    await town.work(again["case_id"])
    await town.reply(again, "confirm")
    await town.on(AFTER)
    assert (await forget(town))["cases"] == 2
    rows = {str(row["case_id"]): row for row in await town.fetch('select * from "case"')}
    assert rows[again["case_id"]]["phone_key"] is not None
    assert rows[again["case_id"]]["person"] is None
    assert rows[first["case_id"]]["phone_key"] is None


async def test_a_case_waits_for_its_look_back_and_its_promises(town: Town):
    case = await town.raised()
    await town.do("land", case["case_id"], "accept")
    await town.do(
        "land", case["case_id"], "promise_measure", beneficiary="household", words="送煤", due_on="2026-03-20"
    )
    await town.work(case["case_id"])
    await town.reply(case, "confirm")
    await town.on(AFTER)
    assert (await forget(town))["cases"] == 0
    (measure,) = (await town.file(case["case_id"]))["measures"]
    await town.do("land", case["case_id"], "keep_measure", measure_id=measure["measure_id"], words="送到了")
    assert (await forget(town))["cases"] == 1
