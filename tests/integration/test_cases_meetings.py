"""Both meetings of the ladder, each to its end: agenda by rule, attendance, decisions that become steps, papers."""

import io
from datetime import date
from typing import Any

import httpx
import pypdf
import pytest

from shared.events.roster import Duty, OpeningPeriod, Session
from tests.integration import cases_town
from tests.integration.booking_desk import at
from tests.integration.cases_town import STAFF, Town

MEETINGS = f"{STAFF}/meetings"
DAYS = {"joint_review": date(2026, 3, 9), "supervision": date(2026, 3, 18)}


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        for level in DAYS:
            await opened.take(meeting(level))
        yield opened


def meeting(level: str, **changes: Any) -> Session:
    day = changes.pop("day", DAYS[level])
    names = {"joint_review": "局长联审会商日", "supervision": "一线督办日"}
    duty = Duty(duty_id="d1", window_id="w1", department_id="land", official_id="head-land", role="principal")
    known = {
        "session_id": f"hall.{level}.{day}", "programme_id": level, "programme_name_zh": names[level],
        "programme_name_en": level, "venue_id": "hall", "rule_date": day, "date": day, "day_kind": "workday",
        "status": "planned", "public": False,
        "opening": (OpeningPeriod(starts_at=at("09:00"), ends_at=at("12:00")),),
        "duties": (duty,) if level == "joint_review" else (), "level": level,
    }  # fmt: skip
    return Session(**{**known, **changes})


def address(level: str) -> str:
    return f"{MEETINGS}/hall.{level}.{DAYS[level]}"


async def shown(town: Town, level: str, who: str = "county") -> dict[str, Any]:
    answer = await town.ask(who, "GET", address(level))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def attempt(town: Town, level: str, act: str, who: str = "county", **wish: Any) -> httpx.Response:
    version = wish.pop("version", None)
    if version is None:
        version = (await shown(town, level))["version"]
    return await town.ask(who, "POST", f"{address(level)}/acts", json={"act": act, "version": version, **wish})


async def do(town: Town, level: str, act: str, **wish: Any) -> dict[str, Any]:
    answer = await attempt(town, level, act, **wish)
    assert answer.status_code == 200, f"{act}: {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


async def code_of(town: Town, level: str, act: str, **wish: Any) -> str:
    answer = await attempt(town, level, act, **wish)
    assert answer.status_code >= 400, f"{act} was done"
    code: str = answer.json()["code"]
    return code


async def paper(town: Town, level: str, name: str, who: str = "county") -> str:
    answer = await town.ask(who, "GET", f"{address(level)}/{name}.pdf")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return "".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(answer.content)).pages)


async def climbed(town: Town, title: str, how: str) -> str:
    """A case that is the joint review's by one of its rules."""
    case_id = await town.entered(title=title)
    await town.do("land", case_id, "accept")
    if how == "blocked":
        await town.do("land", case_id, "block", words="没有资金。")
    else:
        for each in ("water", "transport"):
            await town.do("land", case_id, "give_part", department_id=each, words="x", due_on="2026-03-20")
    await town.look()
    return case_id


async def test_a_joint_review_to_its_end(town: Town):
    blocked = await climbed(town, "城南小区八十六户办不了证", "blocked")
    several = await climbed(town, "烧烤摊油烟没人管", "several")
    by_hand = await town.entered(title="缴契税要另排一次队")
    agenda = await shown(town, "joint_review")
    assert [(each["card"]["case_id"], each["why"]) for each in agenda["items"]] == [
        (blocked, "blocked"), (several, "several_departments"),
    ]  # fmt: skip
    assert agenda["attendance"][0]["official_id"] == "head-land"
    await do(town, "joint_review", "add", case_id=by_hand)
    assert (await town.card(by_hand))["level"] == "joint_review"
    assert await code_of(town, "joint_review", "add", case_id=by_hand) == "already_on_agenda"
    assert "城南小区" in await paper(town, "joint_review", "agenda")
    board = (await town.ask("supervisor", "GET", f"{STAFF}/board")).json()
    assert (board["meetings"][0]["level"], board["meetings"][0]["items"]) == ("joint_review", 3)

    assert await code_of(town, "joint_review", "open") == "meeting_not_today"
    items = {each["card"]["case_id"]: each["item_id"] for each in (await shown(town, "joint_review"))["items"]}
    wish = {"item_id": items[blocked], "words": "先办证, 后追缴。", "department_id": "land", "due_on": "2026-03-20"}
    assert await code_of(town, "joint_review", "decide", **wish) == "meeting_act_not_now"
    await town.on(DAYS["joint_review"])
    await do(town, "joint_review", "open")
    await do(town, "joint_review", "attend", official_id="head-land", status="present")
    await do(
        town, "joint_review", "attend", official_id="head-water", status="substituted", substitute_id="deputy-water"
    )
    assert await code_of(town, "joint_review", "decide", **{**wish, "due_on": "2026-03-21"}) == "date_is_rest_day"
    await do(town, "joint_review", "decide", **wish, official_id="head-land")
    card = await town.card(blocked)
    assert (card["due_on"], card["next_on"], card["level"]) == ("2026-03-20", "2026-03-20", "joint_review")
    step = (await town.file(blocked))["story"][-1]
    assert (step["kind"], step["department_id"], step["on"], step["words"]) == (
        "decided", "land", "2026-03-20", "先办证, 后追缴。",
    )  # fmt: skip
    other = {"words": "设缴税点。", "department_id": "health", "due_on": "2026-03-20"}
    await do(town, "joint_review", "decide", item_id=items[by_hand], **other)
    parts = (await town.file(by_hand))["parts"]
    assert [(each["department_id"], each["due_on"]) for each in parts] == [("health", "2026-03-20")]
    assert await code_of(town, "joint_review", "remove", item_id=items[blocked]) == "item_unknown"
    assert await code_of(town, "joint_review", "close") == "items_open"
    await do(town, "joint_review", "postpone", item_id=items[several], words="等环保局的数据。")
    assert await code_of(town, "joint_review", "record", item_id=items[several], words="x") == "meeting_act_not_now"
    closed = await do(town, "joint_review", "close")
    assert (closed["state"], closed["minutes_version"], closed["may"]) == ("closed", 1, ["reopen"])
    minutes = await paper(town, "joint_review", "minutes")
    for words in ("先办证", "后追缴", "2026-03-20", "第 1 版", "等环保局的数据", "deputy-water"):
        assert words in minutes, words
    assert await code_of(town, "joint_review", "attend", official_id="x", status="absent") == "meeting_act_not_now"
    await do(town, "joint_review", "reopen")
    assert (await do(town, "joint_review", "close"))["minutes_version"] == 2

    later = meeting("joint_review", day=date(2026, 3, 20))
    await town.take(later)
    await town.look()
    answer = await town.ask("county", "GET", f"{MEETINGS}/{later.session_id}")
    assert [(each["card"]["case_id"], each["why"]) for each in answer.json()["items"]] == [(several, "postponed")]


