"""Opening a booking that is there: by code and digits, at the counter by the code alone, and never by guessing."""

import asyncio

import pytest
from pydantic import ValidationError
from stdnum import damm

from services.booking.settings import BookingSettings
from tests.integration.booking_desk import at, new_key, opened, running, session, wish

BOOKINGS = "/api/booking/v1/bookings"
STAFF_BOOKINGS = "/api/booking/v1/staff/bookings"
KEY = "Idempotency-Key"
CODES = [code for number in range(10_000) if damm.is_valid(code := f"{number:08}")][:40]
"""Codes of nobody."""


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as desk:
        yield desk


@pytest.fixture
async def client(desk):
    async with running(desk) as client:
        yield client


async def booked(client, body):
    answer = await client.post(BOOKINGS, json=body, headers={KEY: new_key()})
    assert answer.status_code == 201, answer.text
    return answer.json()


def opening(view, person=1):
    """What opens a booking: its code and the last four of the phone in `wish`."""
    return {"code": view["code"], "digits": f"{person:04}"}


def told(answer):
    """Status and code of a problem."""
    return answer.status_code, answer.json()["code"]


async def test_guessing_at_a_code_is_limited(desk, client, set_county_now):
    slot, *_ = await desk.slots()
    view = await booked(client, wish(slot, 1))
    for _ in range(20):
        assert (await client.post(f"{BOOKINGS}/lookup", json=opening(view))).status_code == 200, (
            "who is right is not counted"
        )
    wrong = {"code": view["code"], "digits": "9999"}
    at_once = await asyncio.gather(*(client.post(f"{BOOKINGS}/lookup", json=wrong) for _ in range(12)))
    codes = [answer.status_code for answer in at_once]
    assert (codes.count(404), codes.count(429)) == (5, 7), "also where all tries come at the same time"
    refused = await client.post(f"{BOOKINGS}/cancel", json=opening(view))
    assert told(refused) == (429, "too_many_tries")
    assert 1 <= int(refused.headers["retry-after"]) <= 900
    await set_county_now(desk.owner_dsn, at("09:00", days=-9))
    assert (await client.post(f"{BOOKINGS}/lookup", json=opening(view))).status_code == 200


async def test_guessing_at_codes_from_one_address_is_limited(desk, client, settings_env):
    async def guess(code, **headers):
        body = {"code": code, "digits": "0001"}
        return (await client.post(f"{BOOKINGS}/lookup", json=body, headers=headers)).status_code

    answers = [await guess(code) for code in CODES]
    assert (answers.count(404), answers.count(429)) == (30, 10)
    assert await guess(CODES[0], **{"X-Client-Address": "198.51.100.7"}) == 429, "anybody's word is not taken"
    from_pages = {"X-Client-Address": "198.51.100.7", "X-Service-Secret": settings_env["SERVICE_SECRET"]}
    assert await guess(CODES[0], **from_pages) == 404
    assert await guess(CODES[1], **{"X-Forwarded-For": "1.2.3.4, 198.51.100.8"}) == 404
    assert await guess(CODES[2], **{"X-Forwarded-For": "198.51.100.9, 127.0.0.9"}) == 429, "the gateway's word is last"


