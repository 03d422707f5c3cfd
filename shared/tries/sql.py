"""Tries at opening something, counted in the database so that all processes share the count."""

from collections.abc import Sequence

import asyncpg

from shared.database import Connection


async def count(connection: Connection, keys: Sequence[bytes], window_minutes: int) -> list[asyncpg.Record]:
    """Count one try under each key, sorted by the caller; the counts and the seconds until each begins anew."""
    return await connection.fetch(
        """
        insert into tries as known (key, window_from, count)
        select key, county_now(), 1 from unnest($1::bytea[]) with ordinality as wanted (key, place) order by place
        on conflict (key) do update
        set count = case
                when known.window_from + make_interval(mins => $2) <= excluded.window_from then 1
                else known.count + 1
            end,
            window_from = case
                when known.window_from + make_interval(mins => $2) <= excluded.window_from then excluded.window_from
                else known.window_from
            end
        returning key, count,
                  ceil(extract(epoch from window_from + make_interval(mins => $2) - county_now()))::int as seconds_left
        """,
        keys,
        window_minutes,
    )


async def give_back(connection: Connection, keys: Sequence[bytes]) -> None:
    """Take one try back under each key: it was right."""
    await connection.execute(
        """
        update tries set count = count - 1
        from (select key from tries where key = any($1::bytea[]) order by key for update) as locked
        where tries.key = locked.key and count > 0
        """,
        keys,
    )


async def forget(connection: Connection, window_minutes: int, limit: int) -> int:
    """Delete counts whose window is over, at most `limit`; how many there were."""
    status = await connection.execute(
        """
        delete from tries where key in (
            select key from tries
            where window_from + make_interval(mins => $1) <= county_now()
            order by window_from
            limit $2
            for update skip locked)
        """,
        window_minutes,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def count_over(connection: Connection, window_minutes: int) -> int:
    """How many counts are kept whose window is over."""
    found: int = await connection.fetchval(
        "select count(*) from tries where window_from + make_interval(mins => $1) <= county_now()", window_minutes
    )
    return found
