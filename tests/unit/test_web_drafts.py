"""What a browser keeps of a walk through the booking, so that its ways back and forward and a reload send nothing."""

import re
import secrets
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest

from services.web.forms import LONGEST
from services.web.sealing import Seal
from services.web.security import KEPT_CHARACTERS, PAGE_COOKIE
from tests.page_forms import fields
from tests.unit.web_county import (
    DAY,
    MATTER,
    NOW,
    TYPED,
    bookable,
    booked,
    booking,
    check_page,
    details_page,
    follow,
    press,
    problem,
    slot,
    title,
    visitor,
    walk,
)


async def test_every_form_of_the_way_is_answered_by_a_way_on(county, browser):
    answers = [await browser.get(f"/book/{MATTER}/s1/details?slot=7")]
    form = await follow(browser, answers[0])
    answers.append(await press(browser, form, "details", name=""))
    answers.append(await press(browser, form, "details", **TYPED))
    checked = await follow(browser, answers[-1])
    answers.append(await press(browser, await browser.get(f"{walk(checked)}/times"), "times", pick="s1/7"))
    county.answers["v1/bookings"] = problem(409, "already_booked")
    answers.append(await press(browser, checked, "check"))
    county.answers["v1/bookings"] = booking()
    answers.append(await press(browser, checked, "check"))
    assert [each.status_code for each in answers] == [303] * len(answers)
    assert len({walk(each) for each in (form, checked)}) == 1


@pytest.mark.parametrize("step", ["details", "check", "times"])
async def test_every_page_of_the_way_can_be_opened_again(county, browser, step):
    checked = await check_page(browser)
    posted = len([each for each in county.asked if each.method == "POST"])
    first = await browser.get(f"{walk(checked)}/{step}")
    again = await browser.get(f"{walk(checked)}/{step}")
    assert (again.status_code, again.text) == (200, first.text)
    assert again.headers["cache-control"] == "no-store"
    assert len([each for each in county.asked if each.method == "POST"]) == posted


async def test_the_way_back_from_the_voucher_leads_to_it_and_keeps_nothing_of_the_visitor(county, browser):
    checked = await check_page(browser)
    await press(browser, checked, "check")
    for step in ("details", "check", "times", "refused"):
        assert (await browser.get(f"{walk(checked)}/{step}")).headers["location"] == "/bookings"
    assert (await press(browser, checked, "check")).headers["location"] == "/bookings"
    answer = await browser.post(f"{walk(checked)}/details", data={**TYPED, "session": "s1", "slot": "7"})
    assert answer.headers["location"] == "/bookings"
    assert len(county.posted("v1/bookings")) == 1
    voucher = await browser.get("/bookings")
    await browser.post("/bookings/leave", data=fields(voucher, "/bookings/leave"))
    page = await follow(browser, await browser.get(checked.url.path))
    assert page.url.path == "/bookings/lookup"


async def test_two_tabs_keep_what_is_typed_in_them_apart(county, browser):
    one = await check_page(browser, name="王桂兰")
    other = await check_page(browser, name="李后来")
    assert walk(one) != walk(other)
    assert "王桂兰" in (await browser.get(one.url.path)).text
    assert "李后来" in (await browser.get(other.url.path)).text
    await press(browser, one, "check")
    assert county.posted("v1/bookings")[-1]["visitor"]["name"] == "王桂兰"
    assert "李后来" in (await browser.get(other.url.path)).text


async def test_what_was_changed_in_another_tab_is_looked_at_before_it_is_booked(county, browser):
    checked = await check_page(browser)
    form = await browser.get(f"{walk(checked)}/details")
    await press(browser, form, "details", **{**TYPED, "name": "李后来"})
    answer = await press(browser, checked, "check")
    assert answer.headers["location"] == checked.url.path
    assert county.posted("v1/bookings") == []
    again = await follow(browser, answer)
    assert "李后来" in again.text
    assert (await press(browser, again, "check")).headers["location"] == "/bookings"


