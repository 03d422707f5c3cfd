"""The ladder in the demo county, through the gateway: a citizen's case is decided in both of the pack's meetings.

It climbs by rule and by hand, is mended, and is confirmed by whoever raised it.
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest

from tests import demo
from tests.stack import Stack, eventually

API = "/api/cases/v1"
STAFF = f"{API}/staff"
DIGITS = "2741"


class People:
    """Those of the demo county, each with their own token."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def ask(self, who: str | None, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {**(demo.bearer(self.stack, who) if who else {}), **request.pop("headers", {})}
        return httpx.request(
            method, f"{self.stack.address}{path}", headers=headers, timeout=30, trust_env=False, **request
        )

    def get(self, who: str | None, path: str) -> Any:
        answer = self.ask(who, "GET", path)
        assert answer.is_success, answer.text
        return answer.json()

    def card(self, case_id: str) -> Any:
        return self.get("supervisor", f"{STAFF}/cases/{case_id}")["card"]

    def do(self, who: str, case_id: str, way: str, act: str, **wish: Any) -> Any:
        body = {"act": act, "version": self.card(case_id)["version"], **wish}
        answer = self.ask(who, "POST", f"{STAFF}/cases/{case_id}/{way}", json=body)
        assert answer.is_success, f"{act}: {answer.text}"
        return answer.json()["card"]

    def meeting(self, session_id: str) -> Any:
        return self.get("county-head", f"{STAFF}/meetings/{session_id}")

    def act(self, session_id: str, act: str, **wish: Any) -> httpx.Response:
        body = {"act": act, "version": self.meeting(session_id)["version"], **wish}
        return self.ask("county-head", "POST", f"{STAFF}/meetings/{session_id}/acts", json=body)

    def in_meeting(self, session_id: str, act: str, **wish: Any) -> Any:
        """An act; once more where the worker filled the agenda in between."""
        answer = self.act(session_id, act, **wish)
        if answer.status_code == 409 and answer.json()["code"] == "meeting_moved_on":
            answer = self.act(session_id, act, **wish)
        assert answer.is_success, f"{act}: {answer.text}"
        return answer.json()


@pytest.fixture
def people(stack: Stack) -> People:
    return People(stack)


async def set_clock(stack: Stack, day: date | None) -> None:
    """Have it be ten in the morning of a day, for cases alone; with none, now."""
    password = (stack.folder / "secrets" / "CASES_OWNER_PASSWORD").read_text().strip()
    port = json.loads((stack.folder / "ports.json").read_text())["postgres"]
    connection = await asyncpg.connect(
        host="127.0.0.1", port=port, user="cases_owner", password=password, database="cases"
    )
    moment = "now()" if day is None else f"timestamptz '{day.isoformat()} 10:00+08'"
    try:
        await connection.execute(
            f"create or replace function county_now() returns timestamptz language sql stable as $$ select {moment} $$"
        )
    finally:
        await connection.close()


def clock(stack: Stack, day: date | None) -> None:
    with ThreadPoolExecutor(1) as aside:  # there may be a loop in this thread
        aside.submit(asyncio.run, set_clock(stack, day)).result()


@pytest.fixture
def county_clock(stack: Stack) -> Iterator[Callable[[date], None]]:
    """Moves the clock of cases, and sets it right again."""
    yield partial(clock, stack)
    clock(stack, None)


def next_meeting(people: People, level: str) -> tuple[str, date]:
    """The pack's next meeting of a level, and its day."""

    def planned() -> list[tuple[str, date]]:
        found = people.get("county-head", f"{STAFF}/meetings")
        return [
            (each["session_id"], date.fromisoformat(each["date"]))
            for each in found["items"]
            if each["level"] == level and each["date"] >= found["today"] and each["state"] == "preparing"
        ]

    return eventually(planned)[0]


def on_agenda(people: People, session_id: str, case_id: str) -> str:
    """The case's item, put there by hand if the rule has not yet."""
    answer = people.act(session_id, "add", case_id=case_id)
    assert answer.is_success or answer.json()["code"] in {"already_on_agenda", "meeting_moved_on"}, answer.text

    def item() -> str:
        found = [each["item_id"] for each in people.meeting(session_id)["items"] if each["card"]["case_id"] == case_id]
        return str(found[0]) if found else ""

    return eventually(item)


