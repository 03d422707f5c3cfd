"""The pages of a director's leaving, and of findings and decisions, against a queue on paper."""

from datetime import timedelta

import pytest

from tests.page_forms import fields
from tests.unit.test_web_day import DESK, TOKEN, desk, status, title, waits
from tests.unit.web_county import NOW, County, problem, visitor

TICKET = f"/tickets/{TOKEN}"
CHOICE = f"{TICKET}/choice"
LIVE = "/staff/sessions/s1/live/w3"
BEYOND = f"{LIVE}/beyond"
FIRST = "/staff/sessions/s1/tickets/t9/first-place"
DUE = (NOW + timedelta(days=3)).date()


def promise(**changes):
    return {
        "promise_id": "p1",
        "kind": "written_issue",
        "number": "A004",
        "session_date": NOW.date().isoformat(),
        "due_on": DUE.isoformat(),
        "name": "王桂兰",
        "phone": "139 0000 2741",
        "text": "宅基地证 <b>办了</b>两年",
        **changes,
    }


def promises(*items):
    return {"now": NOW.isoformat(), "items": list(items)}


@pytest.fixture
def county():
    found = County()
    found.answers |= {
        "/windows/w3": desk(),
        "/windows/w3/promises": promises(),
        "/promises/p1/kept": promises(),
        "/windows/w3/findings": (201, desk()),
        "/windows/w3/decisions": (201, desk()),
        TICKET: status(attendance="away", may_choose=True, substituted=True, returns_at=NOW.isoformat()),
        CHOICE: status(stays=True),
        "/tickets/t-A010/choice": status(stays=True),
        "/tickets/t9/first-place": waits(
            "A013", token=TOKEN, session_id="s1", department_id="land", before=0, first_next=True
        ),
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True) as found:
        yield found


async def test_three_plain_buttons_stand_on_the_ticket_once_the_director_has_left(county, browser):
    page = await browser.get(TICKET)
    for words in ("值班领导有事离开了", "留下，由顶班的领导接待", "下次来，第一个办", "写下来，请局长回电"):
        assert words in page.text
    assert "btn go" not in page.text, "none is recommended"
    form = fields(page, CHOICE)
    answer = await browser.post(CHOICE, data={**form, "choice": "deputy"})
    assert (answer.status_code, answer.headers["location"]) == (303, TICKET)
    assert county.posted(CHOICE) == [{"choice": "deputy"}]
    county.answers[TICKET] = status()
    assert "下次来，第一个办" not in (await browser.get(TICKET)).text


async def test_who_chose_sees_what_came_of_it(county, browser):
    county.answers[TICKET] = status(may_choose=True, stays=True)
    page = (await browser.get(TICKET)).text
    assert "您选了留下" in page
    assert 'value="deputy"' not in page
    made = {"kind": "next_session", "due_on": DUE.isoformat(), "tentative": False}
    county.answers[TICKET] = status(state="closed", closing="next_session", promise=made)
    assert title(await browser.get(TICKET)) == "A012，下次来，您排第一个"
    for tentative in (False, True):
        made = {"kind": "written_issue", "due_on": DUE.isoformat(), "tentative": tentative}
        county.answers[TICKET] = status(state="closed", closing="written_issue", promise=made)
        page = (await browser.get(TICKET)).text
        assert f"最晚 {DUE.year}年{DUE.month}月{DUE.day}日" in page
        assert ("放假安排还没公布" in page) is tentative
    county.answers[TICKET] = status(
        state="closed", closing="written_issue", promise={**made, "kept_at": NOW.isoformat()}
    )
    assert "已经给您回过电话" in (await browser.get(TICKET)).text


