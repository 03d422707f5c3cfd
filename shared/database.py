"""A service's own Postgres database: its pool, its transactions, its clock, its named constraints.

Statements stand in each service's `sql.py`; this module holds what they run on. Limits: a statement
10 s, a lock 5 s, an idle transaction 15 s, so that nothing waits for ever on anything.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.problems import Problem

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    _Base = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection | PoolConnectionProxy
    Pool = asyncpg.Pool
    _Base = asyncpg.Connection

SERVER_SETTINGS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "jit": "off",  # plans here are short; compiling them costs more than it saves
    "timezone": "UTC",
}

PASSING_ERRORS: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that was lost in the middle of something
    ConnectionError,
    TimeoutError,
    OSError,
)
"""What is over by itself: the same work will succeed once the database is there again."""


class _Unreset(_Base):
    """A connection that goes back to its pool as it is.

    asyncpg would send a query that releases locks and settings of the session: a fifth of the round trips of a
    short transaction. Nothing here outlives its transaction: locks and settings are taken for that alone.
    """

    def get_reset_query(self) -> str:
        """No query; a transaction left open is rolled back all the same."""
        return ""


async def open_pool(dsn: str, *, size: int, application_name: str) -> Pool:
    """Open a pool. Raises what asyncpg raises where the server cannot be reached."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        command_timeout=15,
        timeout=10,
        connection_class=_Unreset,
        server_settings={**SERVER_SETTINGS, "application_name": application_name},
    )


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One connection with one transaction: what each request and each message gets."""
    calls: list[Callable[[], None]] = []
    async with pool.acquire(timeout=10) as connection:
        _on_commit[id(connection)] = calls
        try:
            async with connection.transaction():
                yield connection
        finally:
            del _on_commit[id(connection)]
    for call in calls:
        call()


_on_commit: dict[int, list[Callable[[], None]]] = {}
"""What waits for the end of each open transaction, by the connection's identity."""


def on_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Call `call`, which neither waits nor fails, once the transaction has committed; never if it does not.

    For waking a worker of this process. On a connection that `transaction` did not open it is called at once.
    """
    calls = _on_commit.get(id(connection))
    if calls is None:
        call()
    else:
        calls.append(call)


async def answers(pool: Pool) -> bool:
    """Whether the database answers within two seconds."""
    try:
        async with asyncio.timeout(2), pool.acquire() as connection:
            await connection.fetchval("select 1")
    except Exception:  # noqa: BLE001  (whatever it was, the service cannot serve now)
        return False
    return True


async def county_now(connection: Connection) -> datetime:
    """The county's time, in UTC, as the database tells it: the only clock that rules go by."""
    now: datetime = await connection.fetchval("select county_now()")
    return now


@contextmanager
def constraints(problems: Mapping[str, type[Problem]]) -> Iterator[None]:
    """Turn a violation of a named constraint into the problem that it stands for."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        problem = problems.get(error.constraint_name or "")
        if problem is None:
            raise
        raise problem from error