def decide(people: People, session_id: str, item_id: str, today: date) -> date:
    """A decision for the first working day from next week on, whatever the calendar says."""
    day = today + timedelta(days=7)
    for _ in range(12):
        wish = {"words": "先办证，后追缴。", "department_id": "natural-resources", "official_id": "zhou-wenqing"}
        answer = people.act(session_id, "decide", item_id=item_id, due_on=str(day), **wish)
        if answer.is_success:
            return day
        assert answer.json()["code"] in {"date_is_rest_day", "meeting_moved_on"}, answer.text
        day += timedelta(days=answer.json()["code"] == "date_is_rest_day")
    raise AssertionError("no working day within two weeks")


def end(people: People, session_id: str, item_id: str) -> None:
    """What else was on the agenda waits for the next meeting; the minutes are settled and printed."""
    for each in people.meeting(session_id)["items"]:
        if each["item_id"] != item_id and not each["decisions"] and each["postponed"] is None:
            people.in_meeting(session_id, "postpone", item_id=each["item_id"], words="下次再议。")
    closed = people.in_meeting(session_id, "close")
    assert (closed["state"], closed["minutes_version"]) == ("closed", 1)
    paper = people.ask("county-head", "GET", f"{STAFF}/meetings/{session_id}/minutes.pdf")
    assert paper.content.startswith(b"%PDF")


def test_a_case_climbs_to_both_meetings_of_the_pack_and_is_mended(
    people: People, county_clock: Callable[[date], None]
) -> None:
    wish = {
        "kind": "problem", "title": "城南小区八十六户办不了证", "text": "交了税, 三年没有拿到证。",
        "department_id": "natural-resources", "person": {"name": "王桂兰", "phone": f"1380000{DIGITS}"},
    }  # fmt: skip
    sent = {"Idempotency-Key": uuid.uuid4().hex}
    raised = people.ask(None, "POST", f"{API}/cases", json=wish, headers=sent)
    assert raised.status_code == 201, raised.text
    case, case_id = raised.json(), raised.json()["case_id"]
    assert (case["state"], case["holder"]) == ("registered", "department")
    people.do("director", case_id, "handle", "accept")

    people.do("director", case_id, "handle", "block", words="税务那边没有数据。")
    eventually(lambda: people.card(case_id)["level"] == "joint_review", 60)
    review, today = next_meeting(people, "joint_review")
    item = on_agenda(people, review, case_id)
    county_clock(today)
    people.in_meeting(review, "open")
    day = decide(people, review, item, today)
    assert people.card(case_id)["due_on"] == str(day)
    end(people, review, item)

    people.do("manager", case_id, "oversee", "move", level="supervision", words="副县长要到现场。")
    supervision, today = next_meeting(people, "supervision")
    item = on_agenda(people, supervision, case_id)
    county_clock(today)
    people.in_meeting(supervision, "open")
    decide(people, supervision, item, today)
    people.in_meeting(supervision, "record", item_id=item, words="到城南小区看了。")
    end(people, supervision, item)

    people.do("director", case_id, "handle", "take")
    people.do("director", case_id, "handle", "answer", words="证都发了。")
    key = {"number": case["number"], "digits": DIGITS}
    shown = people.ask(None, "POST", f"{API}/cases/look-up", json=key).json()
    assert [each["words"] for each in shown["answers"]] == ["证都发了。"]
    body = {**key, "reply": "confirm", "version": shown["version"]}
    closed = people.ask(None, "POST", f"{API}/cases/reply", json=body).json()
    assert (closed["state"], closed["closing"]) == ("closed", "verified")
    story = [each["kind"] for each in people.get("supervisor", f"{STAFF}/cases/{case_id}")["story"]]
    assert [each for each in story if each in {"escalated", "decided", "answered", "closed"}] == [
        "escalated", "decided", "escalated", "decided", "answered", "closed",
    ]  # fmt: skip
