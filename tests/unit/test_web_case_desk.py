"""The staff's pages of cases: whose they are, what they show, and what their forms ask for."""

import re
from typing import get_args

import pytest

from services.cases.domain import requests
from services.cases.domain.may import HANDLE, OVERSEE
from services.web import case_forms, cases
from services.web.refusals import REFUSALS
from shared.events import cases as events
from shared.identity.roles import AT_WINDOW, OVER_HALL
from tests import identity
from tests.page_forms import fields
from tests.unit.web_cases import TITLE, card, case_file, step
from tests.unit.web_county import County, follow, problem, title, visitor

HERE = "/staff/cases"
ONE = f"{HERE}/c1"
BOARD = {
    "today": card()["registered_on"],
    "counts": {"open": 29, "amber": 1, "red": 3, "overdue": 2, "listed": 1, "contested": 1, "unassigned": 4},
    "level_counts": {"window": 40, "joint_review": 0, "supervision": 0},
    "levels": {"window": [card()], "joint_review": [], "supervision": []},
    "listed": [card(listed=True)],
    "late": [card(light="overdue", days_left=-2)],
    "meetings": [],
}
DESK = {
    "today": card()["registered_on"],
    "departments": ["land"],
    "to_accept": [card()],
    "in_hand": [card(state="in_progress", light="overdue", days_left=-1)],
    "answered": [],
    "parts": [],
    "measures": [],
}
PAGE = {"items": [card()], "next": "2026-03-01~x", "total": 1000, "more": True}
WISHES = {
    "answer": {"words": "修好了"},
    "return": {"department_id": "desk", "words": "归总台"},
    "give_part": {"department_id": "desk", "words": "请帮忙", "due_on": "2026-03-09"},
    "ask_extension": {"days": "5", "words": "等材料"},
    "suspend": {"until": "2026-03-09", "words": "等鉴定"},
    "refer": {"body": "市里", "next_on": "2026-03-09", "words": "请示"},
    "block": {"words": "没有钱"},
    "promise_measure": {"beneficiary": "firm", "words": "对接银行", "due_on": "2026-03-09"},
    "note": {"words": "记一笔"},
    "assign": {"department_id": "desk", "words": "归总台"},
    "call_back": {"result": "confirmed", "words": "好了"},
    "refuse_extension": {"words": "抓紧"},
    "set_date": {"due_on": "2026-03-09", "words": "县里定"},
    "move": {"level": "supervision", "words": "批示"},
    "list": {"words": "反复"},
    "delist": {"words": "看过"},
    "look_back": {"passed": "yes", "words": "还亮着"},
    "review": {"decision": "move_up", "words": "上会"},
    "close": {"words": "属法院", "remedy": "去起诉"},
    "merge": {"into": "40812 73652"},
    "link": {"with": "4081273652"},
    "end_part": {"part_id": "00000000-0000-0000-0000-000000000001", "words": "好了"},
    "keep_measure": {"measure_id": "00000000-0000-0000-0000-000000000001", "words": "签收了"},
}


@pytest.fixture
def county():
    found = County()
    found.answers |= {
        "/staff/board": BOARD,
        "/staff/desk": DESK,
        "/staff/mine": {"today": card()["registered_on"], "items": [card(handler_id="a1")]},
        "cases/v1/staff/cases": PAGE,
        "/staff/cases/c1": case_file(*HANDLE, oversee=tuple(OVERSEE)),
        "/staff/cases/c1/likely": {"items": [card(case_id="c2", number="4081273652", title="路灯")]},
        "/staff/cases/c1/handle": {"card": card(version=5), "seen": True},
        "/staff/cases/c1/oversee": {"card": card(version=5), "seen": True},
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (HERE, "29 件没办完，2 件超期，3 件快到期"),
        (f"{HERE}/desk", "2 件要办，1 件超期"),
        (f"{HERE}/mine", "我在办 1 件"),
        (f"{HERE}/list?q=路灯", "1000 件以上"),
        (f"{HERE}/new", "登记一件问题"),
    ],
)
async def test_a_page_says_its_result_in_its_title_and_shows_no_markup_of_others(browser, path, said):
    page = await browser.get(path)
    assert page.status_code == 200, page.text
    assert title(page) == said
    assert TITLE not in page.text
    assert page.headers["cache-control"] == "no-store"
    english = await follow(browser, await browser.get(path, params={"lang": "en"}))
    assert english.status_code == 200
    assert not re.search(r"<h[12][^>]*>[^<]*[一-鿿]", english.text), "a heading is not translated"


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        (HERE, OVER_HALL),
        (f"{HERE}/desk", AT_WINDOW),
        (f"{HERE}/mine", (*AT_WINDOW, *OVER_HALL)),
        (f"{HERE}/list", (*AT_WINDOW, *OVER_HALL)),
        (f"{HERE}/new", (*AT_WINDOW, "hall_manager", "supervisor")),
        (ONE, (*AT_WINDOW, *OVER_HALL)),
    ],
)
async def test_whose_a_page_is(county, path, roles):
    async with visitor(county) as browser:
        for role in identity.ROLES:
            page = await browser.get(path, headers=identity.bearer(role))
            assert (page.status_code == 200) is (role in roles), (role, page.status_code)


