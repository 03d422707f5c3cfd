"""What people do who are in a hurry, mistaken or malicious, and what is told late, twice or in no order."""

import asyncio
import random
from typing import Any

import asyncpg
import httpx
import pytest

from tests.integration import queue_hall
from tests.integration.booking_desk import at
from tests.integration.queue_hall import API, Hall, service_day
from tests.integration.test_queue_processes import invariants

PERSON = b"p" * 32
HEALTH = {"department_id": "health", "window_id": "w3", "matter_id": "advice"}


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def post(hall: Hall, path: str, **body: Any) -> httpx.Response:
    return await hall.http.post(f"{API}/{path}", json=body)


async def staff(hall: Hall, path: str, **body: Any) -> httpx.Response:
    return await post(hall, f"staff/sessions/day/{path}", **body)


async def ticket(hall: Hall, number: str = "A001") -> asyncpg.Record:
    (found,) = await hall.fetch("select * from ticket where number = $1", number)
    return found


async def receive(hall: Hall, window: str = "w1") -> None:
    """Call and receive whoever is next."""
    await hall.do(window, "call-next")
    await hall.do(window, "start")


async def close_windows(hall: Hall) -> None:
    for window in ("w1", "w2", "w3"):
        if (await hall.desk(window))["state"] != "closed":
            await hall.do(window, "close")
        await hall.do(window, "confirm", by="李春燕")


# At once.

VERBS: dict[str, dict[str, Any]] = {
    **{each: {} for each in ("open", "close", "call-next", "recall", "unanswered", "start", "hold", "undo")},
    "pause": {"reason": "换人"},
    "attend": {"attendance": "away", "reason": "开会"},
    "transfer": {"department_id": "land"},
    "finish": {"outcomes": [{"matter_id": each, "kind": "handled"} for each in ("house", "advice")]},
    "confirm": {"by": "李春燕"},
}

AT_WINDOWS = "select 1 from ticket where state in ('called', 'serving')"
IMPOSSIBLE = (
    f"{AT_WINDOWS} group by at_window having count(*) > 1",
    f"{AT_WINDOWS} and person_key is not null group by person_key having count(*) > 1",
    "select 1 from ticket where overtaken not between 0 and 2 or behind not between 0 and 2",
)
"""Selects what must never be."""


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_windows_do_at_once_everybody_is_in_one_place_and_nothing_is_an_error(hall: Hall, seed: int):
    chance = random.Random(seed)  # noqa: S311  (not for secrets)
    people = [await hall.booked("09:00", person=PERSON), await hall.booked("09:00", person=PERSON, **HEALTH)]
    for _, code in people:
        await hall.check_in(code)
    for each in range(8):
        await hall.walk_in(chance.choice(("house", "advice")), priority="elderly" if each % 3 == 0 else None)
    for _ in range(25):
        wishes = []
        for _ in range(3):
            window = chance.choice(("w1", "w2", "w3"))
            desk = await hall.desk(window)
            verb = chance.choice(["call-next", "start", *VERBS, "call", "resume"])
            known = [each["ticket_id"] for each in (*desk["waiting"], *desk["held"], *desk["unanswered"])]
            body = VERBS.get(verb) if verb in VERBS else {"ticket_id": chance.choice(known)} if known else None
            if body is not None:
                wishes.append(hall.ask(window, verb, version=desk["window_version"], **body))
        answers = await asyncio.gather(*wishes)
        assert {each.status_code for each in answers} <= {200, 409, 422}, [each.text for each in answers]
        for guard in IMPOSSIBLE:
            assert await hall.fetch(guard) == []
    await invariants(hall)


async def test_one_person_wanted_at_two_departments_at_once_is_called_to_one(hall: Hall):
    for wish in ({}, HEALTH):
        _, code = await hall.booked("09:00", person=PERSON, **wish)
        await hall.check_in(code)
    answers = await asyncio.gather(hall.ask("w1", "call-next"), hall.ask("w3", "call-next"))
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert {each.json().get("code") for each in answers} == {None, "nobody_waits"}


