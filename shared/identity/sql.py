"""Every statement on what accounts tells of its accounts. Ages go by the server's own clock, as tokens do."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from shared.database import Connection


async def upsert_standing(  # noqa: PLR0913  (the row)
    connection: Connection,
    *,
    account_id: str,
    version: int,
    state: str,
    tokens_from: datetime | None,
    ended_sessions: Sequence[str],
) -> int | None:
    """Keep an account's standing if it is newer; the version that stood before, 0 if none, None if it was not newer."""
    before: int | None = await connection.fetchval(
        """
        with before as (select version from account_standing where account_id = $1)
        insert into account_standing (account_id, version, state, tokens_from, ended_sessions)
        values ($1, $2, $3, $4, $5)
        on conflict (account_id) do update
        set version = excluded.version, state = excluded.state, tokens_from = excluded.tokens_from,
            ended_sessions = excluded.ended_sessions, heard_at = clock_timestamp()
        where account_standing.version < excluded.version
        returning coalesce((select version from before), 0)
        """,
        account_id,
        version,
        state,
        tokens_from,
        list(ended_sessions),
    )
    return before


async def select_standings(connection: Connection, seconds: float) -> list[asyncpg.Record]:
    """What was heard in the last so many seconds: an older token than that has expired by itself."""
    return await connection.fetch(
        """
        select account_id, state, tokens_from, ended_sessions
        from account_standing
        where heard_at > clock_timestamp() - make_interval(secs => $1)
          and (state <> 'active' or tokens_from is not null or cardinality(ended_sessions) > 0)
        """,
        seconds,
    )
