"""Random lives of cases against the real service: whatever people do in whatever order, what is promised holds.

`CASES_LIVES` says how many lives; `make faults` lives many more.
"""

import json
import os
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.calendar import WorkingDays
from tests.integration import cases_town
from tests.integration.cases_town import API, DIGITS, MONDAY, STAFF, Town, year

LIVES = int(os.environ.get("CASES_LIVES", "50"))
STEPS = 30
WHO = ("land", "land2", "land_head", "health", "transport", "water", "manager", "county", "supervisor")
DEPARTMENTS = ("land", "health", "transport", "water", "petition", "nowhere")
CLOSINGS = {"verified", "not_reached", "by_supervisor"}


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


steps = st.tuples(
    st.sampled_from([*WHO, "may", "may", "may", "may", "may", "citizen", "citizen", "time", "time"]),
    st.integers(0, 2**16),
    st.integers(0, 2**16),
)
"""Who acts (`may`: somebody who can, doing what is offered to them), and two numbers out of which comes what."""
lives = st.tuples(
    st.sampled_from(["problem", "suggestion", "complaint", "petition"]),
    st.booleans(),
    st.sampled_from([None, "land", "health"]),
    st.lists(steps, min_size=5, max_size=STEPS),
)


def wish(  # noqa: PLR0917
    act: str, one: int, two: int, town: Town, file: dict[str, Any], other: str
) -> dict[str, Any]:
    """The rest of an act, by two numbers; not always something that makes sense."""
    department = DEPARTMENTS[one % len(DEPARTMENTS)]
    day = str(town.days(two % 40))
    parts = [each["part_id"] for each in file["parts"]] or [str(uuid.UUID(int=0))]
    measures = [each["measure_id"] for each in file["measures"]] or [str(uuid.UUID(int=0))]
    words = {"words": "说明"}
    known: dict[str, dict[str, Any]] = {
        "accept": {}, "take": {}, "grant_extension": {}, "resume": {},
        "return": {"department_id": department, **words},
        "hand_to": {"handler_id": ("land-1", "land-2", "health-1")[one % 3]},
        "ask_extension": {"days": 1 + one % 60, **words},
        "suspend": {"until": day, **words},
        "refer": {"body": "市里", "next_on": day, **words},
        "give_part": {"department_id": department, "due_on": day, **words},
        "end_part": {"part_id": parts[one % len(parts)], **words},
        "promise_measure": {"beneficiary": "firm", "due_on": day, **words},
        "keep_measure": {"measure_id": measures[one % len(measures)], **words},
        "assign": {"department_id": department, **words},
        "set_date": {"due_on": day, **words},
        "move": {"level": ("window", "joint_review", "supervision")[one % 3], **words},
        "look_back": {"passed": bool(one % 2), **words},
        "call_back": {"result": ("confirmed", "refused", "unanswered", "unanswered")[one % 4], **words},
        "review": {"decision": ("reopen", "move_up")[one % 2], "department_id": "water", **words},
        "close": {"remedy": "可以起诉", **words},
        "merge": {"into": other},
        "link": {"with": other},
    }  # fmt: skip
    return known.get(act, words)


async def live(  # noqa: PLR0917
    town: Town, case: dict[str, Any], other: str, who: str, one: int, two: int
) -> None:
    """One step of a life. Whatever is refused is refused in words, never by a failure of ours."""
    case_id = case["case_id"]
    file = await town.file(case_id)
    if who == "time":
        await town.on(town.today + timedelta(days=one % 7))
        await town.look()
        return
    if who == "citizen":
        answer = await town.reply(case, ("confirm", "refuse", "refuse", "add")[one % 4], words="说明")
    else:
        name = WHO[one % len(WHO)] if who == "may" else who
        seen = await town.ask(name, "GET", f"{STAFF}/cases/{case_id}")
        offered = [*seen.json()["may"]["handle"], *seen.json()["may"]["oversee"]] if seen.is_success else []
        acts = [each for each in offered if each != "note"] or ["note"]
        if who != "may":
            acts = ["accept", "take", "answer", "return", "close", "list", "delist", "merge", "resume", "block"]
        act = acts[two % len(acts)]
        answer = await town.try_(name, case_id, act, **wish(act, one, two, town, file, other))
        if (
            who == "may"
            and act in {"accept", "take", "resume", "block", "answer", "list", "delist", "note"}
            and offered
        ):
            codes = {"parts_open", "own_extension", "too_many"}
            assert answer.is_success or answer.json()["code"] in codes, f"{act} was offered: {answer.text}"
    assert answer.status_code < 500, answer.text


