"""Statements of the bench, as the owner of a database that lives as long as the bench."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

SEATS = 64
"""Online seats of a slot, the most that one can have."""
DEADLOCKS = 5


async def create_bench_session(connection: Connection) -> None:
    """A session that is released and open, and a matter to come for; county_now() stays what it is."""
    await connection.execute(
        """
        insert into session (session_id, version, venue_id, date, status, public, departments, opens_at, release_at,
                             closes_at, cancel_until, party_size_max)
        select 'bench', 1, 'hall', (now() + interval '20 days')::date, 'planned', true, '{bench}', opens_at,
               now() - interval '1 day', opens_at, now() + interval '19 days', 5
        from (values (now() + interval '20 days')) as day (opens_at)
        """
    )
    await connection.execute(
        "insert into matter (matter_id, version, department_id, visit, withdrawn)"
        " values ('bench', 1, 'bench', 'needed', false)"
    )


async def forget_bench(connection: Connection) -> None:
    """Leave the tables as the migrations made them."""
    await connection.execute("truncate booking, slot, session, matter, outbox cascade; drop schema bare, whole cascade")


async def create_floors(connection: Connection) -> None:
    """Schema `bare`: tables with primary keys alone. Schema `whole`: copies of the real ones, references included."""
    await connection.execute(
        """
        create schema bare;
        create table bare.slot (slot_id integer primary key, capacity integer not null, taken integer not null);
        create table bare.booking (
            booking_id uuid primary key default uuidv7(), slot_id integer not null, seat integer not null,
            person bigint not null);
        create table bare.outbox (
            position bigint generated always as identity primary key, key uuid not null, payload text not null);
        create sequence bare.turn;

        create schema whole;
        create table whole.session (like session including all);
        create table whole.matter (like matter including all);
        create table whole.slot (like slot including all);
        create table whole.booking (like booking including all);
        create table whole.outbox (like outbox including all);
        create sequence whole.turn;
        alter table whole.slot add foreign key (session_id) references whole.session;
        alter table whole.booking add foreign key (slot_id) references whole.slot;
        insert into whole.session select * from session;
        insert into whole.matter select * from matter;
        """
    )


async def _empty(connection: Connection, schema: str) -> None:
    """Forget every booking, slot and event; again where booking's own upkeep locked the same tables the other way."""
    for _ in range(DEADLOCKS):
        with suppress(asyncpg.DeadlockDetectedError):
            await connection.execute(f"truncate {schema}.booking, {schema}.slot, {schema}.outbox cascade")
            return
    raise RuntimeError(f"the tables of {schema} could not be emptied")


async def renew_slots(connection: Connection, schema: str, count: int) -> int:
    """Forget every booking and slot of a schema and make `count` empty slots; the first one's number."""
    await _empty(connection, schema)
    if schema == "bare":
        await connection.execute("insert into bare.slot select n, $1, 0 from generate_series(1, $2) n", SEATS, count)
    else:
        await connection.execute(
            f"""
            insert into {schema}.slot (
                session_id, window_id, department_id, starts_at, ends_at,
                online_planned, online_capacity, counter_planned, counter_capacity)
            select session_id, 'w1', 'bench', opens_at, opens_at + interval '30 minutes', $1, $1, 0, 0
            from {schema}.session, generate_series(1, $2)
            where session_id = 'bench'
            """,
            SEATS,
            count,
        )
    await connection.execute(f"analyze {schema}.slot")
    first: int = await connection.fetchval(f"select min(slot_id) from {schema}.slot")
    return first


async def count_bookings(connection: Connection, schema: str) -> int:
    """How many seats are taken; RuntimeError where bookings, seats and events do not agree."""
    taken = "taken" if schema == "bare" else "online_taken"
    row = await connection.fetchrow(
        f"""
        select (select count(*) from {schema}.booking) as bookings,
               (select coalesce(sum({taken}), 0) from {schema}.slot) as seats
        """
    )
    if row is None or row["bookings"] != row["seats"]:
        raise RuntimeError(f"{schema}: bookings and seats do not agree: {row!r}")
    bookings: int = row["bookings"]
    return bookings


