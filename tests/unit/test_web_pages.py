"""The pages against every answer that another service may give."""

import inspect
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from services.booking.domain import problems as booking_problems
from services.roster.domain import problems as roster_problems
from services.web.refusals import REFUSALS
from shared.problems import Problem
from tests.page_forms import fields
from tests.unit.web_county import (
    DAY,
    MATTER,
    NOW,
    TYPED,
    County,
    bookable,
    booked,
    booking,
    check_page,
    matter,
    problem,
    session,
    slot,
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


def title(page):
    return re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)[1].split(" · ")[0]


@pytest.fixture
def county():
    return County()


@pytest.fixture
async def browser(county):
    async with visitor(county) as found:
        yield found


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_has_the_phone_number_its_language_and_no_script(browser, address, language):
    await browser.get(f"/?lang={language}")
    page = await browser.get(address)
    assert page.status_code == 200
    assert 'href="tel:12345"' in page.text
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page.text
    for never in ("<script", "<style", "style=", "onclick", "javascript:", "http://", "https://"):
        assert never not in page.text, never
    chinese = re.findall(
        r"[\u4e00-\u9fff]+", re.sub(r'<a [^>]*lang="zh-CN"[^>]*>中文</a>|<title>.*?</title>', "", page.text)
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


async def test_what_was_typed_is_shown_as_text(browser):
    page = await check_page(browser)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_a_double_press_a_reload_and_the_way_back_have_one_key(county, browser):
    page = await check_page(browser)
    form = fields(page, "/bookings")
    await browser.post("/bookings", data=form)
    await browser.post("/bookings", data=form)
    again = await browser.post(f"/book/{MATTER}/check", data=form)
    await browser.post("/bookings", data=fields(again, "/bookings"))
    await browser.post("/bookings", data={**form, "party_size": "3"})
    keys = [each.headers["idempotency-key"] for each in county.asked if each.url.path.endswith("v1/bookings")]
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16,64}", key) for key in keys)


async def test_nothing_typed_or_secret_ever_stands_in_an_address(county, browser):
    await booked(browser)
    await browser.get("/bookings")
    addresses = " ".join(str(each.url) for each in county.asked)
    for secret in ("2741", "002X", "王桂兰", quote("王桂兰"), "4081"):
        assert secret not in addresses


def codes(module):
    return {
        each.code
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Problem) and each is not Problem and "code" in vars(each)
    }


def test_every_code_of_booking_has_its_words():
    assert codes(booking_problems) - {"temporarily_unavailable"} <= set(REFUSALS)
    assert {"matter_unknown", "session_unknown", "venue_unknown", "official_unknown"} <= codes(roster_problems)


@pytest.mark.parametrize("code", sorted(codes(booking_problems) - {"temporarily_unavailable"} | {"never_heard_of"}))
async def test_a_refusal_is_told_with_a_next_step_and_keeps_what_was_typed(county, browser, code):
    status = 429 if code in {"busy", "too_many_tries"} else 409
    county.answers["v1/bookings"] = problem(status, code)
    page = await booked(browser)
    assert page.status_code == status
    if code in REFUSALS:
        assert REFUSALS[code].heading in page.text
        assert REFUSALS[code].next_step in page.text
    else:
        assert "这一步没有办成" in page.text
    assert 'value="11010519491231002X"' in page.text
    assert 'role="alert"' in page.text
    assert 'href="tel:12345"' in page.text
    assert "no-store" in page.headers["cache-control"]
    if status == 429:
        assert page.headers["retry-after"] == "90"


async def test_a_lost_seat_offers_other_times_that_lead_on(county, browser):
    county.answers["v1/bookings"] = problem(409, "slot_full")
    page = await booked(browser)
    form = fields(page, f"/book/{MATTER}/check")
    assert form["pick"] == "s1/7"
    again = await browser.post(f"/book/{MATTER}/check", data=form)
    assert title(again) == "核对一遍"
    assert fields(again, "/bookings")["name"] == "王桂兰"


