"""Every statement on what is counted."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from shared.database import Connection


async def add(
    connection: Connection, ends: Sequence[datetime], keys: Sequence[bytes], counts: Sequence[int]
) -> list[asyncpg.Record]:
    """Add to the counts, which the caller has sorted by end and key; those above one, as they are now.

    A count of one is nobody's but the caller's own: nearly all are, and need not be told.
    """
    return await connection.fetch(
        """
        with added as (
            insert into counted as known (ends_at, key, count)
            select ends_at, key, count
            from unnest($1::timestamptz[], $2::bytea[], $3::bigint[])
                with ordinality as said (ends_at, key, count, place)
            order by place
            on conflict (ends_at, key) do update set count = greatest(known.count + excluded.count, 0)
            returning ends_at, key, count)
        select ends_at, key, count from added where count > 1
        """,
        ends,
        keys,
        counts,
    )


async def commit_lightly(connection: Connection) -> None:
    """Have this transaction not wait for the disk: a count lost with the server is a second's worth."""
    await connection.execute("set local synchronous_commit = off")


async def forget(connection: Connection, before: datetime, limit: int) -> int:
    """Delete counts whose window ended before, at most `limit`; how many there were."""
    status = await connection.execute(
        """
        delete from counted where (ends_at, key) in (
            select ends_at, key from counted where ends_at < $1 order by ends_at limit $2 for update skip locked)
        """,
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])
