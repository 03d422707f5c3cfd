"""Codes for signing in: sent at once, at any hour, once for one command, and gone when they are dead."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.notifications.app import create_app
from shared.access import SERVICE_HEADER
from tests import identity
from tests.integration.booking_desk import new_key

PATH = "/internal/v1/codes"
BOX = "/api/notifications/v1/staff/console-messages"
NIGHT = datetime(2026, 12, 1, 19, 0, tzinfo=UTC)
"""Three o'clock in the county."""


@pytest.fixture
async def service(database, settings_env, monkeypatch, set_county_now):
    made = await database("notifications")
    await set_county_now(made.owner_dsn, NIGHT)
    for name, value in {**settings_env, "NOTIFICATIONS_DATABASE_URL": made.runtime_dsn}.items():
        monkeypatch.setenv(name, value)
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://notifications",
            headers={SERVICE_HEADER: settings_env["SERVICE_SECRET"]},
        ) as client,
    ):
        yield client


def wish(**changes):
    expires_at = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    return {"phone": "13900001234", "code": "012345", "language": "zh", "expires_at": expires_at, **changes}


async def send(service, body, key):
    return await service.post(PATH, json=body, headers={"Idempotency-Key": key})


async def boxed(service):
    return (await service.get(BOX, headers=identity.bearer("operator"))).json()["items"]


async def test_a_code_is_sent_at_once_also_at_night(service):
    assert (await send(service, wish(), new_key())).status_code == 204
    (letter,) = await boxed(service)
    assert (letter["kind"], letter["about"]) == ("sign_in_code", "")
    assert "012345" in letter["body"]
    assert letter["to"].endswith("34")
    assert "1390000" not in letter["to"]
    assert (await send(service, wish(language="en"), new_key())).status_code == 204
    assert "Your sign-in code" in (await boxed(service))[0]["subject"]


async def test_one_command_sends_one_code_however_often_it_is_given(service):
    body, key = wish(), new_key()
    answers = await asyncio.gather(*(send(service, body, key) for _ in range(4)))
    assert {each.status_code for each in answers} == {204}
    assert len(await boxed(service)) == 1
    other = await send(service, {**body, "code": "543210"}, key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await boxed(service)) == 1


async def test_what_is_dead_is_not_sent_and_what_lives_too_long_is_refused(service):
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    dead = await send(service, wish(expires_at=past), new_key())
    assert (dead.status_code, dead.json()["code"]) == (409, "code_dead")
    far = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert (await send(service, wish(expires_at=far), new_key())).json()["code"] == "invalid_request"
    assert await boxed(service) == []


async def test_a_dead_code_is_shown_to_nobody(service):
    soon = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat()
    assert (await send(service, wish(expires_at=soon), new_key())).status_code == 204
    assert len(await boxed(service)) == 1
    async with asyncio.timeout(10):
        while await boxed(service):
            await asyncio.sleep(0.1)


async def test_only_our_own_services_have_a_code_sent(service):
    refused = await service.post(PATH, json=wish(), headers={"Idempotency-Key": new_key(), SERVICE_HEADER: "x" * 40})
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    assert (await service.post(PATH, json=wish())).json()["code"] == "idempotency_key_missing"
    wrong = await send(service, wish(phone="12", code="12345"), new_key())
    assert {each["pointer"] for each in wrong.json()["errors"]} == {"/phone", "/code"}
    assert "12345" not in wrong.text
