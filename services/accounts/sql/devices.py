"""Devices: named, paired, seen, revoked. By the machine's clock, as everything about tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from shared.database import Connection


async def insert(  # noqa: PLR0913, PLR0917  (a row's columns)
    connection: Connection, kind: str, venue_id: str, label: str, made_by: str, code_digest: bytes, lives: timedelta
) -> asyncpg.Record | None:
    """A new device, whose code waits so long."""
    return await connection.fetchrow(
        """
        insert into device (kind, venue_id, label, made_by, pairing_digest, pairing_until)
        values ($1, $2, $3, $4, $5, clock_timestamp() + $6::interval)
        returning *
        """,
        kind,
        venue_id,
        label,
        made_by,
        code_digest,
        lives,
    )


async def count_active(connection: Connection, venue_id: str) -> int:
    """How many devices of a venue are not revoked."""
    found: int = await connection.fetchval(
        "select count(*) from device where venue_id = $1 and state = 'active'", venue_id
    )
    return found


async def lock(connection: Connection, device_id: UUID) -> asyncpg.Record | None:
    """A device, locked until the end of the transaction."""
    return await connection.fetchrow("select * from device where device_id = $1 for update", device_id)


async def lock_many(connection: Connection, device_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Devices, locked in the order of their ids."""
    return await connection.fetch(
        "select * from device where device_id = any($1) order by device_id for update", device_ids
    )


async def select_all(connection: Connection, limit: int) -> list[asyncpg.Record]:
    """Devices by venue, kind and label; those that were revoked stand last."""
    return await connection.fetch(
        "select * from device order by state, venue_id, kind, label, device_id limit $1", limit
    )


async def select_ids(connection: Connection, after: UUID, limit: int) -> list[UUID]:
    """The next ids in their order."""
    rows = await connection.fetch(
        "select device_id from device where device_id > $1 order by device_id limit $2", after, limit
    )
    return [row["device_id"] for row in rows]


async def pair(connection: Connection, code_digest: bytes, secret_digest: bytes) -> asyncpg.Record | None:
    """Give a secret to the device whose code this is, and use the code up; none where it opens nothing any more."""
    return await connection.fetchrow(
        """
        update device
        set pairing_digest = null, pairing_until = null, secret_digest = $2,
            paired_at = clock_timestamp(), last_seen_at = clock_timestamp()
        where pairing_digest = $1 and pairing_until > clock_timestamp() and state = 'active'
        returning *
        """,
        code_digest,
        secret_digest,
    )


async def see(connection: Connection, secret_digest: bytes) -> asyncpg.Record | None:
    """The device whose secret this is, seen now; none where there is no such one, or it was revoked."""
    return await connection.fetchrow(
        """
        update device set last_seen_at = clock_timestamp()
        where secret_digest = $1 and state = 'active'
        returning *
        """,
        secret_digest,
    )


async def close(
    connection: Connection, device_id: UUID, revoked_by: str, tokens_from: datetime
) -> asyncpg.Record | None:
    """Revoke a device, in its next version: neither code, secret nor token of it opens anything any more."""
    return await connection.fetchrow(
        """
        update device
        set state = 'closed', version = version + 1, tokens_from = $3, revoked_by = $2,
            revoked_at = clock_timestamp(), pairing_digest = null, pairing_until = null, secret_digest = null
        where device_id = $1
        returning *
        """,
        device_id,
        revoked_by,
        tokens_from,
    )
