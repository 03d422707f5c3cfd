"""The privacy notice and its versions, and putting one's own booking right, on the pages."""

from dataclasses import replace
from datetime import date

import pytest

from services.web import drafts
from services.web.languages import CHINESE
from services.web.routes import drafts as walk_routes
from services.web.routes import start
from shared.notices import CURRENT, NOTICES, Notice
from tests.page_forms import fields
from tests.unit.web_county import County, booked, booking, check_page, follow, press, problem, title, visitor

ADDRESS = "/bookings/correct"


@pytest.fixture
def county():
    return County()


@pytest.fixture
async def browser(county):
    async with visitor(county) as client:
        yield client


async def test_the_notice_says_its_version_and_every_version_can_be_read(browser, monkeypatch):
    shown = await browser.get("/privacy")
    assert f"第 {CURRENT.version} 版，{CHINESE.day(CURRENT.published_on)}起用。" in shown.text
    assert "带证件到大厅要一份完整的" in shown.text
    assert "这是以前的说明" not in shown.text
    newer = replace(CURRENT, published_on=date(2027, 6, 1))  # the same text, for a second one there is not yet
    monkeypatch.setattr(start, "NOTICES", (CURRENT, newer))
    monkeypatch.setattr(start, "CURRENT", newer)
    old = await browser.get("/privacy?version=1")
    assert "这是以前的说明，请看现在的" in old.text
    assert "2027年6月1日 星期二" in old.text, "the history names every version"
    assert (await browser.get("/privacy?version=../base")).status_code == 200


def test_every_version_has_its_text():
    templates = drafts.__file__.rpartition("/")[0] + "/templates/privacy"
    for each in NOTICES:
        with open(f"{templates}/{each.version}.html", encoding="utf-8") as file:  # noqa: PTH123
            assert "<h2>" in file.read()
    assert len({each.version for each in NOTICES}) == len(NOTICES)


async def test_what_is_accepted_is_said_and_sent_with_the_booking(county, browser):
    page = await check_page(browser)
    assert "怎样保护您的信息（第 1 版）" in page.text
    await press(browser, page, "check")
    (body,) = county.posted("/api/booking/v1/bookings")
    assert body["privacy_version"] == CURRENT.version


async def test_a_new_version_is_looked_at_before_anything_is_booked(county, browser, monkeypatch):
    page = await check_page(browser)
    newer = Notice("2", date(2027, 6, 1))
    monkeypatch.setattr(drafts, "CURRENT", newer)
    monkeypatch.setattr(walk_routes, "CURRENT", newer)
    asked_again = await follow(browser, await press(browser, page, "check"))
    assert county.posted("/api/booking/v1/bookings") == []
    assert "怎样保护您的信息（第 2 版）" in asked_again.text
    await press(browser, asked_again, "check")
    (body,) = county.posted("/api/booking/v1/bookings")
    assert body["privacy_version"] == "2"


async def test_a_booking_is_put_right_and_opens_by_the_new_digits(county, browser):
    await booked(browser)
    assert 'href="/bookings/correct"' in (await browser.get("/bookings")).text
    page = await browser.get(ADDRESS)
    assert title(page) == "更正信息"
    assert "现在的姓名：王**" in page.text
    form = fields(page, ADDRESS)
    empty = await browser.post(ADDRESS, data=form)
    assert empty.headers["location"] == ADDRESS, "nothing to put right"
    county.answers[ADDRESS] = booking(version=2, phone_masked="+*********5555")
    done = await browser.post(ADDRESS, data={**form, "phone": "139 0000 5555"})
    assert done.headers["location"] == "/bookings"
    assert county.posted(ADDRESS) == [{"code": "4081 2736", "digits": "2741", "phone": "139 0000 5555"}]
    await browser.get("/bookings")
    assert county.posted("/bookings/lookup")[-1]["digits"] == "5555"


async def test_what_is_wrong_is_told_at_its_field_and_kept_in_no_address(county, browser):
    await booked(browser)
    form = fields(await browser.get(ADDRESS), ADDRESS)
    wrong = [{"pointer": "/document/number", "code": "document_check_character", "detail": ""}]
    county.answers[ADDRESS] = problem(422, "invalid_request", errors=wrong)
    typed = {"document_type": "resident_id", "document_number": "110105194912310021"}
    answer = await browser.post(ADDRESS, data={**form, **typed})
    assert "1101" not in answer.headers["location"]
    page = await browser.get(answer.headers["location"])
    assert page.status_code == 422
    assert "号码对不上" in page.text
    assert typed["document_number"] in page.text


async def test_a_booking_is_not_handed_on(county, browser):
    await booked(browser)
    form = fields(await browser.get(ADDRESS), ADDRESS)
    county.answers[ADDRESS] = problem(409, "correction_of_person")
    refused = await follow(browser, await browser.post(ADDRESS, data={**form, "name": "李四"}))
    assert (refused.status_code, title(refused)) == (409, "预约不能换成别人")


async def test_another_tabs_booking_is_not_changed_by_this_one(county, browser):
    await booked(browser)
    form = {**fields(await browser.get(ADDRESS), ADDRESS), "name": "李四"}
    assert (await browser.post(ADDRESS, data={**form, "booking": "b9"})).headers["location"] == ADDRESS
    assert (await browser.post(ADDRESS, data={**form, "form_token": "x"})).headers["location"] == ADDRESS
    assert county.posted(ADDRESS) == []
