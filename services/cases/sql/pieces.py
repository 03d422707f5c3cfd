"""What belongs to a case beside its row: parts, promises, call-backs, stretches on the list, and links."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def select_parts(connection: Connection, case_ids: Sequence[UUID]) -> Rows:
    """The parts of cases, as they were given."""
    return await connection.fetch(
        "select * from part where case_id = any($1::uuid[]) order by case_id, part_id", case_ids
    )


async def insert_part(  # noqa: PLR0913, PLR0917  (the columns)
    connection: Connection, case_id: UUID, department_id: str, words: bytes | None, given_on: date, due_on: date
) -> None:
    """A helping department's part."""
    await connection.execute(
        "insert into part (case_id, department_id, words, given_on, due_on) values ($1, $2, $3, $4, $5)",
        case_id,
        department_id,
        words,
        given_on,
        due_on,
    )


async def end_part(
    connection: Connection, case_id: UUID, part_id: UUID, done_on: date, words: bytes | None
) -> str | None:
    """A part is done; whose it was, None where there is no such open part."""
    department: str | None = await connection.fetchval(
        """
        update part set done_on = $3, done_words = $4
        where case_id = $1 and part_id = $2 and done_on is null
        returning department_id
        """,
        case_id,
        part_id,
        done_on,
        words,
    )
    return department


async def select_measures(connection: Connection, case_ids: Sequence[UUID]) -> Rows:
    """What was promised in cases."""
    return await connection.fetch(
        "select * from measure where case_id = any($1::uuid[]) order by case_id, measure_id", case_ids
    )


async def insert_measure(
    connection: Connection, case_id: UUID, beneficiary: str, words: bytes | None, due_on: date
) -> None:
    """Something is promised."""
    await connection.execute(
        "insert into measure (case_id, beneficiary, words, due_on) values ($1, $2, $3, $4)",
        case_id,
        beneficiary,
        words,
        due_on,
    )


async def keep_measure(
    connection: Connection, case_id: UUID, measure_id: UUID, done_on: date, proof: bytes | None
) -> bool:
    """A promise was kept; False where there is no such open one."""
    kept = await connection.fetchval(
        """
        update measure set done_on = $3, proof = $4
        where case_id = $1 and measure_id = $2 and done_on is null
        returning measure_id
        """,
        case_id,
        measure_id,
        done_on,
        proof,
    )
    return kept is not None


async def select_calls(connection: Connection, case_id: UUID) -> Rows:
    """The call-backs of a case."""
    return await connection.fetch("select * from call_back where case_id = $1 order by call_back_id", case_id)


async def insert_call(  # noqa: PLR0913, PLR0917  (the columns)
    connection: Connection, case_id: UUID, day: date, result: str, words: bytes | None, account_id: str | None,
    round_: int,
) -> None:  # fmt: skip
    """A call-back and what came of it; `round_`: after how many refusals."""
    await connection.execute(
        """
        insert into call_back (case_id, "on", result, words, account_id, round) values ($1, $2, $3, $4, $5, $6)
        """,
        case_id,
        day,
        result,
        words,
        account_id,
        round_,
    )


async def select_listings(connection: Connection, case_id: UUID) -> Rows:
    """The stretches on the watched list."""
    return await connection.fetch("select * from listing where case_id = $1 order by listing_id", case_id)


async def open_listing(connection: Connection, case_id: UUID, day: date, reason: str) -> None:
    """It is on the list from now on."""
    await connection.execute(
        "insert into listing (case_id, listed_on, reason) values ($1, $2, $3)", case_id, day, reason
    )


async def end_listing(connection: Connection, case_id: UUID, day: date, look_back_on: date | None) -> None:
    """It is off the list, and looked back at on a day."""
    await connection.execute(
        "update listing set delisted_on = $2, look_back_on = $3 where case_id = $1 and delisted_on is null",
        case_id,
        day,
        look_back_on,
    )


async def settle_listing(connection: Connection, case_id: UUID, *, passed: bool) -> None:
    """Somebody looked back at the last stretch."""
    await connection.execute(
        """
        update listing set passed = $2
        where listing_id = (
            select listing_id from listing
            where case_id = $1 and delisted_on is not null
            order by listing_id desc limit 1)
        """,
        case_id,
        passed,
    )


async def insert_link(connection: Connection, one: UUID, other: UUID) -> None:
    """Two cases have to do with each other; told twice, it is once."""
    first, second = sorted((one, other))
    await connection.execute(
        """
        insert into link (case_id, other_id, linked_at) values ($1, $2, county_now())
        on conflict on constraint link_once do nothing
        """,
        first,
        second,
    )


async def select_links(connection: Connection, case_id: UUID, limit: int) -> Rows:
    """Other cases that have to do with one: merged into it, merged from it, linked."""
    return await connection.fetch(
        """
        select other.*, 'merged_into' as relation
        from "case" join "case" as other on other.case_id = "case".merged_into where "case".case_id = $1
        union all
        select other.*, 'merged_from' from "case" as other where other.merged_into = $1
        union all
        select other.*, 'linked'
        from link join "case" as other
            on other.case_id = case when link.case_id = $1 then link.other_id else link.case_id end
        where link.case_id = $1 or link.other_id = $1
        limit $2
        """,
        case_id,
        limit,
    )
