"""What happens because time goes by: words and addresses are forgotten, and what is overdue is measured.

The rows of messages stay, without anything of a person: they are what keeps a message from being sent twice.
"""

import asyncio
from collections.abc import Sequence

from prometheus_client import Gauge

from services.notifications import commands, queries
from shared.application import Runtime
from shared.database import transaction
from shared.rights import retention
from shared.rights.retention import Rule
from shared.settings import ServiceSettings

ROUND_SECONDS = 15.0
BATCH = 500

overdue_seconds = Gauge(
    "notifications_overdue_seconds", "How long the most overdue message has been waiting, in county time"
)


async def measure(runtime: Runtime) -> None:
    """Measure what is overdue, and delete codes once they are dead, for ever."""
    while True:
        async with transaction(runtime.pool) as connection:
            overdue_seconds.set(await queries.overdue_seconds(connection))
        forgotten = BATCH
        while forgotten == BATCH:
            async with transaction(runtime.pool) as connection:
                forgotten = await commands.forget_dead_codes(connection, BATCH)
        await asyncio.sleep(ROUND_SECONDS)


def rules(_: ServiceSettings) -> Sequence[Rule]:
    """What notifications forgets."""
    return commands.RULES


async def retain(runtime: Runtime) -> None:
    """Forget, once a day, for ever."""
    await retention.keep(runtime, commands.RULES, runtime.settings.retention_days)
