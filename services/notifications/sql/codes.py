"""Codes for signing in, on their way to a phone; by the machine's clock."""

from datetime import datetime
from uuid import UUID

import asyncpg

from shared.database import Connection


async def keep(  # noqa: PLR0913  (a row's columns)
    connection: Connection,
    *,
    command: bytes,
    said: bytes,
    language: str,
    address: bytes,
    subject: bytes,
    body: bytes,
    expires_at: datetime,
) -> asyncpg.Record | None:
    """Keep a code that is to be sent. None where the command is known, or the code is dead already."""
    return await connection.fetchrow(
        """
        insert into code_message (command, said, language, address, subject, body, expires_at)
        select $1, $2, $3, $4, $5, $6, $7
        where $7 > clock_timestamp()
        on conflict on constraint code_message_command_once do nothing
        returning *
        """,
        command,
        said,
        language,
        address,
        subject,
        body,
        expires_at,
    )


async def select(connection: Connection, command: bytes) -> asyncpg.Record | None:
    """What is kept of a command, as long as its code lives."""
    return await connection.fetchrow(
        "select * from code_message where command = $1 and expires_at > clock_timestamp()", command
    )


async def record_sent(connection: Connection, message_id: UUID) -> None:
    """The channel took it."""
    await connection.execute("update code_message set sent_at = clock_timestamp() where message_id = $1", message_id)


async def forget_dead(connection: Connection, limit: int) -> int:
    """Delete codes that are dead, also from the console's box, at most `limit`; how many there were."""
    status = await connection.execute(
        """
        with dead as (
            select message_id from code_message where expires_at <= clock_timestamp()
            order by expires_at
            limit $1
            for update skip locked),
        emptied as (
            delete from console_message where message_id in (select message_id from dead))
        delete from code_message where message_id in (select message_id from dead)
        """,
        limit,
    )
    return int(status.rpartition(" ")[2])
