"""What was promised because a director was gone, and the calendar by which it is due."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def upsert_calendar(connection: Connection, year: int, version: int, state: str) -> int | None:
    """Keep a year's newer calendar. The version replaced, 0 where it is the first; None where it is not newer."""
    replaced: int | None = await connection.fetchval(
        """
        insert into calendar_year (year, version, state) values ($1, $2, $3)
        on conflict (year) do update set version = excluded.version, state = excluded.state
        where excluded.version > calendar_year.version
        returning coalesce(old.version, 0)
        """,
        year,
        version,
        state,
    )
    return replaced


async def select_calendars(connection: Connection, first: int, last: int) -> list[str]:
    """What is known of the years from `first` to `last`."""
    rows = await connection.fetch("select state from calendar_year where year between $1 and $2", first, last)
    return [row["state"] for row in rows]


async def select_person(connection: Connection, ticket_id: UUID) -> asyncpg.Record:
    """A ticket's card and the blind index of its visitor's document, its own or the booking's that came later."""
    row = await connection.fetchrow(
        """
        select coalesce(ticket.card, card.card) as card, coalesce(ticket.person_key, card.document_key) as person_key
        from ticket left join card using (booking_id)
        where ticket.ticket_id = $1
        """,
        ticket_id,
    )
    if row is None:
        raise LookupError(str(ticket_id))
    return row


async def insert_promise(connection: Connection, promise: dict[str, Any]) -> None:
    """Insert a promise; its keys are columns."""
    await connection.execute(
        """
        insert into promise (
            kind, ticket_id, session_id, window_id, department_id, official_id, person_key, made_at, due_on, tentative,
            text, name, phone)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        *(
            promise[name]
            for name in (
                "kind", "ticket_id", "session_id", "window_id", "department_id", "official_id", "person_key",
                "made_at", "due_on", "tentative", "text", "name", "phone",
            )
        ),
    )  # fmt: skip


async def mark_stays(connection: Connection, ticket_id: UUID) -> None:
    """Note that a visitor stays and is received by whoever sits in."""
    await connection.execute("update ticket set stays = true where ticket_id = $1", ticket_id)


async def give_place(
    connection: Connection, department_id: str, person_key: bytes, before: date, ticket_id: UUID
) -> bool:
    """Keep the oldest promise of the first place to a person, made in a session before a date, with this ticket."""
    kept = await connection.fetchval(
        """
        update promise set kept_at = county_now(), kept_ticket_id = $4, name = null, phone = null
        where promise_id = (
            select promise_id
            from promise join session using (session_id)
            where promise.department_id = $1 and person_key = $2 and kind = 'next_session' and kept_at is null
              and session.date < $3
            order by made_at, promise_id
            limit 1
            for update of promise)
        returning promise_id
        """,
        department_id,
        person_key,
        before,
        ticket_id,
    )
    return kept is not None


async def give_place_by_number(  # noqa: PLR0913, PLR0917  (the old ticket and the new one)
    connection: Connection, department_id: str, number: str, day: date, before: date, ticket_id: UUID
) -> bool:
    """The same for whoever has only the old number and its date."""
    kept = await connection.fetchval(
        """
        update promise set kept_at = county_now(), kept_ticket_id = $5, name = null, phone = null
        where promise_id = (
            select promise_id
            from promise
            join session using (session_id)
            join ticket using (ticket_id)
            where promise.department_id = $1 and ticket.number = $2 and session.date = $3 and session.date < $4
              and promise.kind = 'next_session' and promise.kept_at is null
            order by made_at, promise_id
            limit 1
            for update of promise)
        returning promise_id
        """,
        department_id,
        number,
        day,
        before,
        ticket_id,
    )
    return kept is not None


async def mark_first_next(connection: Connection, ticket_id: UUID) -> None:
    """Give a ticket the first place that was promised. The order alone sees it; it is no news to anybody."""
    await connection.execute("update ticket set first_next = true where ticket_id = $1", ticket_id)


async def select_promises(connection: Connection, department_id: str, since: datetime, limit: int) -> Rows:
    """A department's open promises, what is due first before, then those kept since; with number and next session."""
    return await connection.fetch(
        """
        select promise.*, ticket.number, ticket.booking_id, session.date as session_date,
               coalesce(promise.due_on, next.date) as due
        from promise
        join session using (session_id)
        join ticket using (ticket_id)
        left join lateral (
            select min(later.date) as date
            from session as later
            join window_day on window_day.session_id = later.session_id
                           and window_day.department_id = promise.department_id
            where later.date > session.date and later.status <> 'cancelled'
              and later.state ->> 'programme_id' = session.state ->> 'programme_id'
        ) as next on true
        where promise.department_id = $1 and (promise.kept_at is null or promise.kept_at >= $2)
        order by promise.kept_at is not null, due nulls last, promise.made_at, promise.promise_id
        limit $3
        """,
        department_id,
        since,
        limit,
    )


async def select_by_ticket(connection: Connection, ticket_id: UUID) -> asyncpg.Record | None:
    """The promise that ended a ticket, with the next session of its department for the first place."""
    return await connection.fetchrow(
        """
        select promise.*, coalesce(promise.due_on, (
            select min(later.date)
            from session as later
            join window_day on window_day.session_id = later.session_id
                           and window_day.department_id = promise.department_id
            where later.date > session.date and later.status <> 'cancelled'
              and later.state ->> 'programme_id' = session.state ->> 'programme_id')) as due
        from promise join session using (session_id)
        where ticket_id = $1
        """,
        ticket_id,
    )


async def lock_promise(connection: Connection, promise_id: UUID, department_id: str) -> asyncpg.Record | None:
    """Lock a department's promise."""
    return await connection.fetchrow(
        "select * from promise where promise_id = $1 and department_id = $2 for update", promise_id, department_id
    )


async def settle_issue(connection: Connection, promise_id: UUID, by: str, said: bytes) -> None:
    """The director has called: by whom it was done and what was said; who they called is forgotten."""
    await connection.execute(
        """
        update promise set kept_at = county_now(), kept_by = $2, said = $3, name = null, phone = null
        where promise_id = $1
        """,
        promise_id,
        by,
        said,
    )
