"""Sign-ins, by the machine's clock."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from shared.database import Connection


async def insert(  # noqa: PLR0913, PLR0917  (a row's columns)
    connection: Connection,
    account_id: UUID,
    scope: str | None,
    lives: timedelta,
    address: str,
    agent: str,
    renewal_key: bytes | None = None,
) -> asyncpg.Record | None:
    """A sign-in."""
    return await connection.fetchrow(
        """
        insert into session (account_id, scope, expires_at, address, agent, renewal_key)
        values ($1, $2, now() + $3::interval, $4, $5, $6)
        returning *
        """,
        account_id,
        scope,
        lives,
        address,
        agent,
        renewal_key,
    )


async def select_by_renewal(connection: Connection, renewal_key: bytes) -> asyncpg.Record | None:
    """The sign-in whose browser keeps this secret."""
    return await connection.fetchrow("select * from session where renewal_key = $1", renewal_key)


async def select(connection: Connection, session_id: UUID) -> asyncpg.Record | None:
    """A sign-in."""
    return await connection.fetchrow("select * from session where session_id = $1", session_id)


async def select_live(connection: Connection, account_id: UUID) -> list[asyncpg.Record]:
    """The sign-ins of an account, the newest first."""
    return await connection.fetch(
        """
        select * from session where account_id = $1 and ended_at is null and expires_at > clock_timestamp()
        order by created_at desc, session_id desc limit 100
        """,
        account_id,
    )


async def select_ended(connection: Connection, account_ids: Sequence[UUID], within: timedelta) -> list[asyncpg.Record]:
    """Sign-ins that were ended so lately that a token of theirs may still live."""
    return await connection.fetch(
        """
        select * from session
        where account_id = any($1) and ended_at > clock_timestamp() - $2::interval
        order by account_id, ended_at desc, session_id
        """,
        account_ids,
        within,
    )


async def touch(connection: Connection, session_id: UUID) -> None:
    """Seen now."""
    await connection.execute("update session set last_seen_at = clock_timestamp() where session_id = $1", session_id)


async def end(connection: Connection, account_id: UUID, session_ids: Sequence[UUID], why: str) -> int:
    """End sign-ins of an account that live; how many there were."""
    status = await connection.execute(
        """
        update session set ended_at = clock_timestamp(), ended_why = $3
        where account_id = $1 and session_id = any($2) and ended_at is null and expires_at > clock_timestamp()
        """,
        account_id,
        session_ids,
        why,
    )
    return int(status.rpartition(" ")[2])


async def end_all(connection: Connection, account_id: UUID, why: str, but: UUID | None = None) -> int:
    """End all sign-ins of an account that live, but one; how many there were."""
    status = await connection.execute(
        """
        update session set ended_at = clock_timestamp(), ended_why = $2
        where account_id = $1 and session_id is distinct from $3 and ended_at is null
            and expires_at > clock_timestamp()
        """,
        account_id,
        why,
        but,
    )
    return int(status.rpartition(" ")[2])


async def forget_origins(connection: Connection, account_id: UUID) -> int:
    """Forget from where somebody has signed in; how often they had."""
    status = await connection.execute(
        "update session set address = '', agent = '' where account_id = $1 and (address, agent) <> ('', '')", account_id
    )
    return int(status.rpartition(" ")[2])


async def forget(connection: Connection, retention_days: int, limit: int) -> int:
    """Delete sign-ins that were over so long ago, at most `limit`; how many there were."""
    status = await connection.execute(
        """
        delete from session where session_id in (
            select session_id from session where expires_at < now() - make_interval(days => $1)
            order by expires_at limit $2 for update skip locked)
        """,
        retention_days,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def count_over(connection: Connection, retention_days: int) -> int:
    """How many sign-ins are kept that were over so long ago."""
    found: int = await connection.fetchval(
        "select count(*) from session where expires_at < now() - make_interval(days => $1)", retention_days
    )
    return found
