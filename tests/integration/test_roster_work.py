"""The roster on real servers: planning by the clock, changes at once, the command line, and Kafka."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from typer.testing import CliRunner

from services.roster import commands, queries
from services.roster.command_line import command_line
from services.roster.domain.problems import SessionDateTaken
from services.roster.sql import sessions as sessions_sql
from shared import database as databases
from shared import logs
from shared.database import county_now, open_pool
from shared.events.base import event_type
from shared.events.roster import SessionPlanned
from shared.messaging.republish import republish_all
from tests.integration.roster_county import CALENDAR_2027, PACK, ZONE, at, pack
from tests.integration.test_roster_http import NOW, opened

ROOT = Path(__file__).parents[2]
SECONDS = 20


async def until(condition, what):
    """Wait for `condition`, at most SECONDS."""
    async with asyncio.timeout(SECONDS):
        while not await condition():
            await asyncio.sleep(0.02)
    assert what


@pytest.fixture
async def made(database, set_county_now):
    clone = await database("roster")
    await set_county_now(clone.owner_dsn, NOW)
    return clone


@pytest.fixture
async def pool(made):
    pool = await open_pool(made.runtime_dsn, size=4, application_name="roster-test")
    yield pool
    await pool.close()


async def run(pool, command, *values, **named):
    async with databases.transaction(pool) as connection:
        return await command(connection, ZONE, await county_now(connection), *values, **named)


async def planned(pool):
    async with databases.transaction(pool) as connection:
        found = await sessions_sql.lock_sessions(connection, None)
    return {each.session.session_id: each for each in found}


async def test_on_each_new_day_of_the_county_the_service_plans_ahead(made, settings_env, monkeypatch, set_county_now):
    async with opened(made, settings_env, monkeypatch) as hall:
        await hall.done("/packs", PACK)
        before = await hall.outbox()

        async def day_comes(moment, session_id):
            await set_county_now(made.owner_dsn, moment)

            async def is_planned():
                return ("roster.SessionPlanned", session_id, 1) in await hall.said(before)

            await until(is_planned, session_id)

        await day_comes(at("2026-12-11", "00:00"), "hall.service-day.2027-06-11")
        await day_comes(at("2028-02-29", "00:00"), "hall.service-day.2028-08-21")
        session = await hall.get("/sessions/hall.service-day.2028-08-21")
        assert session["status"] == "tentative", "nobody knows the calendar of 2028"
        said = await hall.outbox()
        await set_county_now(made.owner_dsn, at("2028-02-29", "23:59"))
        await asyncio.sleep(0.3)
        assert await hall.outbox() == said, "the same day again is nothing"


async def test_a_planned_session_arrives_on_kafka(made, settings_env, monkeypatch, kafka, topic_prefix):
    env = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "TOPIC_PREFIX": topic_prefix}
    consumer = AIOKafkaConsumer(
        f"{topic_prefix}roster.sessions.v1",
        f"{topic_prefix}roster.venues.v1",
        bootstrap_servers=kafka.bootstrap,
        auto_offset_reset="earliest",
        group_id=None,
    )
    await consumer.start()
    try:
        async with opened(made, settings_env, monkeypatch, **env) as hall:
            report = await hall.done("/packs", PACK)
            wanted = {each["session_id"] for each in report["plan"]["changes"]} | {"hall"}
            arrived = {}
            async with asyncio.timeout(SECONDS):
                while wanted - arrived.keys():
                    message = await consumer.getone()
                    arrived[message.key.decode()] = message
            message = arrived["hall.service-day.2026-12-11"]
            headers = {key: value.decode() for key, value in message.headers}
            assert headers["ce_type"] == event_type(SessionPlanned)
            assert headers["ce_subject"] == "hall.service-day.2026-12-11"
            event = SessionPlanned.model_validate_json(message.value)
            assert (event.version, event.session.date, event.session.status) == (1, date(2026, 12, 11), "planned")

            await hall.done("/sessions/hall.service-day.2026-12-11/cancel", {"reason": "weather"})
            async with asyncio.timeout(SECONDS):
                message = await consumer.getone()
            assert json.loads(message.value)["session"]["status"] == "cancelled"
    finally:
        await consumer.stop()


async def test_packs_imported_at_the_same_time_wait_for_each_other(pool):
    reports = await asyncio.gather(*(run(pool, commands.import_pack, pack()) for _ in range(4)))
    assert sorted(len(each.matters_described) for each in reports) == [0, 0, 0, 4]
    assert sum(bool(each.plan.changes) for each in reports) == 1


async def test_replicas_that_plan_at_the_same_time_say_it_once(pool):
    await run(pool, commands.import_pack, pack())
    later = at("2026-12-21")

    async def plan_as_replica():
        async with databases.transaction(pool) as connection:
            return await commands.plan_if_new_day(connection, ZONE, later)

    reports = await asyncio.gather(*(plan_as_replica() for _ in range(4)))
    assert sum(bool(each.changes) for each in reports if each is not None) == 1
    assert await plan_as_replica() is None, "it is done for that day"


async def test_planning_and_moving_at_the_same_time_never_put_two_on_one_day(pool):
    await run(pool, commands.import_pack, pack())
    session = "hall.service-day.2026-12-01", "hall.service-day.2026-12-11"
    results = await asyncio.gather(
        *(run(pool, commands.move_session, each, day=date(2026, 12, 15), reason="other") for each in session),
        run(pool, commands.plan_ahead),
        return_exceptions=True,
    )
    refused = [each for each in results if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == [SessionDateTaken]
    dates = [each.session.date for each in (await planned(pool)).values() if each.session.programme_id == "service-day"]
    assert len(set(dates)) == len(dates)


async def test_sessions_may_change_places_and_the_database_refuses_two_on_one_day(pool, made):
    await run(pool, commands.import_pack, pack())
    one, other = "hall.service-day.2026-12-01", "hall.service-day.2026-12-11"
    async with databases.transaction(pool) as connection:
        first, second = await sessions_sql.lock_sessions(connection, [one, other])
        swapped = [
            each.changed(SessionPlanned, each.session.model_copy(update={"date": beside.session.date}))
            for each, beside in ((first, second), (second, first))
        ]
        await sessions_sql.save_sessions(connection, swapped)
    assert (await planned(pool))[one].session.date == date(2026, 12, 11)
    connection = await asyncpg.connect(made.runtime_dsn)
    try:
        with pytest.raises(asyncpg.ExclusionViolationError, match="session_date_taken"):
            await connection.execute("update session set date = '2026-12-11' where session_id = $1", other)
    finally:
        await connection.close()


async def test_republishing_says_the_last_event_of_everything_again(pool, made):
    await run(pool, commands.import_pack, pack())
    await run(pool, commands.move_session, "hall.service-day.2026-12-11", day=date(2026, 12, 14), reason="other")
    async with databases.transaction(pool) as connection:
        await commands.cancel_session(connection, NOW, "hall.service-day.2026-12-21", "weather")
    without = PACK[: PACK.index("  - id: enquiry")] + PACK[PACK.index("programmes:") :]
    await run(pool, commands.import_pack, pack(without))

    async def said():
        connection = await asyncpg.connect(made.owner_dsn)
        try:
            rows = await connection.fetch("select type, subject, version, payload from outbox order by position")
        finally:
            await connection.close()
        return [tuple(row) for row in rows]

    before = await said()
    last = {subject: (kind, subject, version, payload) for kind, subject, version, payload in before}
    everything = republish_all(pool, queries.aggregate_ids, commands.state_events)
    assert sorted([each async for page in everything for each in page]) == sorted(last)
    async with pool.acquire() as connection:
        paged, after = [], None
        while page := await queries.aggregate_ids(connection, after, 3):
            paged, after = [*paged, *page], page[-1]
    assert sorted(paged) == sorted(last), "each once, however small the pages"
    again = (await said())[len(before) :]
    assert {each[1]: each for each in again} == last
    assert {last[each][0] for each in ("enquiry", "hall.service-day.2026-12-21", "hall.service-day.2026-12-11")} == {
        "roster.MatterWithdrawn",
        "roster.SessionCancelled",
        "roster.SessionMoved",
    }


async def test_the_runtime_role_deletes_nothing(made):
    connection = await asyncpg.connect(made.runtime_dsn)
    try:
        for table in ("session", "matter", "venue", "calendar", "planning"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"delete from {table}")
    finally:
        await connection.close()


@pytest.fixture
def operate(made, settings_env, monkeypatch):
    """Give the roster's command line these arguments, with the test's database behind it."""
    for name, value in {**settings_env, "ROSTER_DATABASE_URL": made.runtime_dsn}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(logs, "configure", lambda *_: None)

    async def run_command(*arguments, code=0):
        # In a thread, for a command runs a loop of its own; a process for each would start for seconds.
        done = await asyncio.to_thread(CliRunner().invoke, command_line, [str(each) for each in arguments])
        assert done.exit_code == code, done.output
        return done.output

    return run_command


async def test_the_command_line_is_a_process(made, settings_env):
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.roster", "plan"],
        cwd=ROOT,
        env={**os.environ, **settings_env, "ROSTER_DATABASE_URL": made.runtime_dsn},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "roster_empty: Import a programme pack first.\n"


async def test_the_command_line_does_what_the_operator_needs(operate, tmp_path, pool):
    demo = ROOT / "deploy" / "packs" / "wangchuan"
    assert "99 described" in await operate("packs", "import", demo)
    assert "0 sessions changed" in await operate("packs", "import", demo)
    assert "0 sessions changed" in await operate("plan")
    statuses = {each.session.status for each in (await planned(pool)).values()}
    assert statuses == {"planned"}, "the demo county's own calendar makes the coming year certain"

    session = "hall.director-service-day.2026-12-11"
    said = await operate("sessions", "move", session, "2026-12-14", "--reason", "weather")
    assert f"{session}: 2026-12-14 planned, version 2" in said
    assert "cancelled, version 3" in await operate("sessions", "cancel", session, "--reason", "power")
    assert "session_cancelled" in await operate("sessions", "cancel", session, "--reason", "power", code=1)
    assert "clash_unknown" in await operate(
        "sessions", "settle", "hall.director-service-day.2026-12-21", "keep", code=1
    )

    calendar = tmp_path / "calendar.yaml"
    calendar.write_text(CALENDAR_2027, encoding="utf-8")
    shown = await operate("calendar", "import", calendar)
    assert "SessionMoved" in shown
    assert "Nothing was changed yet" in shown
    assert shown.replace("Nothing was changed yet; --confirm carries this out.\n", "") == await operate(
        "calendar", "import", calendar, "--confirm"
    )
    assert "0 sessions changed" in await operate("calendar", "import", calendar)

    broken = tmp_path / "broken.yaml"
    broken.write_text(PACK.replace("deputy: he}", "deputy: she}"), encoding="utf-8")
    said = await operate("packs", "import", broken, code=1)
    assert f"{broken}:12: officials[0].deputy: there is no official she" in said
    assert "1 findings; nothing was changed." in said

    other = tmp_path / "other.yaml"
    other.write_text(PACK, encoding="utf-8")
    said = await operate("packs", "import", other, code=1)
    assert "--confirm carries this out" in said, "another county's pack takes the coming sessions away"
    assert "SessionCancelled" in await operate("packs", "import", other, "--confirm")
