"""Deliveries, one an attempt, and the console channel's box."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.database import Connection

Rows = list[asyncpg.Record]


async def claim_deliveries(connection: Connection, channel: str, limit: int, lease_seconds: float) -> Rows:
    """Take prepared messages of a channel in hand and begin a delivery of each.

    An earlier delivery that never ended is marked as unknown; `unknown` tells of it.
    """
    return await connection.fetch(
        """
        with due as (
            select m.message_id
            from message m
                join booking b on b.booking_id = m.about
                left join lateral (
                    select visit.version from visit
                    where m.source is not null and visit.booking_id = m.about
                    order by visit.visit_id desc
                    limit 1
                ) d on true
                left join window_day w on w.window_day_id = m.source
            where m.state = 'waiting' and m.channel = $1 and m.try_at <= county_now()
              and m.good_until > county_now()
              and m.prepared_for = b.version + coalesce(d.version, 0) + coalesce(w.version, 0)
              and (m.claimed_until is null or m.claimed_until < clock_timestamp())
            order by m.try_at
            limit $2
            for update of m skip locked
        ),
        lost as (
            update delivery d set outcome = 'unknown', ended_at = county_now()
            from due
            where d.message_id = due.message_id and d.outcome is null
            returning d.message_id
        ),
        claimed as (
            update message m
            set attempts = m.attempts + 1, claimed_until = clock_timestamp() + make_interval(secs => $3)
            from due
            where m.message_id = due.message_id
            returning m.*
        ),
        begun as (
            insert into delivery (message_id, attempt, channel, started_at)
            select message_id, attempts, channel, county_now() from claimed
        )
        select claimed.*, county_now() as now, claimed.message_id in (select message_id from lost) as unknown
        from claimed
        order by claimed.message_id
        """,
        channel,
        limit,
        lease_seconds,
    )


async def end_deliveries(connection: Connection, rows: Sequence[tuple[UUID, int, str, str]]) -> None:
    """Record the outcomes of deliveries: message, attempt, outcome, detail."""
    await connection.execute(
        """
        update delivery d
        set outcome = e.outcome, detail = e.detail, ended_at = county_now()
        from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[]) as e (message_id, attempt, outcome, detail)
        where d.message_id = e.message_id and d.attempt = e.attempt
          and (d.outcome is null or d.outcome = 'unknown')
        """,
        *zip(*rows, strict=True),
    )


async def retry(connection: Connection, rows: Sequence[tuple[UUID, int, datetime]]) -> None:
    """Let go of messages whose attempt was in vain, each to be prepared anew at an instant."""
    await connection.execute(
        """
        update message m
        set try_at = r.try_at, good_until = null, claimed_until = null
        from unnest($1::uuid[], $2::integer[], $3::timestamptz[]) as r (message_id, attempt, try_at)
        where m.message_id = r.message_id and m.attempts = r.attempt and m.state = 'waiting'
        """,
        *zip(*rows, strict=True),
    )


async def insert_console_messages(connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """Put messages into the console's box; one that lies there already is the same message.

    A row: id, address, subject, body, kind, language, what it is about.
    """
    await connection.execute(
        """
        insert into console_message (message_id, address, subject, body, kind, language, about, sent_at)
        select message_id, address, subject, body, kind, language, about, county_now()
        from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::text[])
            as c (message_id, address, subject, body, kind, language, about)
        on conflict on constraint console_message_once do nothing
        """,
        *zip(*rows, strict=True),
    )


async def select_console_messages(connection: Connection, limit: int) -> Rows:
    """The newest messages in the console's box, without codes that are dead."""
    return await connection.fetch(
        """
        select * from console_message as message
        where kind <> 'sign_in_code'
           or exists (
               select from code_message as code
               where code.message_id = message.message_id and code.expires_at > clock_timestamp())
        order by sent_at desc, message_id desc
        limit $1
        """,
        limit,
    )


async def forget_console_messages(connection: Connection, days: int, limit: int) -> int:
    """Empty the console's box of messages so many days old; how many."""
    status = await connection.execute(
        """
        delete from console_message where message_id in (
            select message_id from console_message
            where sent_at < county_now() - make_interval(days => $1)
            order by sent_at
            limit $2
        )
        """,
        days,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def count_console_messages(connection: Connection, days: int) -> int:
    """How many messages in the console's box are so many days old."""
    found: int = await connection.fetchval(
        "select count(*) from console_message where sent_at < county_now() - make_interval(days => $1)", days
    )
    return found


async def delete_console_messages_about(connection: Connection, booking_ids: Sequence[str]) -> int:
    """Empty the console's box of messages about bookings; how many."""
    status = await connection.execute("delete from console_message where about = any($1::text[])", booking_ids)
    return int(status.rpartition(" ")[2])
