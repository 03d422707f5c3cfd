"""The pages of a day's end, against a queue whose every answer can be had at will."""

import re

import pytest

from services.web.closing import PAPER_ROWS
from tests.page_forms import fields
from tests.unit.web_county import MATTER, County, problem, visitor
from tests.unit.web_evening import (
    DAY,
    EVENING,
    RECORDED,
    TICKET,
    closing,
    open_ticket,
    paper,
    ready,
    signed,
    visit,
    window,
)

BASE = "/staff/sessions/s1"
CLOSING, VISITS, PAPER = f"{BASE}/closing", f"{BASE}/visits", f"{BASE}/paper-visits"
CORRECTION = f"{VISITS}/{TICKET}"
PAPER_FORM = f"{PAPER}?window=w3"
PAGES = [CLOSING, VISITS, CORRECTION, PAPER, PAPER_FORM]


@pytest.fixture
def county():
    found = County()
    found.answers |= {
        "/s1/closing": closing(),
        "/s1/visits": {
            "session_id": "s1",
            "date": DAY.isoformat(),
            "now": EVENING.isoformat(),
            "closed_at": EVENING.isoformat(),
            "items": [visit()],
            "more": False,
        },
        f"/visits/{TICKET}": visit(),
        f"/tickets/{TICKET}/notice": {
            "number": "A009",
            "session_id": "s1",
            "date": DAY.isoformat(),
            "outcomes": [RECORDED],
        },
        "/confirm": {},
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True) as found:
        yield found


def title(page):
    return re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)[1].split(" · ")[0]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", [closing(), ready(), signed("人数记错了")])
async def test_every_page_speaks_its_language_and_runs_nothing(county, browser, address, language, state):
    county.answers["/s1/closing"] = state
    await browser.get(f"/?lang={language}")
    page = await browser.get(address)
    assert page.status_code == 200
    for never in ("<style", "style=", "onclick", "javascript:", "http://", "https://", "<script"):
        assert never not in page.text, never
    assert page.text.count("btn go") <= 1
    assert page.headers["cache-control"] == "no-store"
    chinese = set(re.findall(r"[\u4e00-\u9fff]+", re.sub(r"<a [^>]*>中文</a>|<title>.*?</title>", "", page.text)))
    assert language == "zh" or chinese <= {"李春燕", "王经理", "人数记错了", "缺契税完税证明"}


@pytest.mark.parametrize("address", PAGES)
async def test_no_page_is_shown_to_who_is_not_signed_in(county, address):
    async with visitor(county) as browser:
        assert (await browser.get(address)).headers["location"].startswith("/sign-in?to=%2Fstaff")


@pytest.mark.parametrize(
    ("shown", "said", "can_be_signed"),
    [
        (closing(), "还有 1 个窗口没确认，1 张号没办完", False),
        (closing(open=[]), "还有 1 个窗口没确认", False),
        (ready() | {"open": [open_ticket()]}, "还有 1 张号没办完", False),
        (ready(), "都齐了，可以签字日结", True),
        (signed(), "今天已日结", False),
        (signed("人数记错了", "又错了"), "今天已日结，更正过 2 次", False),
        (signed() | {"date": "2026-12-01"}, "12月1日已日结", False),
    ],
)
async def test_the_title_says_the_result_and_who_can_sign_is_asked(county, browser, shown, said, can_be_signed):
    county.answers["/s1/closing"] = shown
    page = await browser.get(CLOSING)
    assert title(page) == said
    assert ('value="sign"' in page.text) == can_be_signed


@pytest.mark.parametrize(("state", "verb"), [("open", "close"), ("paused", "close"), ("closed", "confirm")])
async def test_an_open_window_is_closed_before_it_confirms(county, browser, state, verb):
    county.answers["/s1/closing"] = closing(windows=[window(state=state)], open=[])
    page = await browser.get(CLOSING)
    assert re.findall(r'name="verb" value="(\w+)"', page.text) == [verb]


