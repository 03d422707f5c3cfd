"""Days: terms, lights, reminders, climbing, listing and delisting, and what a changed calendar makes of them."""

import uuid
from datetime import date, timedelta

import pytest

from tests.integration import cases_town
from tests.integration.cases_town import API, MONDAY, RESTS, STAFF, Town, year


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def overdue_twice(town: Town) -> str:
    """A case that its lead let pass, was given more time for by climbing, and let pass again."""
    case_id = await town.entered()
    await town.do("land", case_id, "accept")
    await town.on(date(2026, 3, 17))
    await town.look()
    await town.on(date(2026, 3, 19))
    await town.look()
    await town.on(date(2026, 4, 3))
    await town.look()
    return case_id


async def test_a_case_turns_amber_red_and_overdue_and_each_is_told_once(town: Town):
    case_id = (await town.raised())["case_id"]
    await town.do("land", case_id, "accept")
    lights = {}
    for day in range(2, 20):
        await town.on(date(2026, 3, day))
        for _ in range(2):
            await town.look()
        lights[day] = (await town.card(case_id))["light"]
    assert [lights[day] for day in (2, 12, 13, 15, 16, 17)] == ["green", "green", "amber", "amber", "red", "overdue"]
    assert await town.story(case_id) == [
        ("registered", None), ("accepted", None), ("reminded", "amber"), ("reminded", "red"), ("overdue", None),
        ("escalated", "overdue"),
    ]  # fmt: skip


async def test_a_term_never_ends_on_a_day_off_and_a_changed_calendar_moves_it_and_says_so(town: Town):
    case_id = (await town.raised())["case_id"]
    petition = (await town.raised(kind="petition"))["case_id"]
    await town.do("land", case_id, "accept")
    assert (await town.card(case_id))["due_on"] == "2026-03-16"
    await town.take(year(rest=(*RESTS, date(2026, 3, 16))), 2)
    await town.look()
    card = await town.card(case_id)
    assert (card["due_on"], card["next_on"]) == ("2026-03-17", "2026-03-17")
    assert (await town.story(case_id))[-1] == ("recounted", "calendar")
    assert (await town.story(petition)) == [("registered", None)], "a petition's days are the calendar's"
    assert (await town.card(petition))["due_on"] == "2026-05-01"
    await town.look()
    assert [kind for kind, _ in await town.story(case_id)].count("recounted") == 1
    assert (await town.looked_up((await town.card(case_id))["number"])).json()["story"][-1]["kind"] == "recounted"


async def test_what_is_late_climbs_the_ladder_and_says_why(town: Town):
    case_id = await town.entered()
    await town.do("land", case_id, "accept")
    await town.on(date(2026, 3, 18))
    await town.look()
    assert (await town.card(case_id))["level"] == "window", "two days late"
    await town.on(date(2026, 3, 19))
    await town.look()
    card = await town.card(case_id)
    assert (card["level"], card["due_on"], card["light"]) == ("joint_review", "2026-04-02", "green")
    await town.do("land", case_id, "block", words="没有资金。")
    await town.look()
    card = await town.card(case_id)
    assert (card["level"], card["blocked"]) == ("supervision", False)
    assert [why for kind, why in await town.story(case_id) if kind == "escalated"] == ["overdue", "blocked"]


async def test_several_departments_bring_it_to_the_joint_review(town: Town):
    case_id = await town.entered()
    await town.do("land", case_id, "accept")
    for department in ("water", "transport"):
        await town.do("land", case_id, "give_part", department_id=department, words="x", due_on="2026-03-10")
        await town.look()
    assert (await town.card(case_id))["level"] == "joint_review"
    assert ("escalated", "several_departments") in await town.story(case_id)


async def test_the_ladder_is_no_staircase(town: Town):
    case_id = await town.entered()
    assert (await town.do("manager", case_id, "move", level="supervision", words="县长批示。"))[
        "level"
    ] == "supervision"
    assert await town.refused("manager", case_id, "move", level="supervision", words="x") == "act_not_now"


