"""How often somebody may book: judged from memory, shared through the database, told with a stable code."""

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import pytest

from services.booking.settings import BookingSettings
from shared.limits import Limit, Limits, TooManyRequests, network_of
from shared.privacy import Vault
from tests.integration.booking_desk import new_key, opened, running, session, wish

BOOKINGS = "/api/booking/v1/bookings"
STAFF_BOOKINGS = "/api/booking/v1/staff/bookings"
LOOKUP = "/api/booking/v1/bookings/lookup"
KEY = "Idempotency-Key"
ONE, OTHER = b"1" * 32, b"2" * 32
START = 1_800_000_000.0


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as desk:
        yield desk


@pytest.fixture
def clock():
    return Clock()


def taken(limits, limit, times=1):
    """How many of so many were let pass."""
    passed = 0
    for _ in range(times):
        try:
            limits.take([limit])
        except TooManyRequests:
            continue
        passed += 1
    return passed


async def test_past_the_limit_it_says_when_to_come_again_and_then_it_is_so(clock):
    limits = Limits(None, clock=clock)
    assert taken(limits, Limit(ONE, 3, 600), 5) == 3
    clock.now += 240.5
    with pytest.raises(TooManyRequests) as found:
        limits.take([Limit(ONE, 3, 600)])
    wait = int(found.value.headers["Retry-After"])
    assert 0 < wait <= 600
    clock.now += wait - 1
    assert taken(limits, Limit(ONE, 3, 600)) == 0
    clock.now += 1
    assert taken(limits, Limit(ONE, 3, 600)) == 1


async def test_what_is_refused_under_one_key_counts_under_none(clock):
    limits = Limits(None, clock=clock)
    full, free = Limit(ONE, 1, 600), Limit(OTHER, 2, 600)
    limits.take([full])
    for _ in range(5):
        with pytest.raises(TooManyRequests):
            limits.take([free, full])
    assert taken(limits, free, 5) == 2


async def test_what_came_to_nothing_is_given_back(clock):
    limits = Limits(None, clock=clock)
    for _ in range(9):
        limits.take([Limit(ONE, 1, 600)])
        limits.give_back([Limit(ONE, 1, 600)])
    assert taken(limits, Limit(ONE, 1, 600), 2) == 1


async def test_processes_share_their_counts_within_a_second(desk, clock):
    first, second = Limits(desk.pool, clock=clock), Limits(desk.pool, clock=clock)
    limit = Limit(ONE, 10, 600)
    assert taken(first, limit, 6) == 6
    await first.exchange()
    assert taken(second, limit, 3) == 3
    await second.exchange()  # now it knows of nine
    assert taken(second, limit, 5) == 1
    await second.exchange()
    limit_elsewhere = taken(first, Limit(OTHER, 1, 600))
    assert limit_elsewhere == 1
    assert taken(Limits(desk.pool, clock=clock), limit) == 1, "a new process knows of nothing for a second"
    first.give_back([limit])
    await first.exchange()
    (row,) = await desk.fetch("select count from counted where key = $1", ONE)
    assert row["count"] == 9


async def test_nothing_is_lost_while_the_database_is_away(desk, clock, monkeypatch):
    limits = Limits(desk.pool, clock=clock)
    assert taken(limits, Limit(ONE, 10, 600), 4) == 4
    with monkeypatch.context() as away:
        away.setattr("shared.limits.sql.add", _away)
        with pytest.raises(asyncpg.PostgresConnectionError):
            await limits.exchange()
        assert taken(limits, Limit(ONE, 10, 600), 3) == 3
    await limits.exchange()
    (row,) = await desk.fetch("select count from counted")
    assert row["count"] == 7


async def _away(*_):
    raise asyncpg.PostgresConnectionError("away")


async def test_what_is_over_is_forgotten_here_and_there(desk, clock):
    limits = Limits(desk.pool, clock=clock)
    limits.take([Limit(ONE, 10, 600), Limit(OTHER, 10, 86_400)])
    await limits.exchange()
    assert len(await desk.fetch("select from counted")) == 2
    clock.now += 1200
    await limits.exchange()
    assert [row["key"] for row in await desk.fetch("select key from counted")] == [OTHER]
    assert [key for counts in limits._known.values() for key in counts] == [OTHER]


@pytest.mark.parametrize(
    ("address", "asker"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", ""),
        ("x" * 999, "x" * 64),
    ],
)
def test_whoever_has_a_network_of_addresses_is_one_asker(address, asker):
    assert network_of(address) == asker


@pytest.fixture
async def client_of(desk, monkeypatch):
    """Booking with the settings that a test asks for."""
    async with AsyncExitStack() as stack:

        async def made(**changes):
            for name, value in changes.items():
                monkeypatch.setenv(f"BOOKING_{name.upper()}", str(value))
            return await stack.enter_async_context(running(desk))

        yield made


async def book(client, body, path=BOOKINGS, **headers):
    return await client.post(path, json=body, headers={KEY: new_key(), **headers})


