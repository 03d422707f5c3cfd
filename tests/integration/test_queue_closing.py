"""The end of the day: confirmed, signed, counted, and put right with a reason."""

import json
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.queue.commands import state_events
from services.queue.queries import aggregate_ids
from shared import database
from tests.integration import queue_hall
from tests.integration.queue_hall import API, Hall


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def post(hall: Hall, path: str, **body: Any) -> httpx.Response:
    return await hall.http.post(f"{API}/staff/sessions/day/{path}", json=body)


async def receive(hall: Hall, window: str = "w1", **finish: Any) -> str:
    """A walk-in is received from beginning to end; the ticket's id."""
    ticket = (await hall.walk_in("advice" if window == "w3" else "house")).json()["ticket_id"]
    await hall.do(window, "call-next")
    await hall.do(window, "start")
    await hall.finish(window, ["advice"] if window == "w3" else ["house"], **finish)
    return str(ticket)


async def close_windows(hall: Hall) -> None:
    for window in ("w1", "w2", "w3"):
        await hall.do(window, "close")
        assert (await hall.ask(window, "confirm", by="李春燕")).status_code == 200


def paper(**changes: Any) -> dict[str, Any]:
    return {
        "window_id": "w1",
        "outcomes": [{"matter_id": "house", "kind": "guided"}],
        "persons": 2,
        "arrived_at": "2026-12-11T09:10:00+08:00",
        "started_at": "2026-12-11T09:20:00+08:00",
        "finished_at": "2026-12-11T09:30:00+08:00",
        "received_by": "principal",
        **changes,
    }


async def test_a_day_is_signed_once_all_is_confirmed_and_everybody_has_an_end(hall: Hall):
    await hall.booked("09:30")
    await receive(hall, problems=[{"text": "排两次队", "settled": "on_the_spot"}])
    await hall.walk_in()
    await hall.at("17:05")
    assert (await post(hall, "closing", by="王经理")).json()["code"] == "windows_unconfirmed"
    await close_windows(hall)
    assert (await post(hall, "closing", by="王经理")).json()["code"] == "tickets_open"
    closing = (await hall.http.get(f"{API}/staff/sessions/day/closing")).json()
    assert ([each["number"] for each in closing["open"]], closing["expected"]) == (["A002"], 1)
    await post(hall, f"tickets/{closing['open'][0]['ticket_id']}/close", reason="next_session")
    signed = (await post(hall, "closing", by="王经理")).json()
    assert signed["closed_at"] is not None
    assert [(each["version"], each["signed_by"], each["reason"]) for each in signed["signed"]] == [(1, "王经理", None)]
    totals = signed["signed"][0]["totals"]
    assert (totals["visits"], totals["problems"], totals["solved"], totals["unserved"], totals["no_shows"]) == (
        1, 1, 1, 1, 1,
    )  # fmt: skip
    assert (await hall.told())[-2:] == ["VisitNoShow", "DayClosed"]


async def test_after_the_day_is_signed_nothing_happens_in_it_any_more(hall: Hall):
    _, code = await hall.booked("09:30")
    await receive(hall)
    await close_windows(hall)
    early = await post(hall, "closing", by="王经理")
    assert (early.status_code, early.json()["code"]) == (409, "bookings_ahead"), "they may still come"
    await hall.at("09:30")
    assert (await post(hall, "closing", by="王经理")).status_code == 201
    for answer in (
        await hall.check_in(code),
        await hall.walk_in(),
        await hall.ask("w1", "open"),
        await post(hall, "closing", by="王经理"),
        await post(hall, "paper-visits", **paper()),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "day_closed")


async def test_who_came_is_no_longer_known_by_name_after_the_day(hall: Hall):
    await hall.walk_in(name="龙小妹")
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    await hall.finish()
    await close_windows(hall)
    await post(hall, "closing", by="王经理")
    assert [row["card"] for row in await hall.fetch("select card from ticket")] == [None]
    (left,) = await hall.fetch("select count(*) from ticket where num_nonnulls(card, request_digest) > 0")
    assert left["count"] == 0, "nor what a name was digested into"


