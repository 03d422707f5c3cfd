"""A real browser in front of the real system.

Chromium is Debian's. The tests marked `browser` are left out by `tests/conftest.py` where there is none.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Page, async_playwright

from deploy.local.programs import chromium
from tests import demo
from tests.stack import Stack, running_stack

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MILLISECONDS = 20_000

OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
def stack(pytestconfig: pytest.Config) -> Stack:
    return running_stack(pytestconfig)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield found
        await found.close()


@pytest.fixture
async def open_page(browser: Browser, stack: Stack) -> AsyncIterator[OpenPage]:
    """Opens a window of a browser of one's own, which runs no script unless that is asked for.

    Of the `staff` it is signed in as the demo county's hall manager.
    """
    async with AsyncExitStack() as windows:

        async def opened(width: int = 390, *, script: bool = False, height: int = 844, staff: bool = False) -> Page:
            context = await browser.new_context(
                base_url=stack.address,
                viewport={"width": width, "height": height},
                java_script_enabled=script,
                # axe is put into pages that allow no script; only tests that run it go past their policy.
                bypass_csp=script,
            )
            windows.push_async_callback(context.close)
            context.set_default_timeout(WAIT_MILLISECONDS)
            if staff:
                await context.add_cookies([demo.cookie(stack)])
            return await context.new_page()

        yield opened
