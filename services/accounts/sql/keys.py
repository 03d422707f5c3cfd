"""Signing keys."""

from datetime import datetime

import asyncpg

from shared.database import Connection


async def lock(connection: Connection) -> None:
    """No other replica makes a key until the end of the transaction."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('accounts.signing-keys'))")


async def select_all(connection: Connection) -> list[asyncpg.Record]:
    """Those whose tokens count or will, the one that signs last first."""
    return await connection.fetch(
        """
        select key_id, public_jwk, signs_from from signing_key
        where retires_at is null or retires_at > clock_timestamp() order by signs_from desc, key_id
        """
    )


async def select_signing(connection: Connection) -> asyncpg.Record | None:
    """The one that signs now."""
    return await connection.fetchrow(
        "select * from signing_key where signs_from <= clock_timestamp() order by signs_from desc, key_id limit 1"
    )


async def insert(
    connection: Connection, key_id: str, private_key: bytes, public_jwk: str, signs_from: datetime
) -> None:
    """A new key."""
    await connection.execute(
        "insert into signing_key (key_id, private_key, public_jwk, signs_from) values ($1, $2, $3, $4)",
        key_id,
        private_key,
        public_jwk,
        signs_from,
    )


async def retire_others(connection: Connection, key_id: str, retires_at: datetime) -> None:
    """All but this key count no more from then on."""
    await connection.execute(
        "update signing_key set retires_at = $2 where key_id <> $1 and retires_at is null", key_id, retires_at
    )


async def forget_retired(connection: Connection) -> None:
    """Delete keys whose tokens count no more."""
    await connection.execute("delete from signing_key where retires_at <= clock_timestamp()")
