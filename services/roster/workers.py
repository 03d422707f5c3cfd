"""What the roster does by itself: it tells of calendars never told, and on each of the county's days it plans ahead."""

import asyncio

import structlog

from services.roster import commands
from shared import database
from shared.application import Runtime
from shared.database import county_now

logger = structlog.get_logger(__name__)

POLL_SECONDS = 15.0
"""How soon a new day, or a clock that was set, is noticed."""


async def plan_daily(runtime: Runtime) -> None:
    """Plan ahead whenever the county's date is another one than that of the last planning, for ever."""
    async with database.transaction(runtime.pool) as connection:
        told = await commands.tell_calendars(connection)
    if told:
        runtime.published()
        logger.info("calendars_told", years=told)
    while True:
        async with database.transaction(runtime.pool) as connection:
            now = await county_now(connection)
            report = await commands.plan_if_new_day(connection, runtime.settings.zone, now)
        if report is not None:
            runtime.published()
            logger.info(
                "planned_ahead", changes=len(report.changes), gaps=len(report.gaps), clashes=len(report.clashes)
            )
        await asyncio.sleep(POLL_SECONDS)
