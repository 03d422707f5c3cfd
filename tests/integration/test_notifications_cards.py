"""Visitor cards as the real booking service gives them, together and one by one."""

import httpx
import pytest

from services.notifications import cards
from services.notifications.domain import VisitorCard
from services.notifications.settings import NotificationsSettings
from tests.integration.booking_desk import new_key, opened, running, wish

NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as booking_desk:
        yield booking_desk


async def test_booking_gives_the_cards_that_we_read(desk):
    slot_id, *_ = await desk.slots()
    async with running(desk) as client:
        proxy = {"name": "李建国", "relation": "儿子", "phone": "13800138000"}
        ids = []
        for person, changes in ((1, {}), (2, {"proxy": proxy})):
            answer = await client.post(
                "/api/booking/v1/bookings",
                json=wish(slot_id, person, **changes),
                headers={"Idempotency-Key": new_key()},
            )
            assert answer.status_code == 201, answer.text
            ids.append(answer.json()["booking_id"])
        settings = NotificationsSettings().model_copy(update={"booking_url": "http://booking"})
        found = await cards.fetch(client, settings, dict.fromkeys((*ids, NOBODY), "correlation-1"))
        assert found[NOBODY] is None
        first, second = found[ids[0]], found[ids[1]]
        assert isinstance(first, VisitorCard)
        assert isinstance(second, VisitorCard)
        assert (first.name, first.phone, first.state, first.version) == ("王桂兰", "+8613900000001", "confirmed", 1)
        assert first.proxy is None
        assert second.proxy is not None
        assert (second.proxy.name, second.proxy.phone) == ("李建国", "+8613800138000")
        for booking_id in (*ids, NOBODY):
            alone = await cards._fetch_one(client, settings, booking_id, "correlation-1")
            assert alone == found[booking_id]


async def test_booking_gives_cards_to_services_alone_and_not_without_end(desk):
    async with running(desk) as client:
        secret = {"X-Service-Secret": desk.settings.service_secret.get_secret_value()}
        assert (await client.get(f"{cards.PATH}?booking_id={NOBODY}")).status_code == 403
        assert (await client.get(f"{cards.PATH}?booking_id={NOBODY}", headers=secret)).json() == {"items": []}
        many = "&".join([f"booking_id={NOBODY}"] * (cards.MOST + 1))
        for wrong in ("", "booking_id=b1", many):
            assert (await client.get(f"{cards.PATH}?{wrong}", headers=secret)).status_code == 422


async def test_where_booking_is_away_every_card_is_unavailable(desk):
    settings = NotificationsSettings().model_copy(update={"booking_url": "http://127.0.0.1:1"})
    async with httpx.AsyncClient() as client:
        found = await cards.fetch(client, settings, {"b1": "", "b2": ""})
    assert {key: type(value) for key, value in found.items()} == dict.fromkeys(("b1", "b2"), cards.CardUnavailable)