async def holds(town: Town, case_id: str) -> None:
    """All that is promised of a case, looked up in the tables and in what was told."""
    (row,) = await town.fetch('select * from "case" where case_id = $1', uuid.UUID(case_id))
    calendar = WorkingDays([year(), year(2027, rest=()), year(2025, rest=())])
    over = row["state"] in {"closed", "merged"}
    if over:
        assert row["next_on"] is None
        assert row["state"] == "merged" or row["closing"] in CLOSINGS
    else:
        assert row["next_on"] is not None
        assert row["next_step"] is not None
        assert row["holder"] != "department" or row["department_id"] is not None
        assert row["closing"] is None
    for clock, day in (("term_unit", row["due_on"]), ("next_unit", row["next_on"])):
        if day is not None and row[clock] == "working":
            assert calendar.works(day), f"{clock} ends on {day}"
    if row["confidential"]:
        assert row["listed_on"] is None
        assert row["department_id"] is None or row["department_id"] != row["about_department_id"]
    steps_ = await town.fetch("select * from step where case_id = $1 order by version", uuid.UUID(case_id))
    assert [each["version"] for each in steps_] == list(range(1, row["version"] + 1)), "the story has no gap"
    await _lists_agree(town, row, steps_)
    told = await town.fetch(
        "select payload from outbox where topic = 'cases.cases.v1' and key = $1 order by position", case_id
    )
    states = [json.loads(each["payload"]) for each in told]
    assert [each["version"] for each in states] == list(range(1, row["version"] + 1))
    last = states[-1]["case"]
    assert (last["state"], last["level"], last["department_id"]) == (row["state"], row["level"], row["department_id"])
    assert last["next_on"] == (row["next_on"].isoformat() if row["next_on"] else None)
    if over and row["closing"] == "verified":
        assert {each["why"] for each in steps_ if each["kind"] == "closed"} & {"confirmed", "call_back"}
    if row["closing"] == "not_reached":
        calls = await town.fetch(
            """select distinct "on" from call_back where case_id = $1 and result = 'unanswered'""", uuid.UUID(case_id)
        )
        assert len(calls) >= 3
        assert all(calendar.works(each["on"]) for each in calls)


async def _lists_agree(town: Town, row: Any, story: Any) -> None:
    """Whether it was listed on any past day is the same by the story and by the stretches on the list."""
    stretches = await town.fetch("select * from listing where case_id = $1 order by listing_id", row["case_id"])
    zone = cases_town.ZONE
    day = MONDAY
    while day <= town.today:
        listed = False
        for step in story:
            if step["at"].astimezone(zone).date() <= day:
                listed = {"listed": True, "delisted": False, "merged": False}.get(step["kind"], listed)
        by_rows = any(
            each["listed_on"] <= day and (each["delisted_on"] is None or each["delisted_on"] > day)
            for each in stretches
        )
        assert listed == by_rows, f"on {day}"
        day += timedelta(days=1)
    assert (row["listed_on"] is not None) == any(each["delisted_on"] is None for each in stretches)


@settings(
    max_examples=LIVES,
    deadline=None,
    derandomize="CASES_LIVES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(life=lives)
async def test_whatever_happens_what_is_promised_of_a_case_holds(town: Town, life):
    kind, about_person, department, taken = life
    await town.on(MONDAY)
    about = {"about_person": True, "about": "某人", "about_department_id": "land"} if about_person else {}
    case = await town.raised(kind=kind, department_id=department, **about)
    other = await town.entered(department_id="health")
    for who, one, two in taken:
        await live(town, case, other, who, one, two)
        await holds(town, case["case_id"])
    await town.on(town.today + timedelta(days=1))
    await town.look()
    await holds(town, case["case_id"])
    await holds(town, other)
    assert (await town.http.post(f"{API}/cases/look-up", json={"number": case["number"], "digits": DIGITS})).is_success


def test_the_first_day_is_worked():
    assert WorkingDays([year()]).works(date(2026, 3, 2))