async def test_a_frontline_supervision_to_its_end(town: Town):
    case_id = await climbed(town, "河西村灌渠占地补偿", "blocked")
    await town.do("land", case_id, "block", words="联审也定不了。")
    await town.look()
    agenda = await shown(town, "supervision")
    assert [(each["card"]["case_id"], each["why"]) for each in agenda["items"]] == [(case_id, "blocked")]
    await town.on(DAYS["supervision"])
    await do(town, "supervision", "open")
    (item,) = (await shown(town, "supervision"))["items"]
    wish = {"words": "本周兑付补偿。", "department_id": "land", "due_on": "2026-03-25", "official_id": "head-land"}
    await do(town, "supervision", "decide", item_id=item["item_id"], **wish)
    assert await code_of(town, "supervision", "close") == "visit_missing"
    await do(town, "supervision", "record", item_id=item["item_id"], words="到河西村看了灌渠, 占地两亩。")
    await do(town, "supervision", "close")
    assert "占地两亩" in await paper(town, "supervision", "minutes")
    assert (await town.file(case_id))["meetings"][0]["level"] == "supervision"
    await town.work(case_id)
    await town.do("manager", case_id, "call_back", result="confirmed", words="补偿收到了。")
    assert (await town.card(case_id))["closing"] == "verified"


async def test_whoever_saw_an_older_meeting_is_told_and_nobody_else_runs_one(town: Town):
    case_id = await town.entered()
    await do(town, "joint_review", "add", case_id=case_id)
    assert await code_of(town, "joint_review", "add", case_id=case_id, version=0) == "meeting_moved_on"
    for who in ("land", "land_head", "auditor"):
        answer = await attempt(town, "joint_review", "open", who=who)
        assert answer.status_code == 403, who
    assert (await town.ask("land", "GET", address("joint_review"))).status_code == 403
    seen = await shown(town, "joint_review", "land_head")
    assert (len(seen["items"]), seen["may"]) == (1, [])
    hidden = await town.ask("water", "GET", address("joint_review"))
    assert hidden.json()["items"] == [], "the case is none of theirs"
    assert (await town.ask("county", "GET", f"{MEETINGS}/hall.nothing")).json()["code"] == "meeting_unknown"


async def test_a_complaint_about_a_person_is_on_no_agenda_and_in_no_paper(town: Town):
    about = {"about_person": True, "about": "某某", "about_department_id": "land", "kind": "complaint"}
    secret = (await town.raised(title="窗口的人骂人", **about))["case_id"]
    await town.do("supervisor", secret, "assign", department_id="health", words="请查。")
    answer = await attempt(town, "joint_review", "add", who="supervisor", case_id=secret)
    assert answer.json()["code"] == "case_not_for_meeting"
    assert (await attempt(town, "joint_review", "add", case_id=secret)).json()["code"] == "case_unknown"
    await town.look()
    assert "骂人" not in await paper(town, "joint_review", "agenda")


async def test_what_was_written_in_meetings_is_encrypted_and_forgotten(town: Town):
    case_id = await climbed(town, "河西村灌渠占地补偿", "blocked")
    await town.on(DAYS["joint_review"])
    await do(town, "joint_review", "open")
    (item,) = (await shown(town, "joint_review"))["items"]
    wish = {"words": "王家先补。", "department_id": "land", "due_on": "2026-03-20"}
    await do(town, "joint_review", "decide", item_id=item["item_id"], **wish)
    stored = "".join(str(dict(row)) for row in await town.fetch("select * from decision"))
    payloads = "".join(row["payload"] for row in await town.fetch("select payload from outbox"))
    assert "王家" not in stored + payloads
    await town.work(case_id)
    await town.do("manager", case_id, "call_back", result="confirmed", words="好了。")
    await town.on(date(2026, 8, 3))
    from services.cases import workers  # noqa: PLC0415  (one run of it)
    from shared.rights import retention  # noqa: PLC0415

    forgotten = await retention.run(town.pool, workers.rules(town.runtime.settings), 90)
    assert forgotten is not None
    assert forgotten["cases"] == 1
    assert [row["words"] for row in await town.fetch("select words from decision")] == [None]
    assert "内容已按规定删去" in await paper(town, "joint_review", "minutes")
