"""Forgetting persons once their term is over (GB/T 35273, 6.1): by command, and once a day by itself.

Each service says what it forgets as rules; `RETENTION_DAYS` is one setting for all of them. A batch is a transaction,
and one process at a time forgets in a database: who finds another at it leaves the work to that one. What was
forgotten is not due again, so that a run broken off is simply run again. Ages go by `county_now()`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

import structlog

from shared.application import Runtime
from shared.database import Connection, Pool, county_now, transaction
from shared.rights import sql

logger = structlog.get_logger(__name__)

BATCH = 200
"""Rows changed in one transaction."""
POLL_SECONDS = 60.0
"""How soon a new day, or a clock that was set, is noticed."""


@dataclass(frozen=True)
class Rule:
    """One kind of thing that is forgotten so many days after its end."""

    name: str
    count: Callable[[Connection, int], Awaitable[int]]
    """How many are due now."""
    forget: Callable[[Connection, int, int], Awaitable[int]]
    """Forget some of what is due, about so many at most; how many there were, 0 where nothing is due."""


async def due(pool: Pool, rules: Sequence[Rule], days: int) -> dict[str, int]:
    """How much would be forgotten now, by rule; nothing is changed."""
    async with transaction(pool) as connection:
        return {rule.name: await rule.count(connection, days) for rule in rules}


async def run(pool: Pool, rules: Sequence[Rule], days: int) -> dict[str, int] | None:
    """Forget all that is due; how much, by rule. None where another process is at it."""
    forgotten = dict.fromkeys((rule.name for rule in rules), 0)
    for rule in rules:
        batch = BATCH
        while batch > 0:
            async with transaction(pool) as connection:
                if not await sql.try_lock_retention(connection):
                    return None
                batch = await rule.forget(connection, days, BATCH)
            forgotten[rule.name] += batch
    return forgotten


async def keep(runtime: Runtime, rules: Sequence[Rule], days: int) -> None:
    """Run at the start and whenever the county's date is another one than at the last run, for ever."""
    ran: date | None = None
    while True:
        async with transaction(runtime.pool) as connection:
            today = (await county_now(connection)).astimezone(runtime.settings.zone).date()
        if today != ran:
            forgotten = await run(runtime.pool, rules, days)
            if forgotten is not None:
                ran = today
                logger.info("retention_run", **forgotten)
        await asyncio.sleep(POLL_SECONDS)
