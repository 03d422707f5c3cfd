"""The day in the hall, over HTTP on a real database: coming in, being called, and what comes of it."""

import asyncio
import uuid

import pytest

from tests.integration import queue_hall
from tests.integration.queue_hall import API, Hall


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def test_a_booking_goes_from_check_in_to_outcome(hall: Hall):
    _, code = await hall.booked("09:30")
    await hall.at("09:29")
    ticket = (await hall.check_in(f"{code[:4]} {code[4:]}")).json()
    assert (ticket["number"], ticket["window_number"], ticket["before"]) == ("A001", 1, 0)
    called = await hall.do("w1", "call-next")
    assert (called["at"]["number"], called["at"]["state"], called["at"]["visitor"]["name"]) == (
        "A001",
        "called",
        "王桂兰",
    )
    await hall.do("w1", "attend", attendance="present")
    started = await hall.do("w1", "start")
    assert started["at"]["received_by"] == "principal"
    await hall.at("09:41")
    done = await hall.finish(
        problems=[{"text": "缴契税要另排一次队", "settled": "handed_on"}], suggestions=["网上写明要带什么"]
    )
    assert done["at"] is None
    assert done["figures"] == {
        "persons": 1, "visits": 1, "items": 1, "problems": 1, "solved": 0, "suggestions": 1,
    }  # fmt: skip
    assert (await hall.told())[3:] == [
        "VisitCheckedIn", "VisitCalled", "AttendanceRecorded", "VisitStarted", "VisitFinished",
    ]  # fmt: skip


async def test_no_name_number_or_text_is_in_any_event(hall: Hall):
    _, code = await hall.booked("09:00")
    await hall.check_in(code)
    await hall.walk_in(name="龙小妹")
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    await hall.finish(problems=[{"text": "窗口太远", "settled": "on_the_spot"}])
    said = " ".join(row["payload"] for row in await hall.fetch("select payload from outbox"))
    for personal in ("王桂兰", "274X", "龙小妹", "窗口太远", code):
        assert personal not in said
    stored = await hall.fetch("select ticket.card, remark.text from ticket left join remark using (ticket_id)")
    assert all("王".encode() not in (value or b"") for row in stored for value in row.values())


async def test_checking_in_twice_is_being_here_once(hall: Hall):
    _, code = await hall.booked("09:30")
    answers = await asyncio.gather(*(hall.check_in(code) for _ in range(5)))
    assert {answer.json()["number"] for answer in answers} == {"A001"}
    assert (await hall.told()).count("VisitCheckedIn") == 1


async def test_twenty_racing_check_ins_get_twenty_numbers_without_a_gap(hall: Hall):
    codes = [(await hall.booked("09:30"))[1] for _ in range(10)]
    wanted = [*(hall.check_in(code) for code in codes), *(hall.walk_in() for _ in range(10))]
    numbers = [await hall.number_of(answer) for answer in await asyncio.gather(*wanted)]
    assert sorted(numbers) == [f"A{serial:03}" for serial in range(1, 21)]


async def test_a_walk_in_asked_for_again_is_the_same_ticket(hall: Hall):
    key = uuid.uuid4().hex
    first, second = [(await hall.walk_in(key=key)).json() for _ in range(2)]
    assert first["ticket_id"] == second["ticket_id"]
    other = await hall.walk_in("advice", key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await hall.number_of(await hall.walk_in("advice"))) == "B001"


