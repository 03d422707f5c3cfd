"""A citizen's cases: raised, followed by number without an account, confirmed or refused; nothing typed is lost."""

import re

import pytest

from services.cases.domain import requests
from services.cases.domain.following import TOLD
from services.web import case_telling
from shared.notices import CURRENT
from tests import identity
from tests.page_forms import fields
from tests.unit import test_web_citizens
from tests.unit.web_cases import TITLE, citizen_case
from tests.unit.web_county import County, follow, problem, title, visitor

TYPED = {
    "kind": "problem",
    "title": "村道路灯坏了",
    "text": "老人晚上不敢出门",
    "name": "王桂兰",
    "phone": "13800002741",
    "department_id": "land",
    "agreed": CURRENT.version,
}
KEY = {"number": "40812 73652", "digits": "2741"}


@pytest.fixture
def county():
    found = County()
    found.answers |= {
        "cases/v1/cases": (201, citizen_case(state="registered", answers=[], may=["add"])),
        "/cases/look-up": citizen_case(),
        "/cases/reply": citizen_case(state="closed", closing="verified", may=[]),
        "/cases/v1/mine/c1": citizen_case(),
        "/cases/v1/mine/c1/reply": citizen_case(),
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county) as found:
        yield found


async def sent(browser, path="/case/new", address="/case/new", **typed):
    page = await browser.get(path)
    return await browser.post(address, data={**fields(page, address), **typed})


async def opened(browser):
    answer = await sent(browser, "/case", "/case", **KEY)
    assert answer.headers["location"] == "/case", answer.text
    return await browser.get("/case")


async def test_a_case_is_raised_and_its_number_shown_and_stands_in_no_address(county, browser):
    answer = await sent(browser, **TYPED)
    assert answer.headers["location"] == "/case?new=1", answer.text
    (body,) = county.posted("cases/v1/cases")
    wish = requests.Raise.model_validate(body)
    assert (wish.person.phone, wish.privacy_version) == ("+8613800002741", CURRENT.version)
    page = await browser.get("/case?new=1")
    assert county.posted("/look-up") == [{"number": "4081273652", "digits": "2741"}]
    assert "40812" in page.text
    assert page.headers["cache-control"] == "no-store"
    for each in county.asked:
        assert "2741" not in str(each.url)
    for value in browser.cookies.jar:
        assert "2741" not in value.value


async def test_the_same_form_sent_twice_has_one_key_and_a_changed_one_another(county, browser):
    page = await browser.get("/case/new")
    form = {**fields(page, "/case/new"), **TYPED}
    for each in (form, form, {**form, "title": "别的事"}):
        await browser.post("/case/new", data=each)
    keys = [each.headers["idempotency-key"] for each in county.asked if each.url.path.endswith("cases/v1/cases")]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("name", ["title", "text", "name", "phone", "agreed"])
async def test_what_is_missing_is_said_and_the_rest_is_kept(county, browser, name):
    page = await sent(browser, **{**TYPED, name: ""})
    assert page.status_code == 422
    assert title(page) == "有 1 处要改"
    kept = [value for key, value in TYPED.items() if key not in {name, "kind", "agreed", "department_id"}]
    assert all(each in page.text for each in kept)
    assert county.posted("cases/v1/cases") == []


@pytest.mark.parametrize(
    ("status", "code", "pointer", "said"),
    [
        (422, "invalid_request", "/person/phone", "座机少了区号"),
        (422, "raised_before_unknown", "", "没有找到，请核对编号"),
        (429, "too_many_requests", "", "从您这里约得太多了"),
        (422, "privacy_version_unknown", "", "刚刚有了新的说明"),
    ],
)
async def test_what_the_service_refuses_is_said_and_nothing_typed_is_lost(  # noqa: PLR0917
    county, browser, status, code, pointer, said
):
    errors = [{"pointer": pointer, "code": "phone_area", "detail": ""}] if pointer else []
    county.answers["cases/v1/cases"] = problem(status, code, errors=errors)
    page = await sent(browser, **TYPED)
    assert page.status_code == status
    assert said in page.text
    assert TYPED["text"] in page.text


async def test_while_cases_are_away_what_was_typed_can_be_sent_again(county, browser):
    page = await browser.get("/case/new")
    county.away.add("cases")
    form = {**fields(page, "/case/new"), **TYPED}
    away = await browser.post("/case/new", data=form)
    assert (away.status_code, TYPED["text"] in away.text) == (503, True)
    assert fields(away, "/case/new")["draft"] == form["draft"]
    assert (await browser.get("/")).status_code == 200
    assert (await browser.get("/case")).status_code == 200


