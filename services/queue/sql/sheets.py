"""What the day's sheet is made of."""

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def freeze(connection: Connection) -> None:
    """Let all that this transaction reads be of one moment. Its first statement."""
    await connection.execute("set transaction isolation level repeatable read, read only")


async def select_visits(connection: Connection, session_id: str, limit: int) -> Rows:
    """Every ticket of a session with its window, by number."""
    return await connection.fetch(
        """
        select ticket.*, window_day.number as window_number
        from ticket
        left join window_day
            on window_day.session_id = ticket.session_id
           and window_day.window_id = coalesce(ticket.at_window, ticket.bound_to)
        where ticket.session_id = $1
        order by ticket.number
        limit $2
        """,
        session_id,
        limit,
    )


async def select_outcome_kinds(connection: Connection, session_id: str) -> Rows:
    """What came of the matters of a session's finished visits, without what was said."""
    return await connection.fetch(
        """
        select outcome.ticket_id, outcome.matter_id, outcome.kind
        from outcome join ticket using (ticket_id)
        where ticket.session_id = $1 and ticket.state = 'finished'
        """,
        session_id,
    )


async def count_remarks(connection: Connection, session_id: str) -> Rows:
    """How much was found, by window and ticket; without a ticket where there was no visitor."""
    return await connection.fetch(
        """
        select window_id, ticket_id,
               (count(*) filter (where kind = 'problem'))::int as problems,
               (count(*) filter (where settled = 'on_the_spot'))::int as solved,
               (count(*) filter (where kind = 'suggestion'))::int as suggestions
        from remark
        where session_id = $1
        group by window_id, ticket_id
        """,
        session_id,
    )


async def select_findings(connection: Connection, session_id: str) -> Rows:
    """What was found and decided without a visitor, in its order, without a word of it."""
    return await connection.fetch(
        """
        select finding.kind, window_day.number, finding.noted_at, finding.settled
        from finding join window_day using (session_id, window_id)
        where session_id = $1
        order by finding.noted_at, finding.finding_id
        """,
        session_id,
    )