async def test_the_file_tells_the_story_and_draws_only_what_can_be_done(county, browser):
    told = [step(each, place, why="overdue", words="说明") for place, each in enumerate(cases.STORY, start=1)]
    county.answers["/staff/cases/c1"] = case_file("accept", story=told)
    page = await browser.get(ONE)
    assert page.status_code == 200, page.text
    assert set(re.findall(r'name="act" value="(\w+)"', page.text)) == {"accept"}
    for words in cases.STORY.values():
        assert words in page.text
    assert "<b>不敢出门</b>" not in page.text


@pytest.mark.parametrize("act", [*case_forms.ACTS])
async def test_each_act_is_asked_for_as_it_was_typed(county, browser, act):
    county.answers["cases/v1/staff/cases"] = {
        "items": [card(case_id="00000000-0000-0000-0000-000000000009")],
        "total": 1,
    }
    token = fields(await browser.get(ONE), ONE)["form_token"]
    typed = WISHES.get(act, {})
    answer = await browser.post(ONE, data={"form_token": token, "version": "4", "act": act, **typed})
    assert (answer.status_code, answer.headers.get("location")) == (303, ONE), answer.text
    over = act in OVERSEE and act not in HANDLE
    (sent,) = county.posted("/oversee" if over else "/handle")
    union = requests.Overseeing if over else requests.Handling
    models = {get_args(each.model_fields["act"].annotation)[0]: each for each in get_args(get_args(union)[0])}
    assert models[act].model_validate(sent), "the service would take it"
    assert sent["version"] == 4


@pytest.mark.parametrize("act", [each.name for each in case_forms.ACTS.values() if each.fields])
async def test_what_is_missing_is_said_at_its_field_and_nothing_is_sent(county, browser, act):
    token = fields(await browser.get(ONE), ONE)["form_token"]
    page = await browser.post(ONE, data={"form_token": token, "version": "4", "act": act, "words": "留着\x07"})
    assert page.status_code == 422
    assert 'class="err"' in page.text or act in case_forms.IN_PLACE
    assert county.posted("/handle") == county.posted("/oversee") == []


async def test_what_the_service_refuses_keeps_what_was_typed(county, browser):
    token = fields(await browser.get(ONE), ONE)["form_token"]
    typed = {"form_token": token, "version": "4", "act": "suspend", "until": "2026-03-07", "words": "等鉴定结果"}
    for code, said in (("date_is_rest_day", "那天放假，请选工作日"), ("case_moved_on", "刚刚有人办过这件")):
        county.answers["/staff/cases/c1/handle"] = problem(409, code)
        page = await browser.post(ONE, data=typed)
        assert said in page.text
        assert "等鉴定结果" in page.text
    county.away.add("cases")
    page = await browser.post(ONE, data=typed)
    assert page.status_code == 503


async def test_a_form_of_another_browser_is_not_acted_on(county, browser):
    page = await browser.post(ONE, data={"form_token": "x", "version": "4", "act": "accept"})
    assert page.status_code == 409
    assert county.posted("/handle") == []


async def test_a_case_that_is_not_ones_to_see_is_said_to_be_unknown(county, browser):
    county.answers["/staff/cases/c1"] = problem(404, "case_unknown")
    page = await browser.get(ONE)
    assert (page.status_code, title(page)) == (404, "没有找到这件")


async def test_a_case_is_written_down_once_and_what_is_wrong_is_said(county, browser):
    token = fields(await browser.get(f"{HERE}/new"), f"{HERE}/new")
    wrong = await browser.post(f"{HERE}/new", data={**token, "title": "路灯坏了"})
    assert (wrong.status_code, "路灯坏了" in wrong.text) == (422, True)
    county.answers["cases/v1/staff/cases"] = (201, {"card": card(), "seen": True})
    typed = {
        **token,
        "kind": "problem",
        "title": "路灯坏了",
        "text": "不亮",
        "name": "王桂兰",
        "phone": "13800002741",
        "department_id": "land",
    }
    made = await browser.post(f"{HERE}/new", data=typed)
    assert made.headers["location"] == f"{ONE}?new=1"
    (sent,) = county.posted("cases/v1/staff/cases")
    assert requests.Enter.model_validate(sent)
    keys = {each.headers["idempotency-key"] for each in county.asked if each.method == "POST"}
    await browser.post(f"{HERE}/new", data=typed)
    assert {each.headers["idempotency-key"] for each in county.asked if each.method == "POST"} == keys


def test_every_word_of_the_service_has_one_here():
    wanted = {
        "KINDS": events.CaseKind, "LEVELS": events.Level, "SOURCES": events.CaseSource, "STATES": events.CaseState,
        "NEXT": events.NextStep, "CLOSINGS": events.Closing, "LISTED": events.ListingReason,
    }  # fmt: skip
    for name, literal in wanted.items():
        assert set(get_args(literal)) <= set(getattr(cases, name)), name
    assert {*HANDLE, *OVERSEE} - {"hand_to"} == set(case_forms.ACTS)
    assert {name for name in OVERSEE if name not in HANDLE} == set(case_forms.OVERSEEN)


def test_every_refusal_of_the_service_has_words():
    from services.cases.domain import problems  # noqa: PLC0415  (the one look at the other side)
    from shared.problems import Problem  # noqa: PLC0415

    codes = {
        each.code for each in vars(problems).values()
        if isinstance(each, type) and issubclass(each, Problem) and each is not Problem
    }  # fmt: skip
    assert codes <= set(REFUSALS), codes - set(REFUSALS)