async def test_a_field_that_booking_refuses_is_mended_on_the_check_page(county, browser):
    error = {"pointer": "/visitor/document/number", "code": "document_check_character", "detail": "x"}
    county.answers["v1/bookings"] = problem(422, "invalid_request", errors=[error])
    page = await booked(browser)
    assert page.status_code == 422
    assert title(page) == "有 1 处要改"
    assert 'href="#document_number"' in page.text
    assert 'id="document_number-err"' in page.text
    county.answers["v1/bookings"] = booking()
    form = {**fields(page, "/bookings"), "document_type": "resident_id", "document_number": "440524188001010014"}
    assert (await browser.post("/bookings", data=form)).status_code == 303
    assert county.posted("/bookings")[-1]["visitor"]["document"]["number"] == "440524188001010014"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "还没填，请写来办事的人证件上的姓名"),
        ({"document_number": "1101051949123100"}, "少了 2 位，身份证号码是 18 位，您填了 16 位"),
        ({"phone": "1390000274"}, "少了 1 位，手机号码是 11 位，您填了 10 位"),
        ({"party_size": "0"}, "人数要填 1 到 5"),
        ({"party_size": "99"}, "人数要填 1 到 5"),
        ({"party_size": "两"}, "人数要填 1 到 5"),
        ({"note": "长" * 201}, "最多 200 个字，您写了 201 个"),
        ({"name": "王\x00桂兰"}, "里面有看不见的字符"),
        ({"document_type": "library_card"}, "请从列表里选一种证件"),
        ({"proxy_name": "李四"}, "还没填，比如儿女、邻居、村干部"),
    ],
)
async def test_the_form_says_what_is_wrong_in_summary_and_at_the_field(county, browser, typed, said):
    page = await check_page(browser, **typed)
    assert page.status_code == 422
    assert page.text.count(said) == 2
    assert 'aria-invalid="true"' in page.text
    assert county.posted("/bookings") == []


async def test_booking_that_goes_away_leaves_a_form_to_send_again(county, browser):
    page = await check_page(browser)
    form = fields(page, "/bookings")
    county.away = {"booking"}
    gone = await browser.post("/bookings", data=form)
    assert gone.status_code == 503
    assert "没能确定约上了没有" in gone.text
    county.away = set()
    back = await browser.post("/bookings", data=fields(gone, "/bookings"))
    assert back.status_code == 303


@pytest.mark.parametrize("step", ["details", "check", "times"])
async def test_a_step_keeps_what_was_typed_while_booking_is_away(county, browser, step):
    form = fields(await check_page(browser), "/bookings")
    county.away = {"booking"}
    page = await browser.post(f"/book/{MATTER}/{step}", data=form)
    assert page.status_code == 503
    assert fields(page, f"/book/{MATTER}/check")["document_number"] == "11010519491231002X"


async def test_the_pages_of_one_service_go_on_without_the_other(county, browser):
    county.away = {"booking"}
    shown = await browser.get(f"/matters/{MATTER}")
    assert shown.status_code == 200
    assert "身份证" in shown.text
    assert "现在约不了号，我们正在修" in shown.text
    dates = await browser.get(f"/book/{MATTER}")
    assert dates.status_code == 503
    assert dates.headers["retry-after"]
    assert f'href="/matters/{MATTER}"' in dates.text
    county.away = {"roster"}
    first = await browser.get("/")
    assert first.status_code == 200
    assert 'href="tel:12345"' in first.text


async def test_without_a_roster_that_ever_answered_the_first_page_says_so(county):
    county.away = {"roster"}
    async with visitor(county, phone="0731-12345") as browser:
        page = await browser.get("/")
        matters = await browser.get("/matters")
    assert page.status_code == 200
    assert "事项现在看不到，我们正在修" in page.text
    assert "服务日的安排现在看不到" in page.text
    assert 'href="tel:0731-12345"' in page.text
    assert matters.status_code == 503


async def test_booking_goes_on_with_the_roster_as_it_was_remembered(county, browser):
    page = await check_page(browser)
    county.away = {"roster"}
    assert (await browser.post("/bookings", data=fields(page, "/bookings"))).status_code == 303
    voucher = await browser.get("/bookings")
    assert "3 号窗口" in voucher.text
    assert (await browser.get(f"/book/{MATTER}")).status_code == 200