async def test_a_written_issue_is_asked_for_and_what_was_typed_is_kept(county, browser):
    page = await browser.get(f"{TICKET}/issue")
    form = fields(page, CHOICE)
    empty = await browser.post(CHOICE, data={**form, "phone": "139 0000 2741"})
    assert empty.status_code == 422
    assert 'value="139 0000 2741"' in empty.text
    wrong = [{"pointer": "/phone", "code": "phone_missing", "detail": "nobody could be called"}]
    county.answers[CHOICE] = problem(422, "invalid_request", errors=wrong)
    refused = await browser.post(CHOICE, data={**form, "text": "宅基地证办了两年"})
    assert refused.status_code == 422
    assert "请留一个打得通的电话" in refused.text
    assert "宅基地证办了两年" in refused.text
    county.answers[CHOICE] = status(state="closed", closing="written_issue")
    answer = await browser.post(CHOICE, data={**form, "text": "宅基地证办了两年", "phone": "139 0000 2741"})
    assert answer.status_code == 303
    assert county.posted(CHOICE)[-1] == {
        "choice": "written_issue", "text": "宅基地证办了两年", "phone": "139 0000 2741",
    }  # fmt: skip


async def test_who_would_rather_come_first_next_time_is_asked_before_the_ticket_ends(county, browser):
    form = fields(await browser.get(TICKET), CHOICE)
    asked = await browser.post(CHOICE, data={**form, "choice": "next_session"})
    assert (asked.status_code, county.posted(CHOICE)) == (200, [])
    assert "今天不等了，下次第一个办？" in asked.text
    county.answers[CHOICE] = status(state="closed", closing="next_session")
    answer = await browser.post(CHOICE, data={**fields(asked, CHOICE), "choice": "next_session"})
    assert answer.status_code == 303
    assert county.posted(CHOICE) == [{"choice": "next_session"}]


@pytest.mark.parametrize(
    ("code", "words"),
    [("official_present", "值班领导在，不用选"), ("ticket_moved_on", "这个号已经往前走了"), ("day_closed", "日结")],
)
async def test_a_choice_that_came_too_late_is_told(county, browser, code, words):
    form = fields(await browser.get(TICKET), CHOICE)
    county.answers[CHOICE] = problem(409, code)
    page = await browser.post(CHOICE, data={**form, "choice": "next_session", "sure": "1"})
    assert page.status_code == 409
    assert words in page.text


async def test_nothing_is_chosen_without_the_browsers_token_or_by_another_word(county, browser):
    form = fields(await browser.get(TICKET), CHOICE)
    assert (await browser.post(CHOICE, data={"form_token": "x", "choice": "next_session"})).status_code == 409
    assert (await browser.post(CHOICE, data={**form, "choice": "home"})).status_code == 404
    assert county.posted(CHOICE) == []


@pytest.mark.parametrize("address", [DESK, LIVE])
async def test_the_staff_choose_for_who_has_no_phone(county, browser, address):
    assert "替等候的人选" not in (await browser.get(address)).text, "while the director is there"
    county.answers["/windows/w3"] = desk(attendance="left")
    page = await browser.get(address)
    assert "替等候的人选" in page.text
    form = {"form_token": fields(page, f"{address}/beyond")["form_token"], "deed": "choice"}
    post = f"{address}/beyond"
    assert (await browser.post(post, data={**form, "ticket": "t-A010"})).status_code == 422
    written = {**form, "ticket": "t-A010", "choice": "written_issue"}
    assert "请写下群众的事情" in (await browser.post(post, data=written)).text
    answer = await browser.post(post, data={**written, "issue_text": "路坏了", "issue_phone": "13900002741"})
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    assert county.posted("/tickets/t-A010/choice") == [
        {"choice": "written_issue", "text": "路坏了", "phone": "13900002741"}
    ]


async def test_the_calls_to_make_stand_on_the_directors_page_and_are_settled_there(county, browser):
    overdue = promise(promise_id="p2", number="A001", overdue=True, phone=None)
    place = promise(promise_id="p3", kind="next_session", number="B003", text=None)
    kept = promise(promise_id="p4", number="A009", kept_at=NOW.isoformat(), kept_by="周文清", said="已经解决")
    county.answers["/windows/w3/promises"] = promises(promise(), overdue, place, kept)
    page = (await browser.get(LIVE)).text
    for words in ("2 个电话要回", "&lt;b&gt;办了", "139 0000 2741", "过期了", "打预约时留的电话", "B003", "已经解决"):
        assert words in page
    form = fields(await browser.get(LIVE), BEYOND)
    call = {**form, "deed": "kept", "promise": "p1", "at": "1", "by1": "周文清"}
    assert (await browser.post(BEYOND, data=call)).status_code == 422
    answer = await browser.post(BEYOND, data={**call, "said1": "下周办结"})
    assert answer.status_code == 303
    assert county.posted("/promises/p1/kept") == [{"by": "周文清", "said": "下周办结"}]
    county.answers["/promises/p1/kept"] = problem(409, "promise_kept")
    assert "已经回过电话" in (await browser.post(BEYOND, data={**call, "said1": "x"})).text


