"""Lists of cases as whoever asks may see them.

A statement is put together from the constant conditions that are asked for, so that the database plans for those and
for no others; values are always parameters.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from services.cases.domain.reach import Scope
from shared.database import Connection

Rows = list[asyncpg.Record]

SEEN = """
    case when c.confidential
        then ($5 or c.venue_id = any($6)
              or exists (
                  select from unnest($3::text[], $4::text[]) as held (venue, department)
                  where (held.venue is null or held.venue = c.venue_id) and held.department = c.department_id))
             and (c.about_department_id is null or not c.about_department_id = any($7))
             and ($8::text is null or c.about_official_id is distinct from $8)
        else $1 or c.venue_id = any($2)
             or exists (
                 select from unnest($3::text[], $4::text[]) as held (venue, department)
                 where (held.venue is null or held.venue = c.venue_id)
                   and (held.department is null or held.department = c.department_id
                        or exists (
                            select from part
                            where part.case_id = c.case_id and part.department_id = held.department)))
    end
"""
_TYPES = "$1::boolean is not null and $2::text[] is not null and $5::boolean is not null and $6::text[] is not null \
and $7::text[] is not null"
"""Tells the types of parameters; always true."""
LIGHTS = {
    "overdue": "c.next_on < {today}",
    "paused": "c.state = 'suspended' and c.next_on >= {today}",
    "red": "c.next_on >= {today} and c.red_on <= {today} and c.state <> 'suspended'",
    "amber": "c.amber_on <= {today} and c.red_on > {today} and c.next_on >= {today} and c.state <> 'suspended'",
    "green": "c.amber_on > {today} and c.next_on >= {today} and c.state <> 'suspended'",
    "over": "c.next_on is null",
}


class Wanted(NamedTuple):
    """What a list is of; None, False: no matter."""

    state: str = "open"
    level: str | None = None
    department_id: str | None = None
    kind: str | None = None
    handler_id: str | None = None
    light: str | None = None
    listed: bool = False
    number: str | None = None
    tokens: Sequence[int] | None = None
    named: Sequence[str] = ()
    """Departments whose names have what was looked for."""


class _Query:
    """A condition that grows, with its parameters."""

    def __init__(self, scope: Scope) -> None:
        self.values: list[Any] = list(scope)
        self.conditions = [_TYPES, SEEN]

    def add(self, condition: str, *values: Any) -> None:
        """A condition, with `{}` for each of its values."""
        places = range(len(self.values) + 1, len(self.values) + 1 + len(values))
        self.values += values
        self.conditions.append(condition.format(*(f"${place}" for place in places)))

    def where(self) -> str:
        return " and ".join(f"({each})" for each in self.conditions)


def _asked(scope: Scope, wanted: Wanted, today: date) -> _Query:
    query = _Query(scope)
    if wanted.state == "open":
        query.add("c.next_on is not null")
    elif wanted.state == "over":
        query.add("c.next_on is null")
    for column in ("level", "department_id", "kind", "handler_id"):
        value = getattr(wanted, column)
        if value is not None:
            query.add(f"c.{column} = {{}}", value)
    if wanted.light is not None:
        condition = LIGHTS[wanted.light]
        if "{today}" in condition:
            query.values.append(today)
            condition = condition.replace("{today}", f"${len(query.values)}")
        query.conditions.append(condition)
    if wanted.listed:
        query.add("c.listed_on is not null")
    if wanted.number is not None:
        query.add("c.number = {}", wanted.number)
    if wanted.tokens is not None:
        query.add("c.tokens @> {}::bigint[] or c.department_id = any({}::text[])", wanted.tokens, wanted.named)
    return query


async def select_page(  # noqa: PLR0913, PLR0917  (what a page is made of)
    connection: Connection,
    scope: Scope,
    wanted: Wanted,
    today: date,
    after: tuple[date | datetime, UUID] | None,
    limit: int,
) -> Rows:
    """A page: what is open by its next date, all else the newest first; `after`: the last one of the page before."""
    query = _asked(scope, wanted, today)
    if wanted.state == "open":
        order = "c.next_on, c.case_id"
        if after is not None:
            query.add("(c.next_on, c.case_id) > ({}::date, {}::uuid)", *after)
    else:
        order = "c.registered_at desc, c.case_id desc"
        if after is not None:
            query.add("(c.registered_at, c.case_id) < ({}::timestamptz, {}::uuid)", *after)
    if wanted.tokens is not None:
        # What is looked for is found by its words first, and put in order then: the other way round the database
        # would walk through everything in its order until it has met enough.
        statement = f'select * from (select c.* from "case" as c where {query.where()} offset 0) as c order by {order}'  # noqa: S608
    else:
        statement = f'select c.* from "case" as c where {query.where()} order by {order}'  # noqa: S608
    return await connection.fetch(f"{statement} limit {int(limit)}", *query.values)


async def count(connection: Connection, scope: Scope, wanted: Wanted, today: date, most: int) -> int:
    """How many there are, counted up to `most`."""
    query = _asked(scope, wanted, today)
    found: int = await connection.fetchval(
        f'select count(*) from (select from "case" as c where {query.where()} limit {int(most)}) as found',  # noqa: S608
        *query.values,
    )
    return found


async def count_board(connection: Connection, scope: Scope, today: date) -> asyncpg.Record:
    """How many open cases there are, by light, level and need."""
    row = await connection.fetchrow(
        f"""
        select count(*) as open,
               count(*) filter (where {LIGHTS["amber"]}) as amber,
               count(*) filter (where {LIGHTS["red"]}) as red,
               count(*) filter (where {LIGHTS["overdue"]}) as overdue,
               count(*) filter (where c.listed_on is not null) as listed,
               count(*) filter (where c.state = 'contested') as contested,
               count(*) filter (where c.next_step = 'assign') as unassigned,
               count(*) filter (where c.level = 'window') as at_window,
               count(*) filter (where c.level = 'joint_review') as joint_review,
               count(*) filter (where c.level = 'supervision') as supervision
        from "case" as c
        where c.next_on is not null and {_TYPES} and ({SEEN})
        """.format(today="$9"),  # noqa: S608
        *scope,
        today,
    )
    if row is None:
        raise LookupError("board")
    return row


async def select_desk(
    connection: Connection, scope: Scope, departments: Sequence[str] | None, states: Sequence[str], limit: int
) -> Rows:
    """The cases that departments lead (None: all), in these states, by their next date."""
    query = _Query(scope)
    query.add("c.next_on is not null and c.state = any({}::text[]) and c.department_id is not null", states)
    if departments is not None:
        query.add("c.department_id = any({}::text[])", departments)
    return await connection.fetch(
        f'select c.* from "case" as c where {query.where()} order by c.next_on, c.case_id limit {int(limit)}',  # noqa: S608
        *query.values,
    )


async def select_parts(connection: Connection, scope: Scope, departments: Sequence[str] | None, limit: int) -> Rows:
    """Open parts of departments in open cases, by their date: the case, and the part's own columns with `part_`."""
    query = _Query(scope)
    query.add("c.next_on is not null and part.done_on is null")
    if departments is not None:
        query.add("part.department_id = any({}::text[])", departments)
    return await connection.fetch(
        f"""
        select c.*, part.part_id, part.department_id as part_department_id, part.words as part_words,
               part.due_on as part_due_on
        from part join "case" as c using (case_id)
        where {query.where()}
        order by part.due_on, part.part_id
        limit {int(limit)}
        """,  # noqa: S608
        *query.values,
    )


