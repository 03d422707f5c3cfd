"""Figure: bookings a second over HTTP, beside pgbench with the claim in one statement, bare and whole.

Rounds are interleaved: in each round every load runs once, floors and HTTP next to each other, every time on
empty tables with new slots. Rates are the medians of the rounds, ratios those of the medians. "Spread" goes over many
slots, "hot" puts everybody on one slot until it is full (64 seats is the most a slot has), then on the next.
"""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench import floors, sql
from tests.bench.figures import Report, aim
from tests.bench.generator import Answers, Generator, Slots
from tests.bench.stack import Workshop, connected

SPREAD_SLOTS = 4096
HOT_SLOTS = 2048
SPREAD_AIM = 0.3
HOT_AIM = 3.0
GENERATOR_AIM = 2.0
DRAIN_SECONDS = 60.0
LAST_ROUND_BEGINS_SECONDS = 170.0
"""On a busy machine; the whole bench has its own limit."""


@dataclass(frozen=True)
class Load:
    """One kind of load on booking."""

    hot: bool
    connections: int
    processes: int

    @property
    def name(self) -> str:
        """For people."""
        where = "one hot slot" if self.hot else "spread"
        return f"bookings, {where}, {self.connections} connections, {self.processes} booking process(es)"


@dataclass
class Measured:
    """Everything that the rounds brought."""

    floors: dict[tuple[str, bool, int], list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[Load, list[Answers]] = field(default_factory=lambda: defaultdict(list))
    ceilings: dict[tuple[int, int], list[float]] = field(default_factory=lambda: defaultdict(list))


def loads(connections: Sequence[int], processes: Sequence[int]) -> list[Load]:
    """Every combination, so ordered that a floor is shared by neighbours."""
    return [Load(*each) for each in itertools.product((False, True), connections, processes)]


async def settle(connection: sql.Connection) -> None:
    """Wait until the relay has published what a load left, so that it does not run beside the next one."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while await sql.count_unpublished(connection):
        if time.monotonic() > deadline:
            raise TimeoutError("the relay did not publish what was booked")
        await asyncio.sleep(0.05)


async def new_slots(connection: sql.Connection, schema: str, *, hot: bool) -> Slots:
    """Empty tables with new slots."""
    count = HOT_SLOTS if hot else SPREAD_SLOTS
    return Slots(await sql.renew_slots(connection, schema, count), count, sql.SEATS)


async def warm_up(workshop: Workshop, generator: Generator) -> None:
    """Let both processes prepare their statements and fill their caches."""
    async with connected(workshop.owner_dsn) as connection:
        for hot in (False, True):
            slots = await new_slots(connection, "public", hot=hot)
            await generator.load(workshop.booking_urls, slots, connections=16, seconds=1, hot=hot)
            await settle(connection)


async def measure(
    workshop: Workshop, generator: Generator, report: Report, wanted: Sequence[Load], *, rounds: int, seconds: int
) -> None:
    """Run the rounds, fewer where the machine is slow, and print the figures."""
    measured = Measured()
    async with connected(workshop.owner_dsn) as connection:
        for number in range(1, rounds + 1):
            if number > 1 and report.seconds > LAST_ROUND_BEGINS_SECONDS:
                break
            report.progress(f"bookings: round {number} of {rounds}")
            for (hot, connections), group in itertools.groupby(wanted, lambda load: (load.hot, load.connections)):
                for schema in ("bare", "whole"):
                    rate = await floor(workshop, connection, schema, hot=hot, clients=connections, seconds=seconds)
                    measured.floors[schema, hot, connections].append(rate)
                for load in group:
                    answers = await _book(workshop, connection, generator, load, seconds)
                    report.check(right=answers.failed == 0, otherwise=f"{load.name}: {answers.by_status}")
                    measured.answers[load].append(answers)
            for connections, processes in sorted({(load.connections, load.processes) for load in wanted}):
                ceiling = await generator.load(
                    [workshop.constant_url] * processes,
                    Slots(1, SPREAD_SLOTS, sql.SEATS),
                    connections=connections,
                    seconds=1,
                )
                measured.ceilings[connections, processes].append(ceiling.total / ceiling.seconds)
    _tell(measured, report)


async def floor(
    workshop: Workshop, connection: sql.Connection, schema: str, *, hot: bool, clients: int, seconds: int
) -> float:
    """Seats a second that pgbench takes."""
    return await floors.booked_per_second(
        connection,
        workshop.owner_dsn,
        schema,
        await new_slots(connection, schema, hot=hot),
        clients=clients,
        seconds=seconds,
        hot=hot,
        folder=workshop.folder,
    )


async def _book(
    workshop: Workshop, connection: sql.Connection, generator: Generator, load: Load, seconds: int
) -> Answers:
    slots = await new_slots(connection, "public", hot=load.hot)
    urls = workshop.booking_urls[: load.processes]
    answers = await generator.load(urls, slots, connections=load.connections, seconds=seconds, hot=load.hot)
    await settle(connection)
    # Answers that wrk no longer waited for are bookings too, so never fewer seats than answers.
    booked = await sql.count_bookings(connection, "public")
    if not answers.booked <= booked <= answers.booked + load.connections:
        raise RuntimeError(f"{load.name}: {answers.booked} answers 201, but {booked} bookings")
    return answers


def _tell(measured: Measured, report: Report) -> None:
    """Print the figures."""
    for load, rounds in measured.answers.items():
        rate = median(each.booked / each.seconds for each in rounds)
        bare = median(measured.floors["bare", load.hot, load.connections])
        whole = median(measured.floors["whole", load.hot, load.connections])
        ceiling = median(measured.ceilings[load.connections, load.processes])
        wanted = HOT_AIM if load.hot else SPREAD_AIM
        by_status: dict[int, int] = defaultdict(int)
        for each in rounds:
            for status, count in each.by_status.items():
                by_status[status] += count
        report.figure(
            load.name,
            bookings_per_second=rate,
            pgbench_bare_claim=bare,
            pgbench_same_constraints=whole,
            of_bare_claim=rate / bare,
            of_same_constraints=rate / whole,
            p50_ms=median(each.p50_ms for each in rounds),
            p95_ms=median(each.p95_ms for each in rounds),
            answers={str(status): count for status, count in sorted(by_status.items())},
            rounds=[round(each.booked / each.seconds) for each in rounds],
            generator_ceiling=ceiling,
            generator_is_twice_as_fast=ceiling >= GENERATOR_AIM * rate,
            **aim(f"at least {wanted:g} of the bare claim", met=rate >= wanted * bare),
        )
