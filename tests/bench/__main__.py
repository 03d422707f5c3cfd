"""`python -m tests.bench` (`make bench`): prints one JSON line a figure; `--quick` is a smoke of at most a minute.

The exit code tells whether everything could be measured and was right (exactly 300 of 300 seats, no 5xx, every booking
told of). An aim that was missed shows as `"met": false` and changes nothing in it.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from deploy.local.obstacles import Obstacle
from deploy.local.processes import ProcessEnded
from tests.bench import bookings, calls, cases, generator, identity, memory, messages, rush, stack
from tests.bench.figures import Report

LIMIT_SECONDS = 420.0
PARTS = ("bookings", "rush", "identity", "messages", "memory", "calls", "cases")


@dataclass(frozen=True)
class Plan:
    """How long each part takes."""

    connections: tuple[int, ...]
    processes: tuple[int, ...]
    rounds: int
    seconds: int
    rushes: int
    message_seconds: int
    message_rounds: int


WHOLE = Plan(connections=(8, 64), processes=(1, 2), rounds=3, seconds=3, rushes=1, message_seconds=9, message_rounds=2)
QUICK = Plan(connections=(64,), processes=(1,), rounds=1, seconds=1, rushes=1, message_seconds=2, message_rounds=1)


async def run(report: Report, plan: Plan, parts: frozenset[str]) -> None:
    """Measure and print."""
    await generator.provide()
    busy = await asyncio.to_thread(psutil.cpu_percent, 2.0)
    report.figure("machine", cores=os.cpu_count(), percent_busy_before=busy, load_average_before=os.getloadavg()[0])
    async with stack.folder() as folder:
        if "identity" in parts:
            await identity.check_token(report)
        if parts & {"bookings", "rush", "identity"}:
            report.progress("starting PostgreSQL, Kafka and booking")
            async with stack.workshop(folder) as workshop:
                persons = generator.Generator("bench")
                await bookings.warm_up(workshop, persons)
                if "bookings" in parts:
                    loads = bookings.loads(plan.connections, plan.processes)
                    await bookings.measure(workshop, persons, report, loads, rounds=plan.rounds, seconds=plan.seconds)
                if "rush" in parts:
                    await rush.measure(
                        workshop,
                        persons,
                        report,
                        plan.processes,
                        rounds=plan.rushes,
                        seconds=plan.seconds,
                    )
                if "identity" in parts:
                    await identity.sign_in_beside_bookings(
                        workshop, persons, report, rounds=plan.rounds, seconds=2 * plan.seconds
                    )
        if parts & {"messages", "memory", "calls", "cases"}:
            await _whole_system(report, plan, parts, folder)


async def _whole_system(report: Report, plan: Plan, parts: frozenset[str], folder: Path) -> None:
    """What is measured of all services together."""
    report.progress("starting the whole system")
    async with stack.whole_system(folder) as system:
        if "messages" in parts:
            await messages.measure(system, report, seconds=plan.message_seconds, rounds=plan.message_rounds)
        if "memory" in parts:
            memory.measure(system, report)
        if "calls" in parts:
            await calls.measure(system, report, folder, seconds=plan.seconds, rounds=plan.rounds)
        if "cases" in parts:
            await cases.measure(system, report)


async def _ended_cleanly(work: Coroutine[Any, Any, None]) -> None:
    """Run it within the limit; SIGTERM ends it like Ctrl-C, so that its folder and processes go with it."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(LIMIT_SECONDS):
        await task


def main(
    quick: Annotated[bool, typer.Option("--quick", help="One short round of everything.")] = False,  # noqa: FBT002
    only: Annotated[list[str] | None, typer.Option(help="One part alone; may be repeated.")] = None,
) -> None:
    """Measure the system: bookings and rush, sign-ins, messages, memory, calls, cases."""
    unknown = set(only or ()) - set(PARTS)
    if unknown:
        raise typer.BadParameter(f"parts are {', '.join(PARTS)}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every retry
    report = Report()
    try:
        asyncio.run(_ended_cleanly(run(report, QUICK if quick else WHOLE, frozenset(only or PARTS))))
    except (asyncio.CancelledError, KeyboardInterrupt):
        print("Stopped.", file=sys.stderr)
        raise typer.Exit(130) from None
    except (generator.Missing, Obstacle, ProcessEnded, RuntimeError, OSError) as error:
        print(f"The bench could not be finished. {error or type(error).__name__}", file=sys.stderr)
        raise typer.Exit(2) from error
    for each in report.wrong:
        print(f"Not right: {each}", file=sys.stderr)
    report.progress("done")
    raise typer.Exit(1 if report.wrong else 0)


if __name__ == "__main__":
    typer.run(main)