@pytest.mark.parametrize("person", [b"q" * 32, PERSON])
async def test_the_tables_themselves_keep_one_at_a_window_and_a_person_at_one(hall: Hall, person: bytes):
    """The last guard, under every command: whatever else is broken, this does not happen."""
    for key, wish in ((PERSON, {}), (person, HEALTH)):
        _, code = await hall.booked("09:00", person=key, **wish)
        await hall.check_in(code)
    await hall.do("w1", "call-next")
    window = "w3" if person == PERSON else "w1"
    guard = "ticket_person_at_one_window" if person == PERSON else "ticket_window_has_one"
    with pytest.raises(asyncpg.UniqueViolationError, match=guard):
        await hall.fetch("update ticket set state = 'called', at_window = $1 where number = 'B001'", window)


async def test_the_signature_and_a_window_that_opens_again_are_not_both_done(hall: Hall):
    await close_windows(hall)
    seen = (await hall.desk())["window_version"]
    signed, opened = await asyncio.gather(staff(hall, "closing", by="经理"), hall.ask("w1", "open", version=seen))
    assert (signed.status_code, opened.json().get("code")) == (201, "day_closed") or (
        signed.json()["code"], opened.status_code,
    ) == ("windows_unconfirmed", 200)  # fmt: skip


async def test_who_checks_in_with_the_signature_is_here_or_absent_and_never_both(hall: Hall):
    _, code = await hall.booked("09:30")
    await close_windows(hall)
    await hall.at("16:30")
    signed, came = await asyncio.gather(staff(hall, "closing", by="经理"), hall.check_in(code))
    absent = await hall.fetch("select 1 from no_show")
    if came.status_code == 201:
        assert (signed.json()["code"], len(absent)) == ("tickets_open", 0)
    else:
        assert (came.json()["code"], signed.status_code, len(absent)) == ("day_closed", 201, 1)


