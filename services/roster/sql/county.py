"""The hall and who is in it: venue, departments, officials, windows, and the programmes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from services.roster.domain.duties import Official, Post
from services.roster.domain.programme import Programme
from shared.database import Connection
from shared.events.roster import Department, Venue, Window

Rows = Sequence[Mapping[str, Any]]


async def select_venue(connection: Connection) -> tuple[Venue, int] | None:
    """The hall with its departments and windows, and its version. None before the first pack."""
    found = await connection.fetchrow(
        "select venue_id, name_zh, name_en, address_zh, address_en, phone, version from venue"
    )
    if found is None:
        return None
    state = Venue(**found, departments=await select_departments(connection), windows=await select_windows(connection))
    return state, found["version"]


async def select_aggregate_ids(connection: Connection, after: str, limit: int) -> list[str]:
    """The next ids of the venue, the matters, the years' calendars and the sessions, in their order."""
    found = await connection.fetch(
        """
        (select venue_id as id from venue where venue_id > $1)
        union (select matter_id from matter where matter_id > $1 order by matter_id limit $2)
        union (select year::text from calendar_year where year::text > $1 order by year::text limit $2)
        union (select session_id from session where session_id > $1 order by session_id limit $2)
        order by id
        limit $2
        """,
        after,
        limit,
    )
    return [each["id"] for each in found]


async def lock_venue(connection: Connection) -> None:
    """Lock the hall's row, so that nobody else tells of it."""
    await connection.execute("select from venue for update")


async def save_venue(connection: Connection, row: Mapping[str, Any], version: int, last_event: str) -> None:
    """Enter the hall as it is from `version` on."""
    await connection.execute(
        """
        insert into venue (venue_id, name_zh, name_en, address_zh, address_en, phone, version, last_event)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (venue_id) do update
        set name_zh = excluded.name_zh, name_en = excluded.name_en, address_zh = excluded.address_zh,
            address_en = excluded.address_en, phone = excluded.phone, version = excluded.version,
            last_event = excluded.last_event
        """,
        *(row[key] for key in ("venue_id", "name_zh", "name_en", "address_zh", "address_en", "phone")),
        version,
        last_event,
    )


async def select_departments(connection: Connection) -> tuple[Department, ...]:
    """The departments in the hall, in the pack's order."""
    found = await connection.fetch(
        "select department_id, name_zh, name_en, general_desk from department where not withdrawn order by position"
    )
    return tuple(Department(**each) for each in found)


async def select_windows(connection: Connection) -> tuple[Window, ...]:
    """The windows of the hall, in the order of their numbers."""
    found = await connection.fetch(
        """
        select window_id, number, department_id, location_zh, location_en
        from service_window where not withdrawn order by number
        """
    )
    return tuple(Window(**each) for each in found)


async def select_posts(connection: Connection) -> tuple[Post, ...]:
    """The windows with the duty that each holds by default, in the order of their numbers."""
    found = await connection.fetch(
        "select window_id, department_id, duty from service_window where not withdrawn order by number"
    )
    return tuple(Post(**each) for each in found)


async def select_officials(connection: Connection) -> tuple[Official, ...]:
    """The officials, in the pack's order."""
    found = await connection.fetch(
        """
        select official_id, name, title_zh, title_en, department_id, head, deputy_id
        from official where not withdrawn order by position
        """
    )
    return tuple(Official(**each) for each in found)


async def select_programmes(connection: Connection) -> tuple[Programme, ...]:
    """The programmes, in the pack's order."""
    found = await connection.fetch("select definition from programme where not withdrawn order by position")
    return tuple(Programme.model_validate_json(each["definition"]) for each in found)


async def select_known_windows(connection: Connection) -> list[asyncpg.Record]:
    """Every window there ever was, with its department's name: past sessions still show theirs."""
    return await connection.fetch(
        """
        select window_id, number, department_id, location_zh, location_en,
               department.name_zh as department_name_zh, department.name_en as department_name_en
        from service_window join department using (department_id)
        """
    )


