"""Appending to the audit, and walking its chain."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.audit import sql
from shared.audit.actors import acting
from shared.audit.chain import BEGINNING, Actor, Chain, Entry, as_code, coded
from shared.database import Connection, Pool, transaction

PAGE = 500


class Act:
    """What is being done in an open transaction; what it turns out to be about may be told until its end."""

    def __init__(self, connection: Connection, action: str, record_kind: str, record_id: str) -> None:
        self.connection = connection
        self.action = action
        self.record_kind = record_kind
        self.record_id = record_id
        self.details: dict[str, Any] = {}

    def about(self, record_kind: str, record_id: object) -> None:
        """Name the record, where it is known only now."""
        self.record_kind, self.record_id = record_kind, str(record_id)

    def note(self, **details: Any) -> None:
        """Add details: ids, codes and counts."""
        self.details.update(details)


@asynccontextmanager
async def audited(
    pool: Pool, action: str, record_kind: str, record_id: object = "", **details: Any
) -> AsyncIterator[Act]:
    """One transaction whose last statement leaves a row in the audit; where it is rolled back there is none.

    `action` is a stable verb such as `ticket.finished`, for filters and statistics of years.
    """
    async with transaction(pool) as connection:
        act = Act(connection, action, record_kind, str(record_id))
        act.note(**details)
        yield act
        await record(connection, act.action, act.record_kind, act.record_id, **act.details)


async def record(
    connection: Connection,
    action: str,
    record_kind: str,
    record_id: object,
    /,
    *,
    by: Actor | None = None,
    **details: Any,
) -> None:
    """Append a row: the last thing of a transaction, for the chain has one end and everybody waits for it."""
    await append(connection, by or acting(), [(action, record_kind, str(record_id), coded(details))])


async def append(connection: Connection, by: Actor, acts: list[tuple[str, str, str, dict[str, Any]]]) -> None:
    """Append rows of one actor: action, kind and id of the record, and details that were `coded`."""
    await sql.lock(connection)
    last = await sql.select_last(connection)
    number, previous, at = last["number"] or 0, last["hash"] or BEGINNING, last["at"]
    for action, record_kind, record_id, details in acts:
        number += 1
        entry = Entry(number, at, by, action, record_kind, as_code(record_id), details)
        await sql.insert(connection, entry, json.dumps(details), previous)
        previous = entry.hash_after(previous)


async def walk(connection: Connection, since: Chain, limit: int) -> tuple[Chain, bool]:
    """Follow the chain for at most `limit` rows from where `since` ended; and whether that was its end."""
    rows, head, seen = since.rows, since.head, 0
    while seen < limit:
        found = await sql.select_after(connection, rows, min(PAGE, limit - seen))
        for row in found:
            follows = row["number"] == rows + 1 and row["previous"] == head
            if not follows or row["hash"] != Entry.of(row).hash_after(head):
                return Chain(rows, head, broken_at=row["number"]), True
            rows, head = rows + 1, row["hash"]
        if not found:
            return Chain(rows, head), True
        seen += len(found)
    return Chain(rows, head), False


async def verify(connection: Connection) -> Chain:
    """Walk the whole chain, from the first row to the last or to the first that does not follow."""
    chain, ended = Chain(0, BEGINNING), False
    while not ended:
        chain, ended = await walk(connection, chain, PAGE)
    return chain


async def holds(connection: Connection, number: int, head: bytes) -> bool:
    """Whether the row of this number, once the last one, still stands with the hash that was written down."""
    if number == 0:
        return head == BEGINNING
    row = await sql.select_row(connection, number)
    return row is not None and row["hash"] == head
