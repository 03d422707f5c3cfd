"""Sessions as they are planned, and the clashes noted beside them."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg

from services.roster.domain.planning import ClashChoice, Planned
from shared.database import Connection
from shared.events.roster import Session

_JSON = ("opening", "duties", "booking")


def _planned(record: asyncpg.Record) -> Planned:
    parsed = {key: json.loads(record[key]) for key in _JSON if record[key] is not None}
    return Planned(
        session=Session.model_validate({**record, **parsed}),
        version=record["version"],
        last_event=record["last_event"],
        pinned=record["pinned"],
        retired=record["retired"],
        clash_with=record["clash_with"],
        clash_choice=record["clash_choice"],
    )


def _row(planned: Planned) -> dict[str, Any]:
    return {
        **planned.session.model_dump(mode="json"),
        "version": planned.version,
        "last_event": planned.last_event,
        "pinned": planned.pinned,
        "retired": planned.retired,
        "clash_with": planned.clash_with,
        "clash_choice": planned.clash_choice,
    }


async def lock_sessions_since(connection: Connection, day: date, rule_day: date) -> dict[str, Planned]:
    """Lock the sessions from `day` on, and all whose rule date is `rule_day` or later; by id."""
    found = await connection.fetch(
        "select * from session where date >= $1 or rule_date >= $2 order by session_id for update",
        day,
        rule_day,
    )
    return {each["session_id"]: _planned(each) for each in found}


async def lock_sessions(connection: Connection, session_ids: Sequence[str] | None) -> list[Planned]:
    """Lock these sessions, or all, in the order of their ids."""
    found = await connection.fetch(
        """
        select * from session where $1::text[] is null or session_id = any($1)
        order by session_id for update
        """,
        session_ids,
    )
    return [_planned(each) for each in found]


async def select_sessions(  # noqa: PLR0913  (each a filter)
    connection: Connection,
    *,
    session_id: str | None = None,
    first: date | None = None,
    last: date | None = None,
    status: str | None = None,
    official_id: str | None = None,
    public: bool | None = None,
    limit: int = 1,
) -> tuple[list[Planned], int]:
    """The sessions that fit, by date, at most `limit` of them, and how many there are. None: any."""
    found = await connection.fetch(
        """
        select session.*, count(*) over () as fitting from session
        where ($1::text is null or session_id = $1)
          and ($2::date is null or date >= $2)
          and ($3::date is null or date <= $3)
          and ($4::text is null or status = $4)
          and ($5::text is null or duties @> jsonb_build_array(jsonb_build_object('official_id', $5)))
          and ($6::boolean is null or public = $6)
        order by date, session_id limit $7
        """,
        session_id,
        first,
        last,
        status,
        official_id,
        public,
        limit,
    )
    return [_planned(each) for each in found], found[0]["fitting"] if found else 0


async def save_sessions(connection: Connection, changed: Sequence[Planned]) -> None:
    """Enter sessions as they are now, in one statement: their dates are judged together, at its end."""
    await connection.execute(
        """
        insert into session select * from jsonb_populate_recordset(null::session, $1::jsonb)
        on conflict (session_id) do update
        set programme_name_zh = excluded.programme_name_zh, programme_name_en = excluded.programme_name_en,
            date = excluded.date, day_kind = excluded.day_kind, status = excluded.status, public = excluded.public,
            opening = excluded.opening, duties = excluded.duties, booking = excluded.booking,
            reason = excluded.reason, version = excluded.version, last_event = excluded.last_event,
            pinned = excluded.pinned, retired = excluded.retired, clash_with = excluded.clash_with,
            clash_choice = excluded.clash_choice, level = excluded.level
        """,
        json.dumps([_row(each) for each in changed], ensure_ascii=False),
    )


async def mark_clash(
    connection: Connection, session_id: str, clash_with: str | None, clash_choice: ClashChoice | None
) -> None:
    """Note with which session one clashes, and what was decided. No event tells this."""
    await connection.execute(
        "update session set clash_with = $2, clash_choice = $3 where session_id = $1",
        session_id,
        clash_with,
        clash_choice,
    )
