"""Every statement of messaging, on the tables of `migrations`.

Ages and marks are operational, so they go by the server's own clock and not by `county_now()`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from shared.database import Connection

RELAY_LOCK = 7_301_001
"""Advisory lock of the relay that leads. A database belongs to one service, so one number is enough."""


async def append_to_outbox(connection: Connection, columns: Sequence[Sequence[Any]]) -> None:
    """Append rows in their order. The columns are topic, key, type … payload, as in the statement."""
    await connection.execute(
        """
        insert into outbox (topic, key, type, source, subject, version, correlation_id, traceparent, payload)
        select topic, key, type, source, subject, version, correlation_id, traceparent, payload
        from unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[]
        ) with ordinality
            as row (topic, key, type, source, subject, version, correlation_id, traceparent, payload, ordinality)
        order by ordinality
        """,
        *columns,
    )


async def lead(connection: Connection) -> bool:
    """Whether this session is now the leader. The lock lasts as long as the session."""
    leads: bool = await connection.fetchval("select pg_try_advisory_lock($1)", RELAY_LOCK)
    return leads


async def select_unpublished(connection: Connection, limit: int) -> list[asyncpg.Record]:
    """The next rows to publish, in order."""
    return await connection.fetch(
        """
        select position, id, topic, key, type, source, subject, correlation_id, traceparent, payload, recorded_at
        from outbox
        where published_at is null
        order by position
        limit $1
        """,
        limit,
    )


async def mark_published(connection: Connection, positions: Sequence[int]) -> None:
    """Mark what the broker confirmed."""
    await connection.execute(
        "update outbox set published_at = clock_timestamp() where position = any($1::bigint[])", positions
    )


async def delete_published(connection: Connection, limit: int) -> int:
    """Delete the oldest marked rows, at most `limit`; how many there were."""
    status: str = await connection.execute(
        """
        delete from outbox where position in (
            select position from outbox where published_at is not null order by position limit $1
        )
        """,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def outbox_backlog(connection: Connection) -> tuple[int, float]:
    """How many rows wait to be published (counted to 100,000), and the age of the oldest in seconds."""
    (row,) = await connection.fetch(
        """
        select
            (select count(*) from (select 1 from outbox where published_at is null limit 100000) as waiting) as rows,
            coalesce(
                (select extract(epoch from clock_timestamp() - recorded_at)
                 from outbox where published_at is null order by position limit 1),
                0
            )::float8 as seconds
        """
    )
    return row["rows"], row["seconds"]


async def enter_inbox(connection: Connection, ce_id: str, consumer: str) -> bool:
    """Record a message as handled by `consumer`; False if it already was."""
    entered = await connection.fetchval(
        """
        insert into inbox (ce_id, consumer) values ($1, $2)
        on conflict on constraint inbox_pkey do nothing
        returning true
        """,
        ce_id,
        consumer,
    )
    return bool(entered)


async def clean_inbox(connection: Connection, days: int, limit: int) -> int:
    """Forget messages older than `days`, at most `limit`; how many there were."""
    status: str = await connection.execute(
        """
        delete from inbox where (ce_id, consumer) in (
            select ce_id, consumer from inbox
            where received_at < clock_timestamp() - make_interval(days => $1)
            order by received_at limit $2
        )
        """,
        days,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def insert_dead_letter(  # noqa: PLR0913  (the columns)
    connection: Connection,
    *,
    topic: str,
    partition: int,
    offset: int,
    sent_at: datetime,
    consumer_group: str,
    key: bytes | None,
    headers: bytes,
    raw: bytes,
    error: str,
    stack: str,
    attempts: int,
) -> int | None:
    """Keep a message that could not be handled; its id. None if it had already been settled."""
    dead_letter_id: int | None = await connection.fetchval(
        """
        insert into dead_letter
            (topic, partition, "offset", sent_at, consumer_group, key, headers, raw, error, stack, attempts)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict on constraint dead_letter_once do update
        set error = excluded.error,
            stack = excluded.stack,
            attempts = dead_letter.attempts + excluded.attempts,
            failed_at = excluded.failed_at
        where dead_letter.state = 'waiting'
        returning id
        """,
        topic,
        partition,
        offset,
        sent_at,
        consumer_group,
        key,
        headers,
        raw,
        error,
        stack,
        attempts,
    )
    return dead_letter_id


async def select_dead_letters(connection: Connection, state: str | None, limit: int) -> list[asyncpg.Record]:
    """Dead letters in the order they failed, without their bytes. `state` None: all."""
    return await connection.fetch(
        """
        select id, topic, partition, "offset", consumer_group, error, attempts, failed_at, state, settled_at,
               octet_length(raw) as raw_bytes
        from dead_letter
        where $1::text is null or state = $1
        order by id
        limit $2
        """,
        state,
        limit,
    )


async def select_dead_letter(connection: Connection, dead_letter_id: int) -> asyncpg.Record | None:
    """One dead letter whole."""
    return await connection.fetchrow("select * from dead_letter where id = $1", dead_letter_id)


async def lock_dead_letter(connection: Connection, dead_letter_id: int) -> asyncpg.Record | None:
    """One waiting dead letter whole, locked; None if there is none, or another settles it now."""
    return await connection.fetchrow(
        "select * from dead_letter where id = $1 and state = 'waiting' for update skip locked", dead_letter_id
    )


async def settle_dead_letter(connection: Connection, dead_letter_id: int, state: str) -> bool:
    """Give a waiting dead letter its final state; False if it is not waiting."""
    settled = await connection.fetchval(
        """
        update dead_letter set state = $2, settled_at = clock_timestamp()
        where id = $1 and state = 'waiting'
        returning true
        """,
        dead_letter_id,
        state,
    )
    return bool(settled)


async def delete_settled_dead_letters(connection: Connection, days: int, limit: int) -> int:
    """Delete dead letters settled more than `days` ago, at most `limit`; how many there were."""
    status: str = await connection.execute(
        """
        delete from dead_letter where id in (
            select id from dead_letter
            where state <> 'waiting' and settled_at < clock_timestamp() - make_interval(days => $1)
            order by settled_at limit $2
        )
        """,
        days,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def note_failed_replay(connection: Connection, dead_letter_id: int, error: str, stack: str) -> None:
    """Record that a replay failed; the letter goes on waiting."""
    await connection.execute(
        """
        update dead_letter
        set attempts = attempts + 1, error = $2, stack = $3, failed_at = clock_timestamp()
        where id = $1 and state = 'waiting'
        """,
        dead_letter_id,
        error,
        stack,
    )


async def count_dead_letters(connection: Connection) -> dict[str, int]:
    """How many dead letters wait, by topic."""
    rows = await connection.fetch(
        "select topic, count(*) as letters from dead_letter where state = 'waiting' group by topic"
    )
    return {row["topic"]: row["letters"] for row in rows}
