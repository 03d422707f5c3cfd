"""Finding and forgetting whoever raised a case, and what was written of it.

A case that is not over is held by whoever has to mend it. One that is over is kept as long as a look back or a promise
is to come; then its words go. Of what was raised more than once the blind indexes stay (domain.md, Retention), unless
the person themselves asked to be forgotten.
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]

_DUE = """
    from "case"
    where coalesce(closed_at, (select max(at) from step where step.case_id = "case".case_id))
              < county_now() - make_interval(days => $1)
      and state in ('closed', 'merged') and forgotten_at is null and look_back_on is null and listed_on is null
      and not exists (select from measure where measure.case_id = "case".case_id and done_on is null)
"""


async def count_due(connection: Connection, days: int) -> int:
    """How many cases ended so long ago and still name somebody."""
    found: int = await connection.fetchval(f"select count(*) {_DUE}", days)
    return found


async def select_due(connection: Connection, days: int, limit: int) -> list[UUID]:
    """Lock some of them."""
    rows = await connection.fetch(
        f'select case_id {_DUE} order by case_id limit $2 for update of "case" skip locked', days, limit
    )
    return [row["case_id"] for row in rows]


async def forget(connection: Connection, case_ids: Sequence[UUID], *, keep_repeated: bool) -> int:
    """Take person and words out of locked cases and of all that stands beside them; how many cases there were."""
    for table, columns in (("step", "words = null"), ("call_back", "words = null")):
        await connection.execute(
            f"update {table} set {columns} where case_id = any($1::uuid[]) and words is not null",  # noqa: S608
            case_ids,
        )
    await connection.execute(
        "update part set words = null, done_words = null where case_id = any($1::uuid[])", case_ids
    )
    await connection.execute("update measure set words = null, proof = null where case_id = any($1::uuid[])", case_ids)
    status = await connection.execute(
        """
        update "case"
        set title = null, words = null, place = null, about = null, person = null, extension_words = null,
            referral_body = null, tokens = '{}', digits_keys = '{}', account_id = null, body_hash = null,
            about_official_id = null,
            person_key = case when $2 and raisings > 1 then person_key end,
            phone_key = case when $2 and raisings > 1 then phone_key end,
            forgotten_at = county_now()
        where case_id = any($1::uuid[]) and forgotten_at is null
        """,
        case_ids,
        keep_repeated,
    )
    return int(status.rpartition(" ")[2])


async def lock_of_person(
    connection: Connection, document_keys: Sequence[bytes], account_id: UUID | None, limit: int
) -> Rows:
    """Lock the cases that somebody raised, by their documents; with an account, those raised with it alone."""
    return await connection.fetch(
        """
        select * from "case"
        where case when $2::uuid is null then person_key = any($1::bytea[]) else account_id = $2 end
        order by case_id
        limit $3
        for update
        """,
        document_keys,
        account_id,
        limit,
    )


async def forget_keys(connection: Connection, case_ids: Sequence[UUID]) -> None:
    """Take the blind indexes, too, out of cases that were forgotten before: the person asked."""
    await connection.execute(
        'update "case" set person_key = null, phone_key = null where case_id = any($1::uuid[])', case_ids
    )


async def forget_account(connection: Connection, account_id: UUID) -> int:
    """No case says any more with which account it was raised; how many did."""
    status = await connection.execute('update "case" set account_id = null where account_id = $1', account_id)
    return int(status.rpartition(" ")[2])
