"""What the roster tells becomes slots, and what becomes of those booked when it changes its mind."""

import asyncio
import json

import asyncpg
import pytest

from services.booking import commands, queries
from services.booking.domain import problems
from services.booking.domain.bookings import Booking
from services.booking.workers import retain
from shared.application import Runtime
from shared.database import open_pool, transaction
from shared.events import roster
from shared.messaging import outbox
from shared.messaging.republish import republish, republish_all
from shared.messaging.runner import Messaging
from shared.settings import ServiceSettings
from tests.integration.booking_desk import at, duty, matter, new_key, opened, running, session, wish


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as desk:
        yield desk


async def slots(desk):
    """Window, start, and the seats offered and taken of every slot."""
    rows = await desk.fetch("select * from slot order by starts_at, window_id, slot_id")
    return [
        (row["window_id"], row["starts_at"], row["online_capacity"], row["counter_capacity"], row["online_taken"])
        for row in rows
    ]


async def booking(desk, booked):
    (row,) = await desk.fetch("select * from booking where booking_id = $1", booked.booking_id)
    return row


async def said(desk):
    return [(row["type"].partition(".")[2], row["version"]) for row in await desk.outbox()]


async def act(desk, command, *arguments):
    async with transaction(desk.pool) as connection:
        return await command(connection, *arguments)


async def test_a_session_becomes_slots_once(desk):
    wanted = [
        ("w1", at("09:00"), 2, 1, 0),
        ("w2", at("09:00"), 2, 1, 0),
        ("w1", at("09:30"), 2, 1, 0),
        ("w2", at("09:30"), 2, 1, 0),
    ]
    assert await slots(desk) == wanted
    await desk.take(session(), version=50)
    await desk.take(session(), version=50)
    await desk.take(session(opening=(("09:00", "12:00"),)), version=49)
    assert await slots(desk) == wanted, "the same again and an older one change nothing"


async def test_a_tentative_session_has_no_slots_until_it_is_certain(desk):
    await desk.take(session(session_id="next-year", status="tentative"))
    assert await desk.slots(session_id="next-year") == []
    await desk.take(session(session_id="next-year"))
    assert len(await desk.slots(session_id="next-year")) == 2


async def test_a_cancelled_session_cancels_who_is_booked(desk):
    first, second = await desk.slots()
    combiner = desk.combiner()
    booked = [await combiner.claim(desk.claim(slot, person)) for slot, person in ((first, 1), (second, 2))]
    left = await combiner.claim(desk.claim(first, 3))
    await act(desk, commands.cancel, left.booking_id)
    await desk.take(session(status="cancelled", reason="weather"))
    for each in booked:
        row = await booking(desk, each)
        assert (row["state"], row["reason"], row["version"], row["live"]) == (
            "cancelled",
            "session_cancelled",
            2,
            False,
        )
    assert (await booking(desk, left))["reason"] == "visitor", "who was cancelled before stays as it was"
    assert {row[2:] for row in await slots(desk)} == {(0, 0, 0)}
    assert await said(desk) == [
        ("BookingMade", 1), ("BookingMade", 1), ("BookingMade", 1), ("BookingCancelled", 2),
        ("BookingCancelled", 2), ("BookingCancelled", 2),
    ]  # fmt: skip
    with pytest.raises(problems.SessionClosed):
        await combiner.claim(desk.claim(first, 9))
    await desk.take(session())
    assert {row[2:] for row in await slots(desk)} == {(2, 1, 0)}, "held after all: offered again, nobody rebooked"
    assert await combiner.claim(desk.claim(first, 1))


