"""The director is called away: each who waits chooses, what they were promised is kept, and texts stay inside."""

import asyncio
import json
from datetime import date
from typing import Any

import httpx
import pytest

from services.queue.commands import projections
from services.roster.domain.calendar import merged, seed
from shared import database
from tests.integration import queue_hall
from tests.integration.queue_hall import API, Hall

PERSON = b"p" * 32
DAY = f"{API}/staff/sessions/day"


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def learn(hall: Hall, *years: int) -> None:
    """The working days of years, as a consumer takes them."""
    for year in merged(seed(each) for each in years):
        async with database.transaction(hall.pool) as connection:
            await projections.take_calendar(connection, year, 1)


async def away(hall: Hall, window: str = "w1", **how: Any) -> None:
    await hall.do(window, "attend", **{"attendance": "away", "reason": "县里紧急会议", **how})


async def choose(hall: Hall, token: str, choice: str, **wish: Any) -> httpx.Response:
    return await hall.http.post(f"{API}/tickets/{token}/choice", json={"choice": choice, **wish})


async def status(hall: Hall, token: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await hall.http.get(f"{API}/tickets/{token}")).json()
    return shown


async def promises(hall: Hall, window: str = "w1", session: str = "day") -> list[dict[str, Any]]:
    answer = await hall.http.get(f"{API}/staff/sessions/{session}/windows/{window}/promises")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def next_day(hall: Hall, clock: str = "09:00", *, session_id: str = "next", days: int = 10) -> None:
    """The hall goes on to a later session of the same windows."""
    if session_id != hall.session_id:
        await hall.take(queue_hall.service_day(session_id=session_id, days=days), 1)
    hall.session_id = session_id
    await hall.at(clock, days=days)


async def sent_home(hall: Hall) -> tuple[str, str]:
    """A booked person chose to come first next time: the old number and the day."""
    _, code = await hall.booked("09:00", person=PERSON)
    token = (await hall.check_in(code)).json()["token"]
    await away(hall)
    chosen = await choose(hall, token, "next_session")
    assert chosen.status_code == 200, chosen.text
    return chosen.json()["number"], "2026-12-11"


async def test_there_is_nothing_to_choose_while_the_director_is_there_or_expected(hall: Hall):
    token = (await hall.walk_in()).json()["token"]
    assert not (await status(hall, token))["may_choose"], "the director may still come"
    await hall.do("w1", "attend", attendance="present")
    await away(hall, "w2")
    assert not (await status(hall, token))["may_choose"], "another window of the department has its director"
    answer = await choose(hall, token, "next_session")
    assert (answer.status_code, answer.json()["code"]) == (409, "official_present")
    assert (await hall.http.post(f"{API}/tickets/{'x' * 22}/choice", json={"choice": "deputy"})).status_code == 404


async def test_who_waits_for_one_window_chooses_though_another_has_its_director(hall: Hall):
    _, code = await hall.booked("09:00")
    token = (await hall.check_in(code)).json()["token"]
    await hall.do("w2", "attend", attendance="present")
    await away(hall, substitute_id="deputy-land", returns_at="2026-12-11T11:00:00+08:00")
    shown = await status(hall, token)
    assert (shown["may_choose"], shown["substituted"]) == (True, True)
    assert shown["returns_at"].startswith("2026-12-11T03:00")
    await hall.do("w1", "attend", attendance="present")
    assert not (await status(hall, token))["may_choose"], "the director is back"


async def test_at_a_window_nobody_chooses(hall: Hall):
    token = (await hall.walk_in("advice")).json()["token"]
    await hall.do("w3", "call-next")
    await away(hall, "w3")
    for choice in ("deputy", "next_session"):
        answer = await choose(hall, token, choice)
        assert (answer.status_code, answer.json()["code"]) == (409, "ticket_moved_on")


async def test_who_stays_keeps_the_place_and_may_still_think_again(hall: Hall):
    token = (await hall.walk_in("advice")).json()["token"]
    await away(hall, "w3", substitute_id="deputy-health")
    told = await hall.told()
    shown = (await choose(hall, token, "deputy")).json()
    assert (shown["state"], shown["before"], shown["stays"], shown["may_choose"]) == ("waiting", 0, True, True)
    assert (await hall.desk("w3"))["waiting"][0]["stays"]
    assert await hall.told() == told, "who stays is no news to anybody outside"
    await hall.do("w3", "call-next")
    assert (await hall.do("w3", "start"))["at"]["received_by"] == "substitute"


