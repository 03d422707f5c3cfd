"""Passwords hashed with Argon2id: 19 MiB, two passes, one lane (OWASP's and ASVS's figures), one at a time.

A hash takes 20 to 60 ms and 19 MiB, so that one thread makes them and the service's memory and processor stay its
own; so many may wait for it, and whoever comes then is told so at once. A hash whose caller has left is not made if
it has not been begun. Whoever asks about nobody pays the same: their password is compared with that of somebody who
does not exist.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from services.accounts.domain.passwords import normalise
from services.accounts.domain.problems import TooBusy

MEMORY_KIB = 19_456
PASSES = 2
LANES = 1
NOBODYS = "nobody's password, which nobody types"

Result = TypeVar("Result")


class Hasher:
    """Makes and compares hashes. `close` ends its thread."""

    def __init__(self, queue: int) -> None:
        self._argon = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="argon2")
        self._places = threading.BoundedSemaphore(queue + 1)
        self._nobodys = self._argon.hash(NOBODYS)

    async def hash(self, password: str) -> str:
        """A new hash. Raises TooBusy."""
        return await self._run(lambda: self._argon.hash(normalise(password)))

    async def verify(self, known: str | None, password: str) -> bool:
        """Whether it is the password of that hash; with none, no, after the same work. Raises TooBusy."""
        return await self._run(lambda: self._compare(known or self._nobodys, password)) and known is not None

    def is_outdated(self, known: str) -> bool:
        """Whether a hash was made with other parameters than would be chosen now."""
        return self._argon.check_needs_rehash(known)

    def close(self) -> None:
        """Give up what waits."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _compare(self, known: str, password: str) -> bool:
        try:
            return self._argon.verify(known, normalise(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if not self._places.acquire(blocking=False):
            raise TooBusy(headers={"Retry-After": "3"})
        try:
            future = self._thread.submit(work)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(self._give_place_back)
        return await asyncio.wrap_future(future)

    def _give_place_back(self, _: "Future[Result]") -> None:
        self._places.release()
