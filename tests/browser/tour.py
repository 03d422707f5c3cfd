"""Once through every page, in the order in which they come, so that each is looked at without a walk of its own."""

from collections.abc import AsyncIterator

from playwright.async_api import Page

from tests import demo
from tests.browser.hall_day import HallDay, arrive, confirm_windows, end_tickets, take_ticket
from tests.browser.way import fill, press, to_check, wrong
from tests.stack import MATTER, Stack, new_resident_id

ADDRESSES = {
    "start": "/",
    "found": "/matters?q=%E6%88%BF",
    "nothing found": "/matters?q=qqqqqqqq",
    "all matters": "/matters",
    "departments": "/departments",
    "a department": "/matters?department=natural-resources",
    "matter without a visit": "/matters/business-licence",
    "matter with an optional visit": "/matters/school-transfer",
    "sign-in": "/sign-in",
    "privacy": "/privacy",
    "accessibility": "/accessibility",
    "no such page": "/nothing",
    "unreadable address": "/matters?q=%ff",
    "matter": f"/matters/{MATTER}",
    "dates": f"/book/{MATTER}",
}
STAFF = {
    "auditor": {"audit": "/staff/audit"},
    "admin": {"messages": "/staff/console-messages", "accounts": "/staff/accounts"},
    "manager": {"officials": "/staff", "an official": "/staff/officials/zhou-wenqing"},
}
"""By who opens them."""


async def every_page(page: Page, stack: Stack) -> AsyncIterator[str]:
    """Opens one page after the other, and says which is shown."""
    for name, address in ADDRESSES.items():
        await page.goto(address)
        yield name
    number = new_resident_id()
    for part in (
        _booking(page, number),
        _voucher(page, number),
        _staff(page, stack),
        _cancelling(page),
        _looking_up(page),
    ):
        async for name in part:
            yield name


async def _booking(page: Page, number: str) -> AsyncIterator[str]:
    await press(page)
    yield "slots"
    await press(page)
    yield "details"
    await press(page)
    yield "details to mend"
    await fill(page, wrong(number))
    await press(page)
    yield "a number to mend"
    await page.fill("#document_number", number)
    await press(page)
    yield "check"
    await press(page, "dl.kv a[href*=times]")
    yield "another time"
    await press(page)
    await press(page, "dl.kv a[href*=details] >> nth=0")
    await page.click("summary")
    await fill(page, number)
    await page.fill("#proxy_name", "王小明")
    await press(page)
    yield "booked for somebody else, to mend"
    await page.fill("#proxy_relation", "孙子")
    await press(page)
    await press(page)


async def _voucher(page: Page, number: str) -> AsyncIterator[str]:
    yield "voucher"
    await page.goto("/bookings/correct")
    yield "putting right"
    await page.fill("#document_number", "110101194912310021")
    await press(page)
    yield "putting right, to mend"
    await to_check(page, number=number)
    await press(page)
    yield "booked already"


async def _staff(page: Page, stack: Stack) -> AsyncIterator[str]:
    for login, addresses in STAFF.items():
        await page.context.add_cookies([demo.cookie(stack, login)])
        for name, address in addresses.items():
            await page.goto(address)
            yield name
        if login == "admin":
            async for name in _operator(page):
                yield name
    await press(page, "a.go")
    yield "evening brief"


async def _operator(page: Page) -> AsyncIterator[str]:
    await press(page)
    yield "accounts, to mend"
    await page.fill("#login", f"tour.{new_resident_id().lower()}")
    await page.fill("#name", "王桂兰")
    await press(page)
    yield "a first password"
    await press(page, "a.go")
    yield "an account without a role"
    await page.select_option("#role", "window_staff")
    await page.fill("#until", "2020-01-01")
    await press(page)
    yield "an account, to mend"
    await page.select_option("#department", "natural-resources")
    await page.fill("#until", "2099-12-31")
    await press(page)
    yield "an account"
    await press(page, "#suspend button")
    yield "an account that is suspended"
    await page.goto("/staff/accounts/rights")
    yield "rights"
    await press(page)
    yield "rights, to mend"
    await page.fill("#document_number", new_resident_id())
    await press(page, "button.stop")
    yield "rights, asked once more"
    await press(page, "button.stop")
    yield "an erasure"