async def test_a_window_that_goes_on_has_to_confirm_again(hall: Hall):
    await close_windows(hall)
    await hall.do("w1", "open")
    assert (await hall.ask("w1", "confirm", by="李春燕")).json()["code"] == "window_busy", "while it receives"
    assert (await post(hall, "closing", by="王经理")).json()["code"] == "windows_unconfirmed"


async def test_a_correction_is_a_new_version_with_its_reason(hall: Hall):
    ticket = await receive(hall)
    wish = {"by": "王经理", "reason": "人数记错了", "persons": 3}
    assert (await post(hall, f"tickets/{ticket}/corrections", **wish)).json()["code"] == "day_open"
    await close_windows(hall)
    await post(hall, "closing", by="王经理")
    await hall.at("10:00", days=1)
    outcomes = [{"matter_id": "house", "kind": "incomplete", "said": "缺契税完税证明"}]
    corrected = (await post(hall, f"tickets/{ticket}/corrections", **wish, outcomes=outcomes)).json()
    before, after = corrected["signed"]
    assert (after["version"], after["reason"]) == (2, "人数记错了")
    assert [each["totals"]["persons"] for each in (before, after)] == [1, 3]
    assert [each["totals"]["incomplete"] for each in (before, after)] == [0, 1]
    assert (await hall.told())[-2:] == ["VisitCorrected", "DayCorrected"]
    assert (await post(hall, f"tickets/{ticket}/corrections", by="王经理", reason=" ")).status_code == 422


async def test_a_visit_of_an_outage_is_entered_with_its_true_times(hall: Hall):
    _, code = await hall.booked("09:00")
    booking_id = str((await hall.fetch("select booking_id from booking"))[0]["booking_id"])
    await hall.at("11:00")
    entered = await post(hall, "paper-visits", **paper(booking_id=booking_id, problems=[], name="王桂兰"))
    assert (entered.status_code, entered.json()["totals"]["on_paper"]) == (201, 1)
    (row,) = await hall.fetch("select number, source, arrived_at, finished_at, received_by from ticket")
    assert (row["number"], row["source"], row["received_by"]) == ("A001", "paper", "principal")
    assert row["finished_at"] - row["arrived_at"] == timedelta(minutes=20)
    assert (await hall.check_in(code)).json()["number"] == "A001", "who was received on paper is here already"
    for wish, answer in (
        (paper(booking_id=booking_id), "ticket_moved_on"),
        (paper(started_at="2026-12-11T09:05:00+08:00"), "invalid_request"),
        (paper(finished_at="2026-12-11T12:30:00+08:00"), "invalid_request"),
        (paper(arrived_at="2026-12-10T09:05:00+08:00"), "invalid_request"),
        (paper(arrived_at="2026-12-11T09:05:00"), "invalid_request"),
        (paper(window_id="w9"), "window_unknown"),
    ):
        assert (await post(hall, "paper-visits", **wish)).json()["code"] == answer