async def count_unpublished(connection: Connection) -> int:
    """Events that the relay has still to publish."""
    waiting: int = await connection.fetchval("select count(*) from outbox where published_at is null")
    return waiting


async def limit_seats(connection: Connection, seats: int) -> None:
    """Give every slot so many online seats."""
    await connection.execute("update slot set online_planned = $1, online_capacity = $1", seats)


async def multiply_slots(connection: Connection, count: int) -> tuple[list[int], str]:
    """Add `count` large slots to an open session, each like one it has; their numbers, and a matter for them.

    Nothing, while booking has not yet heard of a session that is open.
    """
    slots = await connection.fetch(
        """
        with sample as (
            select slot.*
            from slot
            join session using (session_id)
            where session.status = 'planned' and session.public
              and session.release_at <= county_now() and county_now() < session.closes_at
              and slot.starts_at > county_now() + interval '2 days'
              and exists (
                  select from matter
                  where matter.department_id = slot.department_id and not withdrawn and visit = 'needed')
            order by slot.starts_at desc, slot.slot_id
            limit 1)
        insert into slot (
            session_id, window_id, department_id, starts_at, ends_at,
            online_planned, online_capacity, counter_planned, counter_capacity)
        select session_id, window_id, department_id, starts_at, ends_at, $1, $1, 0, 0
        from sample, generate_series(1, $2)
        returning slot_id, department_id
        """,
        SEATS,
        count,
    )
    if not slots:
        return [], ""
    matter: str = await connection.fetchval(
        "select matter_id from matter where department_id = $1 and not withdrawn and visit = 'needed' limit 1",
        slots[0]["department_id"],
    )
    return [row["slot_id"] for row in slots], matter


async def rendered_at(connection: Connection, bookings: Sequence[str]) -> Mapping[str, float]:
    """When the first console message about each booking was committed, in seconds since 1970, by Postgres."""
    rows = await connection.fetch(
        """
        select about, min(extract(epoch from pg_xact_commit_timestamp(xmin)))::float8 as seconds
        from console_message
        where about = any($1)
        group by about
        """,
        bookings,
    )
    return {row["about"]: row["seconds"] for row in rows}


async def keep_commit_times(connection: Connection) -> None:
    """As superuser: remember the time of each commit, from the server's next start on."""
    await connection.execute("alter system set track_commit_timestamp = on")


async def create_bare_tickets(connection: Connection) -> None:
    """In the queue's database: a table with what the floor's statements need."""
    await connection.execute(
        """
        create schema bare;
        create table bare.ticket (
            ticket_id uuid primary key default uuidv7(), department integer not null,
            state text not null default 'waiting', arrived_at timestamptz not null, called_at timestamptz,
            started_at timestamptz, finished_at timestamptz);
        create index on bare.ticket (department, state, arrived_at);
        """
    )


async def forget_bare_tickets(connection: Connection) -> None:
    """Leave the queue's database as the migrations made it."""
    await connection.execute("drop schema bare cascade")


async def select_departments(connection: Connection) -> list[str]:
    """The departments of the halls that cases know."""
    rows = await connection.fetch(
        """
        select department ->> 'department_id' as id
        from venue, jsonb_array_elements(state -> 'departments') as department
        """
    )
    return [row["id"] for row in rows]


async def copy_cases(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write cases; what a row does not say has its default, and the planner knows them afterwards."""
    names = sorted({name for row in rows for name in row})
    defaults = {"reminded": None, "overdue_noted": False}
    records = [tuple(row.get(name, defaults.get(name)) for name in names) for row in rows]
    await connection.copy_records_to_table("case", records=records, columns=names, timeout=300)
    await connection.execute('vacuum analyze "case"', timeout=300)
