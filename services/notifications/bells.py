"""What wakes the workers of this process. Without a ring they look by themselves, a little later."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from services.notifications.domain import Channel

LOOK_SECONDS = 1.0
"""How often a worker looks for what has come due, or what another process left, without being woken."""

preparation = asyncio.Event()
deliveries: Final[dict[Channel, asyncio.Event]] = {"console": asyncio.Event(), "email": asyncio.Event()}


async def work(bell: asyncio.Event, step: Callable[[], Awaitable[int]], batch: int) -> None:
    """Do `step` for ever: at once again after a full batch, else when the bell rings or it is time."""
    while True:
        bell.clear()  # before the step, so that no ring during it is lost
        if await step() >= batch:
            continue
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await bell.wait()