async def test_what_is_overdue_twice_is_listed_and_leaves_the_list_only_when_verified(town: Town):
    case_id = await overdue_twice(town)
    card = await town.card(case_id)
    assert card["listed"] is True
    watched = (await town.http.get(f"{API}/watched")).json()["items"]
    assert watched == [{
        "department_id": "land", "department_zh": "land局", "department_en": "land", "kind": "problem",
        "listed_on": "2026-04-03", "days": 32,
    }]  # fmt: skip
    assert await town.refused("supervisor", case_id, "delist", words="x") == "act_not_now"
    await town.do("land", case_id, "take")
    await town.do("land", case_id, "answer", words="好了。")
    assert await town.refused("supervisor", case_id, "delist", words="x") == "act_not_now"
    await town.do("manager", case_id, "call_back", result="confirmed", words="好了。")
    assert (await town.card(case_id))["listed"] is True
    await town.do("supervisor", case_id, "delist", words="核实过。")
    assert (await town.http.get(f"{API}/watched")).json()["items"] == []
    assert "look_back" not in (await town.file(case_id))["may"]["oversee"]
    await town.on(date(2026, 4, 3) + timedelta(days=30))
    assert "look_back" in (await town.file(case_id))["may"]["oversee"]
    card = await town.do("supervisor", case_id, "look_back", passed=False, words="又坏了。")
    assert (card["listed"], card["state"], card["next_step"]) == (True, "accepted", "answer")
    assert [each["reason"] for each in (await town.file(case_id))["listings"]] == ["overdue_twice", "look_back_failed"]


async def test_a_case_closed_without_verification_stays_listed_until_a_call_back_verifies_it(town: Town):
    case_id = await overdue_twice(town)
    await town.do("supervisor", case_id, "close", words="x", remedy="y")
    assert await town.refused("supervisor", case_id, "delist", words="x") == "act_not_now"
    await town.do("supervisor", case_id, "call_back", result="confirmed", words="他认可。")
    await town.do("supervisor", case_id, "delist", words="核实过。")


async def test_a_listed_case_does_not_leave_the_list_by_being_merged(town: Town):
    case_id = await overdue_twice(town)
    into = await town.entered(title="另一件")
    await town.do("manager", case_id, "merge", into=into)
    assert (await town.card(into))["listed"] is True


async def test_what_is_old_and_repeated_is_listed(town: Town):
    old = await town.entered(raised_on="2022-05-01")
    await town.look()
    assert (await town.card(old))["listed"] is False
    again = await town.entered(title="还是那件")
    await town.do("manager", again, "merge", into=old)
    await town.look()
    assert ("listed", "old_and_repeated") in await town.story(old)


async def test_the_countys_date_stays_and_lies_ahead_on_a_working_day(town: Town):
    case_id = await town.entered(fixed_on="2026-03-05")
    assert (await town.card(case_id))["due_on"] == "2026-03-05"
    for day, code in (
        ("2026-03-02", "date_not_ahead"),
        ("2028-01-01", "date_not_ahead"),
        ("2026-03-07", "date_is_rest_day"),
    ):
        assert await town.refused("county", case_id, "set_date", due_on=day, words="x") == code
        assert (await town.enter_(fixed_on=day)).json()["code"] == code
    assert await town.refused("manager", case_id, "set_date", due_on="2026-03-06", words="x") == "access_denied"
    card = await town.do("county", case_id, "set_date", due_on="2026-03-06", words="县里定。")
    assert card["due_on"] == "2026-03-06"
    await town.do("land", case_id, "accept")
    assert (await town.card(case_id))["next_on"] == "2026-03-06"


async def test_an_unknown_year_is_tentative(town: Town):
    await town.take(year(2027, status="tentative", rest=()), 2)
    await town.on(date(2026, 12, 24))
    case_id = await town.entered()
    await town.do("land", case_id, "accept")
    card = await town.card(case_id)
    assert (card["tentative"], card["due_on"]) == (True, "2027-01-07")
    await town.take(year(2027, rest=(date(2027, 1, 1),)), 3)
    await town.look()
    card = await town.card(case_id)
    assert (card["tentative"], card["due_on"]) == (False, "2027-01-08")


