"""Whether those who booked came, as the hall tells it."""

import uuid
from typing import Any

import pytest

from services.booking import commands
from shared import database
from shared.events.queue import Visit
from tests.integration import booking_desk


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with booking_desk.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


def visit(booking_id: str | None, state: str, closing: Any = None) -> Visit:
    return Visit(
        visit_id="of-this-test", session_id="day", venue_id="hall", number="A001", source="booking",
        booking_id=booking_id, department_id="land", matter_ids=("house",), persons=1, state=state,
        closing=closing,
    )  # fmt: skip


async def take(desk, told: Visit, version: int) -> int | None:
    async with database.transaction(desk.pool) as connection:
        return await commands.take_visit(connection, told, version)


async def test_who_came_and_who_did_not_is_known_to_booking_and_to_the_visitor(desk):
    slots = await desk.slots()
    async with booking_desk.running(desk) as http:
        made = await http.post(
            "/api/booking/v1/bookings",
            json=booking_desk.wish(slots[0]),
            headers={"Idempotency-Key": booking_desk.new_key()},
        )
        booking = made.json()
        key = {"code": booking["code"], "digits": "0001"}

        async def came() -> bool | None:
            found = await http.post("/api/booking/v1/bookings/lookup", json=key)
            assert found.status_code == 200, found.text
            answer: bool | None = found.json()["came"]
            return answer

        assert await came() is None
        assert await take(desk, visit(booking["booking_id"], "waiting"), 1) == 0
        assert await came() is True
        assert await take(desk, visit(booking["booking_id"], "no_show"), 1) is None, "no news"
        assert await came() is True
        assert await take(desk, visit(booking["booking_id"], "no_show"), 2) == 1
        assert await came() is False


@pytest.mark.parametrize("closing", ["next_session", "written_issue"])
async def test_whoever_goes_because_the_director_left_has_come(desk, closing):
    slots = await desk.slots()
    async with booking_desk.running(desk) as http:
        headers = {"Idempotency-Key": booking_desk.new_key()}
        made = await http.post("/api/booking/v1/bookings", json=booking_desk.wish(slots[0]), headers=headers)
        booking = made.json()
        await take(desk, visit(booking["booking_id"], "waiting"), 1)
        await take(desk, visit(booking["booking_id"], "closed", closing), 2)
        key = {"code": booking["code"], "digits": "0001"}
        assert (await http.post("/api/booking/v1/bookings/lookup", json=key)).json()["came"] is True


async def test_a_walk_in_and_a_booking_that_is_not_here_change_nothing(desk):
    assert await take(desk, visit(None, "waiting"), 1) is None
    assert await take(desk, visit(str(uuid.uuid4()), "no_show"), 1) is None
    assert await desk.fetch("select from attendance") == []
