"""Citizens' accounts, and the codes by which they sign in; by the machine's clock."""

from uuid import UUID

import asyncpg

from shared.database import Connection


async def select_by_phone(connection: Connection, phone_key: bytes) -> asyncpg.Record | None:
    """The account of a phone, if it has one that is not closed."""
    return await connection.fetchrow("select * from account where phone_key = $1 and state <> 'closed'", phone_key)


async def insert(connection: Connection, account_id: UUID, phone: bytes, phone_key: bytes) -> asyncpg.Record | None:
    """A new account; none where the phone has got one meanwhile."""
    return await connection.fetchrow(
        """
        insert into account (account_id, kind, phone, phone_key, must_change_password)
        values ($1, 'citizen', $2, $3, false)
        on conflict (phone_key) where state <> 'closed' do nothing
        returning *
        """,
        account_id,
        phone,
        phone_key,
    )


async def close(connection: Connection, account_id: UUID) -> None:
    """Close a locked account, whose phone is forgotten, with the code that was sent to it."""
    await connection.execute(
        "delete from citizen_code where phone_key = (select phone_key from account where account_id = $1)", account_id
    )
    await connection.execute(
        """
        update account set state = 'closed', phone = null, phone_key = null
        where account_id = $1 and kind = 'citizen'
        """,
        account_id,
    )


async def replace_code(connection: Connection, phone_key: bytes, digest: bytes, minutes: int) -> asyncpg.Record | None:
    """Make this the phone's only code, untried; until when it is good."""
    return await connection.fetchrow(
        """
        insert into citizen_code as known (phone_key, digest, expires_at)
        values ($1, $2, clock_timestamp() + make_interval(mins => $3))
        on conflict (phone_key) do update
        set digest = excluded.digest, expires_at = excluded.expires_at, tries = 0
        returning expires_at
        """,
        phone_key,
        digest,
        minutes,
    )


async def count_code_try(connection: Connection, phone_key: bytes, most: int) -> bytes | None:
    """Count a try at a phone's code, however many ask at once; the code's digest, or none where no try is left."""
    found: bytes | None = await connection.fetchval(
        """
        update citizen_code set tries = tries + 1
        where phone_key = $1 and tries < $2 and expires_at > clock_timestamp()
        returning digest
        """,
        phone_key,
        most,
    )
    return found


async def use_code(connection: Connection, phone_key: bytes, digest: bytes) -> bool:
    """Take a code away, if it is still the phone's and alive: once."""
    status = await connection.execute(
        "delete from citizen_code where phone_key = $1 and digest = $2 and expires_at > clock_timestamp()",
        phone_key,
        digest,
    )
    return status == "DELETE 1"


async def withdraw_code(connection: Connection, phone_key: bytes, digest: bytes) -> None:
    """Take away a code that was not sent, unless a newer one has taken its place."""
    await connection.execute("delete from citizen_code where phone_key = $1 and digest = $2", phone_key, digest)


async def forget_codes(connection: Connection, limit: int) -> int:
    """Delete codes that are dead, at most `limit`; how many there were."""
    status = await connection.execute(
        """
        delete from citizen_code where phone_key in (
            select phone_key from citizen_code where expires_at <= clock_timestamp()
            order by expires_at
            limit $1
            for update skip locked)
        """,
        limit,
    )
    return int(status.rpartition(" ")[2])
