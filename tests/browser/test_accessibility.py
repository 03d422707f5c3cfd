"""WCAG 2.2 AA by axe-core, and no sideways scrolling, on every page."""

from pathlib import Path

import pytest

from tests.browser.hall_day import hall_day
from tests.browser.tour import every_page, every_page_of_the_day
from tests.browser.way import to_check, to_details
from tests.stack import MATTER

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = 42
"""At least so many are looked at."""


async def findings(page):
    await page.evaluate(AXE)
    answer = await page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:160]} {node['failureSummary'][:200]}"
        for found in answer["violations"]
        for node in found["nodes"]
    ]


async def sideways(page):
    """By how much the page is wider than its window."""
    return await page.evaluate(
        "Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"
    )


@pytest.mark.parametrize(
    ("width", "preferences"),
    [(390, ""), (1280, ""), (320, "?lang=en"), (390, "?elder=1"), (320, "?elder=1"), (320, "?elder=1&lang=en")],
)
async def test_every_page_can_be_used_by_everybody(open_page, stack, width, preferences):
    page = await open_page(width, script=True, staff=True)
    await page.goto(f"/{preferences}")
    seen, wrong = 0, {}
    async for name in every_page(page, stack):
        seen += 1
        found = await findings(page)
        if too_wide := await sideways(page):
            found.append(f"{too_wide} px too wide")
        if found:
            wrong[name] = found
    assert wrong == {}
    assert seen >= PAGES


@pytest.mark.parametrize(("width", "preferences"), [(390, ""), (1280, ""), (320, "?lang=en"), (320, "?elder=1")])
async def test_every_page_of_a_service_day_can_be_used_by_everybody(open_page, stack, width, preferences):
    page = await open_page(width, script=True, staff=True)
    await page.goto(f"/{preferences}")
    wrong = {}
    async with hall_day(stack) as day:
        async for name in every_page_of_the_day(page, day):
            found = await findings(page)
            if too_wide := await sideways(page):
                found.append(f"{too_wide} px too wide")
            if found:
                wrong[name] = found
    assert wrong == {}


async def test_large_print_has_large_letters_and_targets(open_page):
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

    await to_details(page)
    for address in ("/", page.url, "/bookings/lookup"):
        await page.goto(address)
        assert await smallest_letters(page) >= 17.99, address


async def smallest_letters(page):
    """The size of the smallest text that can be seen, in CSS pixels."""
    return await page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('body *')]
              .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
              .filter(each => each.getClientRects().length && !each.closest('.sr'))
              .map(each => parseFloat(getComputedStyle(each).fontSize)).filter(size => size > 0))"""
    )


async def test_the_way_to_the_bookings_is_a_whole_target(open_page):
    page = await open_page(390, script=True)
    for wish, least in (("", 44), ("?elder=1", 60)):
        await page.goto(f"/{wish}")
        box = await page.locator("main a[href='/bookings/lookup']").bounding_box()
        assert box["height"] >= least


async def test_on_a_narrow_phone_no_row_of_the_check_page_runs_into_another(open_page):
    page = await open_page(320, script=True)
    await to_check(page)
    into = await page.evaluate(
        """() => [...document.querySelectorAll('.kv > div')].filter(row => {
              const link = row.querySelector('dd.a a'), time = row.querySelector('time');
              return link && time && [...time.getClientRects()].some(
                  each => each.right > link.getBoundingClientRect().left);
        }).map(each => each.innerText)"""
    )
    assert into == []


async def test_what_is_wrong_is_found(open_page):
    page = await open_page(390, script=True)
    await page.set_content("<p style='color:#999'>Pale</p><img src=x><div style='width:9999px'>Wide</div>")
    found = " ".join(await findings(page))
    for rule in ("color-contrast", "image-alt", "document-title"):
        assert rule in found
    assert await sideways(page) > 0
