"""What the pages say when a service refuses, hangs or is away: a heading, a next step, and nothing typed is lost."""

import inspect
import re

import pytest

from services.booking.domain import problems as booking_problems
from services.roster.domain import problems as roster_problems
from services.web.refusals import REFUSALS
from shared.problems import Problem
from tests.page_forms import fields
from tests.unit.web_county import (
    MATTER,
    TYPED,
    booked,
    booking,
    check_page,
    details_page,
    follow,
    press,
    problem,
    title,
    visitor,
)


def codes(module):
    return {
        each.code
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Problem) and each is not Problem and "code" in vars(each)
    }


def test_every_code_of_booking_has_its_words():
    assert codes(booking_problems) - {"temporarily_unavailable"} <= set(REFUSALS)


def test_every_code_that_the_roster_answers_to_pages_has_its_words():
    unknown = {code for code in codes(roster_problems) if code.endswith("_unknown")}
    of_the_operator = {"calendar_unknown", "clash_unknown"}
    assert unknown - of_the_operator == {"matter_unknown", "session_unknown", "venue_unknown", "official_unknown"}
    assert unknown - of_the_operator <= set(REFUSALS)


@pytest.mark.parametrize("code", sorted(codes(booking_problems) - {"temporarily_unavailable"} | {"never_heard_of"}))
async def test_a_refusal_is_told_with_a_next_step_and_keeps_what_was_typed(county, browser, code):
    status = 429 if code in {"busy", "too_many_tries"} else 409
    county.answers["v1/bookings"] = problem(status, code)
    answer = await booked(browser)
    assert answer.status_code == 303
    page = await follow(browser, answer)
    assert page.status_code == status
    if code in REFUSALS:
        assert REFUSALS[code].heading in page.text
        assert REFUSALS[code].next_step in page.text
    else:
        assert "这一步没有办成" in page.text
    form = await browser.get(page.url.path.replace("/refused", "/details"))
    assert 'value="11010519491231002X"' in form.text
    assert 'role="alert"' in page.text
    assert 'href="tel:12345"' in page.text
    assert "no-store" in page.headers["cache-control"]
    if status == 429:
        assert page.headers["retry-after"] == "90"


async def test_a_lost_seat_offers_other_times_that_lead_on(county, browser):
    county.answers["v1/bookings"] = problem(409, "slot_full")
    page = await follow(browser, await booked(browser))
    action = page.url.path.replace("/refused", "/times")
    assert fields(page, action)["pick"] == "s1/7"
    again = await follow(browser, await press(browser, page, "times"))
    assert title(again) == "核对一遍"
    assert "王桂兰" in again.text
    county.answers["v1/bookings"] = booking()
    assert (await press(browser, again, "check")).headers["location"] == "/bookings"


WRONG_CHARACTER = {"pointer": "/visitor/document/number", "code": "document_check_character", "detail": "x"}


@pytest.mark.parametrize("route", ["/bookings/check", "v1/bookings"])
async def test_a_field_that_booking_refuses_is_mended_on_the_form(county, browser, route):
    before = county.answers.get(route)
    county.answers[route] = problem(422, "invalid_request", errors=[WRONG_CHARACTER])
    page = await check_page(browser)
    if route == "v1/bookings":
        page = await follow(browser, await press(browser, page, "check"))
    else:
        assert county.posted("v1/bookings") == []
    assert page.status_code == 422
    assert title(page) == "有 1 处要改"
    assert page.url.path.endswith("/details")
    assert 'href="#document_number"' in page.text
    assert 'id="document_number-err"' in page.text
    again = await follow(browser, await browser.get(page.url.path.replace("/details", "/check")))
    assert again.url.path.endswith("/details")
    county.answers[route] = before or booking()
    mended = await press(browser, page, "details", document_type="resident_id", document_number="440524188001010014")
    checked = await follow(browser, mended)
    assert title(checked) == "核对一遍"
    assert (await press(browser, checked, "check")).headers["location"] == "/bookings"
    assert county.posted("v1/bookings")[-1]["visitor"]["document"]["number"] == "440524188001010014"


