"""What a visitor accepts with a booking, and how they put right what was written wrongly."""

import json
from datetime import timedelta

import pytest

from services.booking.commands import state_events
from services.booking.domain.bookings import VisitorCard
from shared import database
from tests.integration.booking_desk import NOW, at, duty, matter, new_key, opened, resident_id, running, session, wish

BOOKINGS = "/api/booking/v1/bookings"


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as desk:
        yield desk


@pytest.fixture
async def client(desk):
    async with running(desk) as client:
        yield client


async def book(client, slot, person=1, **changes):
    return await client.post(BOOKINGS, json=wish(slot, person, **changes), headers={"Idempotency-Key": new_key()})


async def booked(client, slot, person=1, **changes):
    answer = await book(client, slot, person, **changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def correct(client, view, digits="0001", **changes):
    return await client.post(f"{BOOKINGS}/correct", json={"code": view["code"], "digits": digits, **changes})


def told(answer):
    body = answer.json()
    return answer.status_code, body["code"], [each["code"] for each in body["errors"]]


def document(person):
    return {"type": "resident_id", "number": resident_id(person)}


async def test_the_notice_that_was_accepted_is_kept_with_the_booking(desk, client):
    slot, _ = await desk.slots()
    await booked(client, slot, 1, privacy_version="1")
    await booked(client, slot, 2)
    rows = await desk.fetch("select privacy_version, privacy_accepted_at from booking order by booking_id")
    assert [tuple(row) for row in rows] == [("1", NOW), (None, None)]
    refused = await book(client, slot, 3, privacy_version="0")
    assert told(refused) == (422, "privacy_version_unknown", [])
    checked = await client.post(f"{BOOKINGS}/check", json=wish(slot, 3, privacy_version="0"))
    assert told(checked) == (422, "privacy_version_unknown", [])
    assert len(await desk.fetch("select from booking")) == 2


async def test_who_comes_is_put_right_once_and_told_by_a_raised_version_alone(desk, client, settings_env):
    slot, _ = await desk.slots()
    view = await booked(client, slot)
    assert told(await correct(client, view, "9999", name="王桂芳")) == (404, "booking_unknown", [])
    shown = (await correct(client, view, name="王桂芳")).json()
    assert (shown["version"], shown["name_masked"]) == (2, "王**")
    event = (await desk.outbox())[-1]
    assert (event["type"], event["version"]) == ("booking.BookingCorrected", 2)
    assert "王" not in event["payload"]
    again = await correct(client, view, name="王桂芳")
    assert (again.status_code, again.json()["version"]) == (200, 2), "what is so already changes nothing"
    secret = {"X-Service-Secret": settings_env["SERVICE_SECRET"]}
    answer = await client.get(f"/internal/v1/visitor-cards/{view['booking_id']}", headers=secret)
    card = VisitorCard.model_validate(answer.json())
    assert (card.name, card.version) == ("王桂芳", 2)
    assert told(await correct(client, view, name="李四")) == (409, "correction_of_person", [])
    assert told(await correct(client, view, document=document(5))) == (409, "correction_of_person", [])
    async with database.transaction(desk.pool) as connection:
        (state,) = await state_events(connection, [view["booking_id"]])
    assert (type(state).__name__, state.version) == ("BookingCorrected", 2)


async def test_a_phone_may_be_put_right_again_and_opens_the_booking(desk, client):
    slot, _ = await desk.slots()
    view = await booked(client, slot)
    first = await correct(client, view, phone="13900005555")
    assert first.json()["phone_masked"].endswith("5555")
    assert told(await correct(client, view, phone="13900006666")) == (404, "booking_unknown", [])
    assert (await correct(client, view, "5555", phone="13900006666")).json()["version"] == 3
    assert told(await correct(client, view, "6666", phone="12")) == (422, "invalid_request", ["phone_invalid"])


async def test_a_document_is_put_right_and_its_person_is_bound_by_the_same_rules(desk, client):
    await desk.take(matter("advice", "health"))
    await desk.take(session(duties=(duty("w1", "land"), duty("w2", "health"), duty("w3", "land"))))
    slots = await desk.slots()
    view = await booked(client, slots[0], 1)
    both = await correct(client, view, name="李四", document=document(4))
    assert told(both) == (409, "correction_of_person", []), "a seat is not handed on"
    await booked(client, slots[-1], 2)
    taken = await correct(client, view, document=document(2))
    assert told(taken) == (409, "already_booked", [])
    (elsewhere, *_) = await desk.slots("health")
    await booked(client, elsewhere, 3, matter_id="advice")
    assert told(await correct(client, view, document=document(3))) == (409, "times_overlap", [])
    right = await correct(client, view, document=document(4))
    assert right.status_code == 200, right.text
    (row,) = await desk.fetch("select * from booking where booking_id = $1", view["booking_id"])
    assert row["document_key"] == desk.vault.document_key("resident_id", resident_id(4))
    assert row["version"] == 2
    assert json.loads((await desk.outbox())[-1]["payload"])["booking"]["booking_id"] == view["booking_id"]
    await booked(client, slots[0], 1)  # whose number it was by mistake may book


async def test_what_is_past_or_cancelled_is_not_put_right(desk, client, set_county_now):
    first, second = await desk.slots()
    view, other = await booked(client, first, 1), await booked(client, second, 2)
    await client.post(f"{BOOKINGS}/cancel", json={"code": other["code"], "digits": "0002"})
    assert told(await correct(client, other, "0002", name="李四")) == (409, "booking_already_cancelled", [])
    await set_county_now(desk.owner_dsn, at("09:00") + timedelta(seconds=1))
    assert told(await correct(client, view, name="李四")) == (409, "slot_past", [])
