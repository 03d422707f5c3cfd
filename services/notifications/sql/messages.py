"""Messages: planned, prepared, held, settled, forgotten."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def lock_waiting(connection: Connection, booking_id: str) -> Rows:
    """Lock a booking's messages that wait and that no worker has in hand."""
    return await connection.fetch(
        """
        select message_id, kind, about_version, starts_at, window_id, previous_starts_at, source, useful_until
        from message
        where about = $1 and state = 'waiting' and (claimed_until is null or claimed_until < clock_timestamp())
        order by message_id
        for update
        """,
        booking_id,
    )


async def lock_waiting_of(connection: Connection, source: str) -> Rows:
    """Lock the messages of a visit or of a window that wait, but for those that somebody else has in hand or locked."""
    return await connection.fetch(
        """
        select message_id, kind, about, about_version, starts_at, window_id, previous_starts_at, source, useful_until
        from message
        where source = $1 and state = 'waiting' and (claimed_until is null or claimed_until < clock_timestamp())
        order by message_id
        for update skip locked
        """,
        source,
    )


async def insert_messages(  # noqa: PLR0913  (the columns)
    connection: Connection,
    planned: Sequence[tuple[str, str, datetime]],
    *,
    about: str,
    about_version: int,
    language: str,
    starts_at: datetime,
    window_id: str,
    session_date: date,
    previous_starts_at: datetime | None,
    correlation_id: str,
    source: str | None = None,
    useful_until: datetime | None = None,
) -> None:
    """Insert messages about a booking, each kind, recipient and due instant; those that are there already stay."""
    kinds, recipients, due = zip(*planned, strict=True)
    await connection.execute(
        """
        insert into message
            (about, about_version, kind, recipient, language, starts_at, window_id, session_date, previous_starts_at,
             correlation_id, source, useful_until, queued_at, due_at, try_at)
        select $1, $2, kind, recipient, $3, $4, $5, $6, case kind when 'moved' then $7::timestamptz end, $8,
               $9, $10, county_now(), due_at, due_at
        from unnest($11::text[], $12::text[], $13::timestamptz[]) as planned (kind, recipient, due_at)
        on conflict do nothing
        """,
        about,
        about_version,
        language,
        starts_at,
        window_id,
        session_date,
        previous_starts_at,
        correlation_id,
        source,
        useful_until,
        kinds,
        recipients,
        due,
    )


async def claim_unprepared(connection: Connection, limit: int, lease_seconds: float) -> Rows:
    """Take messages in hand that are due and not prepared, with their bookings.

    Only those of which session, venue and matter are known, the session on the booking's date; the others wait
    until the events come, or until it is too late. What is prepared holds for `ground`: the versions of all that
    it stands on, added; each can only grow, so that the sum is another whenever one of them is.
    """
    return await connection.fetch(
        """
        with due as (
            select m.message_id, b.version as booking_version, b.state as booking, b.session_id, b.venue_id,
                   b.matter_id, s.version as session_version, v.version as venue_version, t.version as matter_version,
                   d.state as visit, w.state as window_day,
                   b.version + coalesce(d.version, 0) + coalesce(w.version, 0) as ground,
                   m.source is not null and exists (
                       select from message n
                       where n.about = m.about and n.source = m.source and n.recipient = m.recipient
                         and n.about_version > m.about_version
                         and (n.kind = m.kind or m.kind in ('turn_near', 'called', 'missed'))
                   ) as superseded
            from message m
                join booking b on b.booking_id = m.about
                left join session s on s.session_id = b.session_id
                left join venue v on v.venue_id = b.venue_id
                left join matter t on t.matter_id = b.matter_id
                left join lateral (
                    select visit.version, visit.state from visit
                    where m.source is not null and visit.booking_id = m.about
                    order by visit.visit_id desc
                    limit 1
                ) d on true
                left join window_day w on w.window_day_id = m.source
            where m.state = 'waiting' and m.try_at <= county_now()
              and (m.claimed_until is null or m.claimed_until < clock_timestamp())
              and (m.good_until is null or m.good_until <= county_now()
                   or m.prepared_for <> b.version + coalesce(d.version, 0) + coalesce(w.version, 0))
              and (coalesce(m.useful_until, m.starts_at) <= county_now() or (
                  (s.date = m.session_date or (s.date is not null and m.kind in ('cancelled', 'session_cancelled')))
                  and v.version is not null and t.version is not null
              ))
            order by m.try_at
            limit $1
            for update of m skip locked
        )
        update message m
        set claimed_until = clock_timestamp() + make_interval(secs => $2)
        from due
        where m.message_id = due.message_id
        returning m.message_id, m.kind, m.recipient, m.language, m.about, m.about_version, m.starts_at, m.window_id,
                  m.previous_starts_at, m.source, m.useful_until, m.correlation_id,
                  m.preparations, m.preparation_failures, m.attempts,
                  county_now() as now,
                  due.booking_version, due.booking, due.session_id, due.venue_id, due.matter_id,
                  due.session_version, due.venue_version, due.matter_version,
                  due.visit, due.window_day, due.ground, due.superseded
        """,
        limit,
        lease_seconds,
    )


