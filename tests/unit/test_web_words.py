"""What the pages say is so: of moved days, of messages and of what is left to do."""

from datetime import timedelta

import pytest

from tests.unit.web_county import DAY, bookable, booked, booking, details_page, follow, session, visitor


def _date(days: int) -> str:
    return (DAY + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(
    ("moved", "says"),
    [
        ({"reason": None}, "那天放假，顺延"),
        ({"reason": "calendar"}, "那天放假，顺延"),
        ({"reason": None, "rule_date": _date(1)}, "那天放假，提前"),
        ({"reason": "other"}, "，改到 "),
        ({"reason": "weather"}, "，因为天气不好"),
        ({"reason": "power"}, "，因为停电"),
        ({"reason": "official"}, "，因为领导有工作安排"),
    ],
)
async def test_a_moved_day_is_blamed_on_a_holiday_only_where_the_calendar_moved_it(county, browser, moved, says):
    county.answers["roster/v1/sessions"] = {"items": [session(**{"rule_date": _date(-3), **moved})]}
    page = await browser.get("/")
    assert says in page.text
    assert ("放假" in says) == ("那天放假" in page.text)


@pytest.mark.parametrize("mail", [True, False])
async def test_an_address_is_asked_for_only_where_mail_is_sent(county, browser, mail):
    county.answers["/channels"] = {"mail": mail}
    page = await details_page(browser)
    assert ('name="email"' in page.text) is mail


async def test_nobody_is_promised_mail_while_it_is_not_known_whether_there_is_any(county, browser):
    county.away.add("notifications")
    page = await details_page(browser)
    assert page.status_code == 200
    assert 'name="email"' not in page.text


@pytest.mark.parametrize(
    ("mail", "left", "says"),
    [
        (True, {"phone_masked": None, "email_masked": "g***@example.cn"}, "给您的邮箱 g***@example.cn 发一封提醒"),
        (True, {"email_masked": "g***@example.cn"}, "给您的邮箱 g***@example.cn 发一封提醒"),
        (False, {"phone_masked": None, "email_masked": "g***@example.cn"}, "您没留电话"),
        (False, {"email_masked": "g***@example.cn"}, "给您发一条提醒"),
        (True, {"phone_masked": None}, "您没留电话"),
    ],
)
async def test_the_voucher_says_where_the_messages_go(county, browser, mail, left, says):
    county.answers["/channels"] = {"mail": mail}
    county.answers["/bookings/lookup"] = booking(**left)
    assert says in (await follow(browser, await booked(browser))).text


@pytest.mark.parametrize(("at", "quiet"), [("21:59", False), ("22:00", True), ("03:00", True), ("08:00", False)])
async def test_at_night_the_voucher_says_when_the_message_goes(county, browser, at, quiet):
    now = f"{DAY.date() - timedelta(days=3)}T{at}:00+08:00"
    county.answers["booking/v1/sessions"] = {"items": [bookable()], "now": now}
    page = await follow(browser, await booked(browser))
    assert ("消息早上 08:00 以后才发" in page.text) is quiet


async def test_whoever_books_after_the_evening_of_the_reminder_is_promised_none(county, browser):
    now = f"{DAY.date() - timedelta(days=1)}T18:30:00+08:00"
    county.answers["booking/v1/sessions"] = {"items": [bookable()], "now": now}
    page = await follow(browser, await booked(browser))
    assert "前一天 18:00" not in page.text
    assert "服务日有变化，会告诉您" in page.text


async def test_the_console_says_how_many_messages_the_night_holds(county):
    until = f"{DAY.date()}T08:00:00+08:00"
    county.answers["/staff/console-messages"] = {"items": [], "waiting": 2, "waiting_until": until}
    async with visitor(county, staff=True) as browser:
        page = await browser.get("/staff/console-messages")
    assert "还有 2 条消息" in page.text
    assert "08:00 以后发" in page.text


async def test_a_landline_is_promised_no_text_message(county, browser):
    county.answers["/bookings/lookup"] = booking(phone_takes_texts=False)
    page = await follow(browser, await booked(browser))
    assert "收不到短信" in page.text
    assert "发一条提醒" not in page.text


async def test_who_is_asked_to_agree_reads_the_old_day_and_until_when(county, browser):
    await booked(browser)
    before = DAY - timedelta(days=3)
    county.answers["/bookings/lookup"] = booking(
        state="to_confirm", reason="session_moved", version=2, previous_starts_at=before.isoformat()
    )
    page = await browser.get("/bookings")
    assert f"原来约的是 {before.month}月{before.day}日" in page.text
    assert f"位子给您留到 {DAY.month}月{DAY.day}日" in page.text


async def test_a_cancelled_voucher_says_neither_that_it_is_still_there_nor_who_has_the_seat(county, browser):
    await booked(browser)
    county.answers["/bookings/lookup"] = booking(state="cancelled", reason="visitor", version=2)
    page = await browser.get("/bookings")
    assert "预约还在" not in page.text
    assert "已经让给别人" not in page.text


async def test_the_look_up_shows_what_this_browser_holds(browser):
    before = await browser.get("/bookings/lookup")
    await booked(browser)
    page = await browser.get("/bookings/lookup")
    for shown in ("4081 2736", '<a href="/bookings">'):
        assert shown in page.text
        assert shown not in before.text.replace("比如 4081 2736", "")
    assert page.headers["cache-control"] == "no-store"


async def test_who_does_not_know_whom_to_ask_is_promised_no_field_that_is_not_there(county, browser):
    page = await browser.get("/")
    assert "我不知道找谁" in page.text
    assert "用一句话写下来" not in page.text


async def test_the_calendar_names_the_floor(county, browser):
    (window,) = session()["windows"]
    county.answers["roster/v1/sessions/s1"] = session(windows=[{**window, "location_zh": "二楼东厅"}])
    await booked(browser)
    entry = (await browser.get("/bookings/calendar.ics")).text.replace("\r\n ", "")
    assert "LOCATION:望川县政务服务大厅，二楼东厅，3 号窗口" in entry


async def test_a_day_and_its_month_stand_apart_in_english(browser):
    page = await browser.get("/?lang=en", follow_redirects=True)
    assert f"{DAY.day}&nbsp;<i>" in page.text
