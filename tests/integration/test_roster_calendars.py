"""The working days that the roster tells of: once, again where they become others, and at a start if never told."""

import json

import asyncpg
import pytest

from services.roster import commands
from shared import database as databases
from shared.database import open_pool
from tests.integration.roster_county import CALENDAR_2027, PACK
from tests.integration.test_roster_http import NOW, opened
from tests.integration.test_roster_work import until


@pytest.fixture
async def made(database, set_county_now):
    clone = await database("roster")
    await set_county_now(clone.owner_dsn, NOW)
    return clone


async def fetch(made, statement):
    connection = await asyncpg.connect(made.owner_dsn)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def told(made):
    """What was said of years: year, version, status, and the days, in order."""
    rows = await fetch(
        made, "select version, payload from outbox where topic = 'roster.calendars.v1' order by position"
    )
    found = []
    for row in rows:
        year = json.loads(row["payload"])["calendar"]
        found.append((year["year"], row["version"], year["status"], set(year["rest_days"])))
    return found


async def test_a_year_is_told_once_and_again_once_its_notice_is_out(made, settings_env, monkeypatch):
    async with opened(made, settings_env, monkeypatch) as hall:
        await hall.done("/packs", PACK)
        before = await told(made)
        assert [each[:3] for each in before] == [(2026, 1, "known"), (2027, 1, "tentative")]
        assert "2026-10-01" in before[0][3]
        assert "2027-01-01" in before[1][3], "what the law names is told of a year without a notice, too"
        shown = await hall.done("/calendars", CALENDAR_2027)
        assert await told(made) == before, "what was only shown is not told"
        for _ in range(2):
            await hall.done("/calendars", CALENDAR_2027, confirm=shown["confirm"])
        (year, version, status, days), *more = (await told(made))[len(before) :]
        assert (year, version, status, more) == (2027, 2, "known", [])
        assert "2027-02-11" in days


async def test_an_installation_that_never_told_tells_at_its_start_and_once(made, settings_env, monkeypatch):
    async with opened(made, settings_env, monkeypatch) as hall:
        await hall.done("/packs", PACK)
    await fetch(made, "delete from calendar_year")  # as it is right after an upgrade
    await fetch(made, "delete from outbox")

    async def is_told():
        return [each[:2] for each in await told(made)] == [(2026, 1), (2027, 1)]

    for _ in range(2):
        async with opened(made, settings_env, monkeypatch):
            await until(is_told, "both years")
    pool = await open_pool(made.runtime_dsn, size=1, application_name="roster-test")
    try:
        async with databases.transaction(pool) as connection:
            assert await commands.tell_calendars(connection) == 0
    finally:
        await pool.close()