async def test_the_voucher_shows_its_code_while_booking_is_away(county, browser):
    await booked(browser)
    county.away = {"booking"}
    page = await browser.get("/bookings")
    assert page.status_code == 503
    assert "4081 2736" in page.text


async def test_a_matter_that_booking_has_not_heard_of_yet_says_so(county, browser):
    county.answers["booking/v1/sessions"] = problem(404, "matter_unknown")
    page = await browser.get(f"/book/{MATTER}")
    assert (page.status_code, title(page)) == (503, "这件事还不能预约")
    assert f'href="/matters/{MATTER}"' in page.text


async def test_an_answer_that_cannot_be_read_is_a_service_that_is_away(county, browser):
    county.answers["booking/v1/sessions"] = {"items": "nonsense"}
    page = await browser.get(f"/book/{MATTER}")
    assert page.status_code == 503


async def test_what_breaks_in_a_page_is_told_without_its_inside(county, browser, monkeypatch):
    async def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("services.web.queries.Queries.departments", broken)
    page = await browser.get("/departments")
    assert page.status_code == 500
    assert "我们这边出了错" in page.text
    assert "secret detail" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


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
    late = await browser.post("/bookings/cancel", data=form)
    assert (late.status_code, title(late)) == (409, "已经过了能取消的时间")


async def test_looking_up_tells_a_wrong_code_from_an_unknown_one(county, browser):
    form = fields(await browser.get("/bookings/lookup"), "/bookings/lookup")
    empty = await browser.post("/bookings/lookup", data=form)
    assert (empty.status_code, title(empty)) == (422, "有 2 处要改")
    error = {"pointer": "/code", "code": "code_check_character", "detail": ""}
    county.answers["/bookings/lookup"] = problem(422, "invalid_request", errors=[error])
    wrong = await browser.post("/bookings/lookup", data={**form, "code": "4081 2735", "digits": "2741"})
    assert "预约码有一位不对" in wrong.text
    county.answers["/bookings/lookup"] = problem(404, "booking_unknown")
    unknown = await browser.post("/bookings/lookup", data={**form, "code": "4081 2736", "digits": "0000"})
    assert (unknown.status_code, title(unknown)) == (404, "没有找到这个预约")
    county.answers["/bookings/lookup"] = problem(429, "too_many_tries")
    many = await browser.post("/bookings/lookup", data={**form, "code": "4081 2736", "digits": "0000"})
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


async def test_the_voucher_can_be_put_away(county, browser):
    await booked(browser)
    page = await browser.get("/bookings")
    await browser.post("/bookings/leave", data=fields(page, "/bookings/leave"))
    assert (await browser.get("/bookings")).headers["location"] == "/bookings/lookup"


async def test_a_language_chosen_on_the_check_page_keeps_what_was_typed(browser):
    page = await check_page(browser)
    english = await browser.post(f"/book/{MATTER}/check?lang=en", data=fields(page, "/bookings"))
    assert title(english) == "Check your answers"
    assert fields(english, "/bookings")["name"] == TYPED["name"]
    assert title(await browser.get("/bookings/lookup")) == "Look up my booking"


@pytest.mark.parametrize("address", STAFF)
async def test_staff_pages_exist_only_where_they_are_open(county, address):
    async with visitor(county) as browser:
        assert (await browser.get(address)).status_code == 404
    async with visitor(county, STAFF_ACCESS="open") as browser:
        page = await browser.get(address)
    assert page.status_code == 200
    assert 'class="staff"' in page.text


async def test_the_evening_brief_says_who_comes_and_what_for(county):
    row = {**booking(), "document_last4": "002X", "note": "少写了车库", "raised_before": True}
    county.answers["/staff/sessions/s1/bookings"] = [row, {**row, "booking_id": "b2", "state": "cancelled"}]
    async with visitor(county, STAFF_ACCESS="open") as browser:
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
