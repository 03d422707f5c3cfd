"""Every statement on the audit."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from shared.audit.chain import Entry
from shared.database import Connection

Rows = list[asyncpg.Record]


async def lock(connection: Connection) -> None:
    """Nobody else appends until the end of the transaction."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('shared.audit'))")


async def select_last(connection: Connection) -> asyncpg.Record:
    """Number and hash of the last row, none before the first; and the machine's time."""
    row = await connection.fetchrow(
        """
        select last.number, last.hash, clock_timestamp() as at
        from (values (true)) as always
        left join lateral (select number, hash from audit_entry order by number desc limit 1) as last on true
        """
    )
    assert row is not None  # noqa: S101  (there is always one)
    return row


async def insert(connection: Connection, entry: Entry, details: str, previous: bytes) -> None:
    """Append a row; `details` is the entry's, as JSON."""
    await connection.execute(
        """
        insert into audit_entry (
            number, at, actor, official_id, held, action, record_kind, record_id, address, client, path, details,
            previous, hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """,
        entry.number,
        entry.at,
        entry.by.actor,
        entry.by.official_id,
        list(entry.by.held),
        entry.action,
        entry.record_kind,
        entry.record_id,
        entry.by.address,
        entry.by.client,
        entry.by.path,
        details,
        previous,
        entry.hash_after(previous),
    )


async def select_after(connection: Connection, number: int, limit: int) -> Rows:
    """The rows after a number, in their order."""
    return await connection.fetch("select * from audit_entry where number > $1 order by number limit $2", number, limit)


async def select_row(connection: Connection, number: int) -> asyncpg.Record | None:
    """One row."""
    return await connection.fetchrow("select * from audit_entry where number = $1", number)


async def select_matching(connection: Connection, wanted: Mapping[str, Any], limit: int) -> Rows:
    """The rows before a number that answer what is asked for (`requests.Wanted`), the newest first."""
    return await connection.fetch(
        """
        select *
        from audit_entry
        where ($1::bigint is null or number < $1)
          and ($2::timestamptz is null or at >= $2)
          and ($3::timestamptz is null or at < $3)
          and ($4::text is null or actor = $4 or official_id = $4)
          and ($5::text is null or action = $5)
          and ($6::text is null or record_kind = $6)
          and ($7::text is null or record_id = $7)
        order by number desc
        limit $8
        """,
        wanted["before"],
        wanted["from"],
        wanted["to"],
        wanted["actor"],
        wanted["action"],
        wanted["record_kind"],
        wanted["record_id"],
        limit,
    )
