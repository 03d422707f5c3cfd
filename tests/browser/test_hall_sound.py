"""The hall's screen calls out loud: each new call once, for exactly the number that was called, and no older one."""

import asyncio
import re
import time
from contextlib import asynccontextmanager

import httpx
import pytest

from tests import demo
from tests.browser.hall_day import hall_day

pytestmark = pytest.mark.browser

SECONDS = 30


@asynccontextmanager
async def screen(browser, stack, day):
    """The hall's screen with its own policy in force; what was asked for as speech, and what the console said."""
    context = await browser.new_context(base_url=stack.address, viewport={"width": 1920, "height": 1080})
    try:
        page = await context.new_page()
        asked, said = [], []
        page.on(
            "response",
            lambda answer: (
                asked.append((answer.status, answer.url.rpartition("/speech/")[2]))
                if "/speech/" in answer.url
                else None
            ),
        )
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(f"/hall/{day.session_id}")
        yield page, asked, said
    finally:
        await context.close()


async def until(true, *, what):
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


class Desk:
    """A window that calls over the API, as its own page does."""

    def __init__(self, http, day):
        self.http = http
        self.base = f"/api/queue/v1/staff/sessions/{day.session_id}"
        self.path = f"{self.base}/windows/{day.window_id}"

    async def arrive(self, matter):
        answer = await self.http.post(
            f"{self.base}/walk-ins", json={"matter_ids": [matter]}, headers={"Idempotency-Key": f"{time.time_ns():032}"}
        )
        assert answer.status_code == 201, answer.text

    async def do(self, verb):
        seen = (await self.http.get(self.path)).json()
        answer = await self.http.post(f"{self.path}/{verb}", json={"version": seen["window_version"]})
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def at_work(stack):
    async with (
        hall_day(stack) as day,
        httpx.AsyncClient(base_url=stack.address, headers=demo.bearer(stack), trust_env=False, timeout=20) as http,
    ):
        desk = Desk(http, day)
        await desk.do("open")
        for _ in range(3):
            await desk.arrive("second-hand-house-transfer")
        yield day, desk


async def test_each_new_call_is_heard_once_and_again_when_it_is_repeated(browser, stack):
    async with at_work(stack) as (day, desk):
        old = (await desk.do("call-next"))["at"]["number"]
        async with screen(browser, stack, day) as (page, asked, said):
            await page.get_by_text(old, exact=True).first.wait_for()
            await page.click("text=打开声音")
            await page.locator("#sound").wait_for(state="hidden")
            await desk.do("unanswered")
            called = await desk.do("call-next")
            number = called["at"]["number"]
            await until(lambda: asked, what="a call is heard")
            assert asked == [(200, f"{number}/{called['number']}.wav?language=zh")]
            assert number != old
            await asyncio.gather(desk.do("recall"), page.wait_for_timeout(100))
            await until(lambda: len(asked) == 2, what="a repeated call is heard again")
            await desk.do("start")
            await page.wait_for_timeout(1500)
            assert asked == [asked[0]] * 2, "nothing else was called, and so nothing else is heard"
            assert said == []


async def test_what_was_called_before_the_sound_was_on_is_not_heard(browser, stack):
    async with at_work(stack) as (day, desk), screen(browser, stack, day) as (page, asked, said):
        silent = (await desk.do("call-next"))["at"]["number"]
        await page.locator(f"tr[data-call^='{silent}/']").wait_for()
        await page.click("text=打开声音")
        await page.locator("#sound").wait_for(state="hidden")
        await desk.do("unanswered")
        number = (await desk.do("call-next"))["at"]["number"]
        await until(lambda: asked, what="the next call is heard")
        await page.wait_for_timeout(1000)
        assert [re.match(r"[A-Z]+\d+", each[1]).group() for each in asked] == [number]
        assert said == []


async def test_a_screen_that_begins_anew_keeps_its_sound_where_the_browser_allows_it(browser, stack):
    async with at_work(stack) as (day, desk), screen(browser, stack, day) as (page, asked, _):
        assert await page.is_visible("#sound")
        await page.click("#sound")
        await page.locator("#sound").wait_for(state="hidden")
        await page.reload()
        if await page.is_visible("#sound"):
            await page.click("#sound")
        await page.locator("#sound").wait_for(state="hidden")
        number = (await desk.do("call-next"))["at"]["number"]
        await until(lambda: asked, what="a call is heard")
        assert asked[0][1].startswith(number)


async def test_a_change_that_comes_while_another_is_fetched_is_shown(browser, stack):
    answers = []

    async def slow(route):
        answer = await route.fetch()
        answers.append(answer)
        await asyncio.sleep(0.5)  # what happens meanwhile is not in it
        await route.fulfill(response=answer)

    async with at_work(stack) as (day, desk), screen(browser, stack, day) as (page, _, _):
        silent = (await desk.do("call-next"))["at"]["number"]
        await page.locator(f"tr[data-call^='{silent}/']").wait_for()
        await page.route(f"**/hall/{day.session_id}", slow)
        await desk.do("unanswered")
        await until(lambda: len(answers) > 1, what="the calls and the clock are fetched")
        number = (await desk.do("call-next"))["at"]["number"]
        await page.locator(f"tr[data-call^='{number}/']").wait_for()
