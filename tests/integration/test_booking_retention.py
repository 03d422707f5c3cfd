"""Retention by command and of what stays: figures, and silence about the anonymous."""

import asyncio

import pytest
from typer.testing import CliRunner

from services.booking.__main__ import command_line
from services.booking.commands import state_events
from shared import database
from tests.integration import booking_desk
from tests.integration.booking_desk import at, session


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with booking_desk.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def operate(*arguments):
    found = await asyncio.to_thread(CliRunner().invoke, command_line, arguments)
    assert not found.exception or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.stdout.splitlines()


async def people(desk):
    rows = await desk.fetch("select name is not null as named, document_key, version from booking order by booking_id")
    return [tuple(row) for row in rows]


async def test_the_command_counts_first_and_forgets_when_told(desk, set_county_now):
    slot, _ = await desk.slots()
    for person in (1, 2):
        await desk.combiner().claim(desk.claim(slot, person))
    await set_county_now(desk.owner_dsn, at("09:31", days=90))
    before = await people(desk)
    assert await operate("retention", "run", "--dry-run") == (0, ["bookings: 2 due", "tries: 0 due"])
    assert await people(desk) == before
    assert await operate("retention", "run") == (0, ["bookings: 2 forgotten", "tries: 0 forgotten"])
    assert await people(desk) == [(False, None, 2)] * 2
    assert await operate("retention", "run") == (0, ["bookings: 0 forgotten", "tries: 0 forgotten"])


async def test_the_term_is_a_setting(desk, set_county_now, monkeypatch):
    slot, _ = await desk.slots()
    await desk.combiner().claim(desk.claim(slot, 1))
    monkeypatch.setenv("RETENTION_DAYS", "30")
    await set_county_now(desk.owner_dsn, at("09:29", days=30))
    assert (await operate("retention", "run", "--dry-run"))[1][0] == "bookings: 0 due"
    await set_county_now(desk.owner_dsn, at("09:31", days=30))
    assert (await operate("retention", "run", "--dry-run"))[1][0] == "bookings: 1 due"


async def test_a_session_changed_afterwards_tells_nothing_of_the_anonymous(desk, set_county_now):
    slot, _ = await desk.slots()
    made = await desk.combiner().claim(desk.claim(slot, 1))
    await set_county_now(desk.owner_dsn, at("09:31", days=90))
    await operate("retention", "run")
    told = len(await desk.outbox())
    await desk.take(session(status="cancelled"))
    assert len(await desk.outbox()) == told
    async with database.transaction(desk.pool) as connection:
        assert await state_events(connection, [str(made.booking_id)]) == []