async def test_where_booking_cannot_judge_the_check_page_stands_and_says_nothing_false(county, browser):
    county.answers["/bookings/check"] = (503, {})
    page = await check_page(browser)
    assert (page.status_code, title(page)) == (200, "核对一遍")
    county.answers["/bookings/check"] = problem(404, "not_found")
    assert title(await check_page(browser)) == "核对一遍"


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
    county.away = {"booking"}
    gone = await follow(browser, await press(browser, page, "check"))
    assert gone.status_code == 503
    assert "没能确定约上了没有" in gone.text
    assert (await browser.get(gone.url.path)).text == gone.text
    county.away = set()
    assert (await press(browser, gone, "check")).headers["location"] == "/bookings"
    keys = {each.headers["idempotency-key"] for each in county.asked if each.url.path.endswith("v1/bookings")}
    assert len(keys) == 1


@pytest.mark.parametrize("step", ["details", "check", "times"])
async def test_a_step_keeps_what_was_typed_while_booking_is_away(county, browser, step):
    checked = await check_page(browser)
    county.away = {"booking"}
    address = checked.url.path.replace("/check", f"/{step}")
    page = await browser.get(address)
    assert page.status_code == 503
    assert f'<a class="btn go" href="{address}">再试一次</a>' in page.text
    county.away = set()
    assert (await browser.get(address)).status_code == 200
    assert "王桂兰" in (await browser.get(checked.url.path)).text


async def test_what_was_typed_while_booking_is_away_is_kept(county, browser):
    form = await details_page(browser)
    county.away = {"booking"}
    page = await follow(browser, await press(browser, form, "details", **TYPED))
    assert (page.status_code, title(page)) == (503, "现在约不了号")
    county.away = set()
    page = await browser.get(page.url.path)
    assert title(page) == "核对一遍"
    assert "王桂兰" in page.text


@pytest.mark.parametrize("verb", ["lookup", "cancel", "agree"])
async def test_a_form_while_booking_is_away_is_told_on_a_page_that_can_be_reloaded(county, browser, verb):
    await booked(browser)
    if verb == "agree":
        county.answers["/bookings/lookup"] = booking(state="to_confirm", reason="session_moved", version=2)
    page = await browser.get("/bookings" if verb == "agree" else f"/bookings/{verb}")
    county.away = {"booking"}
    answer = await press(browser, page, verb, code="4081 2736", digits="2741")
    assert answer.status_code == 303
    told = await browser.get(answer.headers["location"])
    assert (told.status_code, title(told)) == (503, "现在约不了号，也查不了预约")
    assert (await browser.get(answer.headers["location"])).text.count("现在约不了号") == told.text.count("现在约不了号")
    for secret in ("4081", "2741"):
        assert secret not in answer.headers["location"]


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
    assert (await press(browser, page, "check")).headers["location"] == "/bookings"
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
    ("address", "leads"),
    [
        ("/staff/nothing", "/staff/home"),
        ("/staff/officials/%00", "/staff/home"),
        ("/staff/sessions/s1/kiosk/nothing", "/staff/sessions/s1/kiosk"),
        ("/staff/console-messages", "/staff/console-messages"),
    ],
)
async def test_what_fails_before_the_staff_leads_on_to_the_staffs_pages(county, address, leads):
    county.away = {"queue", "notifications"}
    async with visitor(county, staff=True) as browser:
        page = await browser.get(address)
    assert page.status_code in {404, 503}
    assert re.findall(r'class="btn go" href="([^"]*)"', page.text) == [leads]
    assert 'class="btn" href="/"' not in page.text


async def test_a_form_of_the_staff_that_fails_is_told_on_the_staffs_pages(county):
    county.away = {"queue"}
    async with visitor(county, staff=True) as browser:
        form = {"number": "1", "matter_id": MATTER}
        answer = await browser.post(
            "/staff/sessions/s1/counter/walk-ins", data=form, headers={"Origin": "http://else.test"}
        )
        assert re.findall(r'class="btn go" href="([^"]*)"', answer.text) == ["/staff/home"]
