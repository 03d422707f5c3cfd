"""The window's desk: what was typed stays, whatever is pressed, and what it says of those who wait is so."""

import pytest

from tests.page_forms import fields
from tests.unit.test_web_day import DESK, at, desk, waits
from tests.unit.web_county import MATTER, NOW, County, visitor

TYPED = {
    "kind0": "incomplete",
    "said0": "缺契税完税证明",
    "problem": "排两次队",
    "settled": "handed_on",
    "suggestion": "一个窗口",
}


@pytest.fixture
def county():
    found = County()
    found.answers |= {"/windows/w3": desk(at=at()), "/windows/w3/findings": (201, desk())}
    found.answers |= {f"/{verb}": desk() for verb in ("finish", "undo", "hold", "resume", "attend", "call-next")}
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, STAFF_ACCESS="open", allowed_hosts=("hall.test",)) as found:
        yield found


async def form_of(browser):
    return {name: said for name, said in fields(await browser.get(DESK), DESK).items() if name != "said0"}


def is_kept(page):
    assert 'name="kind0" value="incomplete" checked' in page.text
    assert "缺契税完税证明</textarea>" in page.text
    assert 'name="settled" value="handed_on" checked' in page.text
    assert page.text.count('value="排两次队"') == page.text.count('value="一个窗口"') == 1
    return True


def shows_nothing(page):
    return not [said for said in ("缺契税完税证明", "排两次队", "一个窗口") if said in page.text]


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


async def test_more_than_a_browser_keeps_comes_with_the_answer(county, browser):
    long = "".join(chr(0x4E00 + (index * 7919) % 20000) for index in range(2000))
    form = {**await form_of(browser), **TYPED, "said0": long, "verb": "present"}
    answer = await browser.post(DESK, data=form)
    assert (answer.status_code, county.posted("/attend")) == (200, [{"version": 7, "attendance": "present"}])
    assert f"{long}</textarea>" in answer.text


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
