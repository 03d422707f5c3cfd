"""What wakes the workers of this process. Without a ring they look by themselves, a little later."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from services.notifications.domain import Channel

LOOK_SECONDS = 1.0
"""How often a worker looks for what has come due, or what another process left, without being woken."""

GATHER_SECONDS = 0.008
"""After a ring, for what comes right behind it: a batch costs little more than a single message, and a request to
booking more than all else."""

preparation = asyncio.Event()
cases = asyncio.Event()
deliveries: Final[dict[Channel, asyncio.Event]] = {"console": asyncio.Event(), "email": asyncio.Event()}


async def work(
    bell: asyncio.Event, step: Callable[[], Awaitable[int]], batch: int, *, gather_seconds: float = 0
) -> None:
    """Do `step` for ever: at once again after a full batch, else when the bell rings or it is time."""
    while True:
        bell.clear()  # before the step, so that no ring during it is lost
        if await step() >= batch:
            continue
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await bell.wait()
        if gather_seconds:
            await asyncio.sleep(gather_seconds)
