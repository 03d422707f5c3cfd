"""Joint reviews and frontline supervisions: agenda, attendance, decisions."""

from datetime import date
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def select_sessions(connection: Connection, first: date, last: date, limit: int) -> Rows:
    """The meetings that are held between two days, with how many items they have."""
    return await connection.fetch(
        """
        select session.*, coalesce(meeting.state, 'preparing') as meeting_state,
               (select count(*) from agenda_item
                where agenda_item.session_id = session.session_id and removed_at is null) as items
        from session left join meeting using (session_id)
        where session.level in ('joint_review', 'supervision') and session.status = 'planned'
          and session.date between $1 and $2
        order by session.date, session.session_id
        limit $3
        """,
        first,
        last,
        limit,
    )


async def select_session(connection: Connection, session_id: str) -> asyncpg.Record | None:
    """The roster's session of a meeting, also where it was called off after something was written down in it."""
    return await connection.fetchrow(
        """
        select session.* from session left join meeting using (session_id)
        where session.session_id = $1 and session.level in ('joint_review', 'supervision')
          and (session.status = 'planned' or meeting.session_id is not null)
        """,
        session_id,
    )


async def ensure(connection: Connection, session_id: str, venue_id: str, level: str) -> None:
    """A meeting's row; told twice, it is one."""
    await connection.execute(
        "insert into meeting (session_id, venue_id, level) values ($1, $2, $3) on conflict (session_id) do nothing",
        session_id,
        venue_id,
        level,
    )


async def lock(connection: Connection, session_id: str) -> asyncpg.Record | None:
    """Lock a meeting."""
    return await connection.fetchrow("select * from meeting where session_id = $1 for update", session_id)


async def select(connection: Connection, session_id: str) -> asyncpg.Record | None:
    """A meeting; None where nothing was put on its agenda yet."""
    return await connection.fetchrow("select * from meeting where session_id = $1", session_id)


async def count_change(connection: Connection, session_id: str) -> None:
    """Something happened in it."""
    await connection.execute("update meeting set version = version + 1 where session_id = $1", session_id)


async def set_state(connection: Connection, session_id: str, state: str) -> None:
    """It begins, ends with the next version of its minutes, or is opened again to put them right."""
    await connection.execute(
        """
        update meeting
        set state = $2,
            opened_at = case when $2 = 'open' then coalesce(opened_at, county_now()) else opened_at end,
            closed_at = case when $2 = 'closed' then county_now() end,
            minutes_version = minutes_version + ($2 = 'closed')::int
        where session_id = $1
        """,
        session_id,
        state,
    )


async def select_items(connection: Connection, session_id: str) -> Rows:
    """The agenda in its order: the item's columns with `item_`, and the case's."""
    return await connection.fetch(
        """
        select "case".*, item_id, position as item_position, why as item_why, postponed_at as item_postponed_at,
               agenda_item.words as item_words, record as item_record
        from agenda_item join "case" using (case_id)
        where agenda_item.session_id = $1 and removed_at is null
        order by position, item_id
        """,
        session_id,
    )


async def insert_item(connection: Connection, session_id: str, case_id: UUID, why: str) -> bool:
    """Put a case on the agenda, at its end; one that was taken off comes back. False where it is there already."""
    put = await connection.fetchval(
        """
        insert into agenda_item (session_id, case_id, position, why, added_at)
        select $1, $2, coalesce(max(position), 0) + 1, $3, county_now() from agenda_item where session_id = $1
        on conflict (session_id, case_id) do update set removed_at = null, why = excluded.why
        where agenda_item.removed_at is not null
        returning item_id
        """,
        session_id,
        case_id,
        why,
    )
    return put is not None


async def remove_item(connection: Connection, session_id: str, item_id: UUID) -> bool:
    """Take an item off that was not decided; False where there is none."""
    removed = await connection.fetchval(
        """
        update agenda_item set removed_at = county_now()
        where session_id = $1 and item_id = $2 and removed_at is null
          and not exists (select from decision where decision.item_id = agenda_item.item_id)
        returning item_id
        """,
        session_id,
        item_id,
    )
    return removed is not None


async def postpone_item(connection: Connection, item_id: UUID, words: bytes | None) -> None:
    """An item waits for the next meeting."""
    await connection.execute(
        "update agenda_item set postponed_at = county_now(), words = $2 where item_id = $1", item_id, words
    )


