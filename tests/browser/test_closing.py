"""A service day brought to its end in a browser that runs no script, on a phone."""

import re
import time

import pytest

from tests.browser.hall_day import SECONDS, arrive, confirm_windows, end_tickets, hall_day, take_ticket
from tests.browser.way import press

pytestmark = pytest.mark.browser

MANAGER = "王建国"


async def title(page):
    return (await page.title()).split(" · ")[0]


async def receive(page, day):
    """Somebody with a booking is received and finished at their window; the ticket's number."""
    number = await arrive(page, day)
    await page.goto(f"/staff/sessions/{day.session_id}/desk/{day.window_id}")
    for verb in ("present", "open", "call-next", "start"):
        if await page.locator(f"button[value={verb}]").count():
            await press(page, f"button[value={verb}]")
    await page.check("input[name=kind0][value=handled]")
    await press(page, "button[value=finish]")
    return number


async def total(page, place):
    """A figure of the four that stand large on the closing page."""
    return int(re.match(r"\d+", await page.inner_text(f".four .num >> nth={place}"))[0])


async def test_a_day_is_brought_to_its_end_and_put_right(open_page, stack):
    page = await open_page(staff=True)
    async with hall_day(stack) as day:
        base = f"/staff/sessions/{day.session_id}"
        received = await receive(page, day)
        left = await take_ticket(page, base)
        await page.goto(f"{base}/live/{day.window_id}")
        await press(page, f"a[href='{base}/closing']")
        assert re.fullmatch(r"还有 \d+ 个窗口没确认，1 张号没办完", await title(page))
        assert await page.locator(".go").count() == 0

        await press(page, f"button[value=end]:near(:text('{left}'))")
        assert (await title(page)).startswith("还没办成")
        assert "请选一个原因" in await page.inner_text(".errors")
        await end_tickets(page)
        await page.locator("button[value=close]").first.wait_for()
        await press(page, "button[value=close] >> nth=0")
        await press(page, "button[value=confirm] >> nth=0")
        assert "请写是谁确认的" in await page.inner_text(".errors")
        await confirm_windows(page)
        assert await title(page) == "都齐了，可以签字日结"
        await day.evening()
        await page.goto(f"{base}/closing")
        assert await page.locator(".go").count() == 1

        await press(page)
        assert "请写经理的姓名" in await page.inner_text(".errors")
        await page.fill("#by", MANAGER)
        await press(page)
        assert await title(page) == "今天已日结"
        assert MANAGER in await page.inner_text("main")
        persons = await total(page, 0)

        await press(page, "text=看当天的接待")
        assert left in await page.inner_text("main")
        await press(page, f".brief li:has(b:text-is('{received}')) a:has-text('更正')")
        assert await page.input_value("#persons") == "1"
        await press(page)
        assert "没有可更正的" in await page.inner_text(".errors")
        await page.fill("#persons", "3")
        await page.fill("#reason", "一家三口一起来的")
        await page.fill("#by", MANAGER)
        await press(page)
        assert await title(page) == "今天已日结，更正过 1 次"
        assert "一家三口一起来的" in await page.inner_text("main")
        assert await total(page, 0) == persons + 2


async def test_a_paper_is_entered_with_its_times_and_its_booking(open_page, stack):
    page = await open_page(staff=True)
    async with hall_day(stack) as day:
        base = f"/staff/sessions/{day.session_id}"
        await page.goto(f"{base}/closing")
        before = await total(page, 0)
        await press(page, "text=补录纸上的接待")
        await press(page, f".rows a[href$='window={day.window_id}']")
        await page.select_option("#matter0", index=1)
        await page.check("input[name=kind0][value=incomplete]")
        await page.fill("#arrived", "08:50")
        await page.fill("#started", "08:45")
        await page.fill("#finished", "23:59")
        await page.fill("#persons", "2")
        await page.fill("#code", "0000 0000")
        await page.check("input[name=received_by][value=principal]")
        await page.fill("#suggestion", "门口放个凳子")
        await press(page)
        assert (await title(page)).startswith("还没办成")
        for field, said in (
            ("#said0-err", "请写清楚缺什么"),
            ("#started-err", "比来的时间还早"),
            ("#finished-err", "还没有到"),
        ):
            assert said in await page.inner_text(field)
        assert await page.input_value("#suggestion") == "门口放个凳子"
        assert await page.is_checked("input[name=kind0][value=incomplete]")

        await page.fill("#said0", "缺契税完税证明")
        await page.fill("#started", "08:55")
        await page.fill("#finished", "09:05")
        await press(page)
        assert "没有这个预约码" in await page.inner_text("#code-err")
        assert await page.input_value("#said0") == "缺契税完税证明"
        deadline = time.monotonic() + SECONDS
        while await page.locator("#code-err").count():  # until the queue knows the code of a booking made just now
            assert time.monotonic() < deadline
            await page.fill("#code", day.code)
            await press(page)
        assert "已经补录" in await page.inner_text("main")
        assert await page.input_value("#said0") == ""
        await press(page, "text=看当天的接待")
        assert "补录" in await page.inner_text(".brief")
        await page.goto(f"{base}/closing")
        assert await total(page, 0) == before + 2


@pytest.mark.parametrize("what", ["closing", "visits"])
async def test_it_prints_on_a4_without_what_is_pressed(open_page, stack, what):
    page = await open_page(script=True, staff=True)
    async with hall_day(stack) as day:
        await receive(page, day)
        await page.goto(f"/staff/sessions/{day.session_id}/{what}")
        await page.emulate_media(media="print")
        for hidden in ("header", "footer", "main form", "main .btn"):
            for each in await page.locator(hidden).all():
                assert await each.is_hidden(), hidden
        printed = await page.pdf(prefer_css_page_size=True, format="A4")
        sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
        assert {(round(float(width) * 25.4 / 72), round(float(height) * 25.4 / 72)) for width, height in sizes} == {
            (210, 297)
        }
        await page.set_viewport_size({"width": 688, "height": 1000})  # A4 within its margins
        assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
