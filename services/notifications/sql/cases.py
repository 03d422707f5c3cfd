"""Cases as they were told, and the letters about them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def upsert_case(connection: Connection, case_id: UUID, version: int, state: str) -> asyncpg.Record | None:
    """Keep a case's newer state: the version replaced, 0 for the first, and the county's time. None: not newer."""
    return await connection.fetchrow(
        """
        insert into case_file (case_id, version, state) values ($1, $2, $3)
        on conflict (case_id) do update set version = excluded.version, state = excluded.state
        where excluded.version > case_file.version
        returning coalesce(old.version, 0) as replaced_version, county_now() as now
        """,
        case_id,
        version,
        state,
    )


async def insert_letter(  # noqa: PLR0913, PLR0917  (the columns)
    connection: Connection,
    case_id: UUID,
    version: int,
    kind: str,
    language: str,
    due_at: datetime,
    correlation_id: str,
) -> None:
    """Plan a letter, once for ever; those that wait for the same case are needless from now on."""
    await connection.execute(
        """
        update case_letter set state = 'withdrawn', reason = 'superseded', settled_at = county_now()
        where case_id = $1 and state = 'waiting' and case_version < $2
        """,
        case_id,
        version,
    )
    await connection.execute(
        """
        insert into case_letter (case_id, case_version, kind, language, planned_at, try_at, correlation_id)
        values ($1, $2, $3, $4, county_now(), $5, $6)
        on conflict on constraint case_letter_once do nothing
        """,
        case_id,
        version,
        kind,
        language,
        due_at,
        correlation_id,
    )


async def claim(connection: Connection, limit: int, lease_seconds: float) -> Rows:
    """Take letters that are due in hand, with their case as it is now and the county's time; a claim is a lease."""
    return await connection.fetch(
        """
        update case_letter set claimed_until = county_now() + make_interval(secs => $2), tries = tries + 1
        from case_file
        where case_file.case_id = case_letter.case_id and letter_id in (
            select letter_id from case_letter
            where state = 'waiting' and try_at <= county_now()
              and (claimed_until is null or claimed_until < county_now())
            order by try_at, letter_id limit $1 for update skip locked)
        returning case_letter.*, case_file.state as case_state, county_now() as now
        """,
        limit,
        lease_seconds,
    )


async def settle(connection: Connection, settled: Sequence[tuple[UUID, str, str | None]]) -> None:
    """Give letters their final state, and why."""
    await connection.execute(
        """
        update case_letter
        set state = known.state, reason = known.reason, settled_at = county_now(), claimed_until = null
        from unnest($1::uuid[], $2::text[], $3::text[]) as known (letter_id, state, reason)
        where case_letter.letter_id = known.letter_id and case_letter.state = 'waiting'
        """,
        *([list(column) for column in zip(*settled, strict=True)] or [[], [], []]),
    )


async def postpone(connection: Connection, later: Sequence[tuple[UUID, datetime, int]]) -> None:
    """Let go of letters until later; so many tries count."""
    await connection.execute(
        """
        update case_letter set try_at = known.try_at, tries = known.tries, claimed_until = null
        from unnest($1::uuid[], $2::timestamptz[], $3::int[]) as known (letter_id, try_at, tries)
        where case_letter.letter_id = known.letter_id and case_letter.state = 'waiting'
        """,
        *([list(column) for column in zip(*later, strict=True)] or [[], [], []]),
    )
