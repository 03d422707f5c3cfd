"""A service day in the running stack: the queue's clock is put to the session's morning, and back afterwards."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
from playwright.async_api import Page

from tests import demo
from tests.browser.way import press
from tests.stack import MATTER, Stack, new_resident_id

SESSIONS = "/api/booking/v1/sessions"
SECONDS = 30
NAMES = ("刘国强", "陈玉珍", "赵德福", "林小玲")
COUNTY = ZoneInfo("Asia/Shanghai")
CLEARED = """
update ticket set state = 'closed', closing = 'unserved', at_window = null where state not in ('finished', 'closed');
update ticket set called_at = null;
update window_day set state = 'closed', pause_reason = null, attendance = 'expected', substitute_id = null,
    confirmed_at = null, confirmed_by = null;
delete from no_show;
delete from closing;
update session set closed_at = null where closed_at is not null;
"""
CLOCK = "create or replace function county_now() returns timestamptz language sql stable as $$ {} $$"


@dataclass(frozen=True)
class HallDay:
    """A session with somebody who has booked for it."""

    session_id: str
    window_id: str
    code: str
    document: str
    """The resident ID that it was booked with."""
    evening: Callable[[], Awaitable[None]]
    """Let it be twenty to five: the last slot has begun, and the day may be signed."""


def _dsn(stack: Stack) -> str:
    password = (stack.folder / "secrets" / "QUEUE_OWNER_PASSWORD").read_text().strip()
    port = json.loads((stack.folder / "ports.json").read_text())["postgres"]
    return f"postgresql://queue_owner:{password}@127.0.0.1:{port}/queue"


async def _evening(stack: Stack) -> None:
    connection = await asyncpg.connect(_dsn(stack))
    try:
        now = await connection.fetchval("select county_now()")
        evening = now.astimezone(COUNTY).replace(hour=16, minute=40).isoformat()
        present = await connection.fetchval("select now()::text")
        await connection.execute(CLOCK.format(f"select timestamptz '{evening}' + (now() - timestamptz '{present}')"))
    finally:
        await connection.close()


async def _set_clock(stack: Stack, body: str) -> None:
    """Each scene begins in an empty hall, whatever another left of the day."""
    connection = await asyncpg.connect(_dsn(stack))
    try:
        await connection.execute(CLOCK.format(body))
        await connection.execute(CLEARED)
    finally:
        await connection.close()


@asynccontextmanager
async def hall_day(stack: Stack) -> AsyncIterator[HallDay]:
    """Book a seat, then let it be that day for the queue; within it the clock goes on from twenty past nine."""
    async with httpx.AsyncClient(
        base_url=stack.address, headers=demo.bearer(stack), trust_env=False, timeout=20
    ) as http:
        sessions = (await http.get(SESSIONS, params={"matter_id": MATTER})).json()["items"]
        session = next(each for each in sessions if each["state"] == "open" and each["free"])
        session_id = session["session_id"]
        slots = (await http.get(f"{SESSIONS}/{session_id}/slots", params={"matter_id": MATTER})).json()["items"]
        slot = next(each for each in slots if each["free"])
        document = new_resident_id(range(1940, 1956))  # past seventy: the pages show priority
        body = {
            "slot_id": slot["slot_id"],
            "matter_id": MATTER,
            "visitor": {"name": "王桂兰", "document": {"type": "resident_id", "number": document}},
            "party_size": 1,
            "note": "买卖合同上少写了车库。",
            "language": "zh",
        }
        booked = await http.post("/api/booking/v1/bookings", json=body, headers={"Idempotency-Key": new_resident_id()})
        assert booked.is_success, booked.text
        morning = datetime.fromisoformat(session["starts_at"]).astimezone(COUNTY).replace(hour=9, minute=20).isoformat()
        await _set_clock(
            stack, f"select timestamptz '{morning}' + (now() - timestamptz '{datetime.now().astimezone()}')"
        )
        try:
            desk = f"/api/queue/v1/staff/sessions/{session_id}/windows/{slot['window_id']}"
            deadline = time.monotonic() + SECONDS
            while not ((answer := await http.get(desk)).is_success and answer.json()["expected"]):
                assert time.monotonic() < deadline, answer.text
                await asyncio.sleep(0.1)
            yield HallDay(session_id, slot["window_id"], booked.json()["code"], document, partial(_evening, stack))
        finally:
            await _set_clock(stack, "select now()")


async def liven(stack: Stack, day: HallDay) -> str:
    """Officials are there, people have come to four windows and some are called; the token of one who waits."""
    staff = f"/api/queue/v1/staff/sessions/{day.session_id}"
    token = ""
    async with httpx.AsyncClient(
        base_url=stack.address, headers=demo.bearer(stack), trust_env=False, timeout=20
    ) as http:

        async def do(path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
            answer = await http.post(path, json=body, headers=headers)
            assert answer.is_success, answer.text
            shown: dict[str, Any] = answer.json()
            return shown

        hall = (await http.get(staff)).json()
        matters = (await http.get("/api/roster/v1/matters", params={"limit": 500})).json()["items"]
        mine = [each for each in hall["windows"] if each["window_id"] == day.window_id]
        others = [each for each in hall["windows"] if each["window_id"] != day.window_id][:3]
        for window, people in zip([*mine, *others], (4, 2, 1, 1), strict=True):
            at = f"{staff}/windows/{window['window_id']}"
            before = (await http.get(at)).json()  # another scene may have left steps of the day
            shown = await do(f"{at}/attend", {"version": before["window_version"], "attendance": "present"})
            shown = await do(f"{at}/open", {"version": shown["window_version"]})
            matter = next(each for each in matters if each["department_id"] == window["department_id"])
            for number in range(people):
                body = {"matter_ids": [matter["matter_id"]], "priority": "elderly" if number == 2 else None}
                ticket = await do(f"{staff}/walk-ins", body, **{"Idempotency-Key": new_resident_id()})
                token = ticket["token"] if window in mine else token
            shown = await do(f"{at}/call-next", {"version": shown["window_version"]})
            if window in mine:
                await do(f"{at}/start", {"version": shown["window_version"]})
    return token


async def scan(counter: Page, text: str) -> None:
    """What a scanner or card reader does where the cursor stands: it types, and ends with Enter."""
    await counter.keyboard.type(text)
    async with counter.expect_navigation():
        await counter.keyboard.press("Enter")


async def arrive(counter: Page, day: HallDay, *, presented: str = "", persons: str = "") -> str:
    """Present the code, or what is given, until the queue has heard of the booking; the ticket's number."""
    deadline = time.monotonic() + SECONDS
    while True:
        await counter.goto(f"/staff/sessions/{day.session_id}/counter")
        await counter.fill("#c-persons", persons)
        await counter.focus("#code")
        await scan(counter, presented or day.code)
        if await counter.locator(".hero").count():
            return await counter.inner_text(".hero")
        assert time.monotonic() < deadline, await counter.inner_text("main")


async def take_ticket(counter: Page, base: str) -> str:
    """Somebody comes without a booking, for the first matter of the list; the ticket's number."""
    await counter.goto(f"{base}/counter")
    await counter.select_option("#matter", index=1)
    await press(counter, "form:has(#matter) button")
    return await counter.inner_text(".hero")


async def end_tickets(page: Page) -> None:
    """On the closing page: each ticket that is open is to come first next time."""
    while await page.locator("button[value=end]").count():
        await page.select_option("select[name^=reason] >> nth=0", "next_session")
        await press(page, "button[value=end] >> nth=0")


async def confirm_windows(page: Page) -> None:
    """On the closing page: windows close and confirm, one after the other."""
    while await page.locator("button[value=close]").count():
        await press(page, "button[value=close] >> nth=0")
    while await page.locator("button[value=confirm]").count():
        await page.fill("input[id^=by][maxlength] >> nth=0", "李春燕")
        await press(page, "button[value=confirm] >> nth=0")
