"""The persons whom a citizen books for. Every statement names the account: nobody else's is there."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def select_all(connection: Connection, account_id: UUID, limit: int) -> Rows:
    """An account's persons, as they were added."""
    return await connection.fetch(
        "select * from person where account_id = $1 order by person_id limit $2", account_id, limit
    )


async def select(connection: Connection, account_id: UUID, person_id: UUID) -> asyncpg.Record | None:
    """One of them."""
    return await connection.fetchrow(
        "select * from person where account_id = $1 and person_id = $2", account_id, person_id
    )


async def select_by_command(connection: Connection, account_id: UUID, command: bytes) -> asyncpg.Record | None:
    """The person that a command has added."""
    return await connection.fetchrow("select * from person where account_id = $1 and command = $2", account_id, command)


async def select_documents(connection: Connection, account_id: UUID, person_ids: Sequence[UUID]) -> Rows:
    """The documents of an account's persons, as they were added."""
    return await connection.fetch(
        "select * from person_document where account_id = $1 and person_id = any($2::uuid[]) order by document_id",
        account_id,
        person_ids,
    )


async def count(connection: Connection, account_id: UUID) -> int:
    """How many persons an account has."""
    found: int = await connection.fetchval("select count(*) from person where account_id = $1", account_id)
    return found


async def insert(  # noqa: PLR0913  (a row's columns)
    connection: Connection,
    *,
    account_id: UUID,
    relation: str,
    name: bytes,
    phone: bytes | None,
    command: bytes,
    said: bytes,
) -> UUID:
    """A new person."""
    made: UUID = await connection.fetchval(
        """
        insert into person (account_id, relation, name, phone, command, said) values ($1, $2, $3, $4, $5, $6)
        returning person_id
        """,
        account_id,
        relation,
        name,
        phone,
        command,
        said,
    )
    return made


async def insert_document(  # noqa: PLR0913  (a row's columns)
    connection: Connection,
    *,
    person_id: UUID,
    account_id: UUID,
    document_type: str,
    document_key: bytes,
    number: bytes,
) -> None:
    """A document of a person's."""
    await connection.execute(
        """
        insert into person_document (person_id, account_id, document_type, document_key, number)
        values ($1, $2, $3, $4, $5)
        """,
        person_id,
        account_id,
        document_type,
        document_key,
        number,
    )


async def update(  # noqa: PLR0913  (a row's columns)
    connection: Connection, *, account_id: UUID, person_id: UUID, relation: str, name: bytes, phone: bytes | None
) -> None:
    """Another relation, name or phone."""
    await connection.execute(
        "update person set relation = $3, name = $4, phone = $5 where account_id = $1 and person_id = $2",
        account_id,
        person_id,
        relation,
        name,
        phone,
    )


async def delete_documents(
    connection: Connection, account_id: UUID, person_id: UUID, document_ids: Sequence[UUID]
) -> int:
    """Forget documents of a person's; how many there were."""
    status = await connection.execute(
        "delete from person_document where account_id = $1 and person_id = $2 and document_id = any($3::uuid[])",
        account_id,
        person_id,
        document_ids,
    )
    return int(status.rpartition(" ")[2])


async def select_own_keys(connection: Connection, account_id: UUID) -> list[bytes]:
    """The blind indexes of the documents that somebody says are their own."""
    rows = await connection.fetch(
        """
        select document_key
        from person join person_document using (person_id)
        where person.account_id = $1 and relation = 'self'
        """,
        account_id,
    )
    return [row["document_key"] for row in rows]


async def select_of_documents(connection: Connection, document_keys: Sequence[bytes]) -> Rows:
    """The persons with one of these documents, whoever keeps them, with the documents' numbers."""
    return await connection.fetch(
        """
        select person.*, document_type, number
        from person join person_document using (person_id)
        where document_key = any($1::bytea[])
        order by person_id, document_id
        """,
        document_keys,
    )


async def delete_all(connection: Connection, account_id: UUID) -> int:
    """Forget all persons of an account; how many there were."""
    status = await connection.execute("delete from person where account_id = $1", account_id)
    return int(status.rpartition(" ")[2])


async def delete_many(connection: Connection, person_ids: Sequence[UUID]) -> int:
    """Forget persons, whoever keeps them; how many there were."""
    status = await connection.execute("delete from person where person_id = any($1::uuid[])", person_ids)
    return int(status.rpartition(" ")[2])


async def delete(connection: Connection, account_id: UUID, person_id: UUID) -> bool:
    """Forget a person with all documents; whether there was one."""
    status = await connection.execute(
        "delete from person where account_id = $1 and person_id = $2", account_id, person_id
    )
    return status == "DELETE 1"
