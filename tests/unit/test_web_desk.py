"""The window's desk: what was typed stays, whatever is pressed, and what it says of those who wait is so."""

import re
from datetime import timedelta

import pytest

from tests.page_forms import fields
from tests.unit.test_web_day import DESK, TOKEN, at, desk, status, title, waits
from tests.unit.web_county import MATTER, NOW, County, session, visitor

LIVE = "/staff/sessions/s1/live/w3"
HALL = "queue/v1/sessions/s1"
TYPED = {
    "kind0": "incomplete",
    "said0": "缺契税完税证明",
    "problem": "排两次队",
    "settled": "handed_on",
    "suggestion": "开水放门口",
}


@pytest.fixture
def county():
    found = County()
    found.answers |= {"/windows/w3": desk(at=at()), "/windows/w3/findings": (201, desk())}
    found.answers |= {f"/{verb}": desk() for verb in ("finish", "undo", "hold", "resume", "attend", "call-next")}
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True, allowed_hosts=("hall.test",)) as found:
        yield found


async def form_of(browser):
    return {name: said for name, said in fields(await browser.get(DESK), DESK).items() if name != "said0"}


def is_kept(page):
    assert 'name="kind0" value="incomplete" checked' in page.text
    assert "缺契税完税证明</textarea>" in page.text
    assert 'name="settled" value="handed_on" checked' in page.text
    assert page.text.count('value="排两次队"') == page.text.count('value="开水放门口"') == 1
    return True


def shows_nothing(page):
    return not [said for said in ("缺契税完税证明", "排两次队", "开水放门口") if said in page.text]


async def test_the_outcome_stays_through_a_finding(county, browser):
    form = {**await form_of(browser), **TYPED, "deed": "finding", "finding": "缺椅子", "found_settled": "handed_on"}
    assert (await browser.post(f"{DESK}/beyond", data=form)).status_code == 303
    assert county.posted("/windows/w3/findings") == [{"text": "缺椅子", "settled": "handed_on"}]
    page = await browser.get(DESK)
    assert is_kept(page)
    assert "缺椅子" not in page.text
    missing = await browser.post(f"{DESK}/beyond", data={**form, "finding": ""})
    assert missing.status_code == 422
    assert is_kept(missing)


@pytest.mark.parametrize("verb", ["present", "undo", "keep"])
async def test_the_outcome_stays_whatever_else_is_pressed(county, browser, verb):
    await browser.post(DESK, data={**await form_of(browser), **TYPED, "verb": verb})
    assert is_kept(await browser.get(DESK))


async def test_the_outcome_comes_back_when_finishing_is_taken_back(county, browser):
    await browser.post(DESK, data={**await form_of(browser), **TYPED, "matter0": MATTER, "verb": "finish"})
    mine = at()["ticket_id"]
    county.answers["/windows/w3"] = desk(undo="finish", finished={"ticket_id": mine, "number": "A009"})
    page = await browser.get(DESK)
    assert shows_nothing(page)
    await browser.post(DESK, data={**fields(page, DESK), "verb": "undo"})
    county.answers["/windows/w3"] = desk(at=at())
    assert is_kept(await browser.get(DESK))


async def test_the_outcome_comes_back_to_whom_it_belongs_and_is_kept_for_nobody_else(county, browser):
    await browser.post(DESK, data={**await form_of(browser), **TYPED, "verb": "hold"})
    held = waits("A009", state="held")
    other = at() | {"ticket_id": "t-A010", "number": "A010"}
    county.answers["/windows/w3"] = desk(at=other, held=[held])
    page = await browser.get(DESK)
    assert shows_nothing(page)
    await browser.post(DESK, data={**fields(page, DESK), "problem": "别的", "verb": "finish", "kind0": "handled"})
    county.answers["/windows/w3"] = desk(held=[held])
    page = await browser.get(DESK)
    await browser.post(DESK, data={**fields(page, DESK), "ticket": held["ticket_id"], "verb": "resume"})
    county.answers["/windows/w3"] = desk(at=at())
    assert is_kept(await browser.get(DESK))
    county.answers["/windows/w3"] = desk()
    await browser.post(DESK, data={**await form_of(browser), "verb": "call-next"})
    county.answers["/windows/w3"] = desk(at=at())
    assert shows_nothing(await browser.get(DESK)), "the window went on, and nothing of the visitor is kept"