async def record_visit(connection: Connection, item_id: UUID, words: bytes | None) -> None:
    """What was seen on the spot."""
    await connection.execute("update agenda_item set record = $2 where item_id = $1", item_id, words)


async def insert_decision(  # noqa: PLR0913, PLR0917  (the columns)
    connection: Connection,
    item_id: UUID,
    words: bytes | None,
    department_id: str,
    official_id: str | None,
    due_on: date,
) -> None:
    """Who does what by when."""
    await connection.execute(
        """
        insert into decision (item_id, words, department_id, official_id, due_on, decided_at)
        values ($1, $2, $3, $4, $5, county_now())
        """,
        item_id,
        words,
        department_id,
        official_id,
        due_on,
    )
    await connection.execute("update agenda_item set postponed_at = null, words = null where item_id = $1", item_id)


async def select_decisions(connection: Connection, session_id: str) -> Rows:
    """All that was decided in a meeting."""
    return await connection.fetch(
        """
        select decision.* from decision join agenda_item using (item_id)
        where session_id = $1 order by decided_at, decision_id
        """,
        session_id,
    )


async def upsert_attendance(  # noqa: PLR0913, PLR0917  (the columns)
    connection: Connection,
    session_id: str,
    official_id: str,
    department_id: str | None,
    status: str,
    substitute_id: str | None,
) -> None:
    """Who was there, or was substituted."""
    await connection.execute(
        """
        insert into attendance (session_id, official_id, department_id, status, substitute_id)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint attendance_once do update
        set status = excluded.status, substitute_id = excluded.substitute_id,
            department_id = coalesce(excluded.department_id, attendance.department_id)
        """,
        session_id,
        official_id,
        department_id,
        status,
        substitute_id,
    )


async def select_attendance(connection: Connection, session_id: str) -> Rows:
    """Who was expected, and who came."""
    return await connection.fetch("select * from attendance where session_id = $1 order by official_id", session_id)


async def select_due(connection: Connection, session_id: str, venue_id: str, level: str, limit: int) -> Rows:
    """Open cases of a level that no meeting has decided since they came to it, and that are on no other agenda to come.

    `why`: what was postponed by an earlier meeting first; else why the case came to the level.
    """
    return await connection.fetch(
        """
        select found.case_id, found.why
        from (
            select c.case_id, c.next_on,
                   case when exists (
                            select from agenda_item
                            where agenda_item.case_id = c.case_id and postponed_at is not null) then 'postponed'
                        else coalesce((
                            select step.why from step
                            where step.case_id = c.case_id and step.kind = 'escalated' and step.level = c.level
                              and step.why in ('blocked', 'overdue', 'several_departments')
                            order by step.version desc limit 1), 'by_hand') end as why
            from "case" as c
            where c.next_on is not null and c.level = $3 and c.venue_id = $2 and not c.confidential
              and c.state in ('registered', 'returned', 'accepted', 'in_progress')
              and not exists (
                  select from step
                  where step.case_id = c.case_id and step.kind = 'decided' and step.level = c.level
                    and step.version > coalesce((
                        select max(version) from step as climbed
                        where climbed.case_id = c.case_id and climbed.kind in ('escalated', 'reopened', 'refused')), 0))
              and not exists (
                  select from agenda_item join meeting using (session_id)
                  where agenda_item.case_id = c.case_id and meeting.level = $3
                    and (agenda_item.session_id = $1
                         or (removed_at is null and postponed_at is null and meeting.state <> 'closed')))
        ) as found
        order by found.why = 'postponed' desc, found.next_on, found.case_id
        limit $4
        """,
        session_id,
        venue_id,
        level,
        limit,
    )


async def select_of_case(connection: Connection, case_id: UUID, limit: int) -> Rows:
    """The meetings on whose agenda a case is or was."""
    return await connection.fetch(
        """
        select meeting.session_id, meeting.level, meeting.state, session.date
        from agenda_item join meeting using (session_id) join session using (session_id)
        where agenda_item.case_id = $1 and removed_at is null
        order by session.date desc
        limit $2
        """,
        case_id,
        limit,
    )


async def forget_words(connection: Connection, case_ids: list[UUID]) -> None:
    """Take the words of forgotten cases out of agendas and decisions; that something was decided stays."""
    await connection.execute(
        """
        update decision set words = null
        from agenda_item where agenda_item.item_id = decision.item_id and case_id = any($1::uuid[])
        """,
        case_ids,
    )
    await connection.execute(
        "update agenda_item set words = null, record = null where case_id = any($1::uuid[])", case_ids
    )
