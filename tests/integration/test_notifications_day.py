"""From the queue's events to messages of the day: once, only while true, and only to whoever booked."""

import asyncio
import itertools
from datetime import timedelta

import pytest

from services.notifications.queries import calls
from shared import database
from shared.events import queue
from tests.integration.notifications_day import MORNING, away, behind, visit, window
from tests.integration.notifications_hall import at, hall_open, said


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    """A hall on the morning of the day, with one booking for half past nine."""
    async with hall_open(database, settings_env, monkeypatch, set_county_now) as opened:
        opened.desk.card()
        await opened.hear(said("made", 1))
        await opened.set_now(MORNING)
        await opened.fetch("delete from message")
        yield opened


async def bodies(hall):
    return [body.strip() for _, _, body in await hall.box()]


async def kinds(hall):
    return [kind for kind, *_ in await hall.box()]


async def test_a_turn_is_told_step_by_step(hall):
    for event in (visit("CheckedIn", 1), visit("Nearing", 2), visit("Called", 3), visit("Unanswered", 4)):
        await hall.hear(event, "from-the-window")
        await hall.work()
    assert await bodies(hall) == [
        "A012 号，前面最多还有 3 位。请在大厅里等，听叫号。",
        "叫到您了：请 A012 号到 3 号窗口。",
        "叫到 A012 号，没见人来，往后排两位，号还有用。请到大厅等，还会叫。",
    ]
    assert await hall.messages() == {"turn_near2": "sent", "called3": "sent", "missed4": "sent"}
    rows = await hall.fetch("select distinct correlation_id from message")
    assert [row["correlation_id"] for row in rows] == ["from-the-window"]


async def test_the_third_call_in_vain_sends_one_to_the_counter(hall):
    await hall.hear(visit("Unanswered", 9, state="closed", closing="unanswered", misses=3))
    await hall.work()
    ((kind, subject, body),) = await hall.box()
    assert (kind, subject) == ("missed", "叫到 A012 号，没见人来")
    assert "请到咨询台说一声" in body


async def test_a_call_is_told_after_the_booked_time_too(hall):
    await hall.set_now(at("2026-12-01T11:45"))
    await hall.hear(visit("Called", 3))
    await hall.work()
    assert await kinds(hall) == ["called"]


async def test_what_is_heard_again_is_told_once(hall):
    heard = [visit("Nearing", 2), visit("Called", 3), visit("Unanswered", 4), away(2), behind(3, 40)]
    for event in heard:
        await hall.hear(event)
        await hall.hear(event)
        await hall.work()
    before = await hall.box()
    assert len(before) == 5
    for table in ("visit", "window_day"):
        await hall.fetch(f"update {table} set version = 0")
    for event in heard:
        await hall.hear(event)
        await hall.work()
    assert await hall.box() == before, "not even where the projections are made anew"


async def test_a_call_repeated_is_no_second_message_but_a_new_call_is(hall):
    for version in (3, 4):
        await hall.hear(visit("Called", version))
        await hall.work()
    assert await kinds(hall) == ["called"]
    await hall.hear(visit("Unanswered", 5))
    await hall.hear(visit("Called", 6, misses=1))
    await hall.work()
    assert await kinds(hall) == ["called", "called"]


async def test_events_in_any_order_end_in_the_last_ones_truth(hall):
    events = [visit("Nearing", 2), visit("Called", 3), visit("Started", 4)]
    for number, order in enumerate(itertools.permutations(events)):
        booking_id = f"o{number}"
        hall.desk.card(booking_id)
        await hall.hear(said("made", 1, booking_id))
        for event in order:
            mine = event.visit.model_copy(update={"booking_id": booking_id, "visit_id": f"t{number}"})
            await hall.hear(event.model_copy(update={"visit": mine}))
    await hall.work()
    assert set(await kinds(hall)) <= {"booked"}, "whoever is being received is not told to come"


