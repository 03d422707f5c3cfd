"""The staff's pages of meetings: whose they are, and what their forms ask for."""

import re
from typing import get_args

import pytest

from services.cases.domain import meetings as domain
from services.web import meetings
from services.web.refusals import REFUSALS
from shared.identity.roles import OVER_HALL
from shared.problems import Problem
from tests import identity
from tests.page_forms import fields
from tests.unit.web_cases import TODAY, card
from tests.unit.web_county import County, follow, problem, title, visitor

HERE = "/staff/meetings"
ONE = f"{HERE}/m1"
CARD = {
    "session_id": "m1", "programme_zh": "局长联审会商日", "programme_en": "Joint review", "level": "joint_review",
    "date": str(TODAY), "venue_id": "hall", "state": "preparing", "items": 3,
}  # fmt: skip
DECIDED = {
    "decision_id": "d1", "words": "先办证", "department_id": "land", "official_id": "zhou", "due_on": str(TODAY),
}  # fmt: skip
ITEM = "00000000-0000-0000-0000-000000000001"
WISHES = {
    "add": {"case_id": "40812 73652"},
    "attend": {"official_id": "zhou", "status": "present"},
    "decide": {"words": "先办证", "department_id": "land", "official_id": "zhou", "due_on": "2026-03-20"},
    "postpone": {"words": "等数据"},
    "record": {"words": "灌渠占了两亩"},
}


def shown(**changes):
    item = {"item_id": ITEM, "card": card(), "position": 1, "why": "blocked", "decisions": [], "record": None}
    other = {**item, "item_id": "i2", "decisions": [DECIDED], "record": "看过"}
    attendance = [{"official_id": "zhou", "department_id": "land", "status": "expected", "substitute_id": None}]
    may = list(meetings.ACTS)
    return {**CARD, "minutes_version": 0, "version": 7, "items": [item, other], "attendance": attendance, "may": may,
            **changes}  # fmt: skip


@pytest.fixture
def county():
    found = County()
    found.answers |= {
        "/staff/meetings": {"today": str(TODAY), "items": [CARD, {**CARD, "date": "2020-01-08", "state": "closed"}]},
        "/staff/meetings/m1": shown(),
        "/staff/meetings/m1/acts": shown(version=8),
        "cases/v1/staff/cases": {"items": [card(case_id=ITEM)], "total": 1},
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True) as found:
        yield found


async def test_what_is_to_come_and_what_was(browser):
    page = await browser.get(HERE)
    assert page.status_code == 200, page.text
    assert title(page).startswith("下一次会：")
    assert "开完了" in page.text


async def test_one_meeting_in_both_languages(browser):
    page = await browser.get(ONE)
    assert title(page) == "2 个议题，1 个还没定"
    assert f'href="/api{"/cases/v1/staff/meetings/m1"}/minutes.pdf?language=zh"' in page.text
    english = await follow(browser, await browser.get(ONE, params={"lang": "en"}))
    assert not re.search(r"<h[12][^>]*>[^<]*[一-鿿]", english.text)


async def test_whose_they_are(county):
    roles = {*OVER_HALL, "director", "deputy", "chief_representative"}
    async with visitor(county) as browser:
        for role in identity.ROLES:
            for path in (HERE, ONE):
                page = await browser.get(path, headers=identity.bearer(role))
                assert (page.status_code == 200) is (role in roles), (role, path)


@pytest.mark.parametrize("act", [*meetings.ACTS])
async def test_each_act_is_asked_for_as_it_was_typed(county, browser, act):
    token = fields(await browser.get(ONE), ONE)["form_token"]
    data = {"form_token": token, "version": "7", "act": act, "item_id": ITEM, **WISHES.get(act, {})}
    answer = await browser.post(ONE, data=data)
    assert (answer.status_code, answer.headers.get("location")) == (303, ONE), answer.text
    (sent,) = county.posted("/acts")
    models = {
        get_args(each.model_fields["act"].annotation)[0]: each for each in get_args(get_args(domain.MeetingAct)[0])
    }
    assert models[act].model_validate(sent)


async def test_what_is_missing_or_refused_keeps_what_was_typed(county, browser):
    token = fields(await browser.get(ONE), ONE)["form_token"]
    data = {"form_token": token, "version": "7", "act": "decide", "item_id": ITEM, "words": "先办证后追缴"}
    page = await browser.post(ONE, data=data)
    assert (page.status_code, "先办证后追缴" in page.text) == (422, True)
    assert county.posted("/acts") == []
    for code, said in (("date_is_rest_day", "那天放假，请选工作日"), ("meeting_moved_on", "刚刚有人动过这次会")):
        county.answers["/staff/meetings/m1/acts"] = problem(409, code)
        page = await browser.post(ONE, data={**data, **WISHES["decide"], "words": "先办证后追缴"})
        assert said in page.text
        assert "先办证后追缴" in page.text
    alone = {"form_token": token, "version": "7", "act": "attend", "official_id": "zhou", "status": "substituted"}
    assert "有人代，才选谁代的" in (await browser.post(ONE, data=alone)).text


def test_every_word_has_one_here():
    assert set(get_args(domain.Why)) == set(meetings.WHY)
    assert set(get_args(domain.Status)) == set(meetings.STATUSES)
    assert set(get_args(domain.MeetingState)) == set(meetings.STATES)
    assert {act for acts in domain.MAY.values() for act in acts} == set(meetings.ACTS)
    codes = {
        each.code for each in vars(domain).values()
        if isinstance(each, type) and issubclass(each, Problem) and each is not Problem
    }  # fmt: skip
    assert codes <= set(REFUSALS)