@pytest.mark.parametrize("verb", ["cancel", "agree"])
async def test_a_form_about_one_booking_does_nothing_to_another(county, browser, verb):
    county.answers["/bookings/lookup"] = booking(state="to_confirm" if verb == "agree" else "confirmed")
    await booked(browser)
    page = await browser.get("/bookings" if verb == "agree" else "/bookings/cancel")
    county.answers["v1/bookings"] = booking(booking_id="b2", code="5555 5555")
    await booked(browser)
    assert (await press(browser, page, verb)).status_code == 303
    assert county.posted(f"/bookings/{verb}") == []


async def test_what_was_typed_stands_in_no_address_and_in_no_cookie_that_can_be_read(browser):
    page = await check_page(browser, name="Wang Guilan")
    (kept,) = [each for each in browser.cookies.jar if each.name == PAGE_COOKIE]
    assert kept.path == walk(page)
    for secret in ("Guilan", TYPED["document_number"], TYPED["phone"]):
        assert secret not in kept.value
        assert secret not in str(page.url)


@pytest.mark.parametrize("forge", [lambda text: text[:-3] + "AAA", lambda text: text[:20], lambda _: "", lambda _: "x"])
async def test_what_a_browser_keeps_cannot_be_changed(browser, forge):
    page = await check_page(browser)
    for each in browser.cookies.jar:
        if each.name == PAGE_COOKIE:
            each.value = forge(each.value)
    gone = await browser.get(page.url.path)
    assert (gone.status_code, title(gone)) == (410, "填的内容没有留下来")


async def test_what_was_kept_for_one_walk_does_not_open_in_another(browser):
    one, other = await check_page(browser), await check_page(browser)
    kept = {each.path: each for each in browser.cookies.jar if each.name == PAGE_COOKIE}
    kept[walk(other)].value = kept[walk(one)].value
    assert (await browser.get(other.url.path)).status_code == 410


async def test_a_walk_is_kept_for_an_hour_and_its_end_is_said(county, browser, monkeypatch):
    form = await details_page(browser)
    checked = await check_page(browser)
    later = time.time() + 3700
    # Our clock alone: the browser would drop the cookie by its own.
    monkeypatch.setattr("services.web.sealing.time", SimpleNamespace(time=lambda: later))
    page = await follow(browser, await press(browser, checked, "check"))
    assert (page.status_code, title(page)) == (410, "填的内容没有留下来")
    assert f'href="/book/{MATTER}"' in page.text
    assert county.posted("v1/bookings") == []
    # Whoever took longer over the form than the walk is kept loses nothing of it.
    assert title(await follow(browser, await press(browser, form, "details", **TYPED))) == "核对一遍"


async def test_without_cookies_it_is_said_that_nothing_can_be_kept(county, browser):
    form = await details_page(browser)
    answer = await press(browser, form, "details", **TYPED)
    async with visitor(county) as other:
        page = await other.get(answer.headers["location"])
        assert "Cookie" in page.text
        assert page.status_code == 410


async def test_all_that_the_fields_take_fits_into_the_cookie(browser):
    hard = "".join(chr(0x4E00 + number * 37 % 20000) for number in range(max(LONGEST.values())))
    texts = {"name", "proxy_name", "proxy_relation", "note"}
    full = {name: hard[:most] if name in texts else secrets.token_hex(most)[:most] for name, most in LONGEST.items()}
    page = await check_page(browser, **full)
    assert full["note"] in (await browser.get(f"{walk(page)}/details")).text
    (kept,) = [each for each in browser.cookies.jar if each.name == PAGE_COOKIE]
    assert len(kept.value) <= KEPT_CHARACTERS


async def test_more_than_a_cookie_holds_is_told_and_not_cut(county, browser):
    long = "".join(chr(0x4E00 + number * 37 % 20000) for number in range(3000))
    page = await press(browser, await details_page(browser), "details", **{**TYPED, "note": long})
    assert (page.status_code, title(page)) == (413, "填的内容太长了")


