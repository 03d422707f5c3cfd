"""The counter without a mouse and without a script: a card, a code, and who has not booked."""

import pytest

from tests.browser.hall_day import arrive, hall_day, scan
from tests.stack import new_resident_id

pytestmark = pytest.mark.browser


async def test_the_counter_takes_card_and_code_in_one_field_by_keyboard_alone(open_page, stack):
    page = await open_page(1280, staff=True)
    async with hall_day(stack) as day:
        number = await arrive(page, day, presented=day.document)
        assert day.document not in page.url + await page.content()
        async with page.expect_navigation():
            await page.keyboard.press("Enter")  # 下一位 has the focus
        await page.locator("#code:focus").wait_for()
        await scan(page, day.code)
        assert await page.inner_text(".hero") == number, "one person, one ticket"
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await page.locator("#code:focus").wait_for()

        stranger = new_resident_id()
        await scan(page, stranger)
        assert "这个证件今天没有预约" in await page.inner_text("[role=alert]")
        assert stranger not in page.url + await page.content()
        await page.locator("#q:focus").wait_for()  # a walk-in ticket comes next
        for _ in range(20):
            await page.keyboard.press("Tab")
            if await page.locator("#matter:focus").count():
                await page.keyboard.press("ArrowDown")
            if await page.locator("button:focus", has_text="取现场号").count():
                break
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert await page.inner_text(".hero") not in ("", number)
