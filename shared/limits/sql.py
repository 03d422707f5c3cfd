"""Every statement on what is counted."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from shared.database import Connection


async def add(
    connection: Connection, keys: Sequence[bytes], ends: Sequence[datetime], counts: Sequence[int]
) -> list[asyncpg.Record]:
    """Add to the counts, which the caller has sorted by key and end; what they are now."""
    return await connection.fetch(
        """
        insert into counted as known (key, ends_at, count)
        select key, ends_at, count
        from unnest($1::bytea[], $2::timestamptz[], $3::bigint[]) with ordinality as said (key, ends_at, count, place)
        order by place
        on conflict (key, ends_at) do update set count = greatest(known.count + excluded.count, 0)
        returning key, ends_at, count
        """,
        keys,
        ends,
        counts,
    )


async def commit_lightly(connection: Connection) -> None:
    """Have this transaction not wait for the disk: a count lost with the server is a second's worth."""
    await connection.execute("set local synchronous_commit = off")


async def forget(connection: Connection, before: datetime, limit: int) -> int:
    """Delete counts whose window ended before, at most `limit`; how many there were."""
    status = await connection.execute(
        """
        delete from counted where (key, ends_at) in (
            select key, ends_at from counted where ends_at < $1 order by ends_at limit $2 for update skip locked)
        """,
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])