async def test_a_moved_session_asks_who_is_booked(desk):
    first, _ = await desk.slots()
    combiner = desk.combiner()
    agreeing, declining = [await combiner.claim(desk.claim(first, person)) for person in (1, 2)]
    await desk.take(session(days=7))
    assert [row[:2] for row in await slots(desk)][::2] == [("w1", at("09:00", days=7)), ("w1", at("09:30", days=7))]
    row = await booking(desk, agreeing)
    assert (row["state"], row["reason"], row["version"]) == ("to_confirm", "session_moved", 2)
    assert (row["starts_at"], row["slot_id"], row["seat"]) == (at("09:00", days=7), first, agreeing.seat)
    with pytest.raises(problems.SlotFull):
        await combiner.claim(desk.claim(first, 3))

    await act(desk, commands.agree, agreeing.booking_id)
    await act(desk, commands.agree, agreeing.booking_id)
    row = await booking(desk, agreeing)
    assert (row["state"], row["reason"], row["version"]) == ("confirmed", None, 3)
    await act(desk, commands.cancel, declining.booking_id)
    assert (await booking(desk, declining))["state"] == "cancelled"
    assert await combiner.claim(desk.claim(first, 3)), "the seat of who declined is free"
    assert (await said(desk))[2:] == [
        ("BookingMoved", 2), ("BookingMoved", 2), ("BookingAgreed", 3), ("BookingCancelled", 3), ("BookingMade", 1),
    ]  # fmt: skip
    payload = json.loads((await desk.outbox())[2]["payload"])
    assert payload["booking"]["starts_at"] == "2026-12-18T01:00:00Z"


async def test_who_was_moved_may_decline_after_the_cut_off(desk, set_county_now):
    first, second = await desk.slots()
    combiner = desk.combiner()
    moved, kept = [await combiner.claim(desk.claim(slot, person)) for slot, person in ((first, 1), (second, 2))]
    await desk.take(session(days=1))
    await act(desk, commands.agree, kept.booking_id)
    await set_county_now(desk.owner_dsn, at("08:00", days=1))
    await act(desk, commands.cancel, moved.booking_id)
    with pytest.raises(problems.CancelTooLate):
        await act(desk, commands.cancel, kept.booking_id)


async def test_nobody_agrees_to_be_at_two_places(desk):
    await desk.take(matter("clinic", "health"))
    await desk.take(session(session_id="other", days=7))
    (land, _), (health, _) = await desk.slots(), await desk.slots("health", "other")
    combiner = desk.combiner()
    moved = await combiner.claim(desk.claim(land, 1))
    await combiner.claim(desk.claim(health, 1, matter_id="clinic"))
    await desk.take(session(days=7))
    with pytest.raises(problems.TimesOverlap):
        await act(desk, commands.agree, moved.booking_id)
    assert (await booking(desk, moved))["state"] == "to_confirm"


async def test_a_window_that_closes_cancels_its_own_bookings_alone(desk):
    await desk.take(matter("clinic", "health"))
    (land, _), (health, _) = await desk.slots(), await desk.slots("health")
    combiner = desk.combiner()
    lost = await combiner.claim(desk.claim(land, 1))
    kept = await combiner.claim(desk.claim(health, 2, matter_id="clinic"))
    await desk.take(session(duties=(duty("w2", "health"),)))
    row = await booking(desk, lost)
    assert (row["state"], row["reason"], row["version"]) == ("cancelled", "window_closed", 2)
    assert (await booking(desk, kept))["version"] == 1
    with pytest.raises(problems.SlotFull):
        await combiner.claim(desk.claim(land, 3))


async def test_fewer_seats_take_none_away_and_are_not_sold_again(desk):
    first, _ = await desk.slots()
    combiner = desk.combiner()
    one, _ = [await combiner.claim(desk.claim(first, person)) for person in (1, 2)]
    await desk.take(session(rules={"capacity": 1, "counter_seats": 0}))
    assert (await slots(desk))[0] == ("w1", at("09:00"), 2, 0, 2)
    await act(desk, commands.cancel, one.booking_id)
    assert (await slots(desk))[0] == ("w1", at("09:00"), 1, 0, 1)
    with pytest.raises(problems.SlotFull):
        await combiner.claim(desk.claim(first, 3))