async def test_a_form_of_one_visitor_is_never_shown_for_the_next(county, browser):
    form = {**await form_of(browser), **TYPED, "verb": "finish", "matter0": MATTER, "form_token": "x"}
    county.answers["/windows/w3"] = desk(at=at() | {"ticket_id": "t-A010", "number": "A010"})
    page = await browser.post(DESK, data=form)
    assert page.status_code == 409
    assert shows_nothing(page)


LONG = "".join(chr(0x4E00 + (index * 7919) % 20000) for index in range(2000))


async def test_more_than_a_browser_keeps_comes_with_the_answer(county, browser):
    form = {**await form_of(browser), **TYPED, "said0": LONG, "verb": "present"}
    for name, step in (("problem", 6007), ("suggestion", 4999)):
        form[name] = "".join(chr(0x4E00 + (index * index * step) % 20000) for index in range(2000))
    answer = await browser.post(DESK, data=form)
    assert (answer.status_code, county.posted("/attend")) == (200, [{"version": 7, "attendance": "present"}])
    assert f"{LONG}</textarea>" in answer.text


async def test_a_long_outcome_comes_back_with_whom_the_window_put_aside(county, browser):
    await browser.post(DESK, data={**await form_of(browser), **TYPED, "said0": LONG, "verb": "hold"})
    held = waits("A009", state="held")
    county.answers["/windows/w3"] = desk(held=[held])
    page = await browser.get(DESK)
    await browser.post(DESK, data={**fields(page, DESK), "ticket": held["ticket_id"], "verb": "resume"})
    county.answers["/windows/w3"] = desk(at=at())
    assert f"{LONG}</textarea>" in (await browser.get(DESK)).text
    await browser.post(DESK, data={**await form_of(browser), **TYPED, "verb": "keep"})
    assert is_kept(await browser.get(DESK)), "what is short again needs one cookie, and the others are gone"


async def test_every_field_may_be_as_long_as_it_says(county, browser):
    form = {**await form_of(browser), **TYPED, "said0": LONG, "problem": LONG, "suggestion": LONG, "matter0": MATTER}
    answer = await browser.post(DESK, data={**form, "verb": "finish"})
    assert answer.status_code == 303
    (sent,) = county.posted("/finish")
    assert (sent["outcomes"][0]["said"], sent["suggestions"]) == (LONG, [LONG])


async def test_a_finding_before_finishing_is_taken_back_loses_no_outcome(county, browser):
    await browser.post(DESK, data={**await form_of(browser), **TYPED, "matter0": MATTER, "verb": "finish"})
    finished = {"ticket_id": at()["ticket_id"], "number": "A009"}
    county.answers["/windows/w3"] = desk(undo="finish", finished=finished)
    form = fields(await browser.get(DESK), DESK)
    form |= {"deed": "finding", "finding": "缺椅子", "found_settled": "handed_on"}
    assert (await browser.post(f"{DESK}/beyond", data=form)).status_code == 303
    await browser.post(DESK, data={**fields(await browser.get(DESK), DESK), "verb": "undo"})
    county.answers["/windows/w3"] = desk(at=at())
    assert is_kept(await browser.get(DESK))


async def test_what_one_tab_typed_is_kept_for_whom_another_put_aside(county, browser):
    form = {**await form_of(browser), **TYPED, "verb": "present"}
    county.answers["/attend"] = (409, {"code": "window_moved_on", "status": 409, "title": ""})
    other = at() | {"ticket_id": "t-A010", "number": "A010"}
    county.answers["/windows/w3"] = desk(at=other, held=[waits("A009", state="held")])
    page = await browser.post(DESK, data=form)
    assert (page.status_code, shows_nothing(page)) == (409, True)
    county.answers["/windows/w3"] = desk(at=at())
    assert is_kept(await browser.get(DESK))


