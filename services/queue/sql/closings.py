"""The end of the day: what is still open, what is counted, and who signed it."""

from datetime import date
from uuid import UUID

import asyncpg

from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import DUTY_STATES, duty_state
from services.queue.sql.days import HELD
from shared.database import Connection

Rows = list[asyncpg.Record]


async def confirm_window(connection: Connection, session_id: str, window_id: str, by: str) -> None:
    """A closed window confirms what it recorded."""
    await connection.execute(
        """
        update window_day set confirmed_at = county_now(), confirmed_by = $3
        where session_id = $1 and window_id = $2
        """,
        session_id,
        window_id,
        by,
    )


async def unconfirm_window(connection: Connection, session_id: str, window_id: str) -> None:
    """A window that goes on has confirmed nothing."""
    await connection.execute(
        "update window_day set confirmed_at = null, confirmed_by = null where session_id = $1 and window_id = $2",
        session_id,
        window_id,
    )


async def select_unconfirmed(connection: Connection, session_id: str) -> Rows:
    """Windows that did anything, on paper too, or are open, and have not confirmed, by number."""
    return await connection.fetch(
        """
        select window_id, number
        from window_day
        where session_id = $1 and confirmed_at is null
          and (state <> 'closed' or exists (
              select from step where step.session_id = $1 and step.window_id = window_day.window_id)
            or exists (
              select from ticket
              where ticket.session_id = $1 and ticket.at_window = window_day.window_id and ticket.state = 'finished'))
        order by number
        """,
        session_id,
    )


async def select_open(connection: Connection, session_id: str) -> Rows:
    """Tickets without an end."""
    return await connection.fetch(
        """
        select * from ticket
        where session_id = $1 and state not in ('finished', 'closed')
        order by number
        """,
        session_id,
    )


async def count_ahead(connection: Connection, session_id: str) -> int:
    """Live bookings of a session whose time has not come, and whose people are not here."""
    ahead: int = await connection.fetchval(
        """
        select count(*)::int
        from booking join session using (session_id)
        where session_id = $1 and session.status = 'planned' and booking.state <> 'cancelled'
          and starts_at > county_now()
          and not exists (select from ticket where ticket.booking_id = booking.booking_id)
        """,
        session_id,
    )
    return ahead


async def insert_no_shows(connection: Connection, session_id: str) -> Rows:
    """Note the live bookings of a session for which nobody checked in; those that are new, as they were told."""
    return await connection.fetch(
        """
        with absent as (
            insert into no_show (booking_id, session_id)
            select booking_id, session_id
            from booking join session using (session_id)
            where session_id = $1 and booking.state <> 'cancelled' and session.status = 'planned'
              and not exists (select from ticket where ticket.booking_id = booking.booking_id)
            order by starts_at, booking_id
            on conflict do nothing
            returning visit_id, booking_id)
        select absent.visit_id, booking.told from absent join booking using (booking_id) order by absent.visit_id
        """,
        session_id,
    )


async def select_no_shows(connection: Connection, visit_ids: list[UUID]) -> Rows:
    """No-shows by id, as their bookings were told."""
    return await connection.fetch(
        """
        select no_show.visit_id, booking.told
        from no_show join booking using (booking_id)
        where no_show.visit_id = any($1::uuid[])
        order by no_show.visit_id
        """,
        visit_ids,
    )


async def select_attendances(connection: Connection, session_id: str) -> Rows:
    """Of each window whether its official came, and whether anybody ever sat in, at all windows of the same duty.

    An official has one duty in a department, however many windows: `first` is its window that counts. A visit that
    was written on paper says who received, too, though nobody recorded that they came: at a deputy's window that is
    the deputy, for whom paper has no other word.
    """
    return await connection.fetch(
        """
        with seen as (
            select window_id, attendance = 'present' as came, substitute_id is not null as substituted
            from attendance where session_id = $1
            union all
            select at_window, received_by = case role when 'deputy' then 'substitute' else 'principal' end,
                   received_by = 'substitute' and role <> 'deputy'
            from ticket join window_day on window_day.session_id = $1 and window_day.window_id = ticket.at_window
            where ticket.session_id = $1 and ticket.state = 'finished' and source = 'paper'),
        each as (
            select window_day.window_id, role, number, department_id, coalesce(official_id, window_id) as duty,
                   coalesce(bool_or(came), false) as came, coalesce(bool_or(substituted), false) as substituted
            from window_day left join seen using (window_id)
            where session_id = $1
            group by session_id, window_id)
        select window_id, role, bool_or(came) over duties as came, bool_or(substituted) over duties as substituted,
               number = min(number) over duties as first
        from each
        window duties as (partition by department_id, role, duty)
        """,
        session_id,
    )