async def test_the_board_counts_and_lists_what_is_urgent(town: Town):
    late, fine = await town.entered(), await town.entered(title="不急的事")
    await town.do("land", late, "accept")
    await town.on(date(2026, 3, 17))
    other = await town.entered(title="新的事", department_id=None)
    await town.do("manager", fine, "move", level="joint_review", words="x")
    board = (await town.ask("supervisor", "GET", f"{STAFF}/board")).json()
    assert (board["counts"]["open"], board["counts"]["overdue"], board["counts"]["unassigned"]) == (3, 1, 1)
    assert board["level_counts"] == {"window": 2, "joint_review": 1, "supervision": 0}
    assert [each["case_id"] for each in board["levels"]["window"]] == [late, other]
    assert [each["case_id"] for each in board["late"]] == [late], "what was moved has a new day"


async def test_cases_are_found_by_number_words_and_department_and_paged(town: Town):
    made = [await town.entered(title=f"路灯第{count}盏不亮") for count in range(5)]
    other = await town.entered(title="医保报销", department_id="health")
    number = (await town.card(made[0]))["spoken"]

    async def found(who: str = "manager", **asked: str) -> list[str]:
        answer = await town.ask(who, "GET", f"{STAFF}/cases", params=asked)
        assert answer.status_code == 200, answer.text
        return [each["case_id"] for each in answer.json()["items"]]

    assert await found(q=number) == [made[0]]
    assert await found(q="路灯") == made
    assert await found(q="报销") == [other]
    assert await found(q="health局") == [other]
    assert await found(q="不存在的") == []
    assert await found(q="!!") == []
    assert await found("health", q="路灯") == []
    assert await found(level="supervision") == []
    assert await found(department_id="health") == [other]
    first = (await town.ask("manager", "GET", f"{STAFF}/cases", params={"limit": "4"})).json()
    second = (await town.ask("manager", "GET", f"{STAFF}/cases", params={"limit": "4", "after": first["next"]})).json()
    assert (first["total"], first["more"], second["next"]) == (6, False, None)
    assert [each["case_id"] for each in (*first["items"], *second["items"])] == [*made, other]
    for state in ("over", "all"):
        page = (await town.ask("manager", "GET", f"{STAFF}/cases", params={"limit": "4", "state": state})).json()
        if page["next"]:
            rest = await town.ask(
                "manager", "GET", f"{STAFF}/cases", params={"limit": "4", "state": state, "after": page["next"]}
            )
            assert len(rest.json()["items"]) == 2
    broken = await town.ask("manager", "GET", f"{STAFF}/cases", params={"after": "nonsense"})
    assert broken.json()["errors"][0]["code"] == "page_unknown"


async def test_what_one_has_taken_stands_under_ones_own(town: Town):
    case_id = await town.entered()
    await town.do("land", case_id, "accept")
    await town.do("land_head", case_id, "hand_to", handler_id="land-2")
    mine = (await town.ask("land2", "GET", f"{STAFF}/mine")).json()
    assert [each["case_id"] for each in mine["items"]] == [case_id]
    assert (await town.ask("land", "GET", f"{STAFF}/mine")).json()["items"] == []


async def test_the_past_of_the_list_can_be_told_for_any_day(town: Town):
    case_id = await overdue_twice(town)
    await town.work(case_id)
    await town.do("manager", case_id, "call_back", result="confirmed", words="x")
    await town.on(date(2026, 4, 10))
    await town.do("supervisor", case_id, "delist", words="x")
    rows = await town.fetch(
        """
        select at::date as day, kind from step
        where case_id = $1 and kind in ('listed', 'delisted') order by version
        """,
        uuid.UUID(case_id),
    )
    (stretch,) = await town.fetch("select listed_on, delisted_on from listing where case_id = $1", uuid.UUID(case_id))
    assert [(row["kind"], row["day"]) for row in rows] == [
        ("listed", stretch["listed_on"]), ("delisted", stretch["delisted_on"]),
    ]  # fmt: skip
    assert stretch["listed_on"] > MONDAY
