"""What booking does because time goes by: it forgets persons whose retention is over, and tries that count no more."""

from collections.abc import Sequence

from services.booking import commands
from services.booking.settings import BookingSettings
from shared import tries
from shared.application import Runtime
from shared.database import Connection
from shared.rights import retention
from shared.rights.retention import Rule


def rules(settings: BookingSettings) -> Sequence[Rule]:
    """What booking forgets. Tries have a term of minutes, whatever the retention."""

    async def count_tries(connection: Connection, _: int) -> int:
        return await tries.count_over_tries(connection, settings.tries_window_minutes)

    async def forget_tries(connection: Connection, _: int, limit: int) -> int:
        return await tries.forget_tries(connection, settings.tries_window_minutes, limit)

    return (
        Rule("bookings", commands.count_ended, commands.anonymise),
        Rule("tries", count_tries, forget_tries),
    )


async def retain(runtime: Runtime, *, settings: BookingSettings) -> None:
    """Forget, once a day, for ever."""
    await retention.keep(runtime, rules(settings), settings.retention_days)
