"""Accounts: found, locked, changed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.database import Connection


async def real_now(connection: Connection) -> datetime:
    """The machine's time, not the transaction's: what was locked meanwhile is older."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now


async def select_by_login(connection: Connection, login: str) -> asyncpg.Record | None:
    """The account of a login."""
    return await connection.fetchrow("select * from account where login = $1", login)


async def select(connection: Connection, account_id: UUID) -> asyncpg.Record | None:
    """An account."""
    return await connection.fetchrow("select * from account where account_id = $1", account_id)


async def select_page(connection: Connection, after: str, limit: int) -> list[asyncpg.Record]:
    """Accounts by login, after one."""
    return await connection.fetch("select * from account where login > $1 order by login limit $2", after, limit)


async def select_ids(connection: Connection, after: UUID, limit: int) -> list[UUID]:
    """The next ids in their order."""
    rows = await connection.fetch(
        "select account_id from account where account_id > $1 order by account_id limit $2", after, limit
    )
    return [row["account_id"] for row in rows]


async def lock(connection: Connection, account_id: UUID) -> asyncpg.Record | None:
    """An account, locked until the end of the transaction."""
    return await connection.fetchrow("select * from account where account_id = $1 for update", account_id)


async def lock_many(connection: Connection, account_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Accounts, locked in the order of their ids."""
    return await connection.fetch(
        "select * from account where account_id = any($1) order by account_id for update", account_ids
    )


async def lock_operators(connection: Connection) -> None:
    """Nobody else changes who is an operator until the end of the transaction."""
    await connection.execute("select pg_advisory_xact_lock(hashtext('accounts.operators'))")


async def has_others(connection: Connection, logins: Sequence[str]) -> bool:
    """Whether anybody signs in whose login is none of these."""
    found: bool = await connection.fetchval("select exists (select from account where login <> all($1))", logins)
    return found


async def insert(  # noqa: PLR0913  (a row's columns)
    connection: Connection, *, login: str, name: bytes, official_id: str | None, password_hash: str, account_id: UUID
) -> asyncpg.Record | None:
    """A new account."""
    return await connection.fetchrow(
        """
        insert into account (account_id, login, name, official_id, password_hash) values ($1, $2, $3, $4, $5)
        returning *
        """,
        account_id,
        login,
        name,
        official_id,
        password_hash,
    )


async def new_id(connection: Connection) -> UUID:
    """An id for an account that is about to be made."""
    made: UUID = await connection.fetchval("select uuidv7()")
    return made


async def raise_version(connection: Connection, account_id: UUID) -> asyncpg.Record | None:
    """The next version."""
    return await connection.fetchrow(
        "update account set version = version + 1 where account_id = $1 returning *", account_id
    )


async def update_state(connection: Connection, account_id: UUID, state: str) -> None:
    """Active, suspended or closed."""
    await connection.execute("update account set state = $2 where account_id = $1", account_id, state)


async def update_tokens_from(connection: Connection, account_id: UUID, tokens_from: datetime) -> None:
    """Tokens issued before count no more."""
    await connection.execute("update account set tokens_from = $2 where account_id = $1", account_id, tokens_from)


async def update_password(connection: Connection, account_id: UUID, password_hash: str, *, must_change: bool) -> None:
    """Another password."""
    await connection.execute(
        """
        update account set password_hash = $2, must_change_password = $3, password_set_at = clock_timestamp()
        where account_id = $1
        """,
        account_id,
        password_hash,
        must_change,
    )


async def update_hash(connection: Connection, account_id: UUID, before: str, after: str) -> None:
    """The same password, hashed with other parameters."""
    await connection.execute(
        "update account set password_hash = $3 where account_id = $1 and password_hash = $2", account_id, before, after
    )


async def update_totp_counter(connection: Connection, account_id: UUID, counter: int) -> None:
    """Nothing up to this step is taken again."""
    await connection.execute("update account set totp_counter = $2 where account_id = $1", account_id, counter)


async def update_totp_pending(connection: Connection, account_id: UUID, pending: bytes) -> None:
    """A telephone that is being set up."""
    await connection.execute("update account set totp_pending = $2 where account_id = $1", account_id, pending)


async def confirm_totp(connection: Connection, account_id: UUID, counter: int) -> None:
    """The telephone that was being set up is the one from now on."""
    await connection.execute(
        """
        update account set totp_secret = totp_pending, totp_pending = null, totp_counter = $2 where account_id = $1
        """,
        account_id,
        counter,
    )


async def forget_totp(connection: Connection, account_id: UUID) -> None:
    """The telephone was lost."""
    await connection.execute(
        "update account set totp_secret = null, totp_pending = null where account_id = $1", account_id
    )


async def replace_recovery_codes(connection: Connection, account_id: UUID, digests: Sequence[bytes]) -> None:
    """New codes on paper, and none of the old."""
    await connection.execute("delete from recovery_code where account_id = $1", account_id)
    await connection.execute(
        "insert into recovery_code (account_id, digest) select $1, unnest($2::bytea[])", account_id, digests
    )


async def use_recovery_code(connection: Connection, account_id: UUID, digest: bytes) -> bool:
    """Whether the code was there and unused; it is used now."""
    status = await connection.execute(
        "update recovery_code set used_at = now() where account_id = $1 and digest = $2 and used_at is null",
        account_id,
        digest,
    )
    return status == "UPDATE 1"