async def select_measures(connection: Connection, scope: Scope, departments: Sequence[str] | None, limit: int) -> Rows:
    """Promises to keep in cases that departments lead, by their date; as `select_parts`, with `measure_`."""
    query = _Query(scope)
    query.add("measure.done_on is null and c.state <> 'merged'")
    if departments is not None:
        query.add("c.department_id = any({}::text[])", departments)
    return await connection.fetch(
        f"""
        select c.*, measure.measure_id, measure.beneficiary as measure_beneficiary, measure.words as measure_words,
               measure.due_on as measure_due_on
        from measure join "case" as c using (case_id)
        where {query.where()}
        order by measure.due_on, measure.measure_id
        limit {int(limit)}
        """,  # noqa: S608
        *query.values,
    )


async def select_likely(  # noqa: PLR0913, PLR0917  (what is alike)
    connection: Connection,
    scope: Scope,
    case_id: UUID,
    tokens: Sequence[int],
    person: tuple[bytes | None, bytes | None],
    limit: int,
) -> Rows:
    """Open cases that are likely the same: raised by the same person, or with most of the title's words in common."""
    query = _Query(scope)
    query.add("c.case_id <> {}::uuid and c.next_on is not null", case_id)
    query.add(
        "c.person_key = {}::bytea or c.phone_key = {}::bytea or c.tokens && {}::bigint[]",
        *person,
        list(tokens),
    )  # fmt: skip
    same = f"${len(query.values)}"
    return await connection.fetch(
        f"""
        select found.* from (
            select c.*, cardinality(array(
                select unnest(c.tokens) intersect select unnest({same}::bigint[]))) as common
            from "case" as c where {query.where()} limit 2000) as found
        where common * 2 >= cardinality({same}::bigint[])
           or person_key = ${len(query.values) - 2} or phone_key = ${len(query.values) - 1}
        order by common desc, registered_at desc
        limit {int(limit)}
        """,  # noqa: S608
        *query.values,
    )


async def select_watched(connection: Connection, limit: int) -> Rows:
    """The public list, the longest first."""
    return await connection.fetch(
        """
        select department_id, kind, listed_on, raised_on, venue_id from "case"
        where listed_on is not null and not confidential
        order by listed_on, case_id
        limit $1
        """,
        limit,
    )