async def test_who_comes_again_has_the_first_place_before_everybody_but_priority(hall: Hall):
    await sent_home(hall)
    (promise,) = await promises(hall)
    assert (promise["kind"], promise["number"], promise["due_on"], promise["kept_at"]) == (
        "next_session", "A001", None, None,
    )  # fmt: skip
    await next_day(hall)
    await hall.walk_in()
    _, other = await hall.booked("09:00")
    await hall.check_in(other)
    await hall.at("09:10", days=10)
    _, code = await hall.booked("10:00", person=PERSON)
    ticket = (await hall.check_in(code)).json()
    assert (ticket["first_next"], ticket["before"], ticket["number"]) == (True, 0, "A003")
    desk = await hall.desk()
    assert [each["number"] for each in desk["waiting"] if each["first_next"]] == ["A003"]
    assert desk["waiting"][0]["number"] == "A003"
    (promise,) = await promises(hall, session="next")
    assert promise["kept_at"] is not None
    assert promise["due_on"] == "2026-12-21"


async def test_the_first_place_is_given_once_and_to_that_department_and_on_a_later_day(hall: Hall):
    await sent_home(hall)
    _, again = await hall.booked("10:00", person=PERSON)
    assert not (await hall.check_in(again)).json()["first_next"], "not on the same day"
    await next_day(hall)
    for starts, department, window, matter, first in (
        ("09:30", "health", "w3", "advice", False),
        ("10:00", "land", "w1", "house", True),
        ("11:00", "land", "w1", "house", False),
    ):
        _, code = await hall.booked(starts, person=PERSON, department_id=department, window_id=window, matter_id=matter)
        assert (await hall.check_in(code)).json()["first_next"] is first, (department, starts)


async def test_the_next_session_is_one_of_the_same_programme_that_is_held(hall: Hall):
    for session_id, days, changes in (
        ("review", 7, {"programme_id": "joint-review"}),
        ("typhoon", 10, {"status": "cancelled"}),
        ("next", 20, {}),
    ):
        await hall.take(queue_hall.service_day(session_id=session_id, days=days, **changes), 1)
    _, code = await hall.booked("09:00")
    token = (await hall.check_in(code)).json()["token"]
    await away(hall)
    chosen = (await choose(hall, token, "next_session")).json()
    assert chosen["promise"]["due_on"] == "2026-12-31"
    assert [each["due_on"] for each in await promises(hall)] == ["2026-12-31"]


async def test_a_stranger_has_no_first_place(hall: Hall):
    await sent_home(hall)
    await next_day(hall)
    for person in (None, b"q" * 32):
        _, code = await hall.booked("09:30", person=person)
        assert not (await hall.check_in(code)).json()["first_next"]