@pytest.mark.parametrize(
    ("told", "then"),
    [
        (visit("Nearing", 2), visit("Called", 3)),
        (visit("Nearing", 2), visit("Transferred", 3)),
        (visit("Called", 2), visit("Undone", 3)),
        (visit("Called", 2), visit("Started", 3)),
        (visit("Called", 2), visit("Unanswered", 3)),
        (visit("Unanswered", 2), visit("Called", 3, misses=1)),
        (visit("Unanswered", 2), visit("Transferred", 3, misses=1)),
        (visit("Unanswered", 2), visit("Closed", 3, misses=1)),
        (away(2), window(queue.AttendanceRecorded, 3)),
        (away(2), visit("Started", 3)),
        (away(2), visit("Closed", 3, closing="next_session")),
        (away(2), visit("Closed", 3, closing="written_issue")),
        (visit("Nearing", 2), visit("Closed", 3, closing="next_session")),
        (behind(2, 31), behind(3, 30)),
        (behind(2, 31), window(queue.WindowClosed, 3, state="closed", minutes_behind=31)),
        (behind(2, 31), visit("Called", 3)),
        (behind(2, 31), said("cancelled", 2)),
    ],
)
@pytest.mark.parametrize("prepared", [False, True])
async def test_what_is_no_longer_true_is_withdrawn(hall, told, then, prepared):
    await hall.hear(told)
    (row,) = await hall.fetch("select kind, message_id from message")
    if prepared:
        assert await hall.preparer.step() == 1
    await hall.hear(then)
    assert not await hall.console.step(), "what was prepared does not go out on old knowledge"
    await hall.work()
    assert row["kind"] not in await kinds(hall)
    (found,) = await hall.fetch("select state, reason from message where message_id = $1", row["message_id"])
    assert tuple(found) == ("withdrawn", "no_longer_true")


async def test_one_that_a_worker_had_in_hand_is_not_told_beside_the_newer_one(hall):
    hall.desk.wait = asyncio.Event()
    await hall.hear(visit("Unanswered", 3))
    preparing = asyncio.create_task(hall.preparer.step())
    async with asyncio.timeout(5):
        while not hall.desk.asked:
            await asyncio.sleep(0.01)
    await hall.hear(visit("Called", 4, misses=1))
    await hall.hear(visit("Unanswered", 5, misses=2))
    hall.desk.wait.set()
    await preparing
    await hall.work()
    assert await hall.messages() == {
        "missed3": "withdrawn:no_longer_true",
        "called4": "withdrawn:no_longer_true",
        "missed5": "sent",
    }


async def test_who_came_without_a_booking_is_told_nothing(hall):
    for event in (visit("Nearing", 2), visit("Called", 3), visit("Unanswered", 4)):
        without = event.visit.model_copy(update={"booking_id": None, "source": "walk_in"})
        await hall.hear(event.model_copy(update={"visit": without}))
    await hall.work()
    assert await hall.box() == []
    assert await hall.fetch("select from visit") == []


async def test_a_visit_of_an_unknown_booking_stops_nothing(hall):
    await hall.hear(visit("Called", 3, booking_id="b9", visit_id="t9"))
    await hall.work()
    assert await hall.box() == []


async def people(hall):
    """Bookings at window 3 around ten: one waits, one is received, one passed by, one is to come; and others."""
    for name, changes in {
        "waits": {},
        "received": {},
        "passed": {"starts_at": at("2026-12-01T09:00")},
        "coming": {"starts_at": at("2026-12-01T10:30")},
        "elsewhere": {"window_id": "w9"},
        "transferred": {},
        "next_time": {},
        "written": {},
        "cancelled": {},
        "other_day": {"session_id": "another"},
    }.items():
        hall.desk.card(name)
        await hall.hear(said("made", 1, name, **changes))
    hall.desk.card("cancelled", state="cancelled", version=2)
    await hall.hear(said("cancelled", 2, "cancelled"))
    await hall.set_now(at("2026-12-01T10:00"))
    for name, event in {
        "b1": visit("Closed", 2),
        "waits": visit("CheckedIn", 1),
        "received": visit("Started", 3),
        "transferred": visit("Transferred", 3),
        "next_time": visit("Closed", 3, closing="next_session"),
        "written": visit("Closed", 3, closing="written_issue"),
    }.items():
        mine = event.visit.model_copy(update={"booking_id": name, "visit_id": f"visit-{name}"})
        await hall.hear(event.model_copy(update={"visit": mine}))