async def test_a_window_confirms_with_the_version_that_was_shown(county, browser):
    form = {**fields(await browser.get(CLOSING), CLOSING), "verb": "confirm"}
    missing = await browser.post(CLOSING, data=form)
    assert (missing.status_code, county.posted("/confirm")) == (422, [])
    assert "请写是谁确认的" in missing.text
    county.answers["/confirm"] = problem(409, "window_moved_on")
    moved = await browser.post(CLOSING, data={**form, "by3": "李春燕"})
    assert moved.status_code == 409
    assert 'value="李春燕"' in moved.text, "what was typed is kept"
    county.answers["/confirm"] = problem(409, "window_busy")
    assert "窗口还开着" in (await browser.post(CLOSING, data={**form, "by3": "李春燕"})).text
    assert county.posted("/confirm")[0] == {"version": 7, "by": "李春燕"}


async def test_a_delegation_is_listed_and_not_counted_and_each_visit_leads_to_its_notice(county, browser):
    visits = county.answers["/s1/visits"]
    county.answers["/s1/visits"] = {**visits, "items": [visit(), visit(number="A010", delegation=True)]}
    page = await browser.get(VISITS)
    assert "办结 1 批" in title(page)
    assert page.text.count("考察检查，不计数") == 1
    assert f'href="{BASE}/tickets/{TICKET}/notice"' in page.text


async def test_a_ticket_ends_with_a_reason_of_the_three(county, browser):
    county.answers["/s1/closing"] = closing(windows=[])
    form = {**fields(await browser.get(CLOSING), CLOSING), "verb": "end"}
    county.answers[f"/tickets/{TICKET}/close"] = closing()
    for wrong in ("", "unanswered", "written_issue", "nonsense"):
        page = await browser.post(CLOSING, data={**form, "reasonA012": wrong})
        assert page.status_code == 422
        assert 'href="#reasonA012"' in page.text
    answer = await browser.post(CLOSING, data={**form, "reasonA012": "next_session"})
    assert (answer.status_code, answer.headers["location"]) == (303, CLOSING)
    assert county.posted(f"/tickets/{TICKET}/close") == [{"reason": "next_session"}]


async def test_a_ticket_that_has_its_end_meanwhile_is_told(county, browser):
    county.answers["/s1/closing"] = closing(windows=[])
    form = {**fields(await browser.get(CLOSING), CLOSING), "verb": "end", "reasonA012": "left"}
    county.answers["/s1/closing"] = ready()
    county.answers[f"/tickets/{TICKET}/close"] = problem(409, "ticket_moved_on")
    page = await browser.post(CLOSING, data=form)
    assert page.status_code == 409
    assert "这个号已经往前走了" in page.text


async def test_the_signature_is_a_name(county, browser):
    county.answers["/s1/closing"] = ready()
    form = {**fields(await browser.get(CLOSING), CLOSING), "verb": "sign"}
    assert "请写经理的姓名" in (await browser.post(CLOSING, data=form)).text
    for wrong in ("王\x01", "王" * 201):
        page = await browser.post(CLOSING, data={**form, "by": wrong})
        assert page.status_code == 422
        assert 'id="by-err"' in page.text
    assert not [each for each in county.asked if each.method == "POST"]


@pytest.mark.parametrize("verb", ["", "open", "../open", "undo"])
async def test_no_other_verb_is_passed_on(county, browser, verb):
    form = fields(await browser.get(CLOSING), CLOSING)
    assert (await browser.post(CLOSING, data={**form, "verb": verb})).status_code == 404
    assert not [each for each in county.asked if each.method == "POST"]


@pytest.mark.parametrize("address", [CLOSING, PAPER, CORRECTION])
async def test_nothing_is_done_without_the_browsers_token(county, browser, address):
    county.answers["/s1/closing"] = signed() if address == CORRECTION else ready()
    form = fields(await browser.get(PAPER_FORM if address == PAPER else address), address)
    typed = {"form_token": "x", "verb": "sign", "by": "王经理", "reason": "记错了", "name": "王桂兰"}
    page = await browser.post(address, data={**form, **typed})
    assert page.status_code == 409
    assert ("王桂兰" if address == PAPER else "王经理") in page.text
    assert not [each for each in county.asked if each.method == "POST"]


