"""Emitting the current state of aggregates again: the one repair for a lost broker, a new field, a restored backup.

Through the outbox and under the aggregate's lock, so that no older state comes after a newer one. Nothing is changed:
the version stays, and a consumer that has it takes no notice.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from shared import database
from shared.database import Connection, Pool
from shared.events.base import Event
from shared.messaging import outbox

CHUNK = 50
"""Aggregates locked and written in one transaction."""

StateEvents = Callable[[Connection, Sequence[str] | None], AsyncIterator[Event]]
"""Yields the current state of the aggregates of these ids, each locked; of all where there are none."""


async def select_ids(pool: Pool, state_events: StateEvents) -> list[str]:
    """The ids of all aggregates. Their locks are let go at once."""
    async with pool.acquire(timeout=10) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            ids = [event.subject async for event in state_events(connection, None)]
        finally:
            await transaction.rollback()
    return list(dict.fromkeys(ids))


async def republish(pool: Pool, state_events: StateEvents, ids: Sequence[str]) -> AsyncGenerator[list[str], None]:
    """Append the state of `ids` in chunks; after each the ids that were found. An id that is unknown is passed over."""
    for start in range(0, len(ids), CHUNK):
        async with database.transaction(pool) as connection:
            events = [event async for event in state_events(connection, ids[start : start + CHUNK])]
            await outbox.append(connection, *events)
        yield [event.subject for event in events]
