"""Whose account booked: found again by it alone, changed without digits, and nobody else's to see."""

import pytest

from services.booking import commands
from shared import database as databases
from tests.integration.booking_desk import new_key, opened, wish
from tests.integration.citizens_town import BOOKING, bearer, town_open

OTHER = "13900005678"


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as found:
        yield found


@pytest.fixture
async def town(database, settings_env, monkeypatch, desk):
    async with town_open(database, settings_env, monkeypatch, desk) as found:
        yield found


async def book(town, slot_id, person, headers=None):
    return await town.booking.post(
        f"{BOOKING}/bookings", json=wish(slot_id, person), headers={"Idempotency-Key": new_key(), **(headers or {})}
    )


async def mine(town, token):
    answer = await town.booking.get(f"{BOOKING}/mine", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_what_a_citizen_books_is_found_and_changed_by_that_account_alone(town, desk):
    first, second = await desk.slots()
    citizen, stranger = await town.token(), await town.token(OTHER)
    later = (await book(town, second, 1, bearer(citizen))).json()
    sooner = (await book(town, first, 2, bearer(citizen))).json()
    await book(town, first, 3)
    assert [each["booking_id"] for each in await mine(town, citizen)] == [sooner["booking_id"], later["booking_id"]]
    assert await mine(town, stranger) == []

    one = f"{BOOKING}/mine/{sooner['booking_id']}"
    for method, path in (("GET", one), ("POST", f"{one}/cancel"), ("POST", f"{one}/agree")):
        refused = await town.booking.request(method, path, headers=bearer(stranger))
        assert (refused.status_code, refused.json()["code"]) == (404, "booking_unknown"), path
    assert (await town.booking.get(one, headers=bearer(citizen))).json()["code"] == sooner["code"]
    cancelled = await town.booking.post(f"{one}/cancel", headers=bearer(citizen))
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert [each["booking_id"] for each in await mine(town, citizen)] == [later["booking_id"], sooner["booking_id"]]


async def test_a_moved_booking_of_ones_own_is_agreed_to_without_digits(town, desk):
    (first, _) = await desk.slots()
    citizen = await town.token()
    made = (await book(town, first, 1, bearer(citizen))).json()
    await desk.fetch("update booking set state = 'to_confirm', reason = 'session_moved', version = version + 1")
    agreed = await town.booking.post(f"{BOOKING}/mine/{made['booking_id']}/agree", headers=bearer(citizen))
    assert (agreed.status_code, agreed.json()["state"]) == (200, "confirmed")


async def test_without_a_token_all_goes_on_as_before_and_a_staff_token_is_no_citizens(town, desk):
    first, second = await desk.slots()
    staff = await town.office.token(await town.office.enrol("wang.guilan", "window_staff"))
    assert (await book(town, first, 1)).status_code == 201
    assert (await book(town, second, 2, bearer(staff))).status_code == 201
    assert {row["account_id"] for row in await desk.fetch("select account_id from booking")} == {None}
    refused = await town.booking.get(f"{BOOKING}/mine", headers=bearer(staff))
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    assert (await town.booking.get(f"{BOOKING}/mine")).json()["code"] == "sign_in_needed"
    made_up = await book(town, second, 3, bearer("made-up"))
    assert (made_up.status_code, made_up.json()["code"]) == (401, "token_unknown")


async def test_the_account_is_in_no_event_and_forgotten_with_the_visitor(town, desk):
    (first, _) = await desk.slots()
    citizen = await town.token()
    await book(town, first, 1, bearer(citizen))
    account_id = (await town.office.believed(citizen)).account_id
    (row,) = await desk.fetch("select account_id::text from booking")
    assert row["account_id"] == account_id
    told = await desk.outbox()
    assert told
    assert not [each for each in told if account_id in each["payload"]]

    await desk.fetch(
        "update booking set ends_at = ends_at - interval '200 days', starts_at = starts_at - interval '200 days'"
    )
    async with databases.transaction(desk.pool) as connection:
        assert await commands.anonymise(connection, 90, 10) == 1
    (row,) = await desk.fetch("select account_id from booking")
    assert row["account_id"] is None
    assert await mine(town, citizen) == []
