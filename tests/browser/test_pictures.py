"""The pictures that README shows, taken of the running system. `PICTURES=1` writes them anew."""

import os
from pathlib import Path

import pytest

from tests.browser.hall_day import hall_day, liven
from tests.browser.way import fill, press, to_check, to_details, to_slots, to_voucher, wrong
from tests.stack import MATTER, new_resident_id

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parent / "pictures"
BYTES = 200_000
HEIGHT = 844


async def start(page):
    await page.goto("/")


async def matter(page):
    await page.goto(f"/matters/{MATTER}")


async def details(page):
    await to_details(page)
    await fill(page, number="11010519491231002X")


async def mend(page):
    await to_check(page, number=wrong(new_resident_id()))


async def english(page):
    await page.goto("/?lang=en")


async def elder(page):
    await page.goto("/?elder=1")


async def brief(page):
    await to_voucher(page, phone="")
    await page.goto("/staff/officials/zhou-wenqing")
    await press(page, "a.go")


VIEWS = {
    "start": (start, 390),
    "start-wide": (start, 1280),
    "start-english": (english, 390),
    "start-large-print": (elder, 390),
    "matter": (matter, 390),
    "time": (to_slots, 390),
    "details": (details, 390),
    "mend": (mend, 390),
    "check": (to_check, 390),
    "voucher": (to_voucher, 390),
    "brief": (brief, 1280),
}


HALL_VIEWS = {
    "hall": ("/hall/{session}", 1280),
    "desk": ("/staff/sessions/{session}/desk/{window}", 1280),
    "director": ("/staff/sessions/{session}/live/{window}", 390),
    "ticket": ("/tickets/{token}", 390),
}


async def is_taken(page, width, name, tmp_path):
    """Take the picture that is on the page."""
    folder = PICTURES if os.environ.get("PICTURES") == "1" else tmp_path
    picture = folder / f"{name}.png"
    await page.screenshot(path=picture, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": HEIGHT})
    assert 5_000 < picture.stat().st_size < BYTES
    assert (PICTURES / f"{name}.png").exists()


@pytest.mark.parametrize("name", VIEWS)
async def test_a_view_is_there_and_its_picture_is_small(open_page, tmp_path, name):
    view, width = VIEWS[name]
    page = await open_page(width, staff=True)
    await view(page)
    await is_taken(page, width, name, tmp_path)


async def test_the_views_of_a_service_day_are_there(open_page, stack, tmp_path):
    async with hall_day(stack) as day:
        token = await liven(stack, day)
        for name, (address, width) in HALL_VIEWS.items():
            page = await open_page(width, staff=True)
            await page.goto(address.format(session=day.session_id, window=day.window_id, token=token))
            await is_taken(page, width, name, tmp_path)