async def test_a_paper_names_its_booking_by_the_code_and_is_entered_once(hall: Hall):
    _, code = await hall.booked("09:00")
    await hall.at("11:00")
    wish = paper(code=f"{code[:4]} {code[4:]}")
    headers = {"Idempotency-Key": "a" * 32}
    path = f"{API}/staff/sessions/day/paper-visits"
    for _ in range(2):
        again = await hall.http.post(path, json=wish, headers=headers)
        assert (again.status_code, again.json()["totals"]["on_paper"]) == (201, 1)
    (row,) = await hall.fetch("select number, booking_id, booked_for from ticket")
    assert row["booking_id"] == (await hall.fetch("select booking_id from booking"))[0]["booking_id"]
    for answer, status, refused in (
        (await post(hall, "paper-visits", **wish), 409, "ticket_moved_on"),
        (await post(hall, "paper-visits", **paper(code="00000000")), 404, "booking_unknown"),
        (await post(hall, "paper-visits", **wish, booking_id=str(row["booking_id"])), 422, "invalid_request"),
        (await hall.http.post(path, json=wish, headers={"Idempotency-Key": "short"}), 400, "idempotency_key_malformed"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, refused)


async def test_each_matter_has_one_outcome_on_paper_and_in_a_correction_too(hall: Hall):
    ticket = await receive(hall)
    twice = [{"matter_id": "house", "kind": "handled"}, {"matter_id": "house", "kind": "guided"}]
    await hall.at("11:00")
    assert (await post(hall, "paper-visits", **paper(outcomes=twice))).status_code == 422
    await close_windows(hall)
    await post(hall, "closing", by="王经理")
    wish = {"by": "王经理", "reason": "记错了", "outcomes": twice}
    assert (await post(hall, f"tickets/{ticket}/corrections", **wish)).status_code == 422


async def test_a_window_that_had_confirmed_confirms_again_after_a_paper_visit(hall: Hall):
    await hall.at("11:00")
    await close_windows(hall)
    await post(hall, "paper-visits", **paper())
    assert (await post(hall, "closing", by="王经理")).json()["code"] == "windows_unconfirmed"
    shown = (await hall.http.get(f"{API}/staff/sessions/day/closing")).json()
    assert [each["number"] for each in shown["windows"] if each["needed"]] == [1]


async def test_a_window_that_received_on_paper_alone_confirms_too(hall: Hall):
    await hall.at("11:00")
    await hall.fetch("delete from step")
    await hall.fetch("update window_day set state = 'closed'")
    await post(hall, "paper-visits", **paper())
    shown = (await hall.http.get(f"{API}/staff/sessions/day/closing")).json()
    assert [each["number"] for each in shown["windows"] if each["needed"]] == [1]


async def test_what_another_has_put_right_meanwhile_is_not_overwritten(hall: Hall):
    ticket = await receive(hall)
    await close_windows(hall)
    await post(hall, "closing", by="王经理")
    (visit,) = (await hall.http.get(f"{API}/staff/sessions/day/visits")).json()["items"]
    wish = {"by": "王经理", "reason": "人数记错了", "persons": 3, "version": visit["version"]}
    assert (await post(hall, f"tickets/{ticket}/corrections", **wish)).status_code == 201
    again = await post(hall, f"tickets/{ticket}/corrections", **wish)
    assert (again.status_code, again.json()["code"]) == (409, "ticket_moved_on")


async def test_the_days_visits_are_listed_by_number_without_a_name(hall: Hall):
    await hall.walk_in(name="龙小妹")
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    await hall.finish("w1", problems=[{"text": "排两次队", "settled": "on_the_spot"}])
    await receive(hall, "w3")
    await hall.walk_in()
    path = f"{API}/staff/sessions/day/visits"
    shown = (await hall.http.get(path)).json()
    assert [(each["number"], each["state"]) for each in shown["items"]] == [
        ("A001", "finished"), ("A002", "waiting"), ("B001", "finished"),
    ]  # fmt: skip
    first = shown["items"][0]
    assert (first["window_number"], first["problems"], first["suggestions"]) == (1, 1, 0)
    assert first["outcomes"] == [{"matter_id": "house", "kind": "handled"}]
    assert "龙" not in json.dumps(shown, ensure_ascii=False)
    assert (await hall.http.get(f"{path}/{first['ticket_id']}")).json() == first
    assert (await hall.http.get(f"{path}/{uuid.uuid4()}")).json()["code"] == "ticket_unknown"
    page = (await hall.http.get(path, params={"limit": 2})).json()
    assert page["more"]
    rest = (await hall.http.get(path, params={"limit": 2, "after": page["items"][-1]["number"]})).json()
    assert ([each["number"] for each in rest["items"]], rest["more"]) == (["B001"], False)
    assert (await hall.http.get(path, params={"after": "\0"})).status_code == 422
    assert (await hall.http.get(f"{API}/staff/sessions/none/visits")).status_code == 404


async def test_a_day_that_is_over_is_still_at_hand(hall: Hall):
    assert (await hall.http.get(f"{API}/staff/today")).json()["earlier"] == []
    await hall.at("10:00", days=1)
    (before,) = (await hall.http.get(f"{API}/staff/today")).json()["earlier"]
    assert (before["session_id"], before["closed_at"]) == ("day", None)


async def test_events_tables_and_the_signed_totals_agree(hall: Hall):
    await receive(hall)
    await receive(hall, "w3", suggestions=["早点开门"])
    await hall.booked("10:00")
    await close_windows(hall)
    await hall.at("10:00")
    totals = (await post(hall, "closing", by="王经理")).json()["signed"][0]["totals"]
    rows = await hall.fetch(
        "select subject, type, payload from outbox where topic = 'queue.visits.v1' order by position"
    )
    last = {row["subject"]: json.loads(row["payload"])["visit"] for row in rows}
    finished = [each for each in last.values() if each["state"] == "finished"]
    assert totals["visits"] == len(finished)
    assert totals["persons"] == sum(each["persons"] for each in finished)
    assert totals["handled"] == sum(one["kind"] == "handled" for each in finished for one in each["outcomes"])
    assert totals["suggestions"] == sum(len(each["remarks"]) for each in finished)
    assert totals["no_shows"] == sum(each["state"] == "no_show" for each in last.values())


async def test_republish_says_the_last_of_everything_again(hall: Hall):
    await receive(hall)
    await hall.booked("10:00")
    await close_windows(hall)
    await post(hall, "closing", by="王经理")
    rows = await hall.fetch("select distinct on (topic, subject) topic, subject, type, payload from outbox"
                            " order by topic, subject, position desc")  # fmt: skip
    said = {(row["topic"], row["subject"]): (row["type"].removeprefix("queue."), row["payload"]) for row in rows}
    async with database.transaction(hall.pool) as connection:
        ids, after = [], None
        while page := await aggregate_ids(connection, after, 2):
            ids += page
            after = page[-1]
        again = await state_events(connection, ids)
    assert {(each.topic, each.subject): (type(each).__name__, each.model_dump_json()) for each in again} == said


async def test_each_head_came_was_substituted_or_was_missing_and_nobody_is_counted_twice(hall: Hall):
    await hall.fetch("update window_day set official_id = 'second-' || window_id where window_id = 'w2'")
    await hall.do("w1", "attend", attendance="present")
    await hall.do("w1", "attend", attendance="away", reason="县里开会", substitute_id="deputy-land")
    await hall.do("w2", "attend", attendance="away", reason="县里开会", substitute_id="deputy-two")
    shown = (await hall.http.get(f"{API}/staff/sessions/day/closing")).json()
    heads = {name: shown["totals"][f"principals_{name}"] for name in ("present", "substituted", "absent")}
    assert heads == {"present": 1, "substituted": 1, "absent": 1}
    assert [(each["came"], each["substituted"]) for each in shown["windows"]] == [
        (True, True), (False, True), (False, False),
    ]  # fmt: skip
    await hall.at("11:00")
    outcomes = [{"matter_id": "advice", "kind": "guided"}]
    totals = (await post(hall, "paper-visits", **paper(window_id="w3", outcomes=outcomes))).json()["totals"]
    assert (totals["principals_present"], totals["principals_absent"]) == (2, 0), "who received on paper had come"


async def test_a_paper_of_a_deputys_window_says_that_the_deputy_came(hall: Hall):
    await hall.fetch("update window_day set role = 'deputy' where window_id = 'w3'")
    await hall.at("11:00")
    wish = paper(window_id="w3", outcomes=[{"matter_id": "advice", "kind": "guided"}], received_by="substitute")
    (shown,) = [
        each for each in (await post(hall, "paper-visits", **wish)).json()["windows"] if each["window_id"] == "w3"
    ]
    assert (shown["came"], shown["substituted"]) == (True, False)


async def test_a_head_with_two_windows_of_a_department_is_one(hall: Hall):
    await hall.do("w2", "attend", attendance="present")
    totals = (await hall.http.get(f"{API}/staff/sessions/day/closing")).json()["totals"]
    heads = [totals[f"principals_{name}"] for name in ("present", "substituted", "absent")]
    assert heads == [1, 0, 1]