async def select_known_officials(connection: Connection) -> list[asyncpg.Record]:
    """Every official there ever was, with the department's name, in the pack's order."""
    return await connection.fetch(
        """
        select official_id, name, title_zh, title_en, department_id, head, deputy_id, official.withdrawn,
               department.name_zh as department_name_zh, department.name_en as department_name_en
        from official join department using (department_id)
        order by official.withdrawn, official.position, official_id
        """
    )


async def save_departments(connection: Connection, rows: Rows) -> None:
    """Enter the departments; all others are withdrawn."""
    await connection.execute(
        """
        with said as (
            select * from jsonb_to_recordset($1::jsonb) as said(
                department_id text, name_zh text, name_en text, general_desk boolean, position integer)
        ), saved as (
            insert into department (department_id, name_zh, name_en, general_desk, position)
            select department_id, name_zh, name_en, general_desk, position from said
            on conflict (department_id) do update
            set name_zh = excluded.name_zh, name_en = excluded.name_en, general_desk = excluded.general_desk,
                position = excluded.position, withdrawn = false
        )
        update department set withdrawn = true
        where not withdrawn and department_id not in (select department_id from said)
        """,
        json.dumps(list(rows), ensure_ascii=False),
    )


async def save_officials(connection: Connection, rows: Rows) -> None:
    """Enter the officials; all others are withdrawn."""
    await connection.execute(
        """
        with said as (
            select * from jsonb_to_recordset($1::jsonb) as said(
                official_id text, name text, title_zh text, title_en text, department_id text, head boolean,
                deputy_id text, position integer)
        ), saved as (
            insert into official (official_id, name, title_zh, title_en, department_id, head, deputy_id, position)
            select official_id, name, title_zh, title_en, department_id, head, deputy_id, position from said
            on conflict (official_id) do update
            set name = excluded.name, title_zh = excluded.title_zh, title_en = excluded.title_en,
                department_id = excluded.department_id, head = excluded.head, deputy_id = excluded.deputy_id,
                position = excluded.position, withdrawn = false
        )
        update official set withdrawn = true
        where not withdrawn and official_id not in (select official_id from said)
        """,
        json.dumps(list(rows), ensure_ascii=False),
    )


async def save_windows(connection: Connection, rows: Rows) -> None:
    """Enter the windows; all others are withdrawn."""
    await connection.execute(
        """
        with said as (
            select * from jsonb_to_recordset($1::jsonb) as said(
                window_id text, number integer, department_id text, location_zh text, location_en text, duty text,
                position integer)
        ), saved as (
            insert into service_window (window_id, number, department_id, location_zh, location_en, duty, position)
            select window_id, number, department_id, location_zh, location_en, duty, position from said
            on conflict (window_id) do update
            set number = excluded.number, department_id = excluded.department_id, location_zh = excluded.location_zh,
                location_en = excluded.location_en, duty = excluded.duty, position = excluded.position,
                withdrawn = false
        )
        update service_window set withdrawn = true
        where not withdrawn and window_id not in (select window_id from said)
        """,
        json.dumps(list(rows), ensure_ascii=False),
    )


async def save_programmes(connection: Connection, programmes: Sequence[Programme]) -> None:
    """Enter the programmes; all others are withdrawn."""
    rows = [
        {"programme_id": each.id, "definition": each.stored(), "position": position}
        for position, each in enumerate(programmes)
    ]
    await connection.execute(
        """
        with said as (
            select * from jsonb_to_recordset($1::jsonb) as said(programme_id text, definition jsonb, position integer)
        ), saved as (
            insert into programme (programme_id, definition, position)
            select programme_id, definition, position from said
            on conflict (programme_id) do update
            set definition = excluded.definition, position = excluded.position, withdrawn = false
        )
        update programme set withdrawn = true
        where not withdrawn and programme_id not in (select programme_id from said)
        """,
        json.dumps(rows, ensure_ascii=False),
    )