async def test_a_slot_that_the_rules_no_longer_make_keeps_its_visitors(desk):
    _, second = await desk.slots()
    combiner = desk.combiner()
    kept = await combiner.claim(desk.claim(second, 1))
    await desk.take(session(rules={"slot_minutes": 60}))
    assert (await booking(desk, kept))["state"] == "confirmed"
    with pytest.raises(problems.SlotFull):
        await combiner.claim(desk.claim(second, 2))
    await desk.take(session(opening=(("09:00", "09:30"),)))
    assert (await booking(desk, kept))["reason"] == "window_closed", "nobody receives then any more"


async def test_claims_and_a_cancellation_at_once_leave_nobody_behind(desk):
    for _ in range(10):
        await desk.take(session(rules={"capacity": 64, "counter_seats": 0}))
        first, second = await desk.slots()
        combiners = [desk.combiner() for _ in range(3)]
        claims = [
            combiners[person % 3].claim(desk.claim((first, second)[person % 2], person)) for person in range(1, 61)
        ]

        async def cancel():
            await asyncio.sleep(0.005)
            await desk.take(session(status="cancelled"))

        answers = (await asyncio.gather(*claims, cancel(), return_exceptions=True))[:-1]
        assert {type(each) for each in answers} <= {Booking, problems.SessionClosed}
        (row,) = await desk.fetch(
            "select count(*) as live, (select sum(online_taken) from slot) as taken from booking where live"
        )
        assert (row["live"], row["taken"]) == (0, 0)


async def test_visitors_cancel_while_the_session_moves(desk):
    first, second = await desk.slots()
    await desk.take(session(rules={"capacity": 64, "counter_seats": 0}))
    combiner = desk.combiner()
    booked = [await combiner.claim(desk.claim((first, second)[person % 2], person)) for person in range(1, 41)]

    async def agree_or_cancel(place, each):
        await act(desk, commands.cancel if place % 2 else commands.agree, each.booking_id)

    work = [agree_or_cancel(place, each) for place, each in enumerate(booked)]
    await asyncio.gather(desk.take(session(days=7, rules={"capacity": 64, "counter_seats": 0})), *work)
    (row,) = await desk.fetch(
        "select count(*) filter (where live) as live, (select sum(online_taken) from slot) as taken from booking"
    )
    assert (row["live"], row["taken"]) == (20, 20)
    by_booking = {}
    for event in await desk.outbox():
        by_booking.setdefault(event["subject"], []).append(event["version"])
    assert all(versions == list(range(1, len(versions) + 1)) for versions in by_booking.values())


async def test_republish_tells_the_state_again_and_never_of_the_anonymous(desk):
    first, second = await desk.slots()
    combiner = desk.combiner()
    one, two, gone = [
        await combiner.claim(desk.claim(slot, person)) for slot, person in ((first, 1), (second, 2), (second, 3))
    ]
    await act(desk, commands.cancel, two.booking_id)
    await desk.fetch("update booking set anonymised_at = now() where booking_id = $1", gone.booking_id)
    before = await desk.outbox()
    known = sorted(map(str, (one.booking_id, two.booking_id)))
    everything = republish_all(desk.pool, queries.aggregate_ids, commands.state_events)
    assert sorted([each async for page in everything for each in page]) == known
    wanted = [*known, str(gone.booking_id), "no-such-booking"]
    told = [each async for page in republish(desk.pool, commands.state_events, wanted) for each in page]
    assert sorted(told) == known
    again = (await desk.outbox())[len(before) :]
    assert len(again) == 4
    last = {row["subject"]: row for row in before}
    for row in again:
        kept = last[row["subject"]]
        assert (row["type"], row["version"]) == (kept["type"], kept["version"])
        assert json.loads(row["payload"]) == json.loads(kept["payload"])


