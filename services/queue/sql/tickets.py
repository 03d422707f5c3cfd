"""Tickets, their outcomes, and what was found."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.queue.domain.tickets import Ticket
from shared.database import Connection

Rows = list[asyncpg.Record]


async def insert_ticket(connection: Connection, ticket: dict[str, Any]) -> Ticket:
    """Insert a ticket; its keys are columns."""
    row = await connection.fetchrow(
        """
        insert into ticket (
            last_event, session_id, venue_id, number, token, source, booking_id, idempotency_key, department_id,
            bound_to, matter_ids, persons, priority, language, near, booked_for, arrived_at, person_key, card,
            delegation, request_digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        returning *
        """,
        *(
            ticket[name]
            for name in (
                "last_event", "session_id", "venue_id", "number", "token", "source", "booking_id", "idempotency_key",
                "department_id", "bound_to", "matter_ids", "persons", "priority", "language", "near", "booked_for",
                "arrived_at", "person_key", "card", "delegation", "request_digest",
            )
        ),
    )  # fmt: skip
    if row is None:
        raise LookupError(ticket["number"])
    return Ticket.of(row)


async def update_ticket(connection: Connection, ticket: Ticket, event: str) -> Ticket:
    """Keep a ticket's state; with its new version."""
    row = await connection.fetchrow(
        """
        update ticket
        set version = version + 1, last_event = $2, department_id = $3, bound_to = $4, at_window = $5, matter_ids = $6,
            persons = $7, priority = $8, state = $9, closing = $10, misses = $11, behind = $12, overtaken = $13,
            near = $14, calls = $15, called_at = $16, started_at = $17, finished_at = $18, received_by = $19,
            official_id = $20, away_until = $21, arrived_at = $22
        where ticket_id = $1
        returning *
        """,
        ticket.ticket_id,
        event,
        ticket.department_id,
        ticket.bound_to,
        ticket.at_window,
        list(ticket.matter_ids),
        ticket.persons,
        ticket.priority,
        ticket.state,
        ticket.closing,
        ticket.misses,
        ticket.behind,
        ticket.overtaken,
        ticket.near,
        ticket.calls,
        ticket.called_at,
        ticket.started_at,
        ticket.finished_at,
        ticket.received_by,
        ticket.official_id,
        ticket.away_until,
        ticket.arrived_at,
    )
    if row is None:
        raise LookupError(str(ticket.ticket_id))
    return Ticket.of(row)


async def select_ticket(connection: Connection, session_id: str, ticket_id: UUID) -> asyncpg.Record | None:
    """One ticket of a session, whole."""
    return await connection.fetchrow(
        "select * from ticket where session_id = $1 and ticket_id = $2", session_id, ticket_id
    )


async def select_by_token(connection: Connection, token: str) -> asyncpg.Record | None:
    """The ticket that a visitor's page opens."""
    return await connection.fetchrow("select * from ticket where token = $1", token)


async def select_by_booking(connection: Connection, booking_id: UUID) -> asyncpg.Record | None:
    """The ticket of a booking."""
    return await connection.fetchrow("select * from ticket where booking_id = $1", booking_id)


async def select_by_key(connection: Connection, idempotency_key: str) -> asyncpg.Record | None:
    """The ticket that was taken under a key."""
    return await connection.fetchrow("select * from ticket where idempotency_key = $1", idempotency_key)


async def select_present(connection: Connection, session_id: str) -> Rows:
    """Everybody who is here: waiting, held, at a window, or closed because no call was answered."""
    return await connection.fetch(
        """
        select ticket.*,
               exists (
                   select from ticket as other
                   where other.session_id = ticket.session_id and other.person_key = ticket.person_key
                     and other.ticket_id <> ticket.ticket_id and other.state in ('called', 'serving')) as elsewhere,
               coalesce(away_until > county_now(), false) as away
        from ticket
        where session_id = $1 and (state not in ('finished', 'closed') or closing = 'unanswered')
        order by arrived_at, ticket_id
        """,
        session_id,
    )


async def set_room(connection: Connection, ticket_id: UUID, room: str | None) -> None:
    """Keep which room a group was given; None takes it back."""
    await connection.execute("update ticket set room = $2 where ticket_id = $1", ticket_id, room)


async def set_wishes(
    connection: Connection,
    ticket_id: UUID,
    *,
    last_bus_at: datetime | None,
    to_fetch: bool,
    away_until: datetime | None,
) -> None:
    """Keep what a visitor says of themselves. It is no news for others, so the version stays."""
    await connection.execute(
        "update ticket set last_bus_at = $2, to_fetch = $3, away_until = $4 where ticket_id = $1",
        ticket_id,
        last_bus_at,
        to_fetch,
        away_until,
    )


async def select_called(connection: Connection, session_id: str, limit: int) -> Rows:
    """Tickets that windows called last, the newest first."""
    return await connection.fetch(
        """
        select ticket.number, window_day.number as window_number, ticket.called_at, ticket.calls
        from ticket
        join window_day on window_day.session_id = ticket.session_id and window_day.window_id = ticket.at_window
        where ticket.session_id = $1 and ticket.called_at is not null
          and ticket.state in ('called', 'serving', 'held', 'finished')
        order by ticket.called_at desc, ticket.ticket_id desc
        limit $2
        """,
        session_id,
        limit,
    )


async def select_service_seconds(connection: Connection, session_id: str, window_id: str) -> list[float]:
    """How long the finished services of a window took today, in seconds."""
    rows = await connection.fetch(
        """
        select extract(epoch from finished_at - started_at)::float8 as seconds
        from ticket
        where session_id = $1 and at_window = $2 and state = 'finished' and started_at is not null
        """,
        session_id,
        window_id,
    )
    return [row["seconds"] for row in rows]


async def select_last_finished(connection: Connection, session_id: str, window_id: str) -> asyncpg.Record | None:
    """Id and number of whom a window finished last."""
    return await connection.fetchrow(
        """
        select ticket_id, number
        from ticket
        where session_id = $1 and at_window = $2 and state = 'finished' and source <> 'paper'
        order by finished_at desc
        limit 1
        """,
        session_id,
        window_id,
    )


async def select_figures(connection: Connection, session_id: str, window_id: str | None) -> asyncpg.Record:
    """What was done in a session, at one window or at all: persons, visits, items, problems, solved, suggestions.

    Delegations are no visitors; what was found with one was found all the same.
    """
    row = await connection.fetchrow(
        """
        select
            (select coalesce(sum(persons), 0)::int from ticket
             where session_id = $1 and ($2::text is null or at_window = $2) and state in ('serving', 'finished')
               and not delegation)
                as persons,
            (select count(*)::int from ticket
             where session_id = $1 and ($2::text is null or at_window = $2) and state in ('serving', 'finished')
               and not delegation)
                as visits,
            (select count(*)::int from outcome join ticket using (ticket_id)
             where ticket.session_id = $1 and ($2::text is null or ticket.at_window = $2)
               and not ticket.delegation and outcome.kind in ('handled', 'guided')) as items,
            (select count(*)::int from remark
             where session_id = $1 and ($2::text is null or window_id = $2) and kind = 'problem') as problems,
            (select count(*)::int from remark
             where session_id = $1 and ($2::text is null or window_id = $2) and settled = 'on_the_spot') as solved,
            (select count(*)::int from remark
             where session_id = $1 and ($2::text is null or window_id = $2) and kind = 'suggestion') as suggestions
        """,
        session_id,
        window_id,
    )
    if row is None:
        raise LookupError(session_id)
    return row


async def count_overtaken(connection: Connection, ticket_ids: Sequence[UUID], by: int) -> None:
    """Count for each that somebody with priority was called past it; by -1 takes that back."""
    await connection.execute(
        "update ticket set overtaken = overtaken + $2 where ticket_id = any($1::uuid[])", list(ticket_ids), by
    )


async def lower_behind(connection: Connection, ticket_ids: Sequence[UUID], by: int) -> None:
    """Count for each of those put back that another was called; by -1 takes that back."""
    await connection.execute(
        "update ticket set behind = greatest(behind - $2, 0) where ticket_id = any($1::uuid[])", list(ticket_ids), by
    )


async def insert_outcomes(
    connection: Connection, ticket_id: UUID, outcomes: Sequence[tuple[str, str, bytes | None]]
) -> None:
    """Keep what came of each matter: id, kind, and what was said, encrypted."""
    await connection.execute(
        """
        insert into outcome (ticket_id, matter_id, kind, said)
        select $1, o.* from unnest($2::text[], $3::text[], $4::bytea[]) as o
        """,
        ticket_id,
        *(list(column) for column in zip(*outcomes, strict=True)),
    )


async def select_outcomes(connection: Connection, ticket_ids: Sequence[UUID]) -> Rows:
    """What came of tickets, by matter."""
    return await connection.fetch(
        "select * from outcome where ticket_id = any($1::uuid[]) order by ticket_id, matter_id", list(ticket_ids)
    )


async def insert_remarks(  # noqa: PLR0913, PLR0917  (the columns)
    connection: Connection,
    session_id: str,
    window_id: str,
    ticket_id: UUID | None,
    noted_at: datetime,
    remarks: Sequence[tuple[str, str | None, bytes]],
) -> Rows:
    """Keep what was found: kind, how it was settled, and the text, encrypted. The rows with their ids."""
    if not remarks:
        return []
    return await connection.fetch(
        """
        insert into remark (session_id, window_id, ticket_id, noted_at, kind, settled, text)
        select $1, $2, $3, $4, r.* from unnest($5::text[], $6::text[], $7::bytea[]) as r
        returning *
        """,
        session_id,
        window_id,
        ticket_id,
        noted_at,
        *(list(column) for column in zip(*remarks, strict=True)),
    )


async def select_remarks(connection: Connection, ticket_ids: Sequence[UUID]) -> Rows:
    """What was found in visits."""
    return await connection.fetch(
        "select * from remark where ticket_id = any($1::uuid[]) order by ticket_id, remark_id", list(ticket_ids)
    )


async def select_remarks_with_cards(connection: Connection, remark_ids: Sequence[UUID]) -> Rows:
    """What was found in visits, by id, with the visitor's card and key where they are kept."""
    return await connection.fetch(
        """
        select remark.*, ticket.booking_id, ticket.language, coalesce(ticket.card, card.card) as card,
               coalesce(ticket.person_key, card.document_key) as person_key
        from remark join ticket using (ticket_id) left join card using (booking_id)
        where remark_id = any($1::uuid[])
        order by remark_id
        """,
        list(remark_ids),
    )


async def delete_results(connection: Connection, ticket_id: UUID) -> None:
    """Forget outcomes and findings of a visit whose end is taken back."""
    await connection.execute("delete from outcome where ticket_id = $1", ticket_id)
    await connection.execute("delete from remark where ticket_id = $1", ticket_id)


async def lock_by_ids(connection: Connection, ticket_ids: Sequence[UUID]) -> Rows:
    """Lock tickets in the order of their ids, to tell their state again; those of the forgotten are left out."""
    return await connection.fetch(
        """
        select * from ticket where ticket_id = any($1::uuid[]) and forgotten_at is null order by ticket_id for update
        """,
        list(ticket_ids),
    )


async def mark_near(connection: Connection, ticket_id: UUID) -> Ticket:
    """Note that it is nobody's news that the turn is near."""
    row = await connection.fetchrow("update ticket set near = true where ticket_id = $1 returning *", ticket_id)
    if row is None:
        raise LookupError(str(ticket_id))
    return Ticket.of(row)
