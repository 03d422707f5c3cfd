"""Coming in with a document or a code of another day, in a group, and with what one says of oneself."""

import asyncio
import json
import uuid
from datetime import date, timedelta

import httpx
import pytest

from tests.integration import queue_hall
from tests.integration.booking_desk import at, matter
from tests.integration.queue_hall import API, Hall

NUMBER = "11010519491231002X"
"""Born on the last day of 1949: past seventy."""
YOUNG = "110101199003071938"
FIRM = "91350100M000100Y43"


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


def told(answer):
    return answer.status_code, answer.json()["code"]


async def at_two_departments(hall: Hall, number: str = YOUNG):
    """Booked at two departments, the later one told of first."""
    key = hall.document_key(number)
    later = await hall.booked("10:00", person=key, department_id="health", window_id="w3", matter_id="advice")
    return await hall.booked("09:30", person=key), later


async def test_a_document_opens_each_booking_of_the_day_and_the_first_by_time_comes_first(hall: Hall):
    (_, code), _ = await at_two_departments(hall)
    answer = await hall.show(YOUNG.lower())
    assert answer.status_code == 201, answer.text
    ticket = answer.json()
    assert (ticket["number"], [each["number"] for each in ticket["also"]]) == ("A001", ["B001"])
    assert (await hall.check_in(code)).json()["ticket_id"] == ticket["ticket_id"]
    again = (await hall.show(YOUNG)).json()
    assert (again["ticket_id"], again["also"][0]["ticket_id"]) == (ticket["ticket_id"], ticket["also"][0]["ticket_id"])
    assert (await hall.told()).count("VisitCheckedIn") == 2


async def test_who_is_done_at_one_department_is_told_the_other_first(hall: Hall):
    await at_two_departments(hall)
    await hall.show(YOUNG)
    await hall.at("09:31")
    for verb in ("call-next", "start"):
        await hall.do("w1", verb)
    await hall.finish()
    assert (await hall.show(YOUNG)).json()["number"] == "B001"


async def test_code_and_document_shown_at_once_are_one_ticket(hall: Hall):
    _, code = await hall.booked("09:30", person=hall.document_key(YOUNG))
    wanted = [*(hall.check_in(code) for _ in range(5)), *(hall.show(YOUNG) for _ in range(5))]
    answers = await asyncio.gather(*wanted)
    assert {answer.json()["number"] for answer in answers} == {"A001"}
    assert (await hall.told()).count("VisitCheckedIn") == 1


async def test_a_household_register_opens_what_the_resident_id_booked(hall: Hall):
    await hall.booked("09:30", person=hall.document_key(YOUNG))
    assert (await hall.show(YOUNG, "household_register")).status_code == 201


async def test_a_document_nobody_booked_with_leads_to_a_walk_in(hall: Hall):
    await hall.booked("09:30", person=hall.document_key(YOUNG))
    assert told(await hall.show(NUMBER)) == (404, "document_not_booked")
    assert told(await hall.show("E12345678", "passport")) == (404, "document_not_booked")
    assert (await hall.walk_in()).status_code == 201


async def test_of_several_people_of_a_firm_the_document_does_not_say_who_is_here(hall: Hall):
    key = hall.document_key(FIRM, "credit_code")
    _, code = await hall.booked("09:30", person=key)
    assert (await hall.show(FIRM, "credit_code")).status_code == 201
    _, second = await hall.booked("10:00", person=key)
    assert told(await hall.show(FIRM, "credit_code")) == (409, "bookings_of_firm")
    assert [(await hall.check_in(each)).status_code for each in (code, second)] == [201, 201]


async def test_a_wrong_number_is_refused_and_never_repeated(hall: Hall):
    answer = await hall.show(f"{YOUNG[:-1]}1")
    assert told(answer) == (422, "invalid_request")
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (
        "/document/number", "document_check_character",
    )  # fmt: skip
    assert YOUNG[:-1] not in answer.text


async def test_the_number_is_neither_kept_nor_logged(hall: Hall, capfd):
    await at_two_departments(hall)
    await hall.show(YOUNG)
    await hall.show(NUMBER)
    tables = [
        row["name"] for row in await hall.fetch("select tablename as name from pg_tables where schemaname='public'")
    ]
    for table in tables:
        for row in await hall.fetch(f"select to_jsonb(t)::text as said from {table} as t"):
            for number in (YOUNG, NUMBER):
                assert number not in row["said"], table
                assert number.encode().hex() not in row["said"], table
    out, err = capfd.readouterr()
    assert YOUNG not in out + err
    assert NUMBER not in out + err


@pytest.mark.parametrize("way", ["code", "document"])
async def test_a_booking_of_another_day_is_told_with_its_day(hall: Hall, way):
    await hall.take(queue_hall.service_day(session_id="later", days=10), 1)
    _, code = await hall.booked("09:30", person=hall.document_key(YOUNG), session_id="later")
    answer = await (hall.check_in(code) if way == "code" else hall.show(YOUNG))
    assert told(answer) == (409, "booking_other_day")
    assert answer.json()["date"] == (at("09:00").date() + timedelta(days=10)).isoformat()
    assert (await hall.walk_in()).status_code == 201


