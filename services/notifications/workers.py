"""What happens because time goes by: words and addresses are forgotten, and what is overdue is measured.

The rows of messages stay, without anything of a person: they are what keeps a message from being sent twice.
"""

import asyncio

from prometheus_client import Gauge

from services.notifications import commands, queries
from services.notifications.settings import NotificationsSettings
from shared.application import Runtime
from shared.database import transaction

ROUND_SECONDS = 15.0
BATCH = 500

overdue_seconds = Gauge(
    "notifications_overdue_seconds", "How long the most overdue message has been waiting, in county time"
)


async def retain(runtime: Runtime, *, settings: NotificationsSettings) -> None:
    """Measure, and forget what the retention is over of, a batch a transaction, for ever."""
    while True:
        async with transaction(runtime.pool) as connection:
            overdue_seconds.set(await queries.overdue_seconds(connection))
        forgotten = BATCH
        while forgotten == BATCH:
            async with transaction(runtime.pool) as connection:
                forgotten = await commands.forget(connection, settings.retention_days, BATCH)
        await asyncio.sleep(ROUND_SECONDS)
