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
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from fastapi import Request

from shared import database
from shared.access import is_from_service
from shared.database import Pool
from shared.gateway import client_address
from shared.limits import sql
from shared.problems import Problem

PAUSE_SECONDS = 1.0
BATCH = 2000
"""Counts added by one statement."""
KNOWN_MOST = 100_000
"""Counts that a process remembers. Past it, it forgets those that the database knows, and asks for them again."""
HOME_BITS = 64
"""Of an IPv6 address, what one household or device is given: it may take any of the addresses below."""

_Key = tuple[bytes, int]
"""Of what, and in which second since 1970 its window ends."""


class TooManyRequests(Problem):
    """A limit is reached; `Retry-After` says when its window is over."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests."


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in each window of so many seconds, under one key."""

    key: bytes
    most: int
    seconds: int


class Limits:
    """The counts of one process. `keep` has to run beside them."""

    def __init__(self, pool: Pool, *, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._clock = clock
        self._known: dict[_Key, int] = {}
        """Everybody's counts, as far as they are heard of, this process's own included."""
        self._unsent: Counter[_Key] = Counter()

    def take(self, limits: Sequence[Limit]) -> None:
        """Count one under each limit, or, where one is reached, under none. Raises TooManyRequests."""
        now = self._clock()
        keys = [(each.key, _end(now, each.seconds)) for each in limits]
        waits = [key[1] - now for each, key in zip(limits, keys, strict=True) if self._known.get(key, 0) >= each.most]
        if waits:
            raise TooManyRequests(headers={"Retry-After": str(max(1, ceil(max(waits))))})
        self._add(keys, 1)

    def give_back(self, limits: Sequence[Limit]) -> None:
        """Take back what was just counted: it came to nothing."""
        now = self._clock()
        self._add([(each.key, _end(now, each.seconds)) for each in limits], -1)

    def _add(self, keys: Sequence[_Key], count: int) -> None:
        for key in keys:
            self._known[key] = max(self._known.get(key, 0) + count, 0)
            self._unsent[key] += count

    async def keep(self, *_: object) -> None:
        """Exchange counts with the other processes once a second, and forget what is over, for ever."""
        while True:
            while await self.exchange():
                pass
            await asyncio.sleep(PAUSE_SECONDS)

    async def exchange(self) -> bool:
        """Tell and hear once, and forget; whether there is more to do. Raises what the database does."""
        keys = sorted(key for key, count in self._unsent.items() if count)[:BATCH]
        sent = {key: self._unsent.pop(key) for key in keys}
        try:
            async with database.transaction(self._pool) as connection:
                await sql.commit_lightly(connection)
                counted = await sql.add(
                    connection,
                    [key for key, _ in keys],
                    [datetime.fromtimestamp(end, UTC) for _, end in keys],
                    list(sent.values()),
                )
                over = datetime.fromtimestamp(self._clock(), UTC) - timedelta(minutes=1)
                forgotten = await sql.forget(connection, over, BATCH)
        except BaseException:
            self._unsent.update(sent)
            raise
        for row in counted:
            key = (row["key"], round(row["ends_at"].timestamp()))
            self._known[key] = max(row["count"] + self._unsent[key], 0)
        self._forget()
        return len(keys) == BATCH or forgotten == BATCH

    def _forget(self) -> None:
        """Drop from memory what is over, and, where it is still too much, what the database can tell again."""
        now = self._clock()
        self._unsent = Counter({key: count for key, count in self._unsent.items() if count and key[1] > now})
        self._known = {key: count for key, count in self._known.items() if key[1] > now}
        if len(self._known) > KNOWN_MOST:
            self._known = {key: count for key, count in self._known.items() if key in self._unsent}


def _end(now: float, seconds: int) -> int:
    return (int(now) // seconds + 1) * seconds


def address_of(request: Request) -> str:
    """The address of whoever asks: our own pages' word for it, else the gateway's."""
    if is_from_service(request):
        return request.headers.get("x-client-address", "")
    return client_address(request)


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