async def test_the_enter_key_finishes_nobody(county, browser):
    page = await browser.get(DESK)
    inside = page.text[page.text.index('id="outcome"') :]
    assert inside.index('value="keep"') < inside.index('value="finish"')
    await browser.post(DESK, data={**fields(page, DESK), **TYPED, "verb": "keep"})
    assert not [each for each in county.asked if each.method == "POST"]


async def test_no_form_stands_in_another(county, browser):
    away = desk(at=at(), attendance="away", held=[waits("A006", state="held")], unanswered=[waits("A007")])
    for shown in (desk(at=at()), away, desk(at=at("called"), attendance="away"), desk(attended_at=NOW.isoformat())):
        county.answers["/windows/w3"] = shown
        depth = 0
        for part in (await browser.get(DESK)).text.split("<"):
            depth += part.startswith("form") - part.startswith("/form")
            assert depth in (0, 1)


def buttons(page):
    found = re.findall(r'name="verb" value="([^"]+)"[^>]*?( disabled)?>', page.text)
    return {verb for verb, disabled in found if not disabled}


async def test_who_is_away_is_not_called_and_the_desk_says_so(county, browser):
    back = (NOW + timedelta(minutes=20)).isoformat()
    county.answers["/windows/w3"] = desk(waiting=[waits("C001", wishes={"away_until": back})])
    page = await browser.get(DESK)
    assert title(page) == "3 号窗口，在等的 1 批都走开了"
    assert "下一位是" not in page.text
    assert "call-next" not in buttons(page)
    assert "等候 1 批，1 批现在不在" in page.text
    elsewhere = waits("C002", state="serving")
    county.answers["/windows/w3"] = desk(waiting=[elsewhere, waits("C003"), waits("C001", wishes={"away_until": back})])
    page = await browser.get(DESK)
    assert title(page) == "3 号窗口，1 批在等"
    assert "下一位是 C003" in page.text
    assert {"call-next", "call"} <= buttons(page)


@pytest.mark.parametrize(("behind", "said"), [(2, "过号 1 次，再过 2 位重新叫"), (0, "过号 1 次，轮到了重新叫")])
async def test_a_missed_call_leaves_its_mark(county, browser, behind, said):
    county.answers["/windows/w3"] = desk(waiting=[waits("C001", misses=1, behind=behind), waits("C002")])
    for address in (DESK, LIVE):
        page = (await browser.get(address)).text
        assert page.count(said) == 1
        assert "等候 2 批，1 批过过号" in page
        assert '<b class="nb">C001</b>' in page


async def test_what_is_counted_has_its_whole_name(county, browser):
    county.answers["/windows/w3"] = desk()
    for address in (DESK, LIVE):
        assert "<dt>办件和指导</dt>" in (await browser.get(address)).text


async def test_undo_says_how_long_and_not_a_minute_that_is_over(county, browser):
    county.answers["/windows/w3"] = desk(undo="finish", undo_until=NOW.isoformat())
    assert "半分钟内可以撤回" in (await browser.get(DESK)).text


async def test_a_transfer_is_chosen_and_closed_windows_stand_last(county, browser):
    window = {"department_id": "land", "department_name_zh": "自然资源局"}
    windows = [{**window, "window_id": f"w{number}", "number": number} for number in (1, 2, 3)]
    briefs = [{**window, "window_id": "w1", "number": 1, "state": "closed", "attendance": "expected"}]
    briefs += [{**window, "window_id": "w2", "number": 2, "state": "open", "attendance": "present"}]
    county.answers["roster/v1/sessions/s1"] = session(windows=windows)
    county.answers[HALL] = {"windows": briefs}
    page = await browser.get(DESK)
    listed = re.findall(r'<option value="((?:window_id:[^"]*)?)"[^>]*>([^<]*)', page.text.split('id="target"')[1])
    assert [value for value, _ in listed[:3]] == ["", "window_id:w2", "window_id:w1"]
    assert [" 没有开窗" in said or "，没有开窗" in said for _, said in listed[:3]] == [False, False, True]
    answer = await browser.post(DESK, data={**fields(page, DESK), **TYPED, "verb": "transfer", "target": ""})
    assert (answer.status_code, county.posted("/transfer")) == (422, [])
    assert "请选转到哪里" in answer.text
    assert is_kept(answer)


