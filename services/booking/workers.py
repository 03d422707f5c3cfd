"""What booking does because time goes by: it forgets persons whose retention is over, and tries that count no more."""

import asyncio

from services.booking import commands
from services.booking.settings import BookingSettings
from shared import database
from shared.application import Runtime

BATCH = 200
PAUSE_SECONDS = 600.0


async def retain(runtime: Runtime, *, settings: BookingSettings) -> None:
    """Take persons out of old bookings, and forget old tries, a batch a transaction, for ever."""
    while True:
        async with database.transaction(runtime.pool) as connection:
            anonymised = await commands.anonymise(connection, settings.retention_days, BATCH)
        async with database.transaction(runtime.pool) as connection:
            forgotten = await commands.forget_tries(connection, settings.tries_window_minutes, BATCH)
        if max(anonymised, forgotten) < BATCH:
            await asyncio.sleep(PAUSE_SECONDS)