@pytest.mark.parametrize("other", [{"persons": 3}, {"name": "王五"}, {"priority": "elderly"}, {"delegation": True}])
async def test_the_key_of_a_walk_in_with_anything_else_is_refused_and_nobody_is_lost(hall: Hall, other):
    key, wish = uuid.uuid4().hex, {"persons": 2, "name": "李四"}
    first = await hall.walk_in(key=key, **wish)
    answer = await hall.walk_in(key=key, **{**wish, **other})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    await hall.finish("w1", ["house", "advice"])
    assert (await hall.walk_in(key=key, **wish)).json()["ticket_id"] == first.json()["ticket_id"]


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"code": "99999999"}, 404, "booking_unknown"),
        ({"code": "12"}, 422, "invalid_request"),
        ({"code": "12345678", "booking_id": str(uuid.uuid4())}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
        ({"booking_id": str(uuid.uuid4())}, 404, "booking_unknown"),
        ({"code": "12345678", "persons": 0}, 422, "invalid_request"),
        ({"code": "12345678", "name": "x"}, 422, "invalid_request"),
    ],
)
async def test_a_check_in_that_cannot_be_says_why(hall: Hall, wish, status, code):
    answer = await hall.http.post(f"{API}/staff/sessions/day/check-ins", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_cancelled_booking_has_no_place_but_who_is_here_stays(hall: Hall):
    booking, code = await hall.booked("09:30")
    gone, gone_code = await hall.booked("10:00")
    await hall.check_in(code)
    for each in (booking, gone):
        await hall.take(each.model_copy(update={"state": "cancelled", "cancelled_at": each.booked_at}), 2)
    assert (await hall.check_in(gone_code)).json()["code"] == "booking_cancelled"
    assert [each["number"] for each in (await hall.desk())["waiting"]] == ["A001"]


async def test_nobody_checks_in_on_another_day_but_what_was_begun_is_ended_after_midnight(hall: Hall):
    _, code = await hall.booked("09:30")
    await hall.at("09:00", days=-1)
    assert (await hall.check_in(code)).json()["code"] == "session_not_today"
    await hall.at("16:50")
    await hall.check_in(code)
    await hall.do("w1", "call-next")
    await hall.at("00:05", days=1)
    await hall.do("w1", "start")
    assert (await hall.finish())["figures"]["visits"] == 1
    assert (await hall.walk_in()).json()["code"] == "session_not_today"


async def test_two_windows_never_call_one_ticket(hall: Hall):
    for _ in range(3):
        await hall.walk_in()
    versions = {window: (await hall.desk(window))["window_version"] for window in ("w1", "w2")}
    answers = await asyncio.gather(*(hall.ask(each, "call-next", version=versions[each]) for each in ("w1", "w2")))
    assert sorted(answer.json()["at"]["number"] for answer in answers) == ["A001", "A002"]


async def test_two_tabs_call_once(hall: Hall):
    await hall.walk_in()
    await hall.walk_in()
    seen = (await hall.desk())["window_version"]
    answers = await asyncio.gather(*(hall.ask("w1", "call-next", version=seen) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "window_moved_on"}


async def test_a_person_of_two_departments_is_called_at_one_window_at_a_time(hall: Hall):
    _, first = await hall.booked("09:00", person=b"p" * 32)
    _, second = await hall.booked("09:00", person=b"p" * 32, department_id="health", window_id="w3", matter_id="advice")
    await hall.check_in(first)
    await hall.check_in(second)
    await hall.do("w1", "call-next")
    refused = await hall.ask("w3", "call-next")
    assert (refused.status_code, refused.json()["code"]) == (409, "nobody_waits")
    by_hand = await hall.ask("w3", "call", ticket_id=(await hall.desk("w3"))["waiting"][0]["ticket_id"])
    assert by_hand.json()["code"] == "person_elsewhere"
    await hall.do("w1", "start")
    await hall.finish()
    assert (await hall.do("w3", "call-next"))["at"]["number"] == "B001"


async def test_who_does_not_answer_goes_behind_two_others_twice_and_can_still_be_called_by_hand(hall: Hall):
    for _ in range(8):
        await hall.walk_in()
    called = []
    for _ in range(7):
        number = (await hall.do("w1", "call-next"))["at"]["number"]
        called.append(number)
        if number == "A001":
            await hall.do("w1", "unanswered")
        else:
            await hall.do("w1", "start")
            await hall.finish()
    assert called == ["A001", "A002", "A003", "A001", "A004", "A005", "A001"]
    desk = await hall.desk()
    assert [(each["number"], each["misses"]) for each in desk["unanswered"]] == [("A001", 3)]
    again = await hall.do("w1", "call", ticket_id=desk["unanswered"][0]["ticket_id"])
    assert again["at"]["number"] == "A001"


async def test_priority_overtakes_nobody_more_than_twice(hall: Hall):
    await hall.walk_in()
    for _ in range(3):
        await hall.walk_in(priority="elderly")
    called = []
    for _ in range(4):
        called.append((await hall.do("w1", "call-next"))["at"]["number"])
        await hall.do("w1", "start")
        await hall.finish()
    assert called == ["A002", "A003", "A001", "A004"]


async def test_a_hold_frees_the_window_and_is_taken_up_again(hall: Hall):
    await hall.walk_in()
    await hall.walk_in()
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    desk = await hall.do("w1", "hold")
    assert (desk["at"], [each["number"] for each in desk["held"]]) == (None, ["A001"])
    held = desk["held"][0]["ticket_id"]
    await hall.do("w1", "call-next")
    assert (await hall.ask("w1", "resume", ticket_id=held)).json()["code"] == "window_busy"
    await hall.do("w1", "start")
    await hall.finish()
    assert (await hall.do("w1", "resume", ticket_id=held))["at"]["state"] == "serving"


async def test_a_transfer_keeps_the_number_and_the_place(hall: Hall):
    await hall.walk_in()
    await hall.walk_in("advice")
    await hall.do("w1", "call-next")
    await hall.do("w1", "transfer", window_id="w3")
    assert [each["number"] for each in (await hall.desk("w3"))["waiting"]] == ["A001", "B001"]
    await hall.do("w3", "close")
    await hall.walk_in()
    await hall.do("w1", "call-next")
    for wish, code in (
        ({"window_id": "w3"}, "window_not_open"),
        ({"department_id": "health"}, "window_not_open"),
        ({"window_id": "w9"}, "window_unknown"),
        ({"window_id": "w1"}, "window_unknown"),
        ({}, "invalid_request"),
    ):
        assert (await hall.ask("w1", "transfer", **wish)).json()["code"] == code


async def test_what_a_window_cannot_do_it_is_told(hall: Hall):
    assert (await hall.ask("w1", "call-next")).json()["code"] == "nobody_waits"
    for verb in ("recall", "start", "unanswered", "hold"):
        assert (await hall.ask("w1", verb)).json()["code"] == "window_idle"
    await hall.walk_in()
    await hall.do("w1", "call-next")
    assert (await hall.ask("w1", "call-next")).json()["code"] == "window_busy"
    assert (await hall.ask("w1", "close")).json()["code"] == "window_busy"
    never_started = await hall.ask("w1", "finish", outcomes=[{"matter_id": "house", "kind": "handled"}])
    assert never_started.json()["code"] == "ticket_moved_on"
    await hall.do("w1", "start")
    other = await hall.ask("w1", "finish", outcomes=[{"matter_id": "advice", "kind": "handled"}])
    assert (other.status_code, other.json()["code"]) == (422, "outcome_missing")
    silent = await hall.ask("w1", "finish", outcomes=[{"matter_id": "house", "kind": "incomplete"}])
    assert (silent.status_code, silent.json()["code"]) == (422, "invalid_request")
    await hall.do("w2", "pause", reason="系统维护")
    assert (await hall.ask("w2", "call-next")).json()["code"] == "window_not_open"
    assert (await hall.ask("w9", "open", version=0)).json()["code"] == "window_unknown"


async def test_the_last_step_is_taken_back_within_half_a_minute_and_not_later(hall: Hall):
    await hall.at("09:10")
    await hall.walk_in()
    await hall.walk_in(priority="veteran")
    await hall.do("w1", "call-next")
    assert (await hall.do("w1", "undo"))["at"] is None
    rows = await hall.fetch("select number, state, overtaken from ticket order by number")
    assert [tuple(row) for row in rows] == [("A001", "waiting", 0), ("A002", "waiting", 0)]
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    await hall.finish(problems=[{"text": "x", "settled": "on_the_spot"}])
    assert (await hall.desk())["undo"] == "finish"
    undone = await hall.do("w1", "undo")
    assert (undone["at"]["state"], undone["figures"]["problems"]) == ("serving", 0)
    assert (await hall.ask("w1", "undo")).json()["code"] == "nothing_to_undo", "not what was taken back already"
    await hall.finish()
    await hall.at("09:10", seconds=31)
    assert (await hall.ask("w1", "undo")).json()["code"] == "nothing_to_undo"


async def test_a_step_is_not_taken_back_once_another_window_went_on(hall: Hall):
    await hall.walk_in()
    await hall.do("w1", "call-next")
    await hall.do("w1", "unanswered")
    await hall.do("w2", "call-next")
    assert (await hall.ask("w1", "undo")).json()["code"] == "nothing_to_undo"


async def test_who_receives_is_told_apart(hall: Hall):
    received = []
    for attendance in (
        None,
        {"attendance": "present"},
        {"attendance": "away", "reason": "县里紧急会议", "substitute_id": "deputy-land"},
    ):
        if attendance:
            await hall.do("w1", "attend", **attendance)
        await hall.walk_in()
        await hall.do("w1", "call-next")
        received.append((await hall.do("w1", "start"))["at"]["received_by"])
        await hall.finish()
    assert received == ["staff", "principal", "substitute"]
    assert (await hall.ask("w1", "attend", attendance="left")).json()["code"] == "invalid_request", "say why"


async def test_whose_turn_is_near_is_told_once(hall: Hall):
    for _ in range(6):
        await hall.walk_in()
    await hall.do("w2", "close")
    for _ in range(2):
        await hall.do("w1", "call-next")
        await hall.do("w1", "start")
        await hall.finish()
    rows = await hall.fetch("select payload from outbox where type = 'queue.VisitNearing' order by position")
    assert [row["payload"].split('"number":"')[1][:4] for row in rows] == ["A005", "A006"]


async def test_a_visitor_sees_their_own_ticket_and_nobodys_name(hall: Hall):
    tokens = [(await hall.walk_in(name="陈先生")).json()["token"] for _ in range(3)]
    await hall.do("w2", "close")
    await hall.do("w1", "call-next")
    answer = await hall.http.get(f"{API}/tickets/{tokens[2]}")
    shown = answer.json()
    assert (shown["number"], shown["before"], shown["state"]) == ("A003", 1, "waiting")
    assert "陈" not in answer.text
    assert (await hall.http.get(f"{API}/tickets/{'x' * 22}")).json()["code"] == "ticket_unknown"


async def test_the_screen_shows_the_newest_call_first(hall: Hall):
    for _ in range(2):
        await hall.walk_in()
    await hall.at("09:01")
    await hall.do("w1", "call-next")
    await hall.at("09:02")
    await hall.do("w2", "call-next")
    screen = (await hall.http.get(f"{API}/sessions/day/screen")).json()
    assert [(each["number"], each["window_number"]) for each in screen["calls"]] == [("A002", 2), ("A001", 1)]


async def test_the_notice_says_everything_once(hall: Hall):
    ticket = (await hall.walk_in()).json()
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    missing = "1. 契税完税证明\n2. 配偶同意书"
    await hall.finish(outcomes=[{"matter_id": "house", "kind": "incomplete", "said": missing}])
    notice = (await hall.http.get(f"{API}/staff/sessions/day/tickets/{ticket['ticket_id']}/notice")).json()
    assert notice["outcomes"] == [{"matter_id": "house", "kind": "incomplete", "said": missing}]


async def test_who_goes_leaves_the_line_but_not_from_a_window(hall: Hall):
    tokens = [(await hall.walk_in()).json()["token"] for _ in range(2)]
    await hall.do("w1", "call-next")
    assert (await hall.http.post(f"{API}/tickets/{tokens[0]}/leave")).json()["code"] == "ticket_moved_on"
    left = (await hall.http.post(f"{API}/tickets/{tokens[1]}/leave")).json()
    assert (left["state"], left["closing"]) == ("closed", "left")
    assert (await hall.desk())["waiting"] == []


async def test_a_window_half_an_hour_behind_is_told_once_and_so_is_its_being_on_time_again(hall: Hall):
    _, code = await hall.booked("09:00")
    await hall.check_in(code)
    await hall.at("09:30")
    await hall.look()
    assert "WindowBehind" not in await hall.told()
    await hall.at("09:31")
    await hall.look()
    await hall.look()
    assert (await hall.told()).count("WindowBehind") == 1
    assert (await hall.desk())["minutes_behind"] == 31
    await hall.do("w1", "call-next")
    await hall.look()
    rows = await hall.fetch("select payload from outbox where type = 'queue.WindowBehind' order by position")
    assert ['"minutes_behind":31' in row["payload"] for row in rows] == [True, False]


async def test_who_came_late_or_not_at_all_makes_no_window_late(hall: Hall):
    _, late = await hall.booked("09:00")
    await hall.booked("09:00")
    await hall.at("09:10")
    await hall.check_in(late)
    await hall.at("10:00")
    await hall.look()
    assert "WindowBehind" not in await hall.told()


async def test_who_waits_for_a_window_that_closes_is_called_by_its_neighbour(hall: Hall):
    _, code = await hall.booked("09:00", window_id="w1")
    number = await hall.number_of(await hall.check_in(code))
    assert (await hall.ask("w2", "call-next")).json()["code"] == "nobody_waits", "it is bound to its window"
    await hall.do("w1", "close")
    assert (await hall.do("w2", "call-next"))["at"]["number"] == number
    assert "VisitTransferred" in await hall.told()


async def test_who_waits_for_the_departments_last_window_waits_on(hall: Hall):
    _, code = await hall.booked("09:00", window_id="w1")
    number = await hall.number_of(await hall.check_in(code))
    await hall.do("w2", "close")
    await hall.do("w1", "close")
    await hall.do("w2", "open")
    assert (await hall.ask("w2", "call-next")).json()["code"] == "nobody_waits"
    await hall.do("w1", "open")
    assert (await hall.do("w1", "call-next"))["at"]["number"] == number


@pytest.mark.parametrize("verb", ["undo", "unanswered"])
async def test_who_is_back_in_line_is_not_bound_to_a_window_that_closed_meanwhile(hall: Hall, verb: str):
    _, code = await hall.booked("09:00", window_id="w2")
    ticket = (await hall.check_in(code)).json()["ticket_id"]
    await hall.do("w1", "call", ticket_id=ticket)
    await hall.do("w2", "close")
    await hall.do("w1", verb)
    assert (await hall.do("w1", "call-next"))["at"]["ticket_id"] == ticket


async def test_who_is_booked_at_a_window_that_has_closed_is_called_by_its_neighbour(hall: Hall):
    _, code = await hall.booked("09:00", window_id="w2")
    await hall.do("w2", "close")
    number = await hall.number_of(await hall.check_in(code))
    assert (await hall.do("w1", "call-next"))["at"]["number"] == number


async def test_who_is_booked_at_a_window_that_opens_later_waits_for_it(hall: Hall):
    await hall.fetch("update window_day set state = 'closed' where window_id = 'w2'")
    await hall.fetch("delete from step where window_id = 'w2'")
    _, code = await hall.booked("09:00", window_id="w2")
    number = await hall.number_of(await hall.check_in(code))
    assert (await hall.ask("w1", "call-next")).json()["code"] == "nobody_waits"
    await hall.do("w2", "open")
    assert (await hall.do("w2", "call-next"))["at"]["number"] == number
