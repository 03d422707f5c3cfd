"""The service day in one scene: counter, window, hall screen and the visitor's phone together, on the real system."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.browser.hall_day import arrive, hall_day
from tests.browser.way import press

pytestmark = pytest.mark.browser

SECONDS = 15_000


async def verb(page, name):
    await press(page, f"button[name=verb][value={name}]:not([disabled]) >> nth=0")


async def test_who_comes_is_called_received_and_finished_before_all_eyes(open_page, stack):
    async with hall_day(stack) as day:
        base = f"/staff/sessions/{day.session_id}"
        hall, counter = await open_page(1920, script=True, height=1080, staff=True), await open_page(1280, staff=True)
        desk, phone = (
            await open_page(1280, script=True, height=900, staff=True),
            await open_page(390, script=True, staff=True),
        )

        await hall.goto(f"/hall/{day.session_id}")
        await counter.goto("/staff/today")
        await press(counter, "text=服务台 >> nth=0")
        number = await arrive(counter, day)
        assert re.fullmatch(r"[A-Z]\d{3}", number)
        await phone.goto(await counter.get_attribute("a[href^='/tickets/']", "href"))
        await expect(phone.locator("#now")).to_contain_text("下一位就是您")

        await desk.goto(f"{base}/desk/{day.window_id}")
        await verb(desk, "present")
        await verb(desk, "open")
        await hall.evaluate("window.same = true")
        await phone.evaluate("window.same = true")
        await verb(desk, "call-next")
        assert await desk.inner_text("#now .hero") == number

        await expect(hall.locator(".call-no")).to_have_text(number, timeout=SECONDS)
        await expect(phone.locator("#now")).to_contain_text("请到", timeout=SECONDS)
        assert await hall.evaluate("window.same"), "the screen was not loaded anew"
        assert await phone.evaluate("window.same"), "nor was the phone"
        assert "王" not in await hall.inner_text("body")
        await expect(hall.locator("#offline")).to_be_hidden()

        await verb(desk, "start")
        await desk.check("input[name=kind0][value=incomplete]")
        await verb(desk, "finish")
        assert "请写清楚缺什么" in await desk.inner_text(".errors")
        await desk.fill("#said0", "缺契税完税证明")
        await desk.fill("#problem", "缴契税要另排一次队")
        await desk.check("input[name=settled][value=handed_on]")
        shown = await desk.request.get(f"/api/queue/v1{base}/windows/{day.window_id}")
        ticket_id = (await shown.json())["at"]["ticket_id"]
        await verb(desk, "finish")
        assert "办结" in await desk.inner_text("button[value=undo]")
        assert await desk.locator("a[href$='/notice']").count() == 1
        paper = await open_page(390, staff=True)
        await paper.goto(f"{base}/tickets/{ticket_id}/notice")
        assert "缺契税完税证明" in await paper.inner_text("main")
        await expect(phone.locator("#now")).to_contain_text("今天办完了", timeout=SECONDS)

        await counter.goto(f"{base}/counter?q=房子过户")
        await counter.select_option("#matter", index=1)
        await press(counter, "text=取现场号")
        await expect(desk.locator("#queue")).to_contain_text(await counter.inner_text(".hero"), timeout=SECONDS)


async def test_a_window_is_driven_by_keys_alone(open_page, stack):
    async with hall_day(stack) as day:
        counter, desk = await open_page(1280, staff=True), await open_page(1280, script=True, height=900, staff=True)
        number = await arrive(counter, day)
        await desk.goto(f"/staff/sessions/{day.session_id}/desk/{day.window_id}")
        await verb(desk, "open")
        keys = await desk.context.new_cdp_session(desk)
        for key, said in (("1", "等了"), ("2", "叫了 2 遍"), ("6", "已办"), ("4", "挂起 1")):
            async with desk.expect_navigation():
                # The browser looks for the key without its modifier, which its driver's own way to press leaves out.
                pressed = {"modifiers": 1, "key": key, "code": f"Digit{key}", "unmodifiedText": key, "text": key}
                await keys.send(
                    "Input.dispatchKeyEvent", {"type": "keyDown", "windowsVirtualKeyCode": 48 + int(key), **pressed}
                )
            assert said in await desk.inner_text("main"), f"Alt {key}"
        assert number not in await desk.locator("#now .hero").all_inner_texts(), "it is held"


async def test_a_lost_stream_is_said_and_taken_back(open_page, stack):
    async with hall_day(stack) as day:
        hall = await open_page(1920, script=True, height=1080, staff=True)
        await hall.goto(f"/hall/{day.session_id}")
        await expect(hall.locator("#offline")).to_be_hidden()
        with stack.killed("queue"):
            await expect(hall.locator("#offline")).to_be_visible(timeout=SECONDS)
        await expect(hall.locator("#offline")).to_be_hidden(timeout=4 * SECONDS)


async def test_a_stream_that_is_silent_too_long_is_said_and_taken_back(open_page, stack):
    async with hall_day(stack) as day:
        hall = await open_page(1920, script=True, height=1080, staff=True)
        await hall.clock.install()
        async with hall.expect_response("**/stream"):
            await hall.goto(f"/hall/{day.session_id}")
        await expect(hall.locator("#offline")).to_be_hidden()
        await hall.clock.fast_forward(40_000)  # no error comes: only the time passes without a word
        await expect(hall.locator("#offline")).to_be_visible(timeout=SECONDS)
        await expect(hall.locator("#offline")).to_be_hidden(timeout=SECONDS)  # the next beat


async def test_two_tabs_of_a_window_do_nothing_twice(open_page, stack):
    async with hall_day(stack) as day:
        address = f"/staff/sessions/{day.session_id}/desk/{day.window_id}"
        first, second = await open_page(1280, staff=True), await open_page(1280, staff=True)
        await first.goto(address)
        await second.goto(address)
        await verb(first, "present" if await first.locator("button[value=present]").count() else "open")
        await verb(second, "present" if await second.locator("button[value=present]").count() else "open")
        assert "这个窗口刚刚有人操作过" in await second.inner_text(".errors")


async def test_the_stream_is_opened_however_late_its_script_comes(open_page, stack):
    async def late(route):
        await asyncio.sleep(0.5)
        await route.continue_()

    async with hall_day(stack) as day:
        hall = await open_page(1920, script=True, height=1080, staff=True)
        await hall.route("**/hx-sse*", late)
        async with hall.expect_request("**/stream", timeout=SECONDS):
            await hall.goto(f"/hall/{day.session_id}")
