"""The combined claim: many requests for seats, one transaction. A named exception to "a request is a transaction".

What waits goes when its line is free: no timer, so that a lone request waits for nobody, and a rush fills
batches by itself. At most 64 requests share a commit; each is answered only after the COMMIT that holds its
booking and its event. A slot always stands in the same line, so that one hot slot never waits for itself.

On failure: a batch that raises is run again one request at a time, so that a bad one fails alone. After a
lost connection it is unknown whether the batch was committed; running it again finds its idempotency keys.
A request that won no seat is told why by one read afterwards; where nothing stands against it (its code was
taken, a seat became free in between) it is tried again, thrice at most.

Limits: a line holds so many waiting requests and no more, the next is answered 429 at once; and whoever waited
too long is answered 429 untried. Two requests with one key or of one person never share a batch, so that
neither takes a place in the count of the free seats away from a third person.
"""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter, Histogram

from services.booking.domain import problems
from services.booking.domain.bookings import Booking
from services.booking.domain.claims import Claim, Refusal, explain
from services.booking.domain.codes import make_code
from services.booking.domain.sealing import person_lock
from services.booking.settings import BookingSettings
from services.booking.sql import claims as sql
from shared.audit import recording
from shared.audit.actors import acting
from shared.audit.chain import coded
from shared.database import PASSING_ERRORS, Connection, Pool
from shared.events.booking import BookingMade
from shared.messaging import outbox
from shared.problems import Problem

logger = structlog.get_logger(__name__)

CONTENTION = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.SerializationError)
ATTEMPTS = 3
ACQUIRE_SECONDS = 5.0

batch_sizes = Histogram(
    "booking_claim_batch_size", "Requests that shared a transaction", buckets=(1, 2, 4, 8, 16, 32, 48, 64, 128, 256)
)
outcomes = Counter("booking_claims", "Requests for a seat by what became of them", ["outcome"])


@dataclass(frozen=True, slots=True)
class Known:
    """The request succeeded before, under the same key: its booking."""

    booking_id: UUID