async def test_the_counter_opens_by_the_code_what_nobody_else_can(desk, client):
    slot, other = await desk.slots()
    body = {"slot_id": slot, "matter_id": "house", "visitor": {"name": "王桂兰"}}
    made = (await client.post(STAFF_BOOKINGS, json=body, headers={KEY: new_key()})).json()
    assert (made["document_masked"], made["phone_masked"]) == (None, None)
    code = {"code": made["code"]}
    assert told(await client.post(f"{BOOKINGS}/lookup", json={**code, "digits": "0000"})) == (404, "booking_unknown")
    assert (await client.post(f"{STAFF_BOOKINGS}/lookup", json=code)).json() == made
    await desk.take(session(days=1))
    moved = (await client.post(f"{STAFF_BOOKINGS}/lookup", json=code)).json()
    assert (moved["state"], moved["starts_at"]) == ("to_confirm", "2026-12-12T01:00:00Z")
    agreed = (await client.post(f"{STAFF_BOOKINGS}/agree", json=code)).json()
    assert (agreed["state"], agreed["version"]) == ("confirmed", 3)
    cancelled = (await client.post(f"{STAFF_BOOKINGS}/cancel", json=code)).json()
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "visitor")
    assert told(await client.post(f"{STAFF_BOOKINGS}/cancel", json=code)) == (409, "booking_already_cancelled")
    assert [row["type"] for row in await desk.outbox()] == [
        "booking.BookingMade",
        "booking.BookingMoved",
        "booking.BookingAgreed",
        "booking.BookingCancelled",
    ]
    view = await booked(client, wish(other, 2))
    assert (await client.post(f"{STAFF_BOOKINGS}/lookup", json={"code": view["code"]})).json() == view
    assert told(await client.post(f"{STAFF_BOOKINGS}/lookup", json=opening(view, 2))) == (422, "invalid_request")


async def test_the_counters_tries_are_limited_by_address(desk, client):
    slot, *_ = await desk.slots()
    code = {"code": (await booked(client, wish(slot)))["code"]}
    for _ in range(31):
        assert (await client.post(f"{STAFF_BOOKINGS}/lookup", json=code)).status_code == 200, "right is not counted"
    nobody = {"code": CODES[0]}
    for _ in range(30):
        assert told(await client.post(f"{STAFF_BOOKINGS}/lookup", json=nobody)) == (404, "booking_unknown")
    for verb in ("lookup", "cancel", "agree"):
        assert told(await client.post(f"{STAFF_BOOKINGS}/{verb}", json=code)) == (429, "too_many_tries")


async def test_a_halls_shared_address_may_err_more_often(desk, monkeypatch):
    monkeypatch.setenv("BOOKING_HALL_NETWORKS", "10.8.0.0/16, 127.0.0.0/28")
    monkeypatch.setenv("BOOKING_TRIES_PER_HALL_ADDRESS", "40")
    monkeypatch.setenv("BOOKING_TRIES_PER_CODE", "1000")

    async def tries(address):
        wrong = {"code": CODES[0], "digits": "0001"}
        headers = {"X-Forwarded-For": address}
        answers = [(await client.post(f"{BOOKINGS}/lookup", json=wrong, headers=headers)) for _ in range(42)]
        return sum(answer.status_code == 404 for answer in answers)

    async with running(desk) as client:
        assert await tries("127.0.0.9") == 40
        assert await tries("10.8.255.1") == 40
        assert await tries("10.9.0.1") == 30


@pytest.mark.parametrize(
    ("address", "tries"),
    [
        ("10.8.255.255", 300),
        ("::ffff:10.8.0.1", 300),
        ("2001:db8:0:1::7", 300),
        ("10.9.0.0", 30),
        ("2001:db9::7", 30),
        ("", 30),
        ("10.8.0.1:443", 30),
        ("unknown", 30),
    ],
)
def test_which_addresses_are_a_halls(settings_env, monkeypatch, address, tries):
    for name, value in {**settings_env, "BOOKING_HALL_NETWORKS": "10.8.0.0/16,2001:db8::/48"}.items():
        monkeypatch.setenv(name, value)
    assert BookingSettings().tries_from(address) == tries


def test_without_networks_no_address_is_a_halls(settings_env, monkeypatch):
    for name, value in {**settings_env, "BOOKING_HALL_NETWORKS": ""}.items():
        monkeypatch.setenv(name, value)
    assert BookingSettings().tries_from("10.8.0.1") == 30
    monkeypatch.setenv("BOOKING_HALL_NETWORKS", "10.8.0.7/16")
    with pytest.raises(ValidationError, match="hall_networks"):
        BookingSettings()