async def record_prepared(connection: Connection, rows: Sequence[Sequence[Any]]) -> Rows:
    """Keep what was prepared and let go of it. The messages, with whether they were said to be queued before.

    A row: id, channel, address, phone, subject, body, what it holds for, good until.
    """
    return await connection.fetch(
        """
        update message m
        set channel = p.channel, address = p.address, phone = p.phone, subject = p.subject, body = p.body,
            prepared_for = p.prepared_for, good_until = p.good_until, preparations = 0, preparation_failures = 0,
            claimed_until = null, version = greatest(m.version, 1)
        from unnest(
            $1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bigint[], $8::timestamptz[]
        ) as p (message_id, channel, address, phone, subject, body, prepared_for, good_until)
        where m.message_id = p.message_id and m.state = 'waiting'
        returning new.*, old.version > 0 as said
        """,
        *zip(*rows, strict=True),
    )


async def keep_words(connection: Connection, message_id: UUID, subject: bytes, body: bytes) -> None:
    """Keep the words of a message that goes nowhere, for whoever calls instead."""
    await connection.execute(
        "update message set subject = $2, body = $3 where message_id = $1 and state = 'waiting'",
        message_id,
        subject,
        body,
    )


async def keep_phone(connection: Connection, message_id: UUID, phone: bytes) -> None:
    """Keep the phone of a message that goes nowhere, for whoever calls instead."""
    await connection.execute(
        "update message set phone = $2 where message_id = $1 and state = 'waiting'", message_id, phone
    )


async def postpone(connection: Connection, rows: Sequence[tuple[UUID, datetime, int]]) -> None:
    """Let go of messages that could not be prepared, each to be looked at again at an instant, with its failures."""
    await connection.execute(
        """
        update message m
        set try_at = p.try_at, preparations = m.preparations + 1, preparation_failures = p.failures,
            good_until = null, claimed_until = null
        from unnest($1::uuid[], $2::timestamptz[], $3::integer[]) as p (message_id, try_at, failures)
        where m.message_id = p.message_id and m.state = 'waiting'
        """,
        *zip(*rows, strict=True),
    )


async def hold(connection: Connection, rows: Sequence[tuple[UUID, datetime]]) -> None:
    """Let go of messages that the quiet hours hold, each due at an instant."""
    await connection.execute(
        """
        update message m
        set try_at = p.due_at, due_at = p.due_at, good_until = null, claimed_until = null
        from unnest($1::uuid[], $2::timestamptz[]) as p (message_id, due_at)
        where m.message_id = p.message_id and m.state = 'waiting'
        """,
        *zip(*rows, strict=True),
    )


async def settle(connection: Connection, rows: Sequence[tuple[UUID, str, str | None]]) -> Rows:
    """Give messages that wait their final state, with a reason unless sent. The messages as they are then.

    A message that was never said to be queued is withdrawn without a word: its version stays 0.
    """
    return await connection.fetch(
        """
        update message m
        set state = s.state, reason = s.reason, settled_at = county_now(), good_until = null, claimed_until = null,
            version = m.version + case when m.version = 0 and s.state = 'withdrawn' then 0 else 1 end
        from unnest($1::uuid[], $2::text[], $3::text[]) as s (message_id, state, reason)
        where m.message_id = s.message_id and m.state = 'waiting'
        returning m.*
        """,
        *zip(*rows, strict=True),
    )