async def test_a_paper_is_sent_once_with_one_key_and_comes_back_as_typed(county, browser):
    page = await browser.get(PAPER_FORM)
    assert page.text.count('<select id="matter') == PAPER_ROWS
    form = {**fields(page, PAPER), **paper(arrived="00:01", started="00:02", finished="00:03", code="40812736")}
    county.answers["/paper-visits"] = problem(404, "booking_unknown")
    refused = await browser.post(PAPER, data=form)
    assert "今天没有这个预约码" in refused.text
    assert fields(refused, PAPER)["draft"] == form["draft"]
    assert 'value="00:02"' in refused.text
    assert f'value="{MATTER}" selected' in refused.text
    county.answers["/paper-visits"] = (201, closing())
    answer = await browser.post(PAPER, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, PAPER_FORM)
    sent = [each for each in county.asked if each.method == "POST"]
    assert len(sent) == 2
    assert len({each.headers["idempotency-key"] for each in sent}) == 1
    assert county.posted("/paper-visits")[0]["window_id"] == "w3"


async def test_what_was_typed_outlives_a_queue_that_is_away(county, browser):
    times = {"arrived": "00:01", "started": "00:02", "finished": "00:03"}
    form = {**fields(await browser.get(PAPER_FORM), PAPER), **paper(**times, suggestion="放个<凳子>")}
    county.away = {"queue"}
    away = await browser.post(PAPER, data=form)
    assert away.status_code == 503
    county.away = set()
    county.answers["/paper-visits"] = (201, closing())
    kept = fields(away, PAPER)
    assert kept == form
    assert (await browser.post(PAPER, data=kept)).status_code == 303
    assert county.posted("/paper-visits")[0]["suggestions"] == ["放个<凳子>"]


async def test_a_general_desk_hears_of_every_matter(county, browser):
    assert f'<option value="{MATTER}"' in (await browser.get(PAPER_FORM)).text
    asked = [str(each.url.params) for each in county.asked if each.url.path.endswith("/matters")]
    assert asked == ["department_id=land&limit=500"]
    county.answers["/matters"] = {"items": [], "total": 0}
    county.asked.clear()
    await browser.get(PAPER_FORM)
    assert [each.url.params.get("department_id") for each in county.asked if each.url.path.endswith("/matters")] == [
        "land",
        None,
    ]


async def test_a_signed_day_takes_no_paper(county, browser):
    county.answers["/s1/closing"] = signed()
    page = await browser.get(PAPER_FORM)
    assert title(page) == "已经日结，不能再补录"
    assert page.text.count("<form") == 1, "but to sign out"


async def test_a_visit_that_another_corrected_comes_back_with_what_was_typed(county, browser):
    county.answers["/s1/closing"] = signed()
    form = {**fields(await browser.get(CORRECTION), CORRECTION), "persons": "3", "reason": "记错了", "by": "王经理"}
    form["said0"] = RECORDED["said"]
    county.answers["/corrections"] = problem(409, "ticket_moved_on")
    county.answers[f"/visits/{TICKET}"] = visit(version=5, persons=2)
    page = await browser.post(CORRECTION, data=form)
    assert page.status_code == 409
    assert "刚刚有人更正过" in page.text
    found = fields(page, CORRECTION)
    assert (found["persons"], found["by"], found["version"]) == ("3", "王经理", "5")
    county.answers["/corrections"] = (201, signed("记错了"))
    assert (await browser.post(CORRECTION, data={**form, **found})).headers["location"] == CLOSING
    assert county.posted("/corrections")[-1]["version"] == 5


async def test_before_the_signature_there_is_nothing_to_correct(county, browser):
    assert (await browser.get(CORRECTION)).text.count("<form") == 1, "but to sign out"
    county.answers["/s1/visits"] = county.answers["/s1/visits"] | {"closed_at": None}
    assert CORRECTION not in (await browser.get(VISITS)).text


async def test_the_list_goes_on_where_it_broke_off(county, browser):
    county.answers["/s1/visits"] = county.answers["/s1/visits"] | {"more": True}
    page = await browser.get(VISITS)
    assert f'href="{VISITS}?after=A009"' in page.text
    await browser.get(f"{VISITS}?after=A009")
    assert [each.url.params["after"] for each in county.asked if each.url.path.endswith("/visits")] == ["", "A009"]


async def test_an_earlier_session_leads_to_its_end(county, browser):
    earlier = {"session_id": "s0", "date": "2026-12-01", "programme_name_zh": "局长服务日", "closed_at": None}
    county.answers["/staff/today"] = {"items": [], "earlier": [earlier], "now": EVENING.isoformat()}
    page = await browser.get("/staff/today")
    assert 'href="/staff/sessions/s0/closing"' in page.text
    assert "还没日结" in page.text