async def test_an_address_asks_so_often_and_another_is_served(desk, client_of, settings_env):
    client = await client_of(requests_per_address=5)
    (slot_id, *_) = await desk.slots()
    answers = [await book(client, wish(slot_id, person)) for person in range(1, 9)]
    assert [answer.status_code for answer in answers[:5]] == [201, 201, 409, 409, 409]  # two seats
    for answer in answers[5:]:
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 600
    # Whoever says another address is believed if they are one of us, and by the gateway's last word else.
    for lie in ({"X-Client-Address": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.1, 127.0.0.9"}):
        assert (await book(client, wish(slot_id, 9), **lie)).status_code == 429
    ours = {"X-Service-Secret": settings_env["SERVICE_SECRET"], "X-Client-Address": "203.0.113.1"}
    assert (await book(client, wish(slot_id, 9), **ours)).json()["code"] == "slot_full"
    assert (await book(client, wish(slot_id, 9), **{"X-Forwarded-For": "203.0.113.2"})).json()["code"] == "slot_full"


async def test_the_halls_own_network_asks_more_often(desk, client_of):
    client = await client_of(requests_per_address=1, requests_per_hall_address=4, hall_networks="127.0.0.0/8")
    (slot_id, *_) = await desk.slots()
    codes = [(await book(client, wish(slot_id, person))).status_code for person in range(1, 7)]
    assert codes == [201, 201, 409, 409, 429, 429]


def test_a_village_may_share_an_address_and_a_hall_even_more(settings_env, monkeypatch):
    own = {name: value for name, value in settings_env.items() if not name.startswith("BOOKING_")}
    for name, value in {**own, "BOOKING_HALL_NETWORKS": "10.8.0.0/16"}.items():
        monkeypatch.setenv(name, value)
    found = BookingSettings()
    assert [found.requests_from(each) for each in ("203.0.113.9", "10.8.3.4", "::ffff:10.8.3.4", "nonsense")] == [
        60,
        600,
        600,
        60,
    ]
    assert (found.requests_window_minutes, found.seats_per_document, found.seats_per_phone) == (10, 10, 40)


async def test_a_document_takes_so_many_seats_a_day_and_the_counter_always_serves(desk, client_of):
    client = await client_of(seats_per_document=3)
    (slot_id, *_) = await desk.slots()
    for number in range(3):
        view = (await book(client, wish(slot_id, 1))).json()
        if number == 0:
            for _ in range(3):
                again = await book(client, wish(slot_id, 1))
                assert again.json()["code"] == "already_booked"  # which takes nothing
        opening = {"code": view["code"], "digits": "0001"}
        assert (await client.post(f"{BOOKINGS}/cancel", json=opening)).status_code == 200
    answer = await book(client, wish(slot_id, 1))
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert (await book(client, wish(slot_id, 2))).status_code == 201
    assert (await book(client, wish(slot_id, 1), STAFF_BOOKINGS)).status_code == 201


async def test_a_phone_takes_so_many_seats_a_day_however_it_is_written(desk, client_of):
    await desk.take(session(opening=(("09:00", "12:00"),)))
    client = await client_of(seats_per_phone=2)
    slots = await desk.slots()
    seen = []
    for number, phone in enumerate(("13900000001", "+86 139 0000 0001", "139-0000-0001"), 1):
        body = wish(slots[number], number)
        body["visitor"]["phone"] = phone
        seen.append((await book(client, body)).status_code)
    assert seen == [201, 201, 429]


async def test_sent_again_it_is_the_same_booking_and_counts_once(desk, client_of):
    client = await client_of(seats_per_document=1)
    (slot_id, *_) = await desk.slots()
    key = new_key()
    ids = set()
    for _ in range(3):
        answer = await client.post(BOOKINGS, json=wish(slot_id, 1), headers={KEY: key})
        assert answer.status_code == 201
        ids.add(answer.json()["booking_id"])
    assert len(ids) == 1
    assert (await book(client, wish(slot_id, 1, party_size=2))).status_code == 429


async def test_neither_memory_nor_table_tells_whom_it_counts(desk, client_of):
    client = await client_of()
    (slot_id, *_) = await desk.slots()
    await book(client, wish(slot_id, 1))
    limits = client._transport.app.state.runtime.parts["limits"]
    async with asyncio.timeout(5):
        while len(await desk.fetch("select from counted")) < 3:
            await asyncio.sleep(0.05)
    rows = await desk.fetch("select * from counted")
    assert len(rows) == 3
    told = repr(rows) + repr(limits._known)
    assert "127.0.0.9" not in told
    assert "139000" not in told
    assert all(len(row["key"]) == 32 for row in rows)


async def test_a_wrong_code_and_wrong_digits_are_answered_alike_after_the_same_work(desk, client_of, monkeypatch):
    client = await client_of()
    (slot_id, *_) = await desk.slots()
    view = (await book(client, wish(slot_id, 1))).json()
    opened_values = []
    decrypt = Vault.decrypt
    monkeypatch.setattr(
        Vault, "decrypt", lambda self, value, purpose: opened_values.append(purpose) or decrypt(self, value, purpose)
    )
    await client.post(LOOKUP, json={"code": "12345671", "digits": "0009"})
    seen = []
    for body in ({"code": "12345671", "digits": "0009"}, {"code": view["code"], "digits": "0009"}):
        opened_values.clear()
        answer = await client.post(LOOKUP, json=body)
        told = {name: value for name, value in answer.json().items() if name != "correlation_id"}
        headers = {name: value for name, value in answer.headers.items() if name != "x-correlation-id"}
        seen.append((answer.status_code, told, headers, tuple(opened_values)))
    assert seen[0] == seen[1]
    assert seen[0][1]["code"] == "booking_unknown"
    assert seen[0][3], "the row of nobody was opened"