async def _cancelling(page: Page) -> AsyncIterator[str]:
    await page.goto("/bookings/cancel")
    yield "cancel"
    await press(page, "button.stop")
    yield "cancelled"


async def _looking_up(page: Page) -> AsyncIterator[str]:
    await page.goto("/bookings/lookup")
    yield "lookup"
    await press(page)
    yield "lookup to mend"
    await page.fill("#code", "0000 0000")
    await page.fill("#digits", "0000")
    await press(page)
    yield "lookup unknown"


async def every_page_of_the_day(page: Page, day: HallDay) -> AsyncIterator[str]:
    """The same for a service day, from the counter to the slip."""
    base = f"/staff/sessions/{day.session_id}"
    desk = f"{base}/desk/{day.window_id}"
    for name, address in {"kiosk": f"{base}/kiosk", "counter": f"{base}/counter"}.items():
        await page.goto(address)
        yield name
    await page.fill("#code", new_resident_id())
    await press(page, "button.go")
    yield "counter, no booking"
    await arrive(page, day, persons="12")
    yield "ticket"
    ticket = await page.get_attribute("a[href^='/tickets/']", "href") or ""
    await page.goto(ticket)
    yield "waiting"
    await page.goto(f"{ticket}/wishes")
    yield "wishes"
    await page.fill("#last_bus", "00:01")
    await press(page)
    yield "wishes to mend"
    await page.fill("#last_bus", "23:30")
    await page.fill("#away", "23:00")
    await page.check("[name=fetch]")
    await press(page)
    yield "away"
    await page.goto("/staff/today")
    yield "today, with a group"
    await page.goto(desk)
    yield "desk, somebody away"
    await page.goto(ticket)
    await press(page, "button[name=back]")
    await page.goto(f"{ticket}/leave")
    yield "leaving"
    await page.goto(desk)
    for verb in ("present", "open"):
        if await page.locator(f"button[value={verb}]").count():
            await press(page, f"button[value={verb}]")
    yield "desk without anybody"
    await press(page, "button[value=call-next]")
    yield "desk, called"
    await press(page, "button[value=start]")
    yield "desk, receiving"
    await press(page, "button[value=finish]")
    yield "desk, to mend"
    for name, address in {
        "live": f"{base}/live/{day.window_id}",
        "hall": f"/hall/{day.session_id}",
        "today": "/staff/today",
    }.items():
        await page.goto(address)
        yield name
    await page.goto(desk)
    await page.check("input[name=kind0][value=handled]")
    await press(page, "button[value=finish]")
    yield "desk, finished"
    await page.goto(ticket)
    yield "finished"
    async for name in _end_of_the_day(page, base, day):
        yield name


async def _end_of_the_day(page: Page, base: str, day: HallDay) -> AsyncIterator[str]:
    await take_ticket(page, base)
    await page.goto(f"{base}/paper-visits")
    yield "paper visits, which window"
    await press(page, ".rows a >> nth=0")
    yield "paper visit"
    await press(page)
    yield "paper visit, to mend"
    await page.goto(f"{base}/closing")
    yield "closing"
    await press(page, "button[value=end] >> nth=0")
    yield "closing, to mend"
    await end_tickets(page)
    await confirm_windows(page)
    await day.evening()
    await page.goto(f"{base}/closing")
    yield "closing, to sign"
    await page.fill("#by", "王建国")
    await press(page)
    yield "closed"
    await page.goto(f"{base}/paper-visits")
    yield "paper visits, too late"
    await page.goto(f"{base}/visits")
    yield "visits"
    await press(page, f".brief a[href^='{base}/tickets/'] >> nth=0")
    yield "notice of a visit"
    await page.goto(f"{base}/visits")
    await press(page, f".brief a[href^='{base}/visits/'] >> nth=0")
    yield "correction"
    await press(page)
    yield "correction, to mend"
    await page.fill("#persons", "3")
    await page.fill("#reason", "人数记错了")
    await page.fill("#by", "王建国")
    await press(page)
    yield "corrected"
