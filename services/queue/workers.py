"""What happens because time goes by: a window runs late or is on time again, and those who came long ago are forgotten.

No rule sleeps: every few seconds the sessions of today are looked at by the county's clock, each in a transaction of
its own; two processes that look at once find the same, and the second changes nothing.
"""

import asyncio
from collections.abc import Sequence

from services.queue.commands.day import Day
from services.queue.commands.retention import RULES
from services.queue.commands.windows import note_lateness
from services.queue.domain.problems import DayClosed, SessionUnknown
from services.queue.queries.hall import held_today
from shared.application import Runtime
from shared.database import transaction
from shared.rights import retention
from shared.rights.retention import Rule
from shared.settings import ServiceSettings

LOOK_SECONDS = 10.0


async def watch_lateness(runtime: Runtime) -> None:
    """Look for ever."""
    while True:
        await look(runtime)
        await asyncio.sleep(LOOK_SECONDS)


async def look(runtime: Runtime) -> None:
    """Look at every session of today once."""
    zone = runtime.settings.zone
    async with transaction(runtime.pool) as connection:
        held = await held_today(connection, zone)
    for session_id in held:
        try:
            async with transaction(runtime.pool) as connection:
                late = await note_lateness(await Day.lock(connection, session_id, zone))
        except (DayClosed, SessionUnknown):
            continue  # closed or called off between the two transactions
        if late:
            runtime.published()


def rules(_: ServiceSettings) -> Sequence[Rule]:
    """What the queue forgets."""
    return RULES


async def retain(runtime: Runtime) -> None:
    """Forget, once a day, for ever."""
    await retention.keep(runtime, RULES, runtime.settings.retention_days)
