"""From a booking's events to messages: once, true, in any order, at the right time."""

import asyncio
import itertools
import re

import pytest

from services.notifications import bells
from services.notifications.commands import RULES, state_events
from services.notifications.queries import aggregate_ids
from services.notifications.sql.messages import select_held
from shared import database
from shared.events import roster
from shared.messaging.metrics import projection_gaps
from shared.rights import retention
from tests.integration.notifications_hall import NOW, VISIT, at, hall_open, said, session


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with hall_open(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def test_a_booking_becomes_a_message_in_the_box(hall):
    hall.desk.card()
    await hall.hear(said("made", 1), "from-the-page")
    await hall.work()
    ((kind, subject, body),) = await hall.box()
    assert kind == "booked"
    assert subject == "约好了：12月1日 星期二 09:30，局长服务日"
    assert "4081 2736" in body
    assert await hall.messages() == {"booked1": "sent", "reminder1": "waiting"}
    assert await hall.events() == [("MessageQueued", 1), ("MessageSent", 2)]
    assert hall.desk.asked == [("b1", hall.settings.service_secret.get_secret_value(), "from-the-page")]
    rows = await hall.fetch("select correlation_id from outbox union select correlation_id from message")
    assert {row["correlation_id"] for row in rows} == {"from-the-page"}


async def test_the_consumer_wakes_the_preparer_only_once_its_rows_are_there(hall):
    async with database.transaction(hall.pool) as connection:
        database.on_commit(connection, bells.preparation.set)
        assert not bells.preparation.is_set()
    assert bells.preparation.is_set()
    bells.preparation.clear()
    await hall.hear(said("made", 1))
    assert bells.preparation.is_set()


async def test_what_is_rolled_back_wakes_nobody(hall):
    async def roll_back():
        async with database.transaction(hall.pool) as connection:
            database.on_commit(connection, bells.preparation.set)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await roll_back()
    assert not bells.preparation.is_set()


async def test_nothing_readable_of_a_person_lies_in_the_tables(hall):
    hall.desk.card(email="guilan@example.cn")
    await hall.hear(said("made", 1))
    await hall.work()
    for table in ("message", "console_message", "delivery", "outbox", "booking"):
        rows = await hall.fetch(f"select t::text as t from {table} t")
        assert rows, f"{table} is empty, so nothing was looked at"
        for row in rows:
            for secret in ("王", "13912345678", "guilan"):
                assert secret not in row["t"]
                assert secret.encode().hex() not in row["t"]
            # Four digits are within some identifier or ciphertext by chance; here they stand by themselves.
            assert b"4081".hex() not in row["t"]
            assert not re.search(r"(?<![0-9a-f-])4081(?![0-9a-f-])", row["t"])


async def test_an_event_heard_again_tells_nothing_again(hall):
    hall.desk.card()
    for _ in range(3):
        await hall.hear(said("made", 1))
        await hall.work()
    assert len(await hall.box()) == 1
    assert len(await hall.events()) == 2


async def test_a_topic_read_from_the_beginning_tells_nothing_twice_even_without_projections(hall):
    moved_to = at("2026-12-02T09:30")
    told = [said("made", 1), said("moved", 2, starts_at=moved_to), said("agreed", 3, starts_at=moved_to)]
    await hall.hear(roster.SessionMoved(version=2, session=session(date=moved_to.date())))
    for event in told:
        hall.desk.card(version=event.version, state=event.booking.state)
        await hall.hear(event)
        await hall.work()
    before = await hall.fetch("select message_id from message order by 1")
    assert [kind for kind, *_ in await hall.box()] == ["moved"], "the date had moved before the first was heard of"
    await hall.fetch("update booking set version = 0")
    for event in told:
        await hall.hear(event)
        await hall.work()
    await hall.set_now(at("2026-12-01T18:00"))
    await hall.work()
    assert [kind for kind, *_ in await hall.box()] == ["moved", "reminder"]
    assert await hall.fetch("select message_id from message order by 1") == before


async def test_events_in_any_order_end_in_the_same_truth(hall):
    events = [
        said("made", 1, "bX"),
        said("moved", 2, "bX", starts_at=at("2026-12-02T10:00")),
        said("cancelled", 3, "bX", starts_at=at("2026-12-02T10:00"), reason="session_cancelled"),
    ]
    for number, order in enumerate(itertools.permutations(events)):
        booking_id = f"b{number}"
        hall.desk.card(booking_id, state="cancelled", version=3)
        for event in order:
            mine = event.booking.model_copy(update={"booking_id": booking_id})
            await hall.hear(event.model_copy(update={"booking": mine}))
        await hall.work()
        states = await hall.messages(booking_id)
        assert states.pop("session_cancelled3") == "sent"
        assert all(state.startswith("withdrawn") for state in states.values()), (order, states)
    assert len(await hall.box()) == 6


async def test_a_booking_heard_before_its_session_waits_for_it(hall):
    hall.desk.card()
    later = said("made", 1, session_id="later")
    await hall.hear(later)
    await hall.work()
    assert await hall.box() == []
    assert hall.desk.asked == [], "nothing is asked before it can be used"
    await hall.hear(roster.SessionPlanned(version=1, session=session(session_id="later")))
    assert bells.preparation.is_set(), "whoever waits for it is woken"
    await hall.work()
    assert [kind for kind, *_ in await hall.box()] == ["booked"]


async def test_a_move_waits_for_the_session_of_the_new_day(hall):
    sunday = at("2027-01-03T09:30")
    hall.desk.card(state="to_confirm", version=2)
    await hall.hear(said("made", 1))
    await hall.hear(said("moved", 2, starts_at=sunday, ends_at=at("2027-01-03T10:00")))
    await hall.work()
    assert await hall.box() == []
    moved = session(date=sunday.date(), day_kind="make_up_workday", reason="calendar")
    await hall.hear(roster.SessionMoved(version=2, session=moved))
    await hall.work()
    ((kind, subject, body),) = await hall.box()
    assert (kind, subject) == ("moved", "时间改了：改到 1月3日 星期日 09:30，局长服务日")
    assert "原来约的是 12月1日 星期二 09:30。因为放假调休，改到下面这个时间" in body
    assert "2027年1月3日 星期日 (补班)" in body


async def test_a_window_of_a_newer_hall_is_waited_for(hall):
    hall.desk.card()
    await hall.hear(said("made", 1, window_id="w9"))
    await hall.work()
    assert await hall.box() == []
    known = (await hall.fetch("select state from venue"))[0]["state"]
    newer = roster.Venue.model_validate_json(known)
    window = roster.Window(window_id="w9", number=9, department_id="land")
    newer = newer.model_copy(update={"windows": (*newer.windows, window)})
    await hall.hear(roster.VenueDescribed(version=2, venue=newer))
    await hall.set_now(at("2026-11-23T10:01"))
    await hall.work()
    assert "9 号窗口" in (await hall.box())[0][2]


async def test_a_booking_cancelled_before_sending_is_not_confirmed(hall):
    await hall.hear(said("made", 1))
    hall.desk.card(state="cancelled", version=2)
    await hall.hear(said("cancelled", 2))
    await hall.work()
    assert [kind for kind, *_ in await hall.box()] == ["cancelled"]
    assert await hall.messages() == {
        "booked1": "withdrawn:no_longer_true",
        "reminder1": "withdrawn:no_longer_true",
        "cancelled2": "sent",
    }
    assert await hall.events() == [("MessageQueued", 1), ("MessageSent", 2)], "what was never said is not taken back"


async def test_the_card_is_believed_before_the_event_arrives(hall):
    await hall.hear(said("made", 1))
    hall.desk.card(state="cancelled", version=2)
    await hall.work()
    assert await hall.messages() == {"booked1": "withdrawn:no_longer_true", "reminder1": "waiting"}
    assert await hall.box() == []


async def test_a_card_newer_than_the_last_event_is_a_reason_to_wait_for_the_event(hall):
    await hall.hear(said("made", 1))
    hall.desk.card(state="to_confirm", version=2)
    await hall.work()
    assert await hall.box() == []
    tomorrow = at("2026-12-02T09:30")
    await hall.hear(said("moved", 2, starts_at=tomorrow))
    await hall.hear(roster.SessionMoved(version=2, session=session(date=tomorrow.date())))
    await hall.work()
    assert [kind for kind, *_ in await hall.box()] == ["moved"]


async def test_nothing_is_sent_for_a_booking_that_is_gone(hall):
    await hall.hear(said("made", 1))
    await hall.work()
    assert await hall.messages() == {"booked1": "withdrawn:booking_gone", "reminder1": "waiting"}
    await hall.set_now(at("2026-11-30T18:00"))
    await hall.work()
    assert (await hall.messages())["reminder1"] == "withdrawn:booking_gone"
    assert await hall.box() == []


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_an_answer_that_is_not_bookings_own_is_no_reason_to_give_up(hall, status):
    hall.desk.cards["b1"] = status
    await hall.hear(said("made", 1))
    await hall.work()
    assert (await hall.messages())["booked1"] == "waiting"
    hall.desk.card()
    await hall.set_now(at("2026-11-23T10:01"))
    await hall.work()
    assert (await hall.messages())["booked1"] == "sent"


async def test_while_booking_is_away_messages_wait_and_then_go(hall):
    there = hall.settings
    hall.settings = there.model_copy(update={"booking_url": "http://127.0.0.1:1"})
    await hall.hear(said("made", 1))
    for minute in range(8):
        await hall.set_now(at(f"2026-11-23T10:0{minute}"))
        await hall.work()
    (row,) = await hall.fetch("select * from message where kind = 'booked'")
    assert row["state"] == "waiting"
    assert row["attempts"] == 0, "no channel was tried"
    assert row["preparations"] == 8
    hall.settings = there
    hall.desk.card()
    await hall.set_now(at("2026-11-23T10:09"))
    await hall.work()
    assert (await hall.messages())["booked1"] == "sent"


async def test_one_card_that_fails_holds_up_no_other(hall):
    hall.desk.cards["b1"] = 500
    hall.desk.card("b2")
    await hall.hear(said("made", 1))
    await hall.hear(said("made", 1, "b2"))
    await hall.work()
    assert (await hall.messages("b2"))["booked1"] == "sent"
    assert (await hall.messages("b1"))["booked1"] == "waiting"


async def test_the_reminder_comes_at_six_the_evening_before(hall):
    hall.desk.card()
    await hall.hear(said("made", 1))
    await hall.work()
    await hall.set_now(at("2026-11-30T17:59:59"))
    await hall.work()
    assert len(await hall.box()) == 1
    await hall.set_now(at("2026-11-30T18:00"))
    await hall.work()
    kind, subject, _ = (await hall.box())[1]
    assert (kind, subject) == ("reminder", "明天 09:30 见：局长服务日，3 号窗口")


async def test_the_reminder_moves_with_the_visit_and_is_not_doubled(hall):
    later = at("2026-12-11T09:30")
    await hall.hear(said("made", 1))
    await hall.hear(said("moved", 2, starts_at=later))
    await hall.hear(said("agreed", 3, starts_at=later))
    rows = await hall.fetch("select about_version, state, due_at from message where kind = 'reminder' order by 1")
    assert [(row["about_version"], row["state"], row["due_at"]) for row in rows] == [
        (1, "withdrawn", at("2026-11-30T18:00")),
        (2, "waiting", at("2026-12-10T18:00")),
    ]


async def test_a_move_that_nobody_was_told_of_is_told_from_the_day_that_they_know(hall):
    last = at("2026-12-03T09:30")
    hall.desk.card(state="to_confirm", version=3)
    await hall.hear(said("made", 1))
    await hall.hear(said("moved", 2, starts_at=at("2026-12-02T09:30")))
    await hall.hear(said("moved", 3, starts_at=last))
    await hall.hear(roster.SessionMoved(version=3, session=session(date=last.date())))
    await hall.work()
    ((_, _, body),) = await hall.box()
    assert "原来约的是 12月1日 星期二 09:30。" in body


async def test_the_quiet_hours_hold_a_booking_but_not_tomorrows_cancellation(hall):
    await hall.set_now(at("2026-11-30T22:30"))
    hall.desk.card()
    hall.desk.card("b2", state="cancelled", version=2)
    await hall.hear(said("made", 1))
    await hall.hear(said("cancelled", 2, "b2", reason="session_cancelled"))
    await hall.work()
    assert [kind for kind, *_ in await hall.box()] == ["session_cancelled"]
    (row,) = await hall.fetch("select due_at from message where about = 'b1' and kind = 'booked'")
    assert row["due_at"] == at("2026-12-01T08:00")
    async with database.transaction(hall.pool) as connection:
        held = await select_held(connection)
    assert (held["count"], held["until"]) == (1, at("2026-12-01T08:00"))
    await hall.set_now(at("2026-12-01T08:00"))
    await hall.work()
    assert [kind for kind, *_ in await hall.box()] == ["session_cancelled", "booked"]


async def test_a_message_left_over_from_the_day_is_held_at_night(hall):
    hall.desk.card()
    await hall.set_now(at("2026-11-23T21:59"))
    await hall.hear(said("made", 1))
    assert await hall.preparer.step()
    await hall.set_now(at("2026-11-23T22:00"))
    assert not await hall.console.step(), "prepared by day, but it is night now"
    await hall.work()
    assert await hall.box() == []
    await hall.set_now(at("2026-11-24T08:00"))
    await hall.work()
    assert len(await hall.box()) == 1


async def test_what_was_prepared_is_not_sent_once_the_booking_changed(hall):
    hall.desk.card()
    await hall.hear(said("made", 1))
    assert await hall.preparer.step()
    hall.desk.card(state="cancelled", version=2)
    await hall.hear(said("cancelled", 2))
    assert not await hall.console.step()
    await hall.work()
    assert [kind for kind, *_ in await hall.box()] == ["cancelled"]
    assert ("MessageWithdrawn", 2) in await hall.events(), "it had been said to be queued"


async def test_a_booking_cancelled_while_its_card_is_fetched_is_not_confirmed(hall):
    hall.desk.card()
    hall.desk.wait = asyncio.Event()
    await hall.hear(said("made", 1))
    preparing = asyncio.create_task(hall.preparer.step())
    async with asyncio.timeout(5):
        while not hall.desk.asked:
            await asyncio.sleep(0.01)
    await hall.hear(said("cancelled", 2))
    hall.desk.wait.set()
    await preparing
    assert not await hall.console.step(), "what was prepared was for the booking as it had been"
    hall.desk.card(state="cancelled", version=2)
    await hall.work()
    assert [kind for kind, *_ in await hall.box()] == ["cancelled"]


async def test_what_is_too_late_is_not_sent_and_a_change_by_the_hall_is_called_about(hall):
    await hall.hear(said("made", 1))
    await hall.hear(said("cancelled", 2, "b2", reason="session_cancelled"))
    await hall.set_now(VISIT)
    await hall.work()
    assert await hall.messages() == {"booked1": "withdrawn:too_late", "reminder1": "withdrawn:too_late"}
    assert await hall.messages("b2") == {"session_cancelled2": "failed:too_late"}
    assert await hall.box() == []


async def test_who_has_no_address_is_on_the_call_list(hall):
    hall.desk.card(phone=None)
    await hall.hear(said("made", 1))
    await hall.work()
    assert (await hall.messages())["booked1"] == "failed:no_address"
    assert await hall.events() == [("MessageFailed", 1)]


async def test_who_has_a_landline_alone_is_on_the_call_list_with_it(hall):
    hall.desk.card(phone="+868165551234", phone_takes_texts=False)
    await hall.hear(said("made", 1))
    await hall.work()
    assert (await hall.messages())["booked1"] == "failed:no_address"
    (row,) = await hall.fetch("select phone is not null as phone from message where kind = 'booked'")
    assert row["phone"]


async def test_the_proxy_gets_a_message_of_their_own(hall):
    hall.desk.card(proxy={"name": "李建国", "relation": "son", "phone": "13800000000"})
    await hall.hear(said("made", 1, by_proxy=True))
    await hall.work()
    states = await hall.messages()
    assert (states["booked1"], states["booked1p"]) == ("sent", "sent")
    greetings = {body.splitlines()[0] for _, _, body in await hall.box()}
    assert greetings == {"王**，您好！", "李**，您好！这是您帮王**约的号。"}


async def test_an_english_visitor_is_told_in_english(hall):
    hall.desk.card(language="en")
    await hall.hear(said("made", 1, language="en"))
    await hall.work()
    assert (await hall.box())[0][1] == "Booked: Tuesday 1 December, 09:30, Director service day"


async def test_a_gap_is_counted_and_applied(hall):
    gaps = projection_gaps.labels("booking.bookings.v1")._value
    before = gaps.get()
    await hall.hear(said("made", 1))
    await hall.hear(said("agreed", 4))
    assert gaps.get() == before + 1
    await hall.hear(said("agreed", 7, "b2"))
    assert gaps.get() == before + 1, "the first state of a compacted topic may be any"


async def test_words_and_addresses_are_deleted_after_ninety_days(hall):
    hall.desk.card()
    await hall.hear(said("made", 1))
    await hall.work()
    await hall.set_now(at("2027-02-21T09:59"))
    nothing = {"messages": 0, "console_messages": 0}
    assert await retention.due(hall.pool, RULES, 90) == nothing
    assert await retention.run(hall.pool, RULES, 90) == nothing
    await hall.set_now(at("2027-02-21T10:01"))
    assert await retention.due(hall.pool, RULES, 90) == {"messages": 1, "console_messages": 1}
    assert await retention.run(hall.pool, RULES, 90) == {"messages": 1, "console_messages": 1}
    assert await retention.run(hall.pool, RULES, 90) == nothing
    assert await hall.box() == []
    (row,) = await hall.fetch("select * from message where kind = 'booked'")
    assert (row["state"], row["address"], row["phone"], row["subject"], row["body"]) == ("sent", *[None] * 4)
    assert row["version"] == 3, "no older state passes it"
    async with database.transaction(hall.pool) as connection:
        assert await aggregate_ids(connection, None, 10) == []
        assert await state_events(connection, [str(row["message_id"])]) == [], "nothing is told of it any more"
    await hall.set_now(NOW)
    await hall.fetch("update booking set version = 0")
    await hall.hear(said("made", 1))
    await hall.work()
    assert await hall.box() == [], "unique for ever"


async def test_republish_says_the_present_state_and_changes_nothing(hall):
    hall.desk.card()
    await hall.hear(said("made", 1))
    await hall.work()
    async with database.transaction(hall.pool) as connection:
        ids = await aggregate_ids(connection, None, 10)
        assert await aggregate_ids(connection, ids[-1], 10) == []
        every = await state_events(connection, ids)
        one = await state_events(connection, [every[0].subject, "nonsense"])
    assert [(type(event).__name__, event.version, event.message.state) for event in every] == [
        ("MessageSent", 2, "sent")
    ]
    assert one == every
