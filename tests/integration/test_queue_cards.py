"""Who comes is asked of booking beforehand, kept encrypted, and deleted once the day is over."""

import uuid
from contextlib import asynccontextmanager

import httpx
import pytest

from services.queue import cards
from services.queue.settings import QueueSettings
from services.queue.sql import cards as cards_sql
from shared import database
from shared.application import Runtime
from tests.integration import queue_hall
from tests.integration.queue_hall import Hall


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


class Booking:
    """Booking's internal route, as its contract says."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.away = False
        self.secrets: set[str] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.secrets.add(request.headers["X-Service-Secret"])
        ids = request.url.params.get_list("booking_id")
        self.asked.append(ids)
        if self.away:
            raise httpx.ConnectError("away")
        items = [{
            "booking_id": each, "name": "王桂兰", "surname": "王", "phone": "+8613900002741", "email": None,
            "language": "zh", "code": "4081 2736", "document_last4": "274X", "document_key": "ab" * 32,
            "note": "少写了车库", "raised_before": True, "state": "confirmed", "version": 1, "party_size": 1,
            "cancel_until": None, "proxy": None,
        } for each in ids]  # fmt: skip
        return httpx.Response(200, json={"items": items})


@asynccontextmanager
async def asking(hall: Hall, booking: Booking, monkeypatch):
    monkeypatch.setattr(cards, "AWAY_SECONDS", 0.0)
    async with httpx.AsyncClient(transport=httpx.MockTransport(booking.answer)) as http:
        settings = QueueSettings()
        runtime = Runtime("queue", settings, http, hall.pool)

        async def fetch() -> int:
            return await cards.fetch(runtime, settings, hall.vault)

        async def forget() -> None:
            await cards.forget(runtime, settings)

        yield fetch, forget


async def test_cards_of_today_and_tomorrow_are_asked_for_once_and_nobody_elses(hall: Hall, monkeypatch):
    booking = Booking()
    await hall.at("09:00", days=-1)
    await hall.take(queue_hall.service_day(session_id="later", days=10), 1)
    tomorrow, later = hall.booking(), hall.booking(session_id="later")
    gone = hall.booking(state="cancelled")
    for each in (tomorrow, later, gone):
        await hall.take(each, 1)
    async with asking(hall, booking, monkeypatch) as (fetch, _):
        assert await fetch() == 1
        assert await fetch() == 0
    assert booking.asked == [[tomorrow.booking_id]]
    assert all(len(each) >= 32 for each in booking.secrets)


async def test_who_was_asked_for_is_received_by_name_although_booking_is_away(hall: Hall, monkeypatch):
    booking = Booking()
    await hall.take(hall.booking(), 1)
    async with asking(hall, booking, monkeypatch) as (fetch, _):
        await fetch()
        booking.away = True
        assert await fetch() == 0
    assert (await hall.check_in("40812736")).status_code == 201
    visitor = (await hall.do("w1", "call-next"))["at"]["visitor"]
    assert (visitor["name"], visitor["document_last4"], visitor["note"], visitor["raised_before"]) == (
        "王桂兰", "274X", "少写了车库", True,
    )  # fmt: skip


async def test_while_booking_is_away_nothing_is_lost_and_it_is_asked_again(hall: Hall, monkeypatch):
    booking = Booking()
    booking.away = True
    await hall.take(hall.booking(), 1)
    async with asking(hall, booking, monkeypatch) as (fetch, _):
        assert await fetch() == 0
        booking.away = False
        assert await fetch() == 1


async def test_a_newer_booking_is_asked_for_again(hall: Hall, monkeypatch):
    booking = Booking()
    told = hall.booking()
    await hall.take(told, 1)
    async with asking(hall, booking, monkeypatch) as (fetch, _):
        await fetch()
        await hall.take(told, 2)
        await fetch()
    assert booking.asked == [[told.booking_id]] * 2


async def test_cards_are_deleted_once_their_day_is_over_and_emptied_once_the_booking_is_gone(hall: Hall, monkeypatch):
    booking = Booking()
    first, second = hall.booking(), hall.booking("10:00")
    for each in (first, second):
        await hall.take(each, 1)
    async with asking(hall, booking, monkeypatch) as (fetch, forget):
        await fetch()
        await hall.take(first.model_copy(update={"state": "cancelled", "cancelled_at": first.booked_at}), 2)
        await forget()
        kept = await hall.fetch("select booking_id, document_key from card where card is not null")
        assert [row["booking_id"] for row in kept] == [uuid.UUID(second.booking_id)]
        (left,) = await hall.fetch("select * from card where card is null")
        assert (left["booking_id"], left["document_key"]) == (uuid.UUID(first.booking_id), None)
        await hall.at("00:01", days=1)
        await forget()
    assert await hall.fetch("select from card") == []


async def test_once_a_day_is_signed_its_cards_are_deleted_and_none_is_asked_for_again(hall: Hall, monkeypatch):
    booking = Booking()
    await hall.take(hall.booking(), 1)
    await hall.take(hall.booking(session_id="other"), 1)
    await hall.take(queue_hall.service_day(session_id="other"), 1)
    async with asking(hall, booking, monkeypatch) as (fetch, forget):
        assert await fetch() == 2
        await hall.fetch("update session set closed_at = county_now() where session_id = 'day'")
        await forget()
        assert len(await hall.fetch("select from card")) == 1
        assert await fetch() == 0
    assert len(booking.asked) == 1


async def test_an_older_card_that_comes_late_replaces_no_newer_one(hall: Hall):
    told, _ = await hall.booked()
    for version, key in ((3, b"new"), (2, b"old")):
        async with database.transaction(hall.pool) as connection:
            await cards_sql.upsert_cards(connection, [(uuid.UUID(told.booking_id), version, key, None, b"")])
    assert [(row["version"], row["code_key"]) for row in await hall.fetch("select * from card")] == [(3, b"new")]


async def test_nothing_of_a_card_lies_in_the_open(hall: Hall, monkeypatch):
    await hall.take(hall.booking(), 1)
    async with asking(hall, Booking(), monkeypatch) as (fetch, _):
        await fetch()
    (row,) = await hall.fetch("select * from card")
    stored = b" ".join(value for value in row.values() if isinstance(value, bytes))
    for personal in ("王", "4081", "40812736", "274X", "车库"):
        assert personal.encode() not in stored


async def test_a_booking_that_was_put_right_has_its_card_fetched_anew(hall: Hall, monkeypatch):
    booking = Booking()
    async with asking(hall, booking, monkeypatch) as (fetch, _):
        told = hall.booking()
        await hall.take(told, 1)
        assert await fetch() == 1
        assert await fetch() == 0
        await hall.take(told, 2)  # the state is the same: who comes stands in no event
        assert await fetch() == 1
    assert booking.asked == [[told.booking_id]] * 2