@dataclass(slots=True)
class _Waiting:
    claim: Claim
    answer: asyncio.Future[Booking | Known]
    context: contextvars.Context
    since: float
    attempts: int = 0

    def won(self, booking: Booking | Known) -> None:
        if not self.answer.done():
            self.answer.set_result(booking)
            outcomes.labels("booked" if isinstance(booking, Booking) else "replayed").inc()

    def lost(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            outcomes.labels(error.code if isinstance(error, Problem) else "error").inc()


@dataclass(slots=True)
class _Line:
    waiting: deque[_Waiting] = field(default_factory=deque)
    running: asyncio.Task[None] | None = None

    def take(self, limit: int) -> list[_Waiting]:
        """The next batch: in order, of one channel, no key and no person twice. Whoever is left out is next."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        keys: set[str] = set()
        persons: set[bytes] = set()
        while self.waiting and len(batch) < limit:
            each = self.waiting.popleft()
            if each.answer.done():
                continue  # the caller went away before anything was done
            claim = each.claim
            alike = claim.idempotency_key in keys or claim.document_key in persons
            if alike or (batch and claim.channel != batch[0].claim.channel):
                later.append(each)
                continue
            batch.append(each)
            keys.add(claim.idempotency_key)
            if claim.document_key is not None:
                persons.add(claim.document_key)
        self.waiting.extendleft(reversed(later))
        return batch


class Combiner:
    """Takes claims and answers each after the commit that settled it."""

    def __init__(self, pool: Pool, settings: BookingSettings, *, published: Callable[[], None]) -> None:
        self._pool = pool
        self._settings = settings
        self._published = published
        self._lines = [_Line() for _ in range(settings.claim_lines)]

    async def claim(self, claim: Claim) -> Booking | Known:
        """The booking made, or made before. Raises the problem that says why there is none."""
        line = self._lines[claim.slot_id % len(self._lines)]
        if len(line.waiting) >= self._settings.claim_queue:
            outcomes.labels("busy").inc()
            raise _busy()
        loop = asyncio.get_running_loop()
        each = _Waiting(claim, loop.create_future(), contextvars.copy_context(), time.monotonic())
        line.waiting.append(each)
        if line.running is None:
            # An empty context: a batch belongs to no single request.
            line.running = loop.create_task(self._run(line), context=contextvars.Context())
        return await each.answer

    async def known(self, claim: Claim) -> Known | None:
        """The booking that the claim's key already stands on, for whoever may take no seat more. A plain read."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            (facts,) = await sql.explain(connection, claim.channel, [claim])
        return Known(facts.known_id) if facts.known_id and facts.known_body_hash == claim.body_hash else None

    async def _run(self, line: _Line) -> None:
        """Send batch after batch until nobody waits."""
        batch: list[_Waiting] = []
        try:
            while batch := self._take(line):
                try:
                    # Kept from batch to batch: giving a connection back costs a statement that resets it.
                    async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                        while batch:
                            await self._settle(connection, line, batch)
                            batch = self._take(line)
                except Exception as error:  # noqa: BLE001  (whatever it was, each request is tried by itself)
                    await self._one_by_one(line, batch, error)
        finally:
            line.running = None
            for each in (*batch, *line.waiting):  # some are left only where this task was cancelled
                each.lost(_away())
            line.waiting.clear()

    def _take(self, line: _Line) -> list[_Waiting]:
        """The next batch without those that waited too long; empty only where nobody waits any more."""
        while batch := line.take(self._settings.claim_batch):
            patient = [each for each in batch if self._is_patient(each)]
            if patient:
                return patient
        return []

    def _is_patient(self, each: _Waiting) -> bool:
        patient = time.monotonic() - each.since < self._settings.claim_patience_seconds
        if not patient:
            each.lost(_busy())
        return patient

    async def _one_by_one(self, line: _Line, batch: Sequence[_Waiting], cause: Exception) -> None:
        """Each request of a failed batch in a transaction of its own; those already answered are passed over."""
        logger.warning("claim_batch_failed", requests=len(batch), error=type(cause).__name__)
        away = False
        for each in batch:
            if each.answer.done() or not self._is_patient(each):
                continue
            if away:
                each.lost(_away())
                continue
            try:
                async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                    await self._settle(connection, line, [each])
            except PASSING_ERRORS as error:
                logger.warning("claim_failed", error=type(error).__name__)
                each.lost(_away())
                away = not isinstance(error, CONTENTION)  # without a database it is the same for all the others
            except Exception as error:  # noqa: BLE001  (its caller gets it, and nobody else)
                each.lost(error)

    async def _settle(self, connection: Connection, line: _Line, batch: list[_Waiting]) -> None:
        batch_sizes.observe(len(batch))
        booked = await self._commit(connection, batch)
        losers = []
        for each in batch:
            booking = booked.get(each.claim.idempotency_key)
            if booking is None:
                losers.append(each)
            else:
                each.won(booking)
        if booked:
            self._published()
        if losers:
            facts = await sql.explain(connection, losers[0].claim.channel, [each.claim for each in losers])
            again = [each for each, found in zip(losers, facts, strict=True) if not _answer(each, found)]
            line.waiting.extendleft(reversed(again))

    async def _commit(self, connection: Connection, batch: list[_Waiting]) -> dict[str, Booking]:
        """The one transaction; the bookings made, by idempotency key."""
        claims = [each.claim for each in batch]
        async with connection.transaction():
            await sql.lock(
                connection,
                sorted({claim.slot_id for claim in claims}),
                sorted(person_lock(claim.document_key) for claim in claims if claim.document_key is not None),
            )
            rows = await sql.claim(connection, claims[0].channel, claims)
            booked = {row["idempotency_key"]: Booking.of(row) for row in rows}
            made = [
                (each, booked[each.claim.idempotency_key]) for each in batch if each.claim.idempotency_key in booked
            ]
            await outbox.append_rows(connection, [each.context.run(_row, booking) for each, booking in made])
            if claims[0].channel == "counter":
                await _audit(connection, made)
        return booked


def _row(booking: Booking) -> outbox.Row:
    return outbox.row(BookingMade(version=booking.version, booking=booking.public()))


async def _audit(connection: Connection, made: Sequence[tuple[_Waiting, Booking]]) -> None:
    """Who of the staff took each seat for somebody. A citizen's own booking is told by its event alone."""
    for each, booking in made:
        details = coded({"session": booking.session_id})
        act = ("booking.made", "booking", str(booking.booking_id), details)
        await recording.append(connection, each.context.run(acting), [act])


def _answer(each: _Waiting, facts: Refusal) -> bool:
    """Answer who won nothing; False where there is no reason and it is to be tried again."""
    if facts.known_id is not None:
        if facts.known_body_hash == each.claim.body_hash:
            each.won(Known(facts.known_id))
        else:
            each.lost(problems.IdempotencyKeyReused())
        return True
    problem = explain(each.claim, facts)
    if problem is None and each.attempts + 1 < ATTEMPTS:
        each.attempts += 1
        each.claim = replace(each.claim, code=make_code())
        return False
    each.lost(problem or _busy())
    return True


def _busy() -> problems.Busy:
    return problems.Busy(headers={"Retry-After": "1"})


def _away() -> problems.DatabaseAway:
    return problems.DatabaseAway(headers={"Retry-After": "2"})
