"""What is read of cases, a file for each who looks."""

from collections.abc import Sequence
from uuid import UUID

from services.cases.sql import cases
from shared.database import Connection


async def aggregate_ids(connection: Connection, after: str | None, limit: int) -> Sequence[str]:
    """The next ids of cases, for `republish`."""
    return await cases.select_ids(connection, UUID(after) if after else None, limit)
