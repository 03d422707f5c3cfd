"""Messages that cannot be prepared: a failure that nobody foresaw has a bound, waiting for others has none."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.notifications import queries
from shared import database
from tests.integration.notifications_hall import NOW, VISIT, hall_open, said

WAITS = [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)]


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with hall_open(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def break_booking(hall, booking_id="b1"):
    """Leave a state that no code reads, as an old row after an upgrade could be."""
    await hall.fetch("update booking set state = '{}' where booking_id = $1", booking_id)


async def counted(hall):
    (row,) = await hall.fetch(
        "select state, preparation_failures as failures from message where about = 'b1' and kind = 'booked'"
    )
    return row["state"], row["failures"]


def failures_counted():
    return REGISTRY.get_sample_value("notifications_preparation_failures_total", {"kind": "booked"}) or 0


async def test_what_fails_unforeseen_is_given_up_after_growing_waits_and_is_on_the_call_list(hall):
    hall.desk.card("b2")
    await hall.hear(said("made", 1))
    await hall.hear(said("made", 1, "b2"))
    await break_booking(hall)
    before, now = failures_counted(), NOW
    for number, wait in enumerate(WAITS, 1):
        await hall.work()
        assert await counted(hall) == ("waiting", number)
        await hall.set_now(now + wait - timedelta(seconds=1))
        await hall.work()
        assert await counted(hall) == ("waiting", number), "looked at too early"
        now += wait
        await hall.set_now(now)
    await hall.work()
    assert (await hall.messages())["booked1"] == "failed:not_prepared"
    assert failures_counted() - before == 5
    assert (await hall.messages("b2"))["booked1"] == "sent", "nobody else was held up"
    assert ("MessageFailed", 1) in await hall.events()
    async with database.transaction(hall.pool) as connection:
        (call,) = (await queries.calls(connection, hall.vault, 10)).items
    assert (call.about, call.reason, call.attempts, call.phone) == ("b1", "not_prepared", 0, None)


async def test_while_booking_is_away_nothing_is_counted_as_a_failure(hall):
    there = hall.settings
    hall.settings = there.model_copy(update={"booking_url": "http://127.0.0.1:1"})
    await hall.hear(said("made", 1))
    for minute in range(12):
        await hall.set_now(NOW + timedelta(minutes=minute))
        await hall.work()
    assert await counted(hall) == ("waiting", 0)
    hall.settings = there
    hall.desk.card()
    await hall.set_now(NOW + timedelta(minutes=13))
    await hall.work()
    assert (await hall.messages())["booked1"] == "sent"


async def test_waiting_keeps_the_count_and_what_is_prepared_begins_it_anew(hall):
    (known,) = await hall.fetch("select state from venue")
    await hall.fetch("update venue set state = '{}'")
    hall.desk.card()
    await hall.hear(said("made", 1))
    await hall.work()
    assert await counted(hall) == ("waiting", 1)
    hall.desk.cards["b1"] = 503
    await hall.set_now(NOW + timedelta(minutes=1))
    await hall.work()
    assert await counted(hall) == ("waiting", 1)
    hall.desk.card()
    await hall.fetch("update venue set state = $1, version = version + 1", known["state"])
    await hall.set_now(NOW + timedelta(minutes=2))
    await hall.work()
    assert await counted(hall) == ("sent", 0)


async def test_with_the_visit_near_the_hall_calls_while_there_is_time(hall):
    hall.desk.card()
    await hall.set_now(VISIT - timedelta(minutes=3))
    await hall.hear(said("made", 1))
    await hall.fetch("update venue set state = '{}'")
    await hall.work()
    assert await counted(hall) == ("waiting", 1)
    await hall.set_now(VISIT - timedelta(minutes=2))
    await hall.work()
    assert (await hall.messages())["booked1"] == "failed:not_prepared", "in five minutes it would be too late"
    async with database.transaction(hall.pool) as connection:
        (call,) = (await queries.calls(connection, hall.vault, 10)).items
        details = await queries.call(connection, hall.vault, call.message_id)
    assert details.phone == "13912345678", "who calls needs it"


async def test_a_state_that_cannot_be_read_holds_up_only_who_needs_it(hall):
    hall.desk.card("b1")
    hall.desk.card("b2")
    await hall.fetch("insert into matter (matter_id, version, state) values ('odd', 1, '{}')")
    await hall.hear(said("made", 1, matter_id="odd"))
    await hall.hear(said("made", 1, "b2"))
    await hall.work()
    assert await counted(hall) == ("waiting", 1)
    assert (await hall.messages("b2"))["booked1"] == "sent"