async def test_without_a_document_the_old_number_and_its_date_prove_the_promise(hall: Hall):
    token = (await hall.walk_in("advice")).json()["token"]
    await away(hall, "w3")
    old = (await choose(hall, token, "next_session")).json()["number"]
    await next_day(hall)
    await hall.walk_in("advice")
    ticket = (await hall.walk_in("advice")).json()
    path = f"{API}/staff/sessions/next/tickets/{ticket['ticket_id']}/first-place"
    for wrong in ({"number": old, "date": "2026-12-10"}, {"number": "B999", "date": "2026-12-11"}):
        answer = await hall.http.post(path, json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (404, "promise_unknown")
    given = await hall.http.post(path, json={"number": old.lower(), "date": "2026-12-11"})
    assert (given.status_code, given.json()["first_next"], given.json()["before"]) == (200, True, 0)
    other = (await hall.walk_in("advice")).json()
    path = path.replace(ticket["ticket_id"], other["ticket_id"])
    answer = await hall.http.post(path, json={"number": old, "date": "2026-12-11"})
    assert answer.json()["code"] == "promise_unknown", "a slip is good once"


async def test_who_is_sent_home_by_the_counter_has_the_promise_too(hall: Hall):
    _, code = await hall.booked("09:00", person=PERSON)
    ticket = (await hall.check_in(code)).json()["ticket_id"]
    await hall.http.post(f"{DAY}/tickets/{ticket}/close", json={"reason": "next_session"})
    assert [each["kind"] for each in await promises(hall)] == ["next_session"]
    await next_day(hall)
    _, code = await hall.booked("09:30", person=PERSON)
    assert (await hall.check_in(code)).json()["first_next"]


async def test_nobody_is_sent_home_with_a_call_that_nobody_could_make(hall: Hall):
    ticket = (await hall.walk_in()).json()["ticket_id"]
    answer = await hall.http.post(f"{DAY}/tickets/{ticket}/close", json={"reason": "written_issue"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [each["ticket_id"] for each in (await hall.desk())["waiting"]] == [ticket]


async def test_nobody_sits_at_two_windows_at_once(hall: Hall):
    await hall.fetch("update window_day set official_id = 'deputy-land', role = 'deputy' where window_id = 'w2'")
    await hall.do("w2", "attend", attendance="present")
    gone = {"attendance": "away", "reason": "县里紧急会议", "substitute_id": "deputy-land"}
    answer = await hall.ask("w1", "attend", **gone)
    assert (answer.status_code, answer.json()["code"]) == (409, "substitute_elsewhere")
    assert (await hall.desk())["attendance"] == "expected", "nothing was recorded"
    await hall.do("w2", "attend", attendance="left", reason="县里紧急会议")
    await hall.do("w1", "attend", **gone)
    await hall.do("w1", "attend", **gone)
    answer = await hall.ask("w3", "attend", **gone)
    assert answer.json()["code"] == "substitute_elsewhere", "they sit in at w1"
    await hall.do("w1", "close")
    assert (await hall.do("w3", "attend", **gone))["substitute_id"] == "deputy-land"
    answer = await hall.ask("w1", "open")
    assert (answer.status_code, answer.json()["code"]) == (409, "substitute_elsewhere"), "they sit in at w3 by now"
    answer = await hall.ask("w2", "attend", attendance="present")
    assert answer.json()["code"] == "substitute_elsewhere"
    await hall.do("w3", "attend", attendance="present")
    await hall.do("w2", "attend", attendance="present")


async def test_nobody_sits_in_for_themselves(hall: Hall):
    await hall.fetch("update window_day set official_id = 'head-land' where window_id = 'w1'")
    answer = await hall.ask("w1", "attend", attendance="away", reason="县里紧急会议", substitute_id="head-land")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "substitute_self")


async def test_a_head_is_at_both_windows_of_one_duty(hall: Hall):
    await hall.fetch("update window_day set official_id = 'head-land' where window_id in ('w1', 'w2')")
    await hall.do("w1", "attend", attendance="present")
    await hall.do("w2", "attend", attendance="present")


async def test_a_substitute_wanted_at_three_windows_at_once_is_at_one(hall: Hall):
    gone = {"attendance": "away", "reason": "县里紧急会议", "substitute_id": "deputy-land"}
    seen = {each: (await hall.desk(each))["window_version"] for each in ("w1", "w2", "w3")}
    answers = await asyncio.gather(*(hall.ask(each, "attend", version=seen[each], **gone) for each in seen))
    assert sorted(each.status_code for each in answers) == [200, 409, 409]


async def test_a_written_issue_stays_inside_is_due_in_three_working_days_and_is_settled_by_a_call(hall: Hall):
    await learn(hall, 2026)
    _, code = await hall.booked("09:00", person=PERSON)
    ticket = (await hall.check_in(code)).json()
    await away(hall)
    path = f"{DAY}/tickets/{ticket['ticket_id']}/choice"
    wish = {"choice": "written_issue", "text": "宅基地证办了两年", "phone": "139 0000 2741"}
    chosen = (await hall.http.post(path, json=wish)).json()
    assert (chosen["state"], chosen["closing"]) == ("closed", "written_issue")
    assert chosen["promise"] == {
        "kind": "written_issue", "due_on": "2026-12-16", "tentative": False, "kept_at": None,
    }  # fmt: skip
    assert (await hall.http.post(path, json=wish)).json() == chosen, "chosen twice is chosen once"
    (promise,) = await promises(hall, "w2")
    assert (promise["text"], promise["phone"], promise["name"]) == ("宅基地证办了两年", "139 0000 2741", "王桂兰")
    (row,) = await hall.fetch("select * from promise")
    sealed = b"".join(value for value in row.values() if isinstance(value, bytes))
    said = " ".join(each["payload"] for each in await hall.fetch("select payload from outbox"))
    for secret in ("宅基地", "2741", "王桂兰"):
        assert secret.encode() not in sealed
        assert secret not in said
    await hall.at("09:00", days=6)
    assert (await promises(hall))[0]["overdue"]
    kept = f"{DAY}/windows/w1/promises/{promise['promise_id']}/kept"
    elsewhere = await hall.http.post(kept.replace("w1", "w3"), json={"by": "周文清", "said": "下周办结"})
    assert elsewhere.json()["code"] == "promise_unknown", "another department's"
    assert (await hall.http.post(kept, json={"by": "周文清", "said": " "})).status_code == 422
    (shown,) = (await hall.http.post(kept, json={"by": "周文清", "said": "下周办结"})).json()["items"]
    assert (shown["kept_by"], shown["said"], shown["name"], shown["phone"], shown["overdue"]) == (
        "周文清", "下周办结", None, None, False,
    )  # fmt: skip
    (row,) = await hall.fetch("select said, name, phone from promise")
    assert (row["name"], row["phone"]) == (None, None)
    assert "下周".encode() not in row["said"]
    assert (await hall.http.post(kept, json={"by": "周文清", "said": "x"})).json()["code"] == "promise_kept"


async def test_an_issue_is_settled_after_its_day_was_signed(hall: Hall):
    token = (await hall.walk_in()).json()["token"]
    await away(hall)
    await choose(hall, token, "written_issue", text="路坏了", phone="13900002741")
    for window in ("w1", "w2", "w3"):
        await hall.do(window, "close")
        await hall.do(window, "confirm", by="李春燕")
    assert (await hall.http.post(f"{DAY}/closing", json={"by": "王经理"})).status_code == 201
    (promise,) = await promises(hall)
    kept = await hall.http.post(
        f"{DAY}/windows/w1/promises/{promise['promise_id']}/kept", json={"by": "周文清", "said": "好"}
    )
    assert kept.status_code == 200, kept.text


async def test_a_year_that_is_not_known_makes_the_day_tentative(hall: Hall):
    await hall.take(queue_hall.service_day(session_id="last", days=19), 1)
    hall.session_id = "last"
    await hall.at("09:00", days=19)
    due = {}
    for known in ((), (2026,), (2027,)):
        await learn(hall, *known)
        token = (await hall.walk_in("advice")).json()["token"]
        await away(hall, "w3")
        chosen = (await choose(hall, token, "written_issue", text="x", phone="13900002741")).json()["promise"]
        due[known] = (chosen["due_on"], chosen["tentative"])
    assert due == {
        (): ("2027-01-04", True),
        (2026,): ("2027-01-04", True),
        (2027,): ("2027-01-05", True),
    }, "30 December: the first of January is off by the law, more is not known"


async def test_what_cannot_be_kept_is_not_promised(hall: Hall):
    token = (await hall.walk_in()).json()["token"]
    await away(hall)
    for wish in (
        {"choice": "written_issue"},
        {"choice": "written_issue", "text": " ", "phone": "13900002741"},
        {"choice": "written_issue", "text": "路坏了"},
        {"choice": "written_issue", "text": "路坏了", "phone": "找我邻居"},
        {"choice": "written_issue", "text": "路\u0000坏了", "phone": "13900002741"},
        {"choice": "deputy", "text": "路坏了"},
        {"choice": "home"},
    ):
        answer = await hall.http.post(f"{API}/tickets/{token}/choice", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), wish
    assert await promises(hall) == []
    assert (await status(hall, token))["state"] == "waiting"


async def test_a_calendar_is_kept_in_its_newest_version(hall: Hall):
    year = merged([seed(2026)])[0]
    async with database.transaction(hall.pool) as connection:
        assert await projections.take_calendar(connection, year, 2) == 0
        assert await projections.take_calendar(connection, year.model_copy(update={"rest_days": ()}), 1) is None
        assert await projections.take_calendar(connection, year, 3) == 2
    (row,) = await hall.fetch("select state from calendar_year")
    assert date(2026, 10, 1).isoformat() in json.loads(row["state"])["rest_days"]
