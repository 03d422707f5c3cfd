"""What an operator does from the command line, as every service offers it."""

import asyncio
import json

import asyncpg
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from shared.command_line import make_command_line
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


async def fails_once(connection, received):
    """Fails while the thing is unknown."""
    if not await connection.fetchval("select true from effect"):
        raise KeyError("not yet")
    await project(connection, received)


@pytest.fixture
async def place(postgres, kafka):
    async with workshop(postgres, kafka) as made:
        yield made


@pytest.fixture
def operate(place):
    """Run a command; gives exit code, standard output and standard error."""
    command_line = make_command_line(
        "workshop",
        settings_factory=lambda: place.settings,
        app_factory=lambda: FastAPI(title="Workshop"),
        subscriptions=listening(fails_once),
        aggregate_ids=place.aggregate_ids,
        state_events=place.state_events,
    )

    async def run(*arguments: str):
        found = await asyncio.to_thread(CliRunner().invoke, command_line, arguments)
        assert not found.exception or isinstance(found.exception, SystemExit), found.exception
        return found.exit_code, found.stdout, found.stderr

    return run


async def test_dead_letters_are_settled_from_the_command_line(place, kafka, operate):
    async with running(place, listening(fails_once)):
        topic = place.settings.topic_prefix + THINGS.name
        async with producer(kafka.bootstrap) as made:
            for name in ("t1", "t2"):
                payload = ThingNoted(version=1, thing_id=name, note="秘密").model_dump_json().encode()
                await made.send_and_wait(topic, payload, key=b"k", headers=headers())
            await made.send_and_wait(topic, b"junk", key=b"k", headers=headers())
        await until(lambda: place.pool.fetchval("select count(*) = 3 from dead_letter"))
    first, second, junk = [row["id"] for row in await place.pool.fetch("select id from dead_letter order by id")]

    code, output, _ = await operate("dead-letters", "list")
    assert code == 0
    assert [json.loads(each)["id"] for each in output.splitlines()] == [first, second, junk]
    code, output, _ = await operate("dead-letters", "show", str(first))
    assert "秘密" not in output
    assert json.loads(output)["payload_keys"] == ["note", "thing_id", "version"]
    code, output, _ = await operate("dead-letters", "show", str(first), "--raw")
    assert "秘密" in json.loads(output)["payload"]
    assert (await operate("dead-letters", "show", "999999"))[0] == 1

    code, output, said = await operate("dead-letters", "replay", str(first))
    assert (code, output) == (1, "0 replayed, 1 not\n")
    assert "KeyError: 'not yet'" in said
    await place.pool.execute("insert into effect values ('', 1, '')")
    code, output, said = await operate("dead-letters", "replay", "--all")
    assert (code, output) == (1, "2 replayed, 1 not\n")
    assert f"{junk}: Unreadable: the payload is no ThingNoted" in said
    assert await place.pool.fetchval("select count(*) = 2 from thing")
    assert (await operate("dead-letters", "discard", str(junk)))[:2] == (0, "1 discarded, 0 not\n")
    assert (await operate("dead-letters", "discard", str(junk)))[0] == 1
    code, output, _ = await operate("dead-letters", "list", "--state", "all")
    assert [json.loads(each)["state"] for each in output.splitlines()] == ["replayed", "replayed", "discarded"]


async def test_settled_dead_letters_are_deleted_after_a_month_and_waiting_ones_never(place):
    """More than one batch of them, all failed long ago."""
    owner = await asyncpg.connect(place.owner_dsn)
    await owner.execute(
        """
        insert into dead_letter (topic, partition, "offset", sent_at, consumer_group, headers, raw, error, stack,
                                 attempts, failed_at, state, settled_at)
        select 't', 0, number, now(), state || days, '[]', '', '', '', 1, now() - interval '90 days', state,
               case when state <> 'waiting' then now() - make_interval(days => days) end
        from generate_series(1, 150) as number,
             (values ('replayed', 31), ('discarded', 31), ('replayed', 29), ('discarded', 29), ('waiting', 0))
                 as letter (state, days)
        """
    )
    await owner.close()
    async with running(place):
        await until(
            lambda: place.pool.fetchval("select not exists (select from dead_letter where consumer_group ~ '31')")
        )
    rows = await place.pool.fetch("select consumer_group, count(*) from dead_letter group by 1 order by 1")
    assert dict(rows) == {"discarded29": 150, "replayed29": 150, "waiting0": 150}


async def test_republish_from_the_command_line(place, operate):
    await place.pool.execute("insert into thing select 't' || number, 4, 'now' from generate_series(0, 449) as number")
    code, output, said = await operate("republish", "t1", "nobody", "t1")
    assert (code, output) == (1, "1 republished\n")
    assert "nobody: unknown" in said
    code, output, _ = await operate("republish", "--all")
    assert (code, output) == (0, "450 republished\n")
    assert await place.pool.fetchval("select count(*) from outbox where version = 4") == 451
    assert await place.pool.fetchval("select count(distinct subject) from outbox") == 450
    assert await place.pool.fetchval("select count(*) from thing where version = 4 and changes = 1") == 450


@pytest.mark.parametrize(
    "arguments",
    [
        ("republish",),
        ("republish", "t1", "--all"),
        ("dead-letters", "replay"),
        ("dead-letters", "list", "--state", "x"),
    ],
    ids=" ".join,
)
async def test_what_is_not_said_clearly_is_not_done(operate, arguments):
    assert (await operate(*arguments))[0] == 2


async def test_documents_are_printed(operate):
    code, output, _ = await operate("openapi")
    assert (code, json.loads(output)["info"]["title"]) == (0, "Workshop")
    code, output, _ = await operate("asyncapi")
    assert (code, json.loads(output)["operations"][THINGS.name]["action"]) == (0, "receive")
