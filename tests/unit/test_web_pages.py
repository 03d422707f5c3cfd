"""The pages, against services whose every answer can be had at will."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest

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
    follow,
    matter,
    press,
    problem,
    session,
    slot,
    title,
    visitor,
)

PAGES = [
    "/",
    "/matters",
    "/matters?q=房",
    "/departments",
    f"/matters/{MATTER}",
    f"/book/{MATTER}",
    f"/book/{MATTER}/s1",
]
PAGES += [f"/book/{MATTER}/s1/details?slot=7", "/bookings/lookup", "/privacy", "/accessibility"]
STAFF = ["/staff", "/staff/officials/zhou", "/staff/sessions/s1/windows/w3", "/staff/console-messages"]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_has_the_phone_number_its_language_and_no_script(browser, address, language):
    await browser.get(f"/?lang={language}")
    page = await follow(browser, await browser.get(address))
    assert page.status_code == 200
    assert 'href="tel:12345"' in page.text
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page.text
    for never in ("<script", "<style", "style=", "onclick", "javascript:", "http://", "https://"):
        assert never not in page.text, never
    chinese = re.findall(
        r"[\u4e00-\u9fff]+",
        re.sub(r'<(?:a|button) [^>]*lang="zh-CN"[^>]*>中文</(?:a|button)>|<title>.*?</title>', "", page.text),
    )
    assert language == "zh" or set(chinese) <= {"周文清", "房"}, chinese


@pytest.mark.parametrize("address", [*PAGES, "/nothing", "/static/tokens.css"])
async def test_headers_stand_on_every_answer(browser, address):
    page = await browser.get(address)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in page.headers


async def test_the_whole_way_ends_in_a_voucher(county, browser):
    answer = await booked(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/bookings")
    (body,) = county.posted("/bookings")
    assert body["visitor"] == {
        "name": "王桂兰",
        "document": {"type": "resident_id", "number": "11010519491231002X"},
        "phone": "13900002741",
        "email": None,
    }
    assert (body["slot_id"], body["matter_id"], body["party_size"], body["proxy"]) == (7, MATTER, 2, None)
    voucher = await browser.get("/bookings")
    assert voucher.headers["cache-control"] == "no-store"
    assert county.posted("/bookings/lookup") == [{"code": "4081 2736", "digits": "2741"}]
    for shown in ("4081 2736", "3 号窗口", "局长 周文清", "身份证", "<svg", 'href="/bookings/calendar.ics"'):
        assert shown in voucher.text
    assert "style=" not in voucher.text


async def test_an_english_page_says_how_an_official_is_called(browser):
    await browser.get("/?lang=en")
    assert "Director Zhou Wenqing 周文清" in (await check_page(browser)).text


async def test_what_was_typed_is_shown_as_text(browser):
    page = await check_page(browser)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_a_double_press_is_one_booking_and_another_content_is_another(county, browser):
    page = await check_page(browser)
    before = list(browser.cookies.jar)
    assert (await press(browser, page, "check")).headers["location"] == "/bookings"
    for each in before:  # the second press is on its way before the first is answered
        browser.cookies.jar.set_cookie(each)
    assert (await press(browser, page, "check")).headers["location"] == "/bookings"
    assert (await press(browser, page, "check")).headers["location"] == "/bookings"
    await booked(browser)
    keys = [each.headers["idempotency-key"] for each in county.asked if each.url.path.endswith("v1/bookings")]
    assert len(keys) == 3
    assert keys[0] == keys[1] != keys[2]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16,64}", key) for key in keys)


async def test_nothing_typed_or_secret_ever_stands_in_an_address(county, browser):
    went = []

    async def noted(request):
        went.append(request)

    browser.event_hooks["request"].append(noted)
    await follow(browser, await booked(browser))
    addresses = " ".join(str(each.url) for each in (*county.asked, *went))
    for secret in ("2741", "002X", "王桂兰", quote("王桂兰"), "4081"):
        assert secret not in addresses


@pytest.mark.parametrize(
    ("state", "release", "said"),
    [
        ("not_released", timedelta(days=2, hours=3), "还有 2 天 3 小时"),
        ("not_released", timedelta(minutes=7), "还有 7 分钟"),
        ("full", -timedelta(days=1), "能约的日子都约满了"),
        ("tentative", None, "暂定"),
        ("closed", -timedelta(days=1), "已停止预约"),
    ],
)
async def test_a_day_that_cannot_be_booked_says_why_by_bookings_clock(county, browser, state, release, said):
    release_at = (NOW + release).isoformat() if release is not None else None
    county.answers["booking/v1/sessions"] = {
        "items": [bookable(state=state, free=0, release_at=release_at)],
        "now": NOW.isoformat(),
    }
    page = await browser.get(f"/book/{MATTER}")
    assert page.status_code == 200
    assert said in page.text
    assert 'class="btn go' not in page.text


async def test_the_first_page_goes_by_the_countys_clock(county, browser):
    later = NOW + timedelta(days=400)
    county.answers["booking/v1/sessions"] = {"items": [], "now": later.isoformat()}
    assert "还没有排出服务日" in (await browser.get("/")).text


async def test_a_make_up_workday_and_a_moved_day_are_said(county, browser):
    before = (DAY - timedelta(days=3)).date()
    county.answers["roster/v1/sessions"] = {
        "items": [session(day_kind="make_up_workday", rule_date=before.isoformat())]
    }
    for address in ("/", f"/book/{MATTER}"):
        page = await browser.get(address)
        assert "（补班）" in page.text
        assert f"原定 {before.month}月{before.day}日，那天放假，顺延" in page.text


async def test_a_matter_without_a_visit_says_so_first_and_offers_no_booking(county, browser):
    guide = {"online_guide_zh": "网上办，三步就行", "online_guide_en": "Online in three steps"}
    county.answers[f"/matters/{MATTER}"] = matter(visit="not_needed", **guide)
    page = await browser.get(f"/matters/{MATTER}")
    assert page.text.index("三步就行") < page.text.index("身份证")
    assert f"/book/{MATTER}" not in page.text
    assert (await browser.get(f"/book/{MATTER}")).headers["location"] == f"/matters/{MATTER}"
    county.answers[f"/matters/{MATTER}"] = matter(visit="optional", **guide)
    page = await browser.get(f"/matters/{MATTER}")
    assert page.text.index("三步就行") < page.text.index(f"/book/{MATTER}")
    assert "btn go" not in page.text


async def test_a_moved_booking_asks_for_agreement(county, browser):
    await booked(browser)
    county.answers["/bookings/lookup"] = booking(state="to_confirm", reason="session_moved", version=2)
    page = await browser.get("/bookings")
    assert "服务日改到了" in page.text
    answer = await browser.post("/bookings/agree", data=fields(page, "/bookings/agree"))
    assert answer.headers["location"] == "/bookings"
    assert county.posted("/bookings/agree") == [{"code": "4081 2736", "digits": "2741"}]


async def test_cancelling_asks_once_and_twice_is_once(county, browser):
    await booked(browser)
    page = await browser.get("/bookings/cancel")
    assert county.posted("/bookings/cancel") == []
    form = fields(page, "/bookings/cancel")
    await browser.post("/bookings/cancel", data=form)
    county.answers["/bookings/cancel"] = problem(409, "booking_already_cancelled")
    assert (await browser.post("/bookings/cancel", data=form)).headers["location"] == "/bookings"
    county.answers["/bookings/cancel"] = problem(409, "cancel_too_late")
    late = await follow(browser, await browser.post("/bookings/cancel", data=form))
    assert (late.status_code, title(late)) == (409, "已经过了能取消的时间")


async def test_looking_up_tells_a_wrong_code_from_an_unknown_one(county, browser):
    form = fields(await browser.get("/bookings/lookup"), "/bookings/lookup")

    async def look_up(**typed):
        answer = await browser.post("/bookings/lookup", data={**form, **typed})
        assert answer.status_code == 303
        return await follow(browser, answer)

    empty = await look_up()
    assert (empty.status_code, title(empty)) == (422, "有 2 处要改")
    error = {"pointer": "/code", "code": "code_check_character", "detail": ""}
    county.answers["/bookings/lookup"] = problem(422, "invalid_request", errors=[error])
    wrong = await look_up(code="4081 2735", digits="2741")
    assert "预约码有一位不对" in wrong.text
    county.answers["/bookings/lookup"] = problem(404, "booking_unknown")
    unknown = await look_up(code="4081 2736", digits="0000")
    assert (unknown.status_code, title(unknown)) == (404, "没有找到这个预约")
    county.answers["/bookings/lookup"] = problem(429, "too_many_tries")
    many = await look_up(code="4081 2736", digits="0000")
    assert (many.status_code, many.headers["retry-after"]) == (429, "90")
    assert "大约 2 分钟以后" in many.text


async def test_a_calendar_entry_is_in_the_countys_time_and_names_nobody(browser):
    await booked(browser)
    answer = await browser.get("/bookings/calendar.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    text = answer.text.replace("\r\n ", "")
    assert f"DTSTART;TZID=Asia/Shanghai:{DAY:%Y%m%dT090000}" in text
    assert "BEGIN:VTIMEZONE" in text
    assert "UID:b1@service-day" in text
    for never in ("王", "2741", "002X"):
        assert never not in text


async def test_a_calendar_entry_rings_on_the_evening_before_and_never_at_night(county, browser):
    await booked(browser)
    for hour, before in ((9, 15), (16, 22)):
        starts_at = DAY.replace(hour=hour)
        ends_at = starts_at + timedelta(minutes=30)
        county.answers["/bookings/lookup"] = booking(starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat())
        assert f"TRIGGER:-PT{before}H" in (await browser.get("/bookings/calendar.ics")).text


async def test_the_voucher_can_be_put_away(county, browser):
    await booked(browser)
    page = await browser.get("/bookings")
    await browser.post("/bookings/leave", data=fields(page, "/bookings/leave"))
    assert (await browser.get("/bookings")).headers["location"] == "/bookings/lookup"


async def test_a_language_chosen_on_the_check_page_keeps_what_was_typed(browser):
    page = await check_page(browser)
    english = await follow(browser, await browser.get(f"{page.url.path}?lang=en"))
    assert english.url.path == page.url.path
    assert title(english) == "Check your answers"
    assert TYPED["name"] in english.text
    assert title(await browser.get("/bookings/lookup")) == "Look up my booking"


@pytest.mark.parametrize("address", STAFF)
async def test_staff_pages_are_shown_to_who_is_signed_in_alone(county, address):
    async with visitor(county) as browser:
        assert (await browser.get(address)).headers["location"].startswith("/sign-in?to=%2Fstaff")
    async with visitor(county, staff=True) as browser:
        page = await browser.get(address)
    assert page.status_code == 200
    assert 'class="staff"' in page.text


async def test_the_evening_brief_says_who_comes_and_what_for(county):
    row = {**booking(), "document_last4": "002X", "note": "少写了车库", "raised_before": True}
    county.answers["/staff/sessions/s1/bookings"] = [row, {**row, "booking_id": "b2", "state": "cancelled"}]
    async with visitor(county, staff=True) as browser:
        page = await browser.get("/staff/sessions/s1/windows/w3")
    assert "1 批 2 人来" in title(page)
    for shown in ("王**", "002X", "少写了车库", "以前反映过", "二手房过户", "另有 1 批取消了", "局长 周文清"):
        assert shown in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_slots_choose_the_first_free_one_of_the_head_in_person(county, browser):
    late = (DAY + timedelta(hours=1)).isoformat()
    slots = [slot(slot_id=5, free=0), slot(slot_id=6, window_id="w4"), slot(slot_id=8, starts_at=late)]
    county.answers["/sessions/s1/slots"] = {"items": slots, "now": NOW.isoformat()}
    page = await browser.get(f"/book/{MATTER}/s1")
    assert re.search(r'value="8" checked', page.text)
    assert re.search(r'value="5" disabled', page.text)
    assert "局长 周文清 本人到岗" in page.text
