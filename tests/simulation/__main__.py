"""`python -m tests.simulation` (`make simulate`): a busy day in a system of its own, or in one that runs.

Prints a JSON line a figure, and what it is doing beside them. The exit code tells whether everything agreed.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import httpx
import typer

from deploy.local.installation import LOOPBACK, ROOT, Installation
from deploy.local.obstacles import Obstacle
from deploy.local.processes import Process, ProcessEnded
from deploy.postgres import databases
from tests import demo
from tests.bench.figures import Report
from tests.bench.stack import STOP_SECONDS, until, until_announced
from tests.ports import free_port
from tests.simulation import agreement, clock, day
from tests.simulation.hall import Hall

TIMEOUT_SECONDS = 30.0


@asynccontextmanager
async def _system(folder: Path | None) -> AsyncIterator[Installation]:
    """The system that runs on a folder; without one, a system of its own that is gone afterwards."""
    if folder is not None:
        installation = Installation(folder, 0)
        installation.join()
        yield installation
        return
    with tempfile.TemporaryDirectory(prefix="service-day-simulation-", ignore_cleanup_errors=True) as made:
        data, port = Path(made), free_port()
        supervisor = Process(
            "deploy.local",
            [sys.executable, "-m", "deploy.local"],
            log=data / "output.log",
            environment={**os.environ, "DATA_DIR": made, "PORT": str(port)},
            folder=ROOT,
        )
        try:
            await supervisor.start()
            await until_announced(supervisor)
            installation = Installation(data, port)
            installation.join()
            yield installation
        finally:
            await supervisor.stop(STOP_SECONDS)


async def run(report: Report, *, folder: Path | None, visitors: int, speed: float, seed: int) -> None:
    """Book, hold the day, compare."""
    report.progress("starting the whole system" if folder is None else f"joining the system on {folder}")
    async with (
        _system(folder) as installation,
        httpx.AsyncClient(
            base_url=installation.staff_address,
            headers=await asyncio.to_thread(demo.bearer, installation),
            trust_env=False,
            timeout=TIMEOUT_SECONDS,
        ) as http,
    ):
        hall = Hall(http, "")
        await until("a session that can be booked", partial(day.is_planned, hall))
        plan = await day.plan_of(hall)
        report.progress(f"booking for {visitors} people at {plan.session_id}")
        people = await day.book(hall, plan, seed, visitors)
        owner_dsns = [installation.database_dsn(each, "owner") for each in databases.services()]
        report.progress(f"the day runs, {speed:g} times as fast")
        try:
            await day.hold(hall, plan, people, owner_dsns, speed)
        finally:
            await clock.let_go(owner_dsns)
        report.progress("comparing")
        ledger = hall.ledger
        report.figure(
            "the day",
            session=plan.session_id,
            visitors=visitors,
            tickets=len(ledger.entries),
            no_shows=ledger.no_shows,
            transfers=ledger.transfers,
            undone=ledger.undone,
            refusals=dict(ledger.refusals),
        )
        agreement.waits(report, list(ledger.entries.values()))
        await agreement.check(
            report,
            hall,
            installation.database_dsn("queue", "owner"),
            installation.database_dsn("booking", "owner"),
            f"{LOOPBACK}:{installation.ports.kafka}",
        )


def main(
    folder: Annotated[Path | None, typer.Option(help="DATA_DIR of a system that runs; else one of its own.")] = None,
    visitors: Annotated[int, typer.Option(min=1, max=2000)] = 400,
    speed: Annotated[float, typer.Option(min=1, max=600)] = 60,
    seed: int = 1,
) -> None:
    """Hold a simulated service day."""
    report = Report()
    try:
        asyncio.run(run(report, folder=folder, visitors=visitors, speed=speed, seed=seed))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except (Obstacle, ProcessEnded, TimeoutError, OSError) as error:
        print(f"The day could not be held. {error or type(error).__name__}", file=sys.stderr)
        raise typer.Exit(2) from error
    for each in report.wrong[:50]:
        print(f"Does not agree: {each}", file=sys.stderr)
    report.progress("done")
    raise typer.Exit(1 if report.wrong else 0)


if __name__ == "__main__":
    typer.run(main)
