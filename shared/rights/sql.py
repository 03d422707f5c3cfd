"""Every statement that services share to keep the rights of persons."""

from shared.database import Connection


async def try_lock_retention(connection: Connection) -> bool:
    """Whether nobody else forgets in this database until the end of the transaction."""
    won: bool = await connection.fetchval("select pg_try_advisory_xact_lock(hashtext('rights.retention'))")
    return won
