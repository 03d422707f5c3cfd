"""The county's clock of the simulated day: put to a morning and let run fast, in every database at once."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

RUNNING = """
create or replace function county_now() returns timestamptz language sql stable as $$
    select timestamptz '{start}' + (now() - timestamptz '{real}') * {speed}
$$
"""
REAL = "create or replace function county_now() returns timestamptz language sql stable as $$ select now() $$"


@dataclass(frozen=True)
class Clock:
    """Time as the databases tell it."""

    start: datetime
    real: datetime
    speed: float

    def now(self) -> datetime:
        """The county's time."""
        return self.start + (datetime.now(UTC) - self.real) * self.speed

    async def until(self, moment: datetime) -> None:
        """Wait for a time; not at all for one that has passed."""
        await asyncio.sleep(max(0.0, (moment - self.now()).total_seconds() / self.speed))

    async def wait(self, seconds: float) -> None:
        """Wait so many seconds of the county's time."""
        await asyncio.sleep(seconds / self.speed)


async def put(owner_dsns: Sequence[str], start: datetime, speed: float) -> Clock:
    """Put the clock of each database to a time, from which on it runs so many times as fast."""
    clock = Clock(start, datetime.fromtimestamp(time.time(), UTC), speed)
    body = RUNNING.format(start=start.isoformat(), real=clock.real.isoformat(), speed=speed)
    await _everywhere(owner_dsns, body)
    return clock


async def let_go(owner_dsns: Sequence[str]) -> None:
    """Back to real time."""
    await _everywhere(owner_dsns, REAL)


async def _everywhere(owner_dsns: Sequence[str], body: str) -> None:
    for dsn in owner_dsns:
        connection = await asyncpg.connect(dsn, timeout=10, command_timeout=30)
        try:
            await connection.execute(body)
        finally:
            await connection.close()
