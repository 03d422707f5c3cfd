"""Matters: their told state with its version, and what finds them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from services.roster.domain.search import Findable
from shared.database import Connection
from shared.events.roster import Matter


def _state(record: asyncpg.Record) -> Matter:
    return Matter.model_validate({**record, "documents": json.loads(record["documents"])})


async def lock_matters(
    connection: Connection, matter_ids: Sequence[str] | None = None
) -> list[tuple[Matter, int, str]]:
    """Lock matters, withdrawn ones included, in the order of their ids; each with its version and last event."""
    found = await connection.fetch(
        """
        select matter_id, department_id, name_zh, name_en, plain_name_zh, plain_name_en, documents, statutory_days,
               promised_days, visit, online_guide_zh, online_guide_en, instant, withdrawn, version, last_event
        from matter where $1::text[] is null or matter_id = any($1) order by matter_id for update
        """,
        matter_ids,
    )
    return [(_state(each), each["version"], each["last_event"]) for each in found]


async def save_matters(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Enter matters as they are from their `version` on."""
    await connection.execute(
        """
        insert into matter select * from jsonb_populate_recordset(null::matter, $1::jsonb)
        on conflict (matter_id) do update
        set department_id = excluded.department_id, name_zh = excluded.name_zh, name_en = excluded.name_en,
            plain_name_zh = excluded.plain_name_zh, plain_name_en = excluded.plain_name_en,
            documents = excluded.documents, statutory_days = excluded.statutory_days,
            promised_days = excluded.promised_days, visit = excluded.visit,
            online_guide_zh = excluded.online_guide_zh, online_guide_en = excluded.online_guide_en,
            instant = excluded.instant, withdrawn = excluded.withdrawn, synonyms = excluded.synonyms,
            common = excluded.common, position = excluded.position, version = excluded.version,
            last_event = excluded.last_event
        """,
        json.dumps(list(rows), ensure_ascii=False),
    )


async def withdraw_matters(connection: Connection, matter_ids: Sequence[str], last_event: str) -> None:
    """Withdraw matters, each a version on."""
    await connection.execute(
        """
        update matter set withdrawn = true, version = version + 1, last_event = $2
        where matter_id = any($1) and not withdrawn
        """,
        matter_ids,
        last_event,
    )


async def select_findable_matters(connection: Connection, department_id: str | None) -> list[Findable]:
    """What search needs of every matter on offer, or of a department's, in the pack's order."""
    found = await connection.fetch(
        """
        select matter_id, matter.name_zh, matter.name_en, plain_name_zh, plain_name_en, synonyms, common,
               department.name_zh as department_name_zh, department.name_en as department_name_en
        from matter join department using (department_id)
        where not matter.withdrawn and ($1::text is null or department_id = $1)
        order by matter.position, matter_id
        """,
        department_id,
    )
    return [
        Findable(
            matter_id=each["matter_id"],
            plain_names=(each["plain_name_zh"], each["plain_name_en"]),
            synonyms=tuple(each["synonyms"]),
            names=(each["name_zh"], each["name_en"]),
            department_names=(each["department_name_zh"], each["department_name_en"]),
            common=each["common"],
        )
        for each in found
    ]


async def select_matter_views(connection: Connection, matter_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Matters in the order of `matter_ids`, with what a page shows besides: department, windows, synonyms."""
    found = await connection.fetch(
        """
        select matter.matter_id, matter.department_id, matter.name_zh, matter.name_en, plain_name_zh, plain_name_en,
               documents, statutory_days, promised_days, visit, online_guide_zh, online_guide_en, instant,
               matter.withdrawn, synonyms, common, version,
               department.name_zh as department_name_zh, department.name_en as department_name_en,
               array(select number from service_window
                     where service_window.department_id = matter.department_id and not service_window.withdrawn
                     order by number) as windows
        from unnest($1::text[]) with ordinality as wanted(matter_id, place)
        join matter using (matter_id) join department using (department_id)
        order by place
        """,
        matter_ids,
    )
    return [{**each, "documents": json.loads(each["documents"])} for each in found]