async def told_to(hall, kind):
    rows = await hall.fetch("select about from console_message where kind = $1 order by about", kind)
    return [row["about"] for row in rows]


async def test_an_official_called_away_concerns_who_waits_and_who_is_still_to_come(hall):
    await people(hall)
    await hall.hear(away(2))
    await hall.work()
    assert await told_to(hall, "substituted") == ["coming", "waits"]
    told = [body for kind, _, body in await hall.box() if kind == "substituted"]
    for whose, then in (("10:30 的号", "替班领导在，照常办。"), ("A012 号", "替班领导在。也可以下次先办")):
        assert any(f"{whose}，3 号窗口的值班领导有事不在，10:30 回来。{then}" in body for body in told)
    await hall.hear(away(3))
    await hall.work()
    assert len(await told_to(hall, "substituted")) == 2, "the same facts recorded again are no news"
    await hall.hear(away(4, attendance="left", returns_at=None))
    await hall.work()
    assert len(await told_to(hall, "substituted")) == 4


async def test_a_late_window_concerns_who_waits_and_who_has_not_come(hall):
    await people(hall)
    await hall.hear(behind(2, 30))
    await hall.work()
    assert await told_to(hall, "running_late") == [], "half an hour is on time again, as the queue says it"
    await hall.hear(behind(3, 34))
    await hall.work()
    assert await told_to(hall, "running_late") == ["coming", "passed", "waits"]
    for version, minutes in ((4, 12), (5, 45)):
        await hall.hear(behind(version, minutes))
        await hall.work()
    assert len(await told_to(hall, "running_late")) == 3, "a window that wavers tells nobody twice"


async def test_nothing_is_told_of_another_day(hall):
    for day in ("2026-11-30T21:00", "2026-12-02T09:00"):
        await hall.set_now(at(day))
        await hall.fetch("delete from visit")
        await hall.fetch("delete from window_day")
        await hall.hear(visit("Called", 3))
        await hall.hear(away(2))
        await hall.hear(behind(3, 50))
    assert await hall.messages() == {}


async def test_a_message_that_outlives_its_day_is_withdrawn(hall):
    hall.desk.cards["b1"] = 503
    await hall.hear(visit("Called", 3))
    await hall.work()
    assert await hall.messages() == {"called3": "waiting"}
    hall.desk.card()
    await hall.set_now(at("2026-12-02T00:00") + timedelta(hours=9))
    await hall.work()
    assert await hall.messages() == {"called3": "withdrawn:no_longer_true"}


async def test_the_proxy_is_told_too_and_no_name_is(hall):
    hall.desk.card("b2", proxy={"name": "李建国", "relation": "son", "phone": "13800000000"})
    await hall.hear(said("made", 1, "b2", by_proxy=True))
    await hall.fetch("delete from message")
    await hall.hear(visit("Called", 3, booking_id="b2", visit_id="t2"))
    await hall.work()
    assert sorted(await bodies(hall)) == [
        "叫到您了：请 A012 号到 3 号窗口。",
        "您帮忙约的号叫到了：请 A012 号到 3 号窗口。",
    ]


async def test_who_is_in_the_hall_without_a_phone_need_not_be_called(hall):
    hall.desk.card(phone=None)
    await hall.hear(visit("Called", 3))
    await hall.work()
    assert await hall.messages() == {"called3": "failed:no_address"}
    async with database.transaction(hall.pool) as connection:
        assert (await calls(connection, hall.vault, 10)).items == []
