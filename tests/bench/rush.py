"""Figure: a rush of 20,000 requests for 300 seats at 256 connections: exactly 300 booked, everybody answered."""

from collections.abc import Sequence
from statistics import median

from tests.bench import sql
from tests.bench.bookings import GENERATOR_AIM, floor, settle
from tests.bench.figures import Report, aim
from tests.bench.generator import Answers, Generator, Slots
from tests.bench.stack import Workshop, connected

REQUESTS = 20_000
CONNECTIONS = 256
SLOTS = 5
SEATS_EACH = 60
SECONDS = 60
FLOOR_CLIENTS = 64


async def measure(
    workshop: Workshop,
    generator: Generator,
    report: Report,
    processes_wanted: Sequence[int],
    *,
    rounds: int,
    seconds: int,
) -> None:
    """Run the rush at so many booking processes, and print the figures."""
    async with connected(workshop.owner_dsn) as connection:
        bare = await floor(workshop, connection, "bare", hot=True, clients=FLOOR_CLIENTS, seconds=seconds)
    ceiling = await generator.load(
        [workshop.constant_url],
        Slots(1, SLOTS, SEATS_EACH),
        connections=CONNECTIONS,
        seconds=SECONDS,
        requests=REQUESTS,
    )
    for processes in processes_wanted:
        report.progress(f"rush: {processes} booking process(es)")
        urls = workshop.booking_urls[:processes]
        found = [await _rush(workshop, urls, generator, report) for _ in range(rounds)]
        answers = [answers for answers, _ in found]
        rate = median(each.total / each.seconds for each in answers)
        limit = ceiling.total / ceiling.seconds
        seats = SLOTS * SEATS_EACH
        exact = all(each.booked == seats and bookings == seats for each, bookings in found)
        refused = sum(each.by_status.get(429, 0) for each in answers)
        report.figure(
            f"rush of {REQUESTS} for {seats} seats, {CONNECTIONS} connections, {processes} booking process(es)",
            answers_per_second=rate,
            pgbench_bare_hot_claim=bare,
            of_bare_hot_claim=rate / bare,
            answers=[each.by_status for each in answers],
            bookings=[bookings for _, bookings in found],
            p50_ms=median(each.p50_ms for each in answers),
            p95_ms=median(each.p95_ms for each in answers),
            generator_ceiling=limit,
            generator_is_twice_as_fast=limit >= GENERATOR_AIM * rate,
            **aim(f"exactly {seats} booked, none answered 429", met=exact and refused == 0),
        )


async def _rush(workshop: Workshop, urls: tuple[str, ...], generator: Generator, report: Report) -> tuple[Answers, int]:
    async with connected(workshop.owner_dsn) as connection:
        first = await sql.renew_slots(connection, "public", SLOTS)
        await sql.limit_seats(connection, SEATS_EACH)
        slots = Slots(first, SLOTS, SEATS_EACH)
        answers = await generator.load(urls, slots, connections=CONNECTIONS, seconds=SECONDS, requests=REQUESTS)
        await settle(connection)
        bookings = await sql.count_bookings(connection, "public")
    exact = answers.booked == bookings == SLOTS * SEATS_EACH
    report.check(right=exact, otherwise=f"rush: {answers.booked} answers 201 and {bookings} bookings")
    report.check(right=answers.failed == 0, otherwise=f"rush: {answers.by_status}, broken {answers.socket_errors}")
    whole = answers.total == REQUESTS
    report.check(right=whole, otherwise=f"rush: {answers.total} of {REQUESTS} requests were answered")
    return answers, bookings
