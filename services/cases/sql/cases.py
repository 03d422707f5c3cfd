"""Cases and their story."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.cases.domain.case import CHANGING, Case
from shared.database import Connection

Rows = list[asyncpg.Record]

_SET = ", ".join(f"{name} = ${place}" for place, name in enumerate(CHANGING, start=3))
_UPDATE = f'update "case" set version = version + 1, last_event = $2, {_SET} where case_id = $1 returning *'  # noqa: S608
_SEALED = (
    "title", "words", "place", "about", "person", "person_key", "phone_key", "digits_keys", "account_id", "tokens",
    "idempotency_key", "body_hash",
)  # fmt: skip
_FIRST = (
    "number", "kind", "source", "venue_id", "session_id", "visit_id", "finding_id", "remark_id", "confidential",
    "about_department_id", "about_official_id", "registered_at", "language",
)  # fmt: skip
_INSERTED = (*_FIRST, *CHANGING, *_SEALED)
_INSERT = f"""
    insert into "case" (version, last_event, {", ".join(_INSERTED)})
    values (1, 'CaseRegistered', {", ".join(f"${place}" for place in range(1, len(_INSERTED) + 1))})
    returning *
"""  # noqa: S608


async def insert_case(connection: Connection, case: Case, sealed: Mapping[str, Any]) -> Case:
    """Insert a case with what is sealed beside it; its id is the database's."""
    values = [getattr(case, name) for name in (*_FIRST, *CHANGING)] + [sealed[name] for name in _SEALED]
    row = await connection.fetchrow(_INSERT, *values)
    if row is None:
        raise LookupError(case.number)
    return Case.of(row)


async def update_case(connection: Connection, case: Case, event: str) -> Case:
    """Keep a case's state; with its new version."""
    row = await connection.fetchrow(_UPDATE, case.case_id, event, *(getattr(case, name) for name in CHANGING))
    if row is None:
        raise LookupError(str(case.case_id))
    return Case.of(row)


async def seal_beside(connection: Connection, case_id: UUID, column: str, value: bytes | None) -> None:
    """Keep one of the sealed things that a verb writes: of an asked extension, or a referral."""
    names = {"extension_words", "referral_body"}
    if column not in names:
        raise ValueError(column)
    await connection.execute(f'update "case" set {column} = $2 where case_id = $1', case_id, value)  # noqa: S608


async def lock_case(connection: Connection, case_id: UUID) -> asyncpg.Record | None:
    """Lock a case."""
    return await connection.fetchrow('select * from "case" where case_id = $1 for update', case_id)


async def lock_states(connection: Connection, case_ids: Sequence[UUID]) -> Rows:
    """Lock cases, in the order of their ids."""
    return await connection.fetch(
        'select * from "case" where case_id = any($1::uuid[]) order by case_id for update', case_ids
    )


async def select_case(connection: Connection, case_id: UUID) -> asyncpg.Record | None:
    """One case."""
    return await connection.fetchrow('select * from "case" where case_id = $1', case_id)


async def select_many(connection: Connection, case_ids: Sequence[UUID]) -> Rows:
    """Some cases, in the order of their ids."""
    return await connection.fetch('select * from "case" where case_id = any($1::uuid[]) order by case_id', case_ids)


async def select_by_number(connection: Connection, number: str) -> asyncpg.Record | None:
    """The case with a number."""
    return await connection.fetchrow('select * from "case" where number = $1', number)


async def select_by_key(connection: Connection, idempotency_key: str) -> asyncpg.Record | None:
    """The case that a request made."""
    return await connection.fetchrow('select * from "case" where idempotency_key = $1', idempotency_key)


async def select_of_account(connection: Connection, account_id: UUID, limit: int) -> Rows:
    """What somebody raised with their account, the newest first."""
    return await connection.fetch(
        'select * from "case" where account_id = $1 order by registered_at desc, case_id desc limit $2',
        account_id,
        limit,
    )


async def select_ids(connection: Connection, after: UUID | None, limit: int) -> list[str]:
    """The next ids, in their order."""
    rows = await connection.fetch(
        'select case_id from "case" where $1::uuid is null or case_id > $1 order by case_id limit $2', after, limit
    )
    return [str(row["case_id"]) for row in rows]


async def insert_step(connection: Connection, step: Mapping[str, Any]) -> None:
    """A line of the story; its keys are columns."""
    await connection.execute(
        """
        insert into step (case_id, version, kind, at, by_kind, account_id, department_id, level, why, words, "on")
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        *(
            step[name]
            for name in (
                "case_id", "version", "kind", "at", "by_kind", "account_id", "department_id", "level", "why", "words",
                "on",
            )
        ),
    )  # fmt: skip


async def select_steps(connection: Connection, case_ids: Sequence[UUID], limit: int) -> Rows:
    """The stories of cases, each from its beginning."""
    return await connection.fetch(
        "select * from step where case_id = any($1::uuid[]) order by case_id, version limit $2", case_ids, limit
    )


async def count_notes(connection: Connection, case_id: UUID) -> int:
    """How often somebody added something."""
    found: int = await connection.fetchval("select count(*) from step where case_id = $1 and kind = 'added'", case_id)
    return found


async def select_due(connection: Connection, today: date, limit: int) -> list[UUID]:
    """Open cases of which time may have made something: near their date, past it, or to climb or be listed."""
    rows = await connection.fetch(
        """
        select case_id from "case"
        where next_on is not null
          and ((next_on < $1 and not overdue_noted)
               or (red_on <= $1 and red_on > next_from and next_on >= $1 and reminded is distinct from 'red')
               or (amber_on <= $1 and amber_on > next_from and red_on > $1 and reminded is null))
        order by next_on, case_id
        limit $2
        """,
        today,
        limit,
    )
    return [row["case_id"] for row in rows]


async def select_to_judge(connection: Connection, today: date, after: UUID | None, limit: int) -> Rows:
    """Open cases that may climb or be listed by rule, with how many departments help, in the order of their ids."""
    return await connection.fetch(
        """
        select "case".*, coalesce(helping.departments, 0) as helping
        from "case"
        left join lateral (
            select count(distinct department_id) as departments
            from part where part.case_id = "case".case_id and done_on is null) as helping on true
        where next_on is not null
          and (next_on < $1 or blocked or times_overdue > 1 or raisings > 1 or same_person_raisings > 1
               or helping.departments > 1)
          and ($2::uuid is null or "case".case_id > $2)
        order by "case".case_id
        limit $3
        """,
        today,
        after,
        limit,
    )


async def select_counted(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """Open cases with a clock in working days, in the order of their ids."""
    rows = await connection.fetch(
        """
        select case_id from "case"
        where next_on is not null and (next_unit = 'working' or term_unit = 'working')
          and ($1::uuid is null or case_id > $1)
        order by case_id
        limit $2
        """,
        after,
        limit,
    )
    return [row["case_id"] for row in rows]


async def now_and_years(connection: Connection) -> tuple[datetime, list[str]]:
    """The county's time, and every year's calendar that is known."""
    row = await connection.fetchrow(
        "select county_now() as now, coalesce((select array_agg(state::text) from calendar_year), '{}') as years"
    )
    if row is None:
        raise LookupError("now")
    return row["now"], list(row["years"])
