"""WCAG 2.2 AA by axe-core, and no sideways scrolling, on every page."""

from pathlib import Path

import pytest

from tests.browser.way import press, to_check, to_dates, to_details, to_slots, to_voucher, wrong
from tests.stack import MATTER, new_resident_id

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def lost_details(page):
    await to_details(page)
    await press(page)


async def refused_check(page):
    await to_check(page, number=wrong(new_resident_id()))
    await press(page)


async def changed_time(page):
    await to_check(page)
    await press(page, "dl.kv button.link >> nth=0")


async def twice(page):
    number = await to_voucher(page)
    await to_voucher(page, number=number)


async def cancel_page(page):
    await to_voucher(page)
    await page.goto("/bookings/cancel")


async def cancelled(page):
    await cancel_page(page)
    await press(page, "button.stop")


async def wrong_lookup(page):
    await page.goto("/bookings/lookup")
    await press(page)


async def unknown_lookup(page):
    await page.goto("/bookings/lookup")
    await page.fill("#code", "0000 0000")
    await page.fill("#digits", "0000")
    await press(page)


async def brief(page):
    await to_voucher(page)
    await page.goto("/staff/officials/zhou-wenqing")
    await press(page, "a.go")


def at(address):
    async def go(page):
        await page.goto(address)

    return go


PAGES = {
    "start": at("/"),
    "found": at("/matters?q=%E6%88%BF"),
    "not found": at("/matters?q=qqqqqqqq"),
    "all matters": at("/matters"),
    "departments": at("/departments"),
    "a department": at("/matters?department=natural-resources"),
    "matter": at(f"/matters/{MATTER}"),
    "matter without a visit": at("/matters/business-licence"),
    "matter with an optional visit": at("/matters/school-transfer"),
    "dates": to_dates,
    "slots": to_slots,
    "details": to_details,
    "details to mend": lost_details,
    "check": to_check,
    "check to mend": refused_check,
    "another time": changed_time,
    "booked already": twice,
    "voucher": to_voucher,
    "cancel": cancel_page,
    "cancelled": cancelled,
    "lookup": at("/bookings/lookup"),
    "lookup to mend": wrong_lookup,
    "lookup unknown": unknown_lookup,
    "privacy": at("/privacy"),
    "accessibility": at("/accessibility"),
    "no such page": at("/nothing"),
    "officials": at("/staff"),
    "an official": at("/staff/officials/zhou-wenqing"),
    "evening brief": brief,
    "messages": at("/staff/console-messages"),
}


async def findings(page):
    await page.evaluate(AXE)
    answer = await page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:160]} {node['failureSummary'][:200]}"
        for found in answer["violations"]
        for node in found["nodes"]
    ]


async def sideways(page):
    return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_can_be_used_by_everybody(open_page, name):
    page = await open_page(390, script=True)
    await PAGES[name](page)
    assert await findings(page) == []
    assert await sideways(page) <= 0
    await page.set_viewport_size({"width": 1280, "height": 800})
    assert await findings(page) == []
    assert await sideways(page) <= 0
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await sideways(page) <= 0


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_page_can_be_used_in_large_print_on_the_smallest_phone(open_page, name, language):
    page = await open_page(320, script=True)
    await page.goto(f"/?elder=1&lang={language}")
    await PAGES[name](page)
    assert await sideways(page) <= 0
    assert await findings(page) == []


async def test_large_print_has_large_targets(open_page):
    page = await open_page(390, script=True)
    await page.goto("/?elder=1")
    for address in ("/", f"/matters/{MATTER}", f"/book/{MATTER}", "/bookings/lookup"):
        await page.goto(address)
        small = await page.evaluate(
            """() => [...document.querySelectorAll('.btn, .rows a, .pick, .tools a, .back, '
                  + 'input:not([type=radio]), select')]
                .filter(each => each.getClientRects().length && each.getBoundingClientRect().height < 59.5)
                .map(each => each.outerHTML.slice(0, 120))"""
        )
        assert small == []
        assert await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18