async def select_said_ids(connection: Connection, after: UUID, limit: int) -> list[UUID]:
    """The next ids of messages that were said to be queued, in their order; those that were forgotten are left out."""
    rows = await connection.fetch(
        """
        select message_id from message
        where message_id > $1 and version > 0 and forgotten_at is null
        order by message_id
        limit $2
        """,
        after,
        limit,
    )
    return [row["message_id"] for row in rows]


async def lock_said(connection: Connection, ids: Sequence[UUID]) -> Rows:
    """Lock messages that were said to be queued, in the order of their ids; those that were forgotten are left out."""
    return await connection.fetch(
        """
        select * from message
        where message_id = any($1::uuid[]) and version > 0 and forgotten_at is null
        order by message_id
        for update
        """,
        ids,
    )


async def select_call_list(connection: Connection, limit: int) -> Rows:
    """Messages that reached nobody, of visits that are not a day past: what the hall changed first, then by time.

    Whoever is in the hall hears and sees the calls there, and needs none by phone.
    """
    return await connection.fetch(
        """
        select * from message
        where state = 'failed' and starts_at > county_now() - interval '1 day'
          and kind not in ('turn_near', 'called', 'missed')
        order by kind in ('moved', 'session_cancelled') desc, starts_at, message_id
        limit $1
        """,
        limit,
    )


async def select_failed(connection: Connection, message_id: UUID) -> asyncpg.Record | None:
    """One message that reached nobody."""
    return await connection.fetchrow("select * from message where message_id = $1 and state = 'failed'", message_id)


async def select_held(connection: Connection) -> asyncpg.Record:
    """How many messages wait for the end of the quiet hours, and when the first of them may go."""
    row = await connection.fetchrow(
        """
        select count(*) as count, min(due_at) as until
        from message
        where state = 'waiting' and kind <> 'reminder' and due_at > county_now()
        """
    )
    assert row is not None  # noqa: S101  (an aggregate has one row)
    return row


async def overdue_seconds(connection: Connection) -> float:
    """How long the most overdue message has been waiting for its turn, in seconds of county time; 0 if none is."""
    seconds: float = await connection.fetchval(
        """
        select coalesce(extract(epoch from county_now() - min(due_at)), 0)::float8
        from message
        where state = 'waiting' and try_at <= county_now()
        """
    )
    return seconds


_OVER = "settled_at < county_now() - make_interval(days => $1) and forgotten_at is null"


async def count_messages(connection: Connection, days: int) -> int:
    """How many messages that were settled so many days ago have words or an address."""
    found: int = await connection.fetchval(f"select count(*) from message where {_OVER}", days)  # noqa: S608
    return found


async def select_over(connection: Connection, days: int, limit: int) -> list[UUID]:
    """Lock some of them, the oldest first, by id."""
    rows = await connection.fetch(
        f"select message_id from message where {_OVER} order by settled_at limit $2 for update skip locked",  # noqa: S608
        days,
        limit,
    )
    return [row["message_id"] for row in rows]


async def forget_messages(connection: Connection, message_ids: Sequence[UUID]) -> int:
    """Delete words and addresses of locked messages that are settled, and raise their versions; how many there were.

    One that was never said to be queued keeps its version 0, by which it is known.
    """
    status = await connection.execute(
        """
        update message
        set address = null, phone = null, subject = null, body = null, forgotten_at = county_now(),
            version = version + case when version = 0 then 0 else 1 end
        where message_id = any($1::uuid[]) and settled_at is not null and forgotten_at is null
        """,
        message_ids,
    )
    return int(status.rpartition(" ")[2])


async def lock_about(connection: Connection, booking_ids: Sequence[str], limit: int) -> Rows:
    """Lock the messages about bookings, the oldest first."""
    return await connection.fetch(
        "select * from message where about = any($1::text[]) order by message_id limit $2 for update",
        booking_ids,
        limit,
    )