@pytest.mark.parametrize("address", [DESK, LIVE])
async def test_findings_and_decisions_are_shown_and_noted_once(county, browser, address):
    found = {"kind": "finding", "settled": "handed_on", "text": "排 <b>两次</b>队", "noted_at": NOW.isoformat()}
    made = {"kind": "decision", "text": "一并审批", "scope": "村道", "basis": "县办 3 号", "noted_at": NOW.isoformat()}
    county.answers["/windows/w3"] = desk(findings=[made, found])
    page = await browser.get(address)
    for words in ("今天发现和决定 2 条", "排 &lt;b&gt;两次", "适用：村道", "依据：县办 3 号", "转为问题"):
        assert words in page.text
    post = f"{address}/beyond"
    form = fields(page, post)
    assert (form["deed"], len(form["draft"]) > 8) == ("finding", True)
    half = await browser.post(post, data={**form, "finding": "缴税另排一次队"})
    assert half.status_code == 422
    assert "缴税另排一次队" in half.text
    whole = {**form, "finding": "缴税另排一次队", "found_settled": "on_the_spot"}
    for _ in range(2):
        assert (await browser.post(post, data=whole)).status_code == 303
    assert county.posted("/windows/w3/findings") == [{"text": "缴税另排一次队", "settled": "on_the_spot"}] * 2
    keys = {each.headers["idempotency-key"] for each in county.asked if each.url.path.endswith("/findings")}
    assert len(keys) == 1, "pressed twice it is one"
    decision = {**form, "deed": "decision", "decision": "一并审批"}
    assert (await browser.post(post, data=decision)).status_code == 422
    assert (await browser.post(post, data={**decision, "scope": "村道"})).status_code == 303
    assert county.posted("/windows/w3/decisions") == [{"text": "一并审批", "scope": "村道", "basis": None}]


async def test_the_directors_page_goes_on_where_the_calls_cannot_be_seen(county, browser):
    county.answers["/windows/w3/promises"] = problem(404, "window_unknown")
    page = await browser.get(LIVE)
    assert page.status_code == 200
    assert "要回的电话现在看不到" in page.text


async def test_an_old_ticket_gives_the_first_place(county, browser):
    form = fields(await browser.get(FIRST), FIRST)
    page = await browser.post(FIRST, data={**form, "number": "A012", "date": "2026-12-11"})
    assert (page.status_code, title(page)) == (200, "A013 排第一个")
    assert county.posted("/tickets/t9/first-place") == [{"number": "A012", "date": "2026-12-11"}]
    county.answers["/tickets/t9/first-place"] = problem(404, "promise_unknown")
    page = await browser.post(FIRST, data={**form, "number": "A012", "date": "2026-12-11"})
    assert page.status_code == 404
    assert "没有查到这个约定" in page.text
    assert 'value="A012"' in page.text


@pytest.mark.parametrize("address", [TICKET, f"{TICKET}/issue", LIVE, DESK, FIRST])
async def test_the_pages_speak_english_without_a_chinese_word(county, browser, address):
    county.answers["/windows/w3"] = desk(attendance="left", waiting=[waits(surname="W", first_next=True, stays=True)])
    county.answers["/windows/w3/promises"] = promises(promise(name="W", text="road"))
    await browser.get("/?lang=en")
    page = (await browser.get(address)).text
    for words in ("留下", "写下来", "回电", "发现", "决定", "下次", "说好"):
        assert words not in page, words