async def test_a_signed_day_opens_no_window(county, browser):
    closed = {"window_id": "w3", "number": 3, "department_id": "land", "state": "closed", "attendance": "left"}
    today = {"session_id": "s1", "date": NOW.date().isoformat(), "programme_name_zh": "局长服务日", "windows": [closed]}
    county.answers["/staff/today"] = {"items": [today], "now": NOW.isoformat()}
    county.answers["/windows/w3"] = desk(state="closed", unanswered=[waits("A007")])
    county.answers[HALL] = {"closed_at": None}
    assert {"open", "call"} <= buttons(await browser.get(DESK))
    assert "已日结" not in (await browser.get("/staff/today")).text
    county.answers[HALL] = {"closed_at": NOW.isoformat()}
    page = await browser.get(DESK)
    assert not buttons(page) & {"open", "call", "resume", "call-next"}
    assert "今天已经日结" in page.text
    assert "已日结" in (await browser.get("/staff/today")).text


async def test_the_director_sees_when_they_said_and_who_will_be_asked(county, browser):
    county.answers["/windows/w3"] = desk(waiting=[waits(), waits("A011")])
    assert "在等的 2 批，会请他们选" in (await browser.get(LIVE)).text
    at_five = NOW.replace(hour=5, minute=0).isoformat()
    county.answers["/windows/w3"] = desk(attendance="away", returns_at=at_five)
    assert "说好 05:00 回来" in (await browser.get(LIVE)).text


async def test_names_can_be_read_in_english(county, browser):
    county.answers["/windows/w3"] = desk()
    county.answers["roster/v1/sessions/s1"] = session()
    county.answers[f"/tickets/{TOKEN}"] = status()
    await browser.get("/?lang=en")
    for address in (DESK, LIVE, f"/tickets/{TOKEN}"):
        page = (await browser.get(address)).text
        assert "Zhou Wenqing 周文清" in page, address


async def test_a_visitors_page_comes_anew_without_a_script_until_it_is_over(county, browser):
    county.answers[f"/tickets/{TOKEN}"] = status()
    again = '<noscript><meta http-equiv="refresh" content="10"></noscript>'
    page = (await browser.get(f"/tickets/{TOKEN}")).text
    assert again in page
    assert "会自己刷新" in page
    county.answers[f"/tickets/{TOKEN}"] = status(state="finished")
    page = (await browser.get(f"/tickets/{TOKEN}")).text
    assert again not in page
    assert "会自己刷新" not in page


async def test_a_call_that_was_promised_and_made_is_told_as_made(county, browser):
    promise = {"kind": "written_issue", "due_on": NOW.date().isoformat()}
    closed = {"state": "closed", "closing": "written_issue"}
    county.answers[f"/tickets/{TOKEN}"] = status(**closed, promise=promise)
    assert title(await browser.get(f"/tickets/{TOKEN}")) == "A012，写下来了，等局长回电"
    county.answers[f"/tickets/{TOKEN}"] = status(**closed, promise={**promise, "kept_at": NOW.isoformat()})
    assert title(await browser.get(f"/tickets/{TOKEN}")) == "A012，局长回过电话了"


@pytest.mark.parametrize(("state", "disabled"), [("open", False), ("paused", True), ("closed", True)])
async def test_nobody_is_called_out_of_order_where_the_window_does_not_call(county, browser, state, disabled):
    county.answers["/windows/w3"] = desk(state=state, waiting=[waits()])
    button = re.search(r'<button[^>]*value="call"[^>]*>叫这一位', (await browser.get(DESK)).text)
    assert button
    assert (" disabled" in button[0]) is disabled


async def test_the_desks_form_has_a_bound_too(county, browser):
    page = await browser.post(DESK, data={**await form_of(browser), **TYPED, "verb": "finish", "said0": "x" * 270_000})
    assert page.status_code == 413
    assert county.posted("/windows/w3/finish") == []
