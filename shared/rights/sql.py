"""Every statement that services share to keep the rights of persons."""

from uuid import UUID

from shared.database import Connection


async def try_lock_retention(connection: Connection) -> bool:
    """Whether nobody else forgets in this database until the end of the transaction."""
    won: bool = await connection.fetchval("select pg_try_advisory_xact_lock(hashtext('rights.retention'))")
    return won


async def lock_erasure(connection: Connection, erasure_id: UUID) -> str | None:
    """Let nobody else carry out this order until the end of the transaction; what was answered to it before."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1::text, 0))", str(erasure_id))
    answer: str | None = await connection.fetchval(
        "select answer from erasure_answer where erasure_id = $1", erasure_id
    )
    return answer


async def upsert_answer(connection: Connection, erasure_id: UUID, answer: str) -> None:
    """Keep what is answered to an order."""
    await connection.execute(
        """
        insert into erasure_answer (erasure_id, answer) values ($1, $2)
        on conflict (erasure_id) do update set answer = excluded.answer, answered_at = clock_timestamp()
        """,
        erasure_id,
        answer,
    )