async def test_what_is_kept_in_an_older_manner_has_ended(browser, monkeypatch):
    page = await check_page(browser)
    monkeypatch.setattr(Seal, "open", lambda *_: {"slot_id": "none", "unknown": 1})
    assert (await browser.get(page.url.path)).status_code == 410


def _three(county, *, full=()):
    half = timedelta(minutes=30)
    slots = [
        slot(
            slot_id=number,
            window_id=window,
            starts_at=(DAY + after).isoformat(),
            ends_at=(DAY + after + half).isoformat(),
        )
        for number, window, after in ((6, "w3", half * 0), (7, "w3", half), (8, "w4", half), (9, "w3", half * 2))
    ]
    county.answers["/sessions/s1/slots"] = {
        "items": [{**each, "free": 0 if each["slot_id"] in full else 2} for each in slots],
        "now": NOW.isoformat(),
    }


def _picks(page):
    return set(re.findall(r'name="pick" value="([^"]*)"', page.text)), re.findall(r'value="([^"]*)" checked', page.text)


async def test_who_is_elsewhere_at_a_time_is_not_offered_it_again(county, browser):
    _three(county)
    county.answers["v1/bookings"] = problem(409, "times_overlap")
    page = await follow(browser, await booked(browser))
    assert _picks(page) == ({"s1/6", "s1/9"}, ["s1/9"])


async def test_where_a_time_was_taken_the_next_one_is_chosen(county, browser):
    _three(county)
    checked = await check_page(browser)
    _three(county, full={7, 8})
    page = await browser.get(checked.url.path)
    assert title(page) == "这个时段刚刚被约满了"
    assert _picks(page) == ({"s1/6", "s1/9"}, ["s1/9"])


async def test_who_is_booked_for_the_day_is_offered_other_days(county, browser):
    county.answers["booking/v1/sessions"] = {
        "items": [bookable(), bookable(session_id="s2")],
        "now": NOW.isoformat(),
    }
    county.answers["/sessions/s2/slots"] = {"items": [slot(slot_id=70)], "now": NOW.isoformat()}
    county.answers["v1/bookings"] = problem(409, "already_booked")
    page = await follow(browser, await booked(browser))
    assert 'href="/bookings/lookup"' in page.text
    times = await browser.get(f"{walk(page)}/times")
    assert f'href="{times.url.path}"' in page.text
    assert _picks(times)[0] == {"s2/70"}


@pytest.mark.parametrize("gone", ["full", "unknown"])
async def test_what_was_typed_can_be_reached_when_its_time_is_gone(county, browser, gone):
    checked = await check_page(browser)
    items = [slot(free=0)] if gone == "full" else []
    county.answers["/sessions/s1/slots"] = {"items": items, "now": NOW.isoformat()}
    page = await browser.get(checked.url.path)
    back = re.search(r'class="back" href="([^"]*)"', page.text)
    assert back is not None
    form = await browser.get(back[1])
    assert (form.status_code, title(form)) == (200, "谁来办？")
    assert 'value="王桂兰"' in form.text


@pytest.mark.parametrize(("switch", "shows"), [("lang=en", 'lang="en"'), ("elder=1", 'class="elder"')])
async def test_another_language_or_size_keeps_what_is_half_typed(county, browser, switch, shows):
    form = await details_page(browser)
    assert f'name="switch" value="{switch}"' in form.text
    page = await follow(browser, await press(browser, form, "details", name="王桂兰", note="半句话", switch=switch))
    assert page.status_code == 200
    assert shows in page.text.partition("<head>")[0]
    assert 'value="王桂兰"' in page.text
    assert "半句话" in page.text
    assert "aria-invalid" not in page.text
    assert county.posted("/bookings/check") == []
    assert "/details" not in str(page.url.query)
    mended = await press(browser, page, "details", **TYPED)
    assert mended.headers["location"].endswith("/check")


async def test_the_enter_key_goes_on_and_switches_nothing(browser):
    form = await details_page(browser)
    first, *_ = re.findall(r"<button[^>]*>", form.text)
    assert 'form="form"' in first
    assert "switch" not in first
