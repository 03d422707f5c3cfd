"""Emitting the current state of aggregates again: the one repair for a lost broker, a new field, a restored backup.

Through the outbox and under the aggregate's lock, so that no older state comes after a newer one. Nothing is changed:
the version stays, and a consumer that has it takes no notice.

A page of aggregates is one transaction: nobody waits for more than that, and what was said stays said where a later
page fails. All of them are walked in the order of their ids, which are read without locks.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from uuid import UUID

from shared import database
from shared.database import Connection, Pool
from shared.events.base import Event
from shared.messaging import outbox

PAGE = 200
"""Aggregates locked and written in one transaction."""

AggregateIds = Callable[[Connection, str | None, int], Awaitable[Sequence[str]]]
"""The next ids in their order, after one (None: from the first), at most so many; nothing is locked."""

StateEvents = Callable[[Connection, Sequence[str]], Awaitable[Sequence[Event]]]
"""The current state of the aggregates of these ids, each locked."""


async def republish(pool: Pool, state_events: StateEvents, ids: Sequence[str]) -> AsyncGenerator[list[str], None]:
    """Append the state of `ids` in pages; after each the ids that were found. An id that is unknown is passed over."""
    for start in range(0, len(ids), PAGE):
        async with database.transaction(pool) as connection:
            found = await _append(connection, state_events, ids[start : start + PAGE])
        yield found


async def republish_all(
    pool: Pool, aggregate_ids: AggregateIds, state_events: StateEvents
) -> AsyncGenerator[list[str], None]:
    """Append the state of all aggregates in pages; after each its ids."""
    after: str | None = None
    while True:
        async with database.transaction(pool) as connection:
            ids = await aggregate_ids(connection, after, PAGE)
            found = await _append(connection, state_events, ids)
        if not ids:
            return
        yield found
        after = ids[-1]


async def _append(connection: Connection, state_events: StateEvents, ids: Sequence[str]) -> list[str]:
    events = await state_events(connection, ids) if ids else ()
    await outbox.append(connection, *events)
    return [event.subject for event in events]


def uuids(ids: Sequence[str]) -> list[UUID]:
    """Those that are UUIDs: an operator may name anything, and what is none is no aggregate's id."""
    found = []
    for each in ids:
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return found
