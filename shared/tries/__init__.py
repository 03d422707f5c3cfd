"""Tries at secrets that can be guessed: counted before they are made, one by one, and taken back when they were right.

So many at once cannot slip past the count. The service has a table `tries` of key, window and count; keys are blind.
"""

from collections.abc import Sequence

from shared.database import Connection
from shared.problems import Problem
from shared.tries import sql


class TooManyTries(Problem):
    """The limit on guessing; `Retry-After` says when it is over."""

    status = 429
    code = "too_many_tries"
    title = "Too many tries."


async def count_try(connection: Connection, limits: Sequence[tuple[bytes, int]], window_minutes: int) -> None:
    """Count a try at opening something under each key. Raises TooManyTries past any key's limit."""
    allowed = dict(limits)
    counted = await sql.count(connection, sorted(allowed), window_minutes)
    waits = [row["seconds_left"] for row in counted if row["count"] > allowed[row["key"]]]
    if waits:
        raise TooManyTries(headers={"Retry-After": str(max(*waits, 1))})


async def give_try_back(connection: Connection, keys: Sequence[bytes]) -> None:
    """Take a counted try back: it was right."""
    await sql.give_back(connection, keys)


async def forget_tries(connection: Connection, window_minutes: int, limit: int) -> int:
    """Delete counts of tries whose window is over, at most `limit`; how many there were."""
    return await sql.forget(connection, window_minutes, limit)


async def count_over_tries(connection: Connection, window_minutes: int) -> int:
    """How many counts of tries are kept whose window is over."""
    return await sql.count_over(connection, window_minutes)
