"""The citizen's way as a browser goes it, step by step."""

from playwright.async_api import Page

from tests.stack import MATTER, new_resident_id

NOTE = "买卖合同上少写了车库，不知道能不能一起过户。"
GO = "main button.go"


async def press(page: Page, selector: str = GO) -> None:
    """Press what leads to another page, and wait for that."""
    async with page.expect_navigation():
        await page.click(selector)


async def to_dates(page: Page, matter: str = MATTER) -> None:
    await page.goto(f"/book/{matter}")


async def to_slots(page: Page, matter: str = MATTER) -> None:
    await to_dates(page, matter)
    await press(page)


async def to_details(page: Page, matter: str = MATTER) -> None:
    await to_slots(page, matter)
    await press(page)


async def fill(page: Page, number: str = "", **typed: str) -> str:
    """Type what the form asks for; the document's number is returned."""
    number = number or new_resident_id()
    await page.fill("#name", typed.get("name", "王桂兰"))
    await page.fill("#document_number", number)
    await page.fill("#phone", typed.get("phone", "13900002741"))
    await page.fill("#party_size", typed.get("party_size", "2"))
    await page.fill("#note", typed.get("note", NOTE))
    await page.check("input[name=raised_before][value=no]")
    return number


async def to_check(page: Page, matter: str = MATTER, number: str = "", **typed: str) -> str:
    await to_details(page, matter)
    number = await fill(page, number, **typed)
    await press(page)
    return number


async def to_voucher(page: Page, matter: str = MATTER, number: str = "", **typed: str) -> str:
    number = await to_check(page, matter, number, **typed)
    await press(page)
    return number


def wrong(number: str) -> str:
    """The same number with another check character."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")
