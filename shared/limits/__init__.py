"""How often somebody may ask for something, counted for all processes of a service in its database.

What is promised:
- A request is judged from memory, without a word to the database: some microseconds, so that a hot route can afford
  it. Once a second each process adds what it has counted to the table and learns what the others have.
- So what all processes let pass together goes past a limit by at most what they take in one such second; a process
  that dies forgets as much. For a guard against floods that is enough; tries at secrets are counted before they are
  made, one by one, elsewhere (`tries` of booking and accounts).
- While the database is away everybody is judged by what is known, and nothing counted is lost.
- Keys are blind indexes: neither table nor memory tells an address, a phone or a document.

Windows begin and end at the same moments for everyone, by the machine's clock: a simulation moves the county's, and
under it nobody's limit must fly by. Around an end twice the limit may pass.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import islice
from math import ceil
from typing import NamedTuple

from shared import database
from shared.database import Pool
from shared.limits import sql
from shared.problems import Problem

PAUSE_SECONDS = 1.0
BATCH = 500
"""Counts added by one statement: few, for nobody is served while they are written down."""
KNOWN_MOST = 100_000
"""Counts that a process remembers. Past it, it forgets those that the database knows, and asks for them again."""
HOME_BITS = 64
"""Of an IPv6 address, what one household or device is given: it may take any of the addresses below."""


class TooManyRequests(Problem):
    """A limit is reached; `Retry-After` says when its window is over."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests."


class Limit(NamedTuple):
    """So many in each window of so many seconds, under one key."""

    key: bytes
    most: int
    seconds: int


_Counts = defaultdict[int, Counter[bytes]]
"""By the second since 1970 in which their window ends, and then by key: what is over is dropped as a whole."""


class Limits:
    """The counts of one process. `keep` has to run beside them."""

    def __init__(self, pool: Pool, *, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._clock = clock
        self._known: _Counts = defaultdict(Counter)
        """Everybody's counts, as far as they are heard of, this process's own included."""
        self._unsent: _Counts = defaultdict(Counter)

    def take(self, limits: Sequence[Limit]) -> None:
        """Count one under each limit, or, where one is reached, under none. Raises TooManyRequests."""
        now = self._clock()
        waits = []
        for each in limits:
            end = _end(now, each.seconds)
            if self._known[end].get(each.key, 0) >= each.most:
                waits.append(end - now)
        if waits:
            raise TooManyRequests(headers={"Retry-After": str(max(1, ceil(max(waits))))})
        self._add(now, limits, 1)

    def give_back(self, limits: Sequence[Limit]) -> None:
        """Take back what was just counted: it came to nothing."""
        self._add(self._clock(), limits, -1)

    def _add(self, now: float, limits: Sequence[Limit], count: int) -> None:
        for each in limits:
            end = _end(now, each.seconds)
            known, unsent = self._known[end], self._unsent[end]
            known[each.key] = max(known.get(each.key, 0) + count, 0)
            unsent[each.key] = unsent.get(each.key, 0) + count

    async def keep(self) -> None:
        """Exchange counts with the other processes once a second, and forget what is over, for ever."""
        while True:
            while await self.exchange():
                pass
            await asyncio.sleep(PAUSE_SECONDS)

    async def exchange(self) -> bool:
        """Tell and hear once, and forget; whether there is more to do. Raises what the database does."""
        now = self._clock()
        self._forget(now)
        sent = self._take_unsent()
        try:
            async with database.transaction(self._pool) as connection:
                await sql.commit_lightly(connection)
                counted = await sql.add(
                    connection,
                    [datetime.fromtimestamp(end, UTC) for end, _, _ in sent],
                    [key for _, key, _ in sent],
                    [count for _, _, count in sent],
                )
                over = datetime.fromtimestamp(now, UTC) - timedelta(minutes=1)
                forgotten = await sql.forget(connection, over, BATCH)
        except BaseException:
            for end, key, count in sent:
                self._unsent[end][key] += count
            raise
        for row in counted:
            end, key = round(row["ends_at"].timestamp()), row["key"]
            self._known[end][key] = max(row["count"] + self._unsent[end][key], 0)
        return len(sent) == BATCH or forgotten == BATCH

    def _take_unsent(self) -> list[tuple[int, bytes, int]]:
        """The next to be told, sorted, so that no two processes ever wait for each other."""
        sent: list[tuple[int, bytes, int]] = []
        for end in sorted(self._unsent):
            counts = self._unsent[end]
            for key in list(islice(counts, BATCH - len(sent))):
                count = counts.pop(key)
                if count:
                    sent.append((end, key, count))
            if not counts:
                del self._unsent[end]
        return sorted(sent)

    def _forget(self, now: float) -> None:
        """Drop from memory what is over, and, where it is still too much, what the database can tell again."""
        for counts in (self._known, self._unsent):
            for end in [end for end in counts if end <= now]:
                del counts[end]
        if sum(map(len, self._known.values())) > KNOWN_MOST:
            for end, known in self._known.items():
                unsent = self._unsent.get(end, Counter())
                self._known[end] = Counter({key: known[key] for key in unsent})


def _end(now: float, seconds: int) -> int:
    return (int(now) // seconds + 1) * seconds


@lru_cache(4096)
def network_of(address: str) -> str:
    """What counts as one asker: an IPv4 address, the network that one IPv6 customer gets, or what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped  # a socket of both kinds says ::ffff:10.8.0.1
        return str(mapped or ip_network((found.packed, HOME_BITS), strict=False))
    return str(found)
