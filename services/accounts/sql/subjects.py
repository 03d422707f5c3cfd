"""Whom a provider of OpenID Connect means by its subjects."""

from uuid import UUID

from shared.database import Connection


async def select_account_id(connection: Connection, digest: bytes) -> UUID | None:
    """The account that a subject is linked to."""
    found: UUID | None = await connection.fetchval("select account_id from oidc_subject where digest = $1", digest)
    return found


async def select_digest(connection: Connection, account_id: UUID) -> bytes | None:
    """The subject that an account is linked to."""
    found: bytes | None = await connection.fetchval("select digest from oidc_subject where account_id = $1", account_id)
    return found


async def insert(connection: Connection, digest: bytes, account_id: UUID, linked_by: str) -> None:
    """Link a subject to an account that has none."""
    await connection.execute(
        "insert into oidc_subject (digest, account_id, linked_by) values ($1, $2, $3)", digest, account_id, linked_by
    )


async def delete(connection: Connection, account_id: UUID) -> bool:
    """Whether an account was linked; it is no more."""
    status = await connection.execute("delete from oidc_subject where account_id = $1", account_id)
    return status == "DELETE 1"