async def test_a_person_is_forgotten_90_days_after_the_slot(desk, set_county_now, settings_env):
    slot, _ = await desk.slots()
    made = await desk.combiner().claim(desk.claim(slot, 1, note="一句话", proxy={"name": "李"}))
    runtime = Runtime(name="booking", settings=desk.settings, http=None, database=desk.pool)

    async def work_until(done):
        worker = asyncio.create_task(retain(runtime, settings=desk.settings))
        async with asyncio.timeout(10):
            while not await done():
                await asyncio.sleep(0.02)
        worker.cancel()

    async def columns():
        return await booking(desk, made)

    async def forgotten():
        return (await columns())["anonymised_at"] is not None

    async def tries_are_gone():
        return not await desk.fetch("select from tries")

    await desk.fetch("insert into tries values ('x', '2020-01-01', 1)")
    await set_county_now(desk.owner_dsn, at("09:30", days=90))
    await work_until(tries_are_gone)
    assert not await forgotten()
    await set_county_now(desk.owner_dsn, at("09:31", days=90))
    await work_until(forgotten)
    row = await columns()
    personal = ("code", "idempotency_key", "body_hash", "document_type", "document_key", "document", "name", "phone",
                "email", "proxy", "note")  # fmt: skip
    assert {name: row[name] for name in personal} == dict.fromkeys(personal)
    assert (row["matter_id"], row["party_size"], row["version"]) == ("house", 1, 2), "the figures stay"


async def test_the_runtime_role_may_do_what_the_code_does_and_no_more(desk):
    forbidden = (
        "delete from booking", "delete from slot", "delete from session", "update booking set seat = 1",
        "update booking set session_id = 'x'", "update slot set session_id = 'x'", "truncate booking",
        "create table mine (id int)", "drop table tries", "update outbox set payload = '{}'",
    )  # fmt: skip
    for statement in forbidden:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.pool.execute(statement)


@pytest.fixture
async def upstream(database, kafka, topic_prefix, settings_env, monkeypatch):
    """A roster that says what it is told to, over the real broker."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("TOPIC_PREFIX", topic_prefix)
    own = await database("booking")  # any database with an outbox
    pool = await open_pool(own.owner_dsn, size=3, application_name="roster-test")
    messaging = Messaging(ServiceSettings(database_url=own.owner_dsn), "roster", pool)
    messaging.start()

    async def say(*events):
        async with transaction(pool) as connection:
            await outbox.append(connection, *events)
        messaging.wake()

    yield say
    await messaging.stop()
    await pool.close()


async def until(condition):
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_the_roster_speaks_over_kafka_and_a_citizen_books(desk, upstream):
    async with running(desk) as client:
        await upstream(
            roster.MatterDescribed(version=7, matter=matter("village-road", "land")),
            roster.SessionPlanned(version=1, session=session(session_id="real")),
        )

        async def offered():
            answer = await client.get("/api/booking/v1/sessions", params={"matter_id": "village-road"})
            return "real" in [each["session_id"] for each in answer.json().get("items", [])]

        await until(offered)
        slot, _ = await desk.slots(session_id="real")
        body, key = wish(slot, matter_id="village-road"), {"Idempotency-Key": new_key()}
        made = await client.post("/api/booking/v1/bookings", json=body, headers=key)
        assert made.status_code == 201, made.text

        await upstream(roster.SessionCancelled(version=2, session=session(session_id="real", status="cancelled")))
        opening = {"code": made.json()["code"], "digits": "0001"}

        async def view():
            return (await client.post("/api/booking/v1/bookings/lookup", json=opening)).json()

        async def cancelled():
            return (await view())["state"] == "cancelled"

        async def published():
            return not await desk.fetch("select from outbox where published_at is null")

        await until(cancelled)
        assert ((await view())["reason"], (await view())["version"]) == ("session_cancelled", 2)
        await until(published)
