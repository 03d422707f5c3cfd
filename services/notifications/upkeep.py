"""Upkeep: words and addresses are deleted after the retention period, and what is overdue is measured.

The rows of messages stay, without anything of a person: they are what keeps a message from being sent twice.
"""

import asyncio

from prometheus_client import Gauge

from services.notifications.settings import NotificationsSettings
from services.notifications.sql import deliveries, messages
from shared.application import Runtime
from shared.database import transaction

ROUND_SECONDS = 15.0
BATCH = 500

overdue_seconds = Gauge(
    "notifications_overdue_seconds", "How long the most overdue message has been waiting, in county time"
)


async def run(runtime: Runtime, settings: NotificationsSettings) -> None:
    """Measure and forget for ever."""
    while True:
        async with transaction(runtime.pool) as connection:
            overdue_seconds.set(await messages.overdue_seconds(connection))
        while await forget(runtime, settings.retention_days) == BATCH:
            pass
        await asyncio.sleep(ROUND_SECONDS)


async def forget(runtime: Runtime, days: int) -> int:
    """Delete words and addresses of one batch; the larger of the two numbers of rows."""
    async with transaction(runtime.pool) as connection:
        of_messages = await messages.forget_messages(connection, days, BATCH)
        of_console = await deliveries.forget_console_messages(connection, days, BATCH)
    return max(of_messages, of_console)
