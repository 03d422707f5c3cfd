"""Forgetting visitors: cards and indexes of tickets, what was said, and what was promised.

Rows stay, for figures count rows; `forgotten_at` says that what named a person is gone from one. An open promise holds
what it needs: whoever made it still has to call, or to keep a place. A day's age goes by UTC's date, which in China
is the county's or the one before: nobody is forgotten early, and hours do not matter after so many days.
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.database import Connection

_TICKETS = """
    from ticket join session using (session_id)
    where session.date < (county_now() at time zone 'UTC')::date - $1::int
      and ticket.forgotten_at is null
      and (ticket.card is not null or ticket.request_digest is not null or ticket.person_key is not null
           or exists (select from outcome where outcome.ticket_id = ticket.ticket_id and said is not null)
           or exists (select from remark where remark.ticket_id = ticket.ticket_id and text is not null))
"""
_OUTCOMES = """
    from outcome join ticket using (ticket_id) join session using (session_id)
    where session.date < (county_now() at time zone 'UTC')::date - $1::int and outcome.said is not null
"""
_REMARKS = """
    from remark join session using (session_id)
    where session.date < (county_now() at time zone 'UTC')::date - $1::int and remark.text is not null
"""
_PROMISES = """
    from promise
    where kept_at < county_now() - make_interval(days => $1) and forgotten_at is null
      and num_nonnulls(text, said, person_key, name, phone) > 0
"""


async def _count(connection: Connection, due: str, days: int) -> int:
    found: int = await connection.fetchval(f"select count(*) {due}", days)
    return found


async def count_tickets(connection: Connection, days: int) -> int:
    """How many tickets of days so long ago name a visitor."""
    return await _count(connection, _TICKETS, days)


async def select_tickets(connection: Connection, days: int, limit: int) -> list[UUID]:
    """Lock some of them, by id."""
    rows = await connection.fetch(
        f"select ticket.ticket_id {_TICKETS} order by ticket.ticket_id limit $2 for update of ticket skip locked",
        days,
        limit,
    )
    return [row["ticket_id"] for row in rows]


async def forget_tickets(connection: Connection, ticket_ids: Sequence[UUID]) -> int:
    """Take the visitor out of locked tickets, and raise their versions; how many there were.

    What was chosen for a way home, and the room of a group, go too: beside a number and a minute they name somebody.
    """
    status = await connection.execute(
        """
        update ticket
        set card = null, request_digest = null, person_key = null, last_bus_at = null, to_fetch = false, room = null,
            version = version + 1, forgotten_at = county_now()
        where ticket_id = any($1::uuid[]) and forgotten_at is null
        """,
        ticket_ids,
    )
    return int(status.rpartition(" ")[2])


async def count_outcomes(connection: Connection, days: int) -> int:
    """How many outcomes of days so long ago have words."""
    return await _count(connection, _OUTCOMES, days)


async def forget_outcomes(connection: Connection, days: int, limit: int) -> int:
    """Take the words out of outcomes of days so long ago; how many there were."""
    status = await connection.execute(
        f"""
        update outcome set said = null, forgotten_at = county_now()
        where (ticket_id, matter_id) in (select outcome.ticket_id, outcome.matter_id {_OUTCOMES} limit $2)
        """,  # noqa: S608
        days,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def count_remarks(connection: Connection, days: int) -> int:
    """How many problems and suggestions of days so long ago have words."""
    return await _count(connection, _REMARKS, days)


async def forget_remarks(connection: Connection, days: int, limit: int) -> int:
    """Take the words out of problems and suggestions of days so long ago; how many there were."""
    status = await connection.execute(
        f"""
        update remark set text = null, forgotten_at = county_now()
        where remark_id in (select remark.remark_id {_REMARKS} limit $2)
        """,  # noqa: S608
        days,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def count_promises(connection: Connection, days: int) -> int:
    """How many promises that were kept so long ago have words or a person."""
    return await _count(connection, _PROMISES, days)


async def forget_promises(connection: Connection, days: int, limit: int) -> int:
    """Take words and person out of promises that were kept so long ago; how many there were."""
    status = await connection.execute(
        f"""
        update promise
        set text = null, said = null, person_key = null, name = null, phone = null, forgotten_at = county_now()
        where promise_id in (select promise_id {_PROMISES} limit $2)
        """,  # noqa: S608
        days,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def lock_tickets_of(
    connection: Connection, document_keys: Sequence[bytes], booking_ids: Sequence[UUID], limit: int
) -> list[asyncpg.Record]:
    """Lock the tickets of a person, by their documents and bookings."""
    return await connection.fetch(
        """
        select ticket.*, session.date, session.programme_name
        from ticket
        join (select session_id, date, state ->> 'programme_name_zh' as programme_name from session) as session
            using (session_id)
        where ticket.person_key = any($1::bytea[]) or ticket.booking_id = any($2::uuid[])
        order by ticket_id
        limit $3
        for update of ticket
        """,
        document_keys,
        booking_ids,
        limit,
    )


async def lock_promises_of(
    connection: Connection, document_keys: Sequence[bytes], ticket_ids: Sequence[UUID], limit: int
) -> list[asyncpg.Record]:
    """Lock what was promised to a person, by their documents and tickets."""
    return await connection.fetch(
        """
        select * from promise
        where (person_key = any($1::bytea[]) or ticket_id = any($2::uuid[])) and forgotten_at is null
        order by promise_id
        limit $3
        for update
        """,
        document_keys,
        ticket_ids,
        limit,
    )


async def forget_words_of(connection: Connection, ticket_ids: Sequence[UUID]) -> tuple[int, int]:
    """Take the words out of all that came of tickets; how many outcomes and remarks had any."""
    outcomes = await connection.execute(
        """
        update outcome set said = null, forgotten_at = county_now()
        where ticket_id = any($1::uuid[]) and said is not null
        """,
        ticket_ids,
    )
    remarks = await connection.execute(
        """
        update remark set text = null, forgotten_at = county_now()
        where ticket_id = any($1::uuid[]) and text is not null
        """,
        ticket_ids,
    )
    return int(outcomes.rpartition(" ")[2]), int(remarks.rpartition(" ")[2])


async def forget_promises_of(connection: Connection, promise_ids: Sequence[UUID]) -> int:
    """Take words and person out of locked promises that were kept; how many there were."""
    status = await connection.execute(
        """
        update promise
        set text = null, said = null, person_key = null, name = null, phone = null, forgotten_at = county_now()
        where promise_id = any($1::uuid[]) and kept_at is not null and forgotten_at is null
        """,
        promise_ids,
    )
    return int(status.rpartition(" ")[2])


async def delete_cards(connection: Connection, booking_ids: Sequence[UUID]) -> int:
    """Delete the cards of bookings; how many there were."""
    status = await connection.execute("delete from card where booking_id = any($1::uuid[])", booking_ids)
    return int(status.rpartition(" ")[2])


async def select_words_of(connection: Connection, ticket_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """What was told and noted of tickets, encrypted: ticket, kind, matter and text."""
    return await connection.fetch(
        """
        select ticket_id, kind, matter_id, said as text from outcome where ticket_id = any($1::uuid[])
        union all select ticket_id, kind, null, text from remark where ticket_id = any($1::uuid[])
        order by 1, 2, 3
        """,
        ticket_ids,
    )