async def test_a_stolen_code_opens_nothing(hall: Hall):
    """Of a booking that was cancelled, of another session today, and of a session that nobody knows."""
    await hall.take(queue_hall.service_day(session_id="beside"), 1)
    gone, cancelled = await hall.booked("09:30", person=hall.document_key(YOUNG))
    await hall.take(gone.model_copy(update={"state": "cancelled", "cancelled_at": gone.booked_at}), 2)
    _, beside = await hall.booked("09:30", session_id="beside")
    _, nowhere = await hall.booked("09:30", session_id="unheard-of")
    assert [told(await hall.check_in(each)) for each in (cancelled, beside, nowhere, "99999999")] == [
        (409, "booking_cancelled"),
        (409, "booking_other_session"),
        (404, "booking_unknown"),
        (404, "booking_unknown"),
    ]
    assert told(await hall.show(YOUNG)) == (404, "document_not_booked")
    assert await hall.fetch("select from ticket") == []


@pytest.mark.parametrize(("born", "said", "priority"), [
    (date(1949, 12, 31), {}, "elderly"),
    (date(1990, 3, 7), {}, None),
    (None, {}, None),
    (date(1990, 3, 7), {"priority": "veteran"}, "veteran"),
    (date(1949, 12, 31), {"priority": "disabled"}, "disabled"),
])  # fmt: skip
async def test_whoever_is_seventy_is_ahead_by_themselves(hall: Hall, born, said, priority):
    _, code = await hall.booked("09:30", born_on=born)
    assert (await hall.check_in(code, **said)).json()["priority"] == priority


async def test_the_document_tells_the_age_where_the_card_does_not(hall: Hall):
    await hall.booked("09:30", person=hall.document_key(NUMBER))
    await hall.walk_in()
    assert (await hall.show(NUMBER)).json()["priority"] == "elderly"
    assert [each["number"] for each in (await hall.desk())["waiting"]] == ["A002", "A001"]


async def test_a_large_group_comes_by_five_and_is_given_a_room(hall: Hall):
    _, code = await hall.booked("09:30", party_size=2)
    ticket = (await hall.check_in(code, persons=12)).json()
    assert (ticket["persons"], ticket["representatives"]) == (12, 5)
    assert (await hall.walk_in(persons=5)).json()["representatives"] is None
    (session,) = (await hall.http.get(f"{API}/staff/today")).json()["items"]
    assert session["groups"] == [{
        "ticket_id": ticket["ticket_id"], "number": "A001", "persons": 12, "representatives": 5, "delegation": False,
        "department_id": "land", "state": "waiting", "room": None,
    }]  # fmt: skip
    path = f"{API}/staff/sessions/day/tickets/{ticket['ticket_id']}/room"
    given = await hall.http.post(path, json={"room": " 二楼 203 室 "})
    assert given.json()["items"][0]["groups"][0]["room"] == "二楼 203 室"
    await hall.at("09:30")
    await hall.do("w1", "call-next")
    assert (await hall.desk())["at"]["room"] == "二楼 203 室"
    await hall.do("w1", "start")
    assert (await hall.finish())["figures"]["persons"] == 12
    (session,) = (await hall.http.get(f"{API}/staff/today")).json()["items"]
    assert session["groups"] == []
    assert told(await hall.http.post(path, json={"room": "别处"})) == (409, "ticket_moved_on")
    assert "203" not in json.dumps([row["payload"] for row in await hall.fetch("select payload from outbox")])


async def test_a_delegation_is_received_and_counted_nowhere(hall: Hall):
    await hall.walk_in(persons=8, delegation=True)
    await hall.walk_in(persons=2)
    for _ in range(2):
        await hall.do("w1", "call-next")
        await hall.do("w1", "start")
        done = await hall.finish()
    assert (done["figures"]["persons"], done["figures"]["visits"], done["figures"]["items"]) == (2, 1, 1)
    await hall.http.post(
        f"{API}/staff/sessions/day/tickets/{(await hall.walk_in(delegation=True)).json()['ticket_id']}/close",
        json={"reason": "left"},
    )
    totals = (await hall.http.get(f"{API}/staff/sessions/day/closing")).json()["totals"]
    assert {name: totals[name] for name in ("visits", "persons", "walk_ins", "handled", "by_staff", "unserved")} == {
        "visits": 1, "persons": 2, "walk_ins": 1, "handled": 1, "by_staff": 1, "unserved": 0,
    }  # fmt: skip
    said = await hall.fetch("select payload::jsonb from outbox where type = 'queue.VisitFinished' order by position")
    assert [json.loads(row["payload"])["visit"]["counted"] for row in said] == [False, True]


async def wish(hall: Hall, token: str, **said):
    return await hall.http.post(f"{API}/tickets/{token}/wishes", json=said)