async def test_a_case_is_followed_by_its_number_and_forgotten_by_the_browser(county, browser):
    page = await opened(browser)
    assert title(page) == "答复了，请您看看办好没有"
    assert "灯修好了" in page.text
    assert TITLE not in page.text
    assert re.findall(r'name="reply" value="(\w+)"', page.text) == ["confirm", "refuse", "add"]
    await browser.post("/case/leave", data=fields(page, "/case/leave"))
    assert 'name="number"' in (await browser.get("/case")).text


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(404, "case_unknown", "没有找到这件"), (429, "too_many_tries", "试得太多，先歇一会儿")],
)
async def test_what_opens_nothing_says_so_and_keeps_the_number(county, browser, status, code, said):
    county.answers["/cases/look-up"] = problem(status, code)
    page = await sent(browser, "/case", "/case", **KEY)
    assert (page.status_code, said in page.text, KEY["number"] in page.text) == (status, True, True)
    assert (page.headers.get("retry-after") == "90") is (status == 429)


async def test_a_slip_of_the_finger_is_told_at_its_field(county, browser):
    errors = [{"pointer": "/number", "code": "code_check_character", "detail": ""}]
    county.answers["/cases/look-up"] = problem(422, "invalid_request", errors=errors)
    page = await sent(browser, "/case", "/case", **KEY)
    assert "编号有一位不对" in page.text
    assert (await sent(browser, "/case", "/case", number="", digits="")).status_code == 422


@pytest.mark.parametrize(("reply", "words"), [("confirm", ""), ("refuse", "还是不亮"), ("add", "村西也坏了")])
async def test_what_somebody_says_is_sent_as_the_case_was_shown(county, browser, reply, words):
    page = await opened(browser)
    form = {**fields(page, "/case/reply"), "reply": reply, "words": words}
    answer = await browser.post("/case/reply", data=form)
    assert answer.headers["location"] == "/case", answer.text
    (body,) = county.posted("/cases/reply")
    assert requests.Reply.model_validate(body)
    assert (body["reply"], body["version"]) == (reply, 4)


async def test_to_refuse_without_a_word_or_too_late_keeps_the_page(county, browser):
    page = await opened(browser)
    form = {**fields(page, "/case/reply"), "reply": "refuse"}
    assert "请写哪里没办好" in (await browser.post("/case/reply", data=form)).text
    assert county.posted("/cases/reply") == []
    county.answers["/cases/reply"] = problem(409, "case_moved_on")
    moved = await browser.post("/case/reply", data={**form, "words": "还是不亮"})
    assert (moved.status_code, "还是不亮" in moved.text) == (409, True)
    foreign = await browser.post("/case/reply", data={**form, "form_token": "x", "words": "还是不亮"})
    assert foreign.status_code == 409


async def test_without_what_opens_it_nothing_is_said_to_a_case(county, browser):
    page = await browser.get("/case")
    token = fields(page, "/case")
    answer = await browser.post("/case/reply", data={**token, "reply": "confirm", "version": "4"})
    assert answer.headers["location"] == "/case"
    assert county.posted("/cases/reply") == []


async def test_ones_own_cases_stand_at_ones_own_and_are_nobody_elses(county, browser):
    assert (await browser.get("/me/cases/c1")).headers["location"].startswith("/me/sign-in")
    county.answers["cases/v1/mine"] = {"items": [citizen_case()]}
    citizen = identity.bearer(kind="citizen")
    county.answers = {**test_web_citizens.county.__wrapped__().answers, **county.answers}
    async with visitor(county) as signed_in:
        signed_in.headers.update(citizen)
        signed_in.cookies.set("session", citizen["Authorization"].removeprefix("Bearer "))
        assert "/me/cases/c1" in (await signed_in.get("/me")).text
        page = await signed_in.get("/me/cases/c1")
        assert "灯修好了" in page.text
        form = {**fields(page, "/me/cases/c1/reply"), "reply": "confirm"}
        assert (await signed_in.post("/me/cases/c1/reply", data=form)).headers["location"] == "/me/cases/c1"
    county.answers["/cases/v1/mine/c1"] = problem(404, "case_unknown")


async def test_the_public_list_names_department_kind_and_age(county, browser):
    county.answers["cases/v1/watched"] = {
        "items": [
            {"department_id": "land", "department_zh": "自然资源局", "department_en": "Land", "kind": "problem",
             "listed_on": "2026-03-01", "days": 1500}
        ]
    }  # fmt: skip
    page = await browser.get("/watched")
    assert title(page) == "挂牌督办 1 件"
    assert "1500 天" in page.text


async def test_every_line_of_the_story_is_told_in_words(county, browser):
    assert set(case_telling.STORY) >= TOLD
    line = {"on": "2026-03-01", "why": None, "level": "joint_review", "words": None,
            "department_zh": None, "department_en": None}  # fmt: skip
    county.answers["/cases/look-up"] = citizen_case(story=[{**line, "kind": each} for each in sorted(TOLD)])
    page = await opened(browser)
    assert "牵头部门受理了" in page.text
    assert "升到联审会商" in page.text
    english = await follow(browser, await browser.get("/case", params={"lang": "en"}))
    assert "the lead department accepted it" in english.text
