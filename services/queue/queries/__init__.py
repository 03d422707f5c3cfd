"""What is read of the day, a file for each who looks."""

from collections.abc import Sequence

from services.queue.sql import days
from shared.database import Connection


async def aggregate_ids(connection: Connection, after: str | None, limit: int) -> Sequence[str]:
    """The next ids of visits, windows, findings and closed days, for `republish`."""
    return await days.select_aggregate_ids(connection, after or "", limit)
