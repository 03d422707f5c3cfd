"""What directors found and decided without a visitor."""

from typing import Any
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def insert_finding(connection: Connection, finding: dict[str, Any]) -> asyncpg.Record | None:
    """Insert a finding or decision; None where its key has one already."""
    return await connection.fetchrow(
        """
        insert into finding (
            session_id, window_id, department_id, official_id, kind, settled, text, scope, basis, noted_at,
            idempotency_key)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (idempotency_key) do nothing
        returning *
        """,
        *(
            finding[name]
            for name in (
                "session_id", "window_id", "department_id", "official_id", "kind", "settled", "text", "scope",
                "basis", "noted_at", "idempotency_key",
            )
        ),
    )  # fmt: skip


async def select_by_key(connection: Connection, idempotency_key: str) -> asyncpg.Record:
    """The finding or decision that was made with a key. LookupError where there is none."""
    row = await connection.fetchrow("select * from finding where idempotency_key = $1", idempotency_key)
    if row is None:
        raise LookupError(idempotency_key)
    return row


async def select_findings(connection: Connection, session_id: str, window_id: str, limit: int) -> Rows:
    """What was found and decided at a window of a session, the newest first, at most so many."""
    return await connection.fetch(
        """
        select * from finding
        where session_id = $1 and window_id = $2
        order by noted_at desc, finding_id desc
        limit $3
        """,
        session_id,
        window_id,
        limit,
    )


async def select_by_ids(connection: Connection, finding_ids: list[UUID]) -> Rows:
    """Findings by id, with their hall. Nothing about one ever changes, so that none needs a lock."""
    return await connection.fetch(
        """
        select finding.*, session.venue_id
        from finding join session using (session_id)
        where finding_id = any($1::uuid[])
        order by finding_id
        """,
        finding_ids,
    )