async def test_a_day_is_signed_once_however_many_sign_at_once(hall: Hall):
    await close_windows(hall)
    answers = await asyncio.gather(*(staff(hall, "closing", by="经理") for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    assert (await hall.told()).count("DayClosed") == 1


async def test_a_window_takes_up_only_whom_it_held_and_calls_only_its_departments_people(hall: Hall):
    await hall.walk_in()
    await receive(hall)
    held = (await hall.do("w1", "hold"))["held"][0]["ticket_id"]
    for window, verb in (("w2", "resume"), ("w3", "resume"), ("w3", "call")):
        assert (await hall.ask(window, verb, ticket_id=held)).json()["code"] == "ticket_moved_on"


# Taking back.


async def test_taking_back_forgets_nothing_that_another_window_did(hall: Hall):
    for _ in range(3):
        await hall.walk_in()
    await hall.do("w1", "call-next")
    await hall.do("w1", "unanswered")  # A001 waits behind two others
    await receive(hall, "w2")
    await hall.finish("w2")
    await receive(hall, "w2")
    await hall.finish("w2")
    await hall.walk_in(priority="elderly")
    await hall.do("w2", "call-next")
    assert (await ticket(hall))["overtaken"] == 1
    await hall.do("w1", "undo")
    assert (await ticket(hall))["overtaken"] == 1, "who was passed over has been passed over"
    await hall.do("w2", "undo")
    assert (await ticket(hall))["overtaken"] == 0


async def test_a_call_taken_back_is_no_call_that_somebody_put_back_waited_for(hall: Hall):
    for _ in range(4):
        await hall.walk_in()
    await hall.do("w1", "call-next")
    await hall.do("w1", "unanswered")
    assert (await hall.do("w1", "call-next"))["at"]["number"] == "A002"
    assert (await ticket(hall))["behind"] == 1
    await hall.do("w1", "undo")
    assert (await ticket(hall))["behind"] == 2
    called = []
    for _ in range(3):
        called.append((await hall.do("w1", "call-next"))["at"]["number"])
        await hall.do("w1", "start")
        await hall.finish()
    assert called == ["A002", "A003", "A001"]


async def test_who_was_told_that_the_turn_is_near_is_not_told_again_after_a_transfer_taken_back(hall: Hall):
    for _ in range(6):
        await hall.walk_in("advice")
    await hall.at("09:01")
    await hall.walk_in()
    await receive(hall)
    await hall.do("w1", "transfer", department_id="health")
    assert not (await ticket(hall))["near"]
    await hall.do("w1", "undo")
    assert (await ticket(hall))["near"]


async def test_what_was_ended_is_not_taken_back_while_the_person_is_elsewhere(hall: Hall):
    for wish in ({}, HEALTH):
        _, code = await hall.booked("09:00", person=PERSON, **wish)
        await hall.check_in(code)
    await receive(hall)
    await hall.finish()
    await hall.do("w3", "call-next")
    assert (await hall.ask("w1", "undo")).json()["code"] == "person_elsewhere"
    assert (await ticket(hall))["state"] == "finished"
    assert len(await hall.fetch("select 1 from outcome")) == 1


async def test_what_a_visitor_chose_meanwhile_is_not_taken_back_with_a_call(hall: Hall):
    token = (await hall.walk_in()).json()["token"]
    await hall.do("w2", "attend", attendance="left", reason="开会")
    await hall.do("w1", "call-next")
    await hall.do("w1", "unanswered")
    assert (await post(hall, f"tickets/{token}/choice", choice="next_session")).status_code == 200
    assert (await hall.ask("w1", "undo")).json()["code"] == "nothing_to_undo"
    assert len(await hall.fetch("select 1 from promise")) == 1


# The end of the day, and midnight.


async def test_a_window_that_closed_receives_nobody_whom_it_held(hall: Hall):
    await hall.walk_in()
    await receive(hall)
    held = (await hall.do("w1", "hold"))["held"][0]["ticket_id"]
    await hall.do("w1", "close")
    await hall.do("w1", "confirm", by="李春燕")
    assert (await hall.ask("w1", "resume", ticket_id=held)).json()["code"] == "window_not_open"
    await hall.do("w1", "open")
    assert (await hall.do("w1", "resume", ticket_id=held))["at"]["state"] == "serving"


async def test_absent_is_who_had_a_booking_to_the_end_and_did_not_come(hall: Hall):
    came, gone, absent = [await hall.booked("09:30") for _ in range(3)]
    await hall.check_in(came[1])
    cancelled = gone[0].model_copy(update={"state": "cancelled", "cancelled_at": gone[0].booked_at})
    await hall.take(cancelled, 2)
    await receive(hall)
    await hall.finish()
    await close_windows(hall)
    await hall.at("16:30")
    assert (await staff(hall, "closing", by="经理")).json()["totals"]["no_shows"] == 1
    noted = await hall.fetch("select booking_id::text as id from no_show")
    assert [row["id"] for row in noted] == [absent[0].booking_id]
    late = (await ticket(hall))["ticket_id"]  # a booking cancelled after the signature changes nothing that was signed
    await hall.take(absent[0].model_copy(update={"state": "cancelled", "cancelled_at": absent[0].booked_at}), 2)
    corrected = await staff(hall, f"tickets/{late}/corrections", by="经理", reason="多记一人", persons=2)
    assert corrected.json()["totals"]["no_shows"] == 1


async def test_only_what_was_finished_is_put_right(hall: Hall):
    for reason in ("left", "unserved"):
        waits = (await hall.walk_in()).json()["ticket_id"]
        assert (await staff(hall, f"tickets/{waits}/close", reason=reason)).status_code == 200
    await close_windows(hall)
    assert (await staff(hall, "closing", by="经理")).status_code == 201
    outcomes = [{"matter_id": "house", "kind": "handled"}]
    refused = await staff(hall, f"tickets/{waits}/corrections", by="经理", reason="补记", outcomes=outcomes)
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_moved_on")
    assert len(await hall.fetch("select 1 from closing")) == 1


async def test_a_finding_after_the_confirmation_is_confirmed_too(hall: Hall):
    await close_windows(hall)
    noted = await staff(hall, "windows/w1/findings", text="两处盖章", settled="handed_on")
    assert noted.status_code == 201
    assert (await staff(hall, "closing", by="经理")).json()["code"] == "windows_unconfirmed"
    await hall.do("w1", "confirm", by="李春燕")
    assert (await staff(hall, "closing", by="经理")).status_code == 201


async def test_the_last_second_of_the_day_is_its_own_and_the_first_of_the_next_is_not(hall: Hall):
    first, second = [(await hall.booked("16:30"))[1] for _ in range(2)]
    await hall.at("23:59", seconds=59)
    assert (await hall.check_in(first)).status_code == 201
    await hall.at("00:00", days=1, seconds=1)
    late = await hall.check_in(second)
    assert (late.status_code, late.json()["code"]) == (409, "session_not_today")
    assert (await hall.walk_in()).json()["code"] == "session_not_today"
    await receive(hall)  # who came on the day is received and the day is signed, on the next
    await hall.finish()
    await close_windows(hall)
    signed = await staff(hall, "closing", by="经理")
    assert signed.status_code == 201
    assert (signed.json()["totals"]["visits"], signed.json()["totals"]["no_shows"]) == (1, 1)


# Called off.


async def test_a_session_called_off_while_it_is_held_is_brought_to_its_end(hall: Hall):
    _, code = await hall.booked("09:00")
    _, absent = await hall.booked("15:00")
    token = (await hall.check_in(code)).json()["token"]
    await hall.walk_in(name="王桂兰")
    await receive(hall)
    await hall.take(service_day(status="cancelled"), 2)
    assert (await hall.http.get(f"{API}/tickets/{token}")).status_code == 200
    assert [each["session_id"] for each in (await hall.http.get(f"{API}/staff/today")).json()["items"]] == ["day"]
    for refused in (await hall.check_in(absent), await hall.walk_in()):
        assert refused.json()["code"] == "session_unknown"
    await hall.finish()
    waits = (await ticket(hall, "A002"))["ticket_id"]
    assert (await staff(hall, f"tickets/{waits}/close", reason="unserved")).status_code == 200
    await close_windows(hall)
    signed = await staff(hall, "closing", by="经理")
    assert signed.status_code == 201, signed.text
    assert signed.json()["totals"]["no_shows"] == 0, "nobody stayed away from what was not held"
    assert await hall.fetch("select 1 from ticket where card is not null") == [], "names are forgotten"


async def test_a_session_called_off_before_anybody_came_is_not_held(hall: Hall):
    await hall.take(service_day(status="cancelled"), 2)
    assert (await hall.http.get(f"{API}/staff/today")).json()["items"] == []
    assert (await hall.http.get(f"{API}/sessions/day/screen")).json()["code"] == "session_unknown"
    assert (await hall.ask("w1", "pause", version=3, reason="换人")).json()["code"] == "session_unknown"


# Nobody waits for ever.


async def test_who_is_alone_is_called_although_put_back_and_once_back_from_being_away(hall: Hall):
    await hall.walk_in()
    for _ in range(2):
        assert (await hall.do("w1", "call-next"))["at"]["number"] == "A001"
        await hall.do("w1", "unanswered")
    away = (await hall.walk_in()).json()["token"]
    assert (await post(hall, f"tickets/{away}/wishes", away_until=at("09:30").isoformat())).status_code == 200
    assert (await hall.do("w1", "call-next"))["at"]["number"] == "A001"
    await hall.do("w1", "start")
    await hall.finish()
    assert (await hall.ask("w1", "call-next")).json()["code"] == "nobody_waits"
    await hall.at("09:31")
    assert (await hall.do("w1", "call-next"))["at"]["number"] == "A002"


async def test_after_999_numbers_the_next_is_told_so_and_other_departments_go_on(hall: Hall):
    await hall.fetch("update series set last = 998 where department_id = 'land'")
    assert (await hall.walk_in()).json()["number"] == "A999"
    _, code = await hall.booked("09:30")
    for refused in (await hall.walk_in(), await hall.check_in(code)):
        assert (refused.status_code, refused.json()["code"]) == (409, "numbers_exhausted")
    assert (await hall.walk_in("advice")).json()["number"] == "B001"


async def test_a_written_issue_is_promised_with_its_words_and_is_no_mere_reason(hall: Hall):
    waits = (await hall.walk_in()).json()["ticket_id"]
    refused = await staff(hall, f"tickets/{waits}/close", reason="written_issue")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert (await ticket(hall))["state"] == "waiting"


@pytest.mark.parametrize("gone", ["left", "unanswered"])
async def test_whoever_had_gone_and_is_back_waits_again_and_is_called(hall: Hall, gone: str):
    _, code = await hall.booked("09:00")
    token = (await hall.check_in(code)).json()["token"]
    if gone == "left":
        await hall.http.post(f"{API}/tickets/{token}/leave")
    for _ in range(3 if gone == "unanswered" else 0):
        await hall.do("w1", "call-next")
        await hall.do("w1", "unanswered")
    assert (await ticket(hall))["closing"] == gone
    await hall.at("09:20")
    await hall.walk_in()
    await hall.at("09:30")
    again = (await hall.check_in(code)).json()
    assert (again["number"], again["state"], again["before"]) == ("A001", "waiting", 1)
    assert (await hall.check_in(code)).json()["version"] == again["version"], "twice is once"
    assert (await hall.do("w1", "call-next"))["at"]["number"] == "A002"
    await hall.do("w1", "start")
    await hall.finish()
    assert (await hall.do("w1", "call-next"))["at"]["number"] == "A001"
    await invariants(hall)


# What is typed.


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_time_at_either_end_of_the_calendar_is_refused_and_no_error(hall: Hall, moment: str):
    token = (await hall.walk_in()).json()["token"]
    paper = {
        "window_id": "w1",
        "outcomes": [{"matter_id": "house", "kind": "guided"}],
        **dict.fromkeys(("arrived_at", "started_at", "finished_at"), moment),
        "received_by": "principal",
    }
    for answer in (
        await post(hall, f"tickets/{token}/wishes", last_bus_at=moment),
        await post(hall, f"tickets/{token}/wishes", away_until=moment),
        await hall.ask("w1", "attend", attendance="away", reason="开会", returns_at=moment),
        await staff(hall, "paper-visits", **paper),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_matter_that_there_is_not_is_no_item(hall: Hall):
    await hall.walk_in()
    await receive(hall)
    outcomes = [{"matter_id": each, "kind": "handled"} for each in ("house", "made-up")]
    refused = await hall.ask("w1", "finish", outcomes=outcomes)
    assert (refused.status_code, refused.json()["code"]) == (404, "matter_unknown")
    assert (await hall.finish("w1", ["house", "advice"]))["figures"]["items"] == 2


async def test_a_code_typed_with_blanks_or_in_full_width_is_the_code(hall: Hall):
    _, code = await hall.booked("09:30")
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)
    for typed in (f"{code[:4]} {code[4:]}", wide):
        assert (await hall.check_in(typed)).json()["number"] == "A001"


@pytest.mark.parametrize("text", ["\u200b", "\u3000\u200b ", "\u202e兰桂王", "\u2066王"])
async def test_a_text_that_shows_nothing_or_turns_what_stands_around_it_is_refused(hall: Hall, text: str):
    assert (await hall.ask("w1", "pause", reason=text)).json()["code"] == "invalid_request"
    assert (await hall.walk_in(name=text)).json()["code"] == "invalid_request"


@pytest.mark.parametrize("name", ["👩‍👩‍👧", "\U00031a00", "\ue001", "<b>王</b>", "O'Neill & Söhne"])
async def test_a_name_of_whatever_people_write_stays_as_it_is(hall: Hall, name: str):
    assert (await hall.walk_in(name=name)).status_code == 201
    assert (await hall.do("w1", "call-next"))["at"]["visitor"]["name"] == name
