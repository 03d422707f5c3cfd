"""The audit's chain."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.database import Connection

PAGE = 500


async def lock(connection: Connection) -> None:
    """Nobody else appends until the end of the transaction."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('accounts.audit'))")


async def select_last(connection: Connection) -> asyncpg.Record | None:
    """The last row."""
    return await connection.fetchrow("select number, hash from audit order by number desc limit 1")


async def insert(  # noqa: PLR0913, PLR0917  (a row's columns)
    connection: Connection,
    number: int,
    at: datetime,
    actor: str,
    action: str,
    account_id: UUID | None,
    details: str,
    previous: bytes,
    hashed: bytes,
) -> None:
    """Append a row."""
    await connection.execute(
        """
        insert into audit (number, at, actor, action, account_id, details, previous, hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        number,
        at,
        actor,
        action,
        account_id,
        details,
        previous,
        hashed,
    )


async def select_everything(connection: Connection) -> AsyncIterator[asyncpg.Record]:
    """All rows in their order, a page at a time."""
    after = -1
    while rows := await connection.fetch("select * from audit where number > $1 order by number limit $2", after, PAGE):
        for row in rows:
            yield row
        after = rows[-1]["number"]