async def count_totals(connection: Connection, session_id: str) -> dict[str, int]:
    """What the day came to, each counted apart. Delegations are no visitors; what was found with one was."""
    row = await connection.fetchrow(
        """
        with done as (select * from ticket where session_id = $1 and state = 'finished' and not delegation),
        came as (select * from outcome join done using (ticket_id))
        select
            (select count(*) from done)::int as visits,
            (select coalesce(sum(persons), 0) from done)::int as persons,
            (select count(*) from done where source = 'booking')::int as booked,
            (select count(*) from done where source = 'walk_in')::int as walk_ins,
            (select count(*) from done where source = 'paper')::int as on_paper,
            (select count(*) from came where kind = 'handled')::int as handled,
            (select count(*) from came where kind = 'guided')::int as guided,
            (select count(*) from came where kind = 'incomplete')::int as incomplete,
            (select count(*) from came where kind = 'declined')::int as declined,
            (select count(*) from remark where session_id = $1 and kind = 'problem')::int as problems,
            (select count(*) from remark where session_id = $1 and settled = 'on_the_spot')::int as solved,
            (select count(*) from remark where session_id = $1 and kind = 'suggestion')::int as suggestions,
            (select count(*) from done where received_by = 'principal')::int as by_principal,
            (select count(*) from done where received_by = 'substitute')::int as by_substitute,
            (select count(*) from done where received_by = 'staff')::int as by_staff,
            (select count(*) from ticket
             where session_id = $1 and state = 'closed' and not delegation)::int as unserved,
            (select count(*) from no_show where session_id = $1)::int as no_shows,
            (select count(*) from finding where session_id = $1 and kind = 'finding')::int as findings,
            (select count(*) from finding where session_id = $1 and kind = 'decision')::int as decisions
        """,
        session_id,
    )
    if row is None:
        raise LookupError(session_id)
    duties = [each for each in await select_attendances(connection, session_id) if each["first"]]
    states = [duty_state(each["came"], each["substituted"]) for each in duties if each["role"] == "principal"]
    return {**row, **{f"principals_{each}": states.count(each) for each in DUTY_STATES}}


async def close_session(connection: Connection, session_id: str) -> None:
    """The day is closed from here on."""
    await connection.execute("update session set closed_at = county_now() where session_id = $1", session_id)


async def forget_cards(connection: Connection, session_id: str) -> None:
    """Delete who came from the tickets of a closed day; `cards.forget` deletes those of bookings.

    The digests of what was asked for go, too: they were made of names, and nothing is sent again to a closed day.
    """
    await connection.execute(
        """
        update ticket set card = null, request_digest = null
        where session_id = $1 and (card is not null or request_digest is not null)
        """,
        session_id,
    )


async def insert_closing(
    connection: Connection, session_id: str, signed_by: str, reason: str | None, totals: str
) -> asyncpg.Record:
    """Sign the day, or a correction of it: the next version."""
    row = await connection.fetchrow(
        """
        insert into closing (session_id, version, signed_by, signed_at, reason, totals)
        select $1, coalesce(max(version), 0) + 1, $2, county_now(), $3, $4 from closing where session_id = $1
        returning *
        """,
        session_id,
        signed_by,
        reason,
        totals,
    )
    if row is None:
        raise LookupError(session_id)
    return row


async def select_closings(connection: Connection, session_id: str) -> Rows:
    """All versions of a day's closing, the first one first."""
    return await connection.fetch("select * from closing where session_id = $1 order by version", session_id)


async def lock_last(connection: Connection, session_ids: list[str]) -> Rows:
    """The last closing of sessions, with hall and date, the session locked."""
    return await connection.fetch(
        """
        select closing.*, session.venue_id, session.date, session.closed_at
        from session
        cross join lateral (
            select * from closing where closing.session_id = session.session_id order by version desc limit 1
        ) as closing
        where session.session_id = any($1::text[])
        order by session.session_id
        for update of session
        """,
        session_ids,
    )


async def correct_ticket(connection: Connection, ticket: Ticket) -> None:
    """Replace what came of a ticket: its outcomes are inserted anew afterwards."""
    await connection.execute("delete from outcome where ticket_id = $1", ticket.ticket_id)


async def select_visits(
    connection: Connection, session_id: str, after: str, limit: int, ticket_id: UUID | None = None
) -> Rows:
    """Tickets of a session, or one of them, whose number comes after `after`, by number."""
    return await connection.fetch(
        """
        select ticket.*, window_day.number as window_number,
               (select count(*) from remark where remark.ticket_id = ticket.ticket_id and kind = 'problem')::int
                   as problems,
               (select count(*) from remark where remark.ticket_id = ticket.ticket_id and kind = 'suggestion')::int
                   as suggestions
        from ticket
        left join window_day on window_day.session_id = ticket.session_id
            and window_day.window_id = coalesce(ticket.at_window, ticket.bound_to)
        where ticket.session_id = $1 and ticket.number > $2 and ($4::uuid is null or ticket.ticket_id = $4)
        order by ticket.number
        limit $3
        """,
        session_id,
        after,
        limit,
        ticket_id,
    )


async def select_earlier(connection: Connection, before: date, limit: int) -> Rows:
    """Sessions that were held before a day, the latest first."""
    return await connection.fetch(
        f"""
        select session_id, date, state, closed_at
        from session
        where date < $1 and {HELD}
        order by date desc, session_id
        limit $2
        """,  # noqa: S608
        before,
        limit,
    )