async def test_who_is_away_for_a_while_is_passed_over_and_keeps_the_place(hall: Hall):
    first, second = [(await hall.walk_in()).json() for _ in range(2)]
    until = at("09:20").isoformat()
    status = (await wish(hall, first["token"], away_until=until)).json()
    assert (status["wishes"]["away_until"] is not None, status["before"], status["state"]) == (True, 0, "waiting")
    assert [each["number"] for each in (await hall.desk())["waiting"]] == ["A002", "A001"]
    assert (await hall.do("w1", "call-next"))["at"]["number"] == "A002"
    assert told(await hall.ask("w2", "call-next")) == (409, "nobody_waits")
    third = (await hall.walk_in()).json()
    await hall.at("09:20")
    desk = await hall.do("w2", "call-next")
    assert (desk["at"]["number"], desk["at"]["misses"], desk["at"]["wishes"]["away_until"]) == ("A001", 0, None)
    assert (await hall.desk())["waiting"][0]["number"] == third["number"]
    assert second["number"] == "A002"


async def test_coming_back_early_is_being_back(hall: Hall):
    first = (await hall.walk_in()).json()
    await hall.walk_in()
    await wish(hall, first["token"], away_until=at("11:00").isoformat())
    await wish(hall, first["token"], away_until=None)
    assert (await hall.do("w1", "call-next"))["at"]["number"] == "A001"
    assert told(await wish(hall, first["token"], away_until=at("11:00").isoformat())) == (409, "ticket_moved_on")


async def test_taking_back_a_call_sends_nobody_away_who_came_back_meanwhile(hall: Hall):
    first = (await hall.walk_in()).json()
    await wish(hall, first["token"], away_until=at("11:00").isoformat())
    await hall.do("w1", "call", ticket_id=first["ticket_id"])
    assert (await wish(hall, first["token"], away_until=None)).status_code == 200
    await hall.do("w1", "undo")
    assert (await hall.do("w2", "call-next"))["at"]["number"] == "A001"


async def test_who_is_received_is_no_longer_away_wherever_they_wait_next(hall: Hall):
    first = (await hall.walk_in()).json()
    await wish(hall, first["token"], away_until=at("11:00").isoformat())
    await hall.do("w1", "call", ticket_id=first["ticket_id"])
    await hall.do("w1", "start")
    await hall.do("w1", "transfer", window_id="w2")
    assert (await hall.do("w2", "call-next"))["at"]["number"] == "A001"


async def test_what_visitors_say_is_shown_at_the_window_and_in_no_event(hall: Hall):
    ticket = (await hall.walk_in()).json()
    events = await hall.told()
    await wish(hall, ticket["token"], last_bus_at=at("16:30").isoformat(), fetch=True)
    await wish(hall, ticket["token"], fetch=True)
    (waits,) = (await hall.desk())["waiting"]
    assert (waits["wishes"]["fetch"], waits["wishes"]["last_bus_at"]) == (True, "2026-12-11T08:30:00Z")
    assert await hall.told() == events
    await hall.do("w1", "call-next")
    await wish(hall, ticket["token"], last_bus_at=None)
    await hall.do("w1", "undo")
    (waits,) = (await hall.desk())["waiting"]
    assert (waits["wishes"]["fetch"], waits["wishes"]["last_bus_at"]) == (True, None), (
        "taking back a call unsays nothing"
    )


@pytest.mark.parametrize(("said", "code"), [
    ({"last_bus_at": "2026-12-11T08:59:00+08:00"}, "time_past"),
    ({"away_until": "2026-12-12T10:00:00+08:00"}, "time_other_day"),
])  # fmt: skip
async def test_a_time_that_cannot_be_is_refused(hall: Hall, said, code):
    ticket = (await hall.walk_in()).json()
    answer = await wish(hall, ticket["token"], **said)
    assert told(answer) == (422, "invalid_request")
    assert answer.json()["errors"][0]["code"] == code


@pytest.mark.parametrize("said", [
    {"note": "free text"}, {"fetch": "please"}, {"fetch": None}, {"last_bus_at": "16:30"},
])  # fmt: skip
async def test_there_is_no_free_text(hall: Hall, said):
    ticket = (await hall.walk_in()).json()
    assert told(await wish(hall, ticket["token"], **said)) == (422, "invalid_request")


async def test_nobody_takes_a_ticket_for_a_matter_that_no_window_here_receives(hall: Hall):
    await hall.take(matter("far", "nowhere"), 1)
    for wanted in (["far"], ["house", "far"]):
        answer = await take_for(hall, wanted)
        assert (answer.status_code, answer.json()["code"]) == (404, "matter_unknown")
    assert (await take_for(hall, ["house", "advice"])).status_code == 201, "another department of this hall does"


async def take_for(hall: Hall, matter_ids: list[str]) -> httpx.Response:
    return await hall.http.post(
        f"{API}/staff/sessions/day/walk-ins",
        json={"matter_ids": matter_ids},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
