"""Figures: what windows can do in a second beside bare SQL, and how long a call takes to reach every screen.

Fourteen windows of the demo county's next session work at once: somebody takes a ticket, is called, received and
finished, each a request of its own, while sixty others wait. Beside it stand pgbench's four bare statements, each
committed by itself. A screen is a live stream; a call has reached it when the stream tells a count that is the
call's or newer, counted from the moment at which the request was sent.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from tests import demo
from tests.bench import floors, sql
from tests.bench.figures import Report, aim, percentile
from tests.bench.stack import System, connected, until
from tests.simulation import clock, day
from tests.simulation.hall import Hall, Refused

WAITING = 60
STREAMS = (1, 100)
CALLS = 40
CALLS_A_SECOND = 4.0
SCREEN_AIM_MS = 300.0
TIMEOUT_SECONDS = 20.0
STREAM_TIMEOUT = httpx.Timeout(TIMEOUT_SECONDS, read=None)
"""A stream is silent while nothing happens."""


@dataclass
class Desk:
    """A window as its operator drives it."""

    hall: Hall
    window_id: str
    matter_id: str
    took: list[float] = field(default_factory=list)
    version: int = 0

    async def do(self, verb: str, **body: Any) -> Any:
        """A verb, and how long its answer took."""
        began = time.perf_counter()
        path = f"{self.hall.staff}/windows/{self.window_id}/{verb}"
        shown = await self.hall.post(path, {"version": self.version, **body})
        self.took.append((time.perf_counter() - began) * 1000)
        self.version = shown["window_version"]
        return shown

    async def arrive(self) -> None:
        """Somebody takes a ticket for this window's department."""
        body = {"matter_ids": [self.matter_id]}
        await self.hall.post(f"{self.hall.staff}/walk-ins", body, **{"Idempotency-Key": uuid.uuid4().hex})

    async def receive(self) -> None:
        """Somebody comes, and the next one is called, received and finished."""
        await self.arrive()
        shown = await self.do("call-next")
        await self.do("start")
        matters = shown["at"]["matter_ids"]
        await self.do("finish", outcomes=[{"matter_id": each, "kind": "handled"} for each in matters])


async def measure(system: System, report: Report, folder: Path, *, seconds: int, rounds: int) -> None:
    """Print both figures."""
    async with _open_hall(system) as desks:
        rates, bare = [], []
        for number in range(1, rounds + 1):
            report.progress(f"calls: round {number} of {rounds}")
            rates.append(await _visits(desks, seconds))
            bare.append(await _floor(system, folder, len(desks), seconds))
        took = [each for desk in desks for each in desk.took]
        report.figure(
            f"visits, {len(desks)} windows, {WAITING} people waiting",
            visits_per_second=median(rates),
            pgbench_bare_statements=median(bare),
            of_bare_statements=median(rates) / median(bare),
            verb_p50_ms=percentile(took, 0.5),
            verb_p95_ms=percentile(took, 0.95),
            rounds=rates,
        )
        for streams in STREAMS:
            report.progress(f"calls: {streams} screens")
            delays, answered = await _screens(system, desks, streams)
            p99 = percentile(delays, 0.99)
            report.figure(
                f"call to screen, {streams} streams on one process",
                p50_ms=percentile(delays, 0.5),
                p99_ms=p99,
                max_ms=max(delays),
                call_answered_p50_ms=percentile(answered, 0.5),
                call_answered_p99_ms=percentile(answered, 0.99),
                calls=len(answered),
                **aim(f"p99 at most {SCREEN_AIM_MS:g} ms", met=p99 <= SCREEN_AIM_MS),
            )


@asynccontextmanager
async def _open_hall(system: System) -> AsyncIterator[list[Desk]]:
    """The next session as if it were today, its windows open, with people waiting at all of them."""
    dsn = system.owner_dsn("queue")
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=system.gateway_url,
        headers=await asyncio.to_thread(demo.bearer, system),
        trust_env=False,
        timeout=TIMEOUT_SECONDS,
        limits=limits,
    ) as http:
        hall = Hall(http, "")
        await until("a session that can be booked", partial(day.is_planned, hall))
        plan = await day.plan_of(hall)
        hall.session_id = plan.session_id
        await clock.put([dsn], plan.starts_at, 1.0)
        try:
            desks = [
                Desk(hall, each["window_id"], plan.matters[each["department_id"]][0])
                for each in plan.windows
                if each["department_id"] in plan.matters
            ]
            for desk in desks:
                await until("the queue's windows", partial(_done, partial(desk.do, "open")))
                await until("the queue's matters", partial(_done, desk.arrive))
            for number in range(WAITING - len(desks)):
                await desks[number % len(desks)].arrive()
            yield desks
        finally:
            await clock.let_go([dsn])


async def _done(act: Callable[[], Awaitable[object]]) -> bool:
    """Do it; False where the queue has not heard yet of what it is about."""
    try:
        await act()
    except Refused:
        return False
    return True


async def _visits(desks: Sequence[Desk], seconds: int) -> float:
    """Visits a second with all windows at work; those that end after the time is up do not count."""
    ends = time.monotonic() + seconds
    done = 0

    async def work(desk: Desk) -> None:
        nonlocal done
        while time.monotonic() < ends:
            await desk.receive()
            done += time.monotonic() < ends

    async with asyncio.TaskGroup() as group:
        for each in desks:
            group.create_task(work(each))
    return done / seconds


async def _floor(system: System, folder: Path, clients: int, seconds: int) -> float:
    dsn = system.owner_dsn("queue")
    async with connected(dsn) as connection:
        await sql.create_bare_tickets(connection)
        try:
            return await floors.visits_per_second(dsn, clients=clients, seconds=seconds, folder=folder)
        finally:
            await sql.forget_bare_tickets(connection)


async def _screens(system: System, desks: Sequence[Desk], streams: int) -> tuple[list[float], list[float]]:
    """For each call and each screen how long it took, and how long each call's own answer took; in milliseconds."""
    hall = desks[0].hall
    screens = [_Screen() for _ in range(streams)]
    limits = httpx.Limits(max_connections=None)
    delays: list[float] = []
    answered: list[float] = []
    async with httpx.AsyncClient(
        base_url=system.queue_url, trust_env=False, timeout=STREAM_TIMEOUT, limits=limits
    ) as http:
        tasks = [asyncio.create_task(each.look(http, hall.session_id)) for each in screens]
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await asyncio.gather(*(each.open.wait() for each in screens))
            for number in range(CALLS):
                desk = desks[number % len(desks)]
                await desk.arrive()
                await asyncio.sleep(0.5 / CALLS_A_SECOND)
                began = time.perf_counter()
                shown = await desk.do("call-next")
                answered.append((time.perf_counter() - began) * 1000)
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    reached = await asyncio.gather(*(each.reached(shown["version"]) for each in screens))
                delays += [(moment - began) * 1000 for moment in reached]
                await desk.do("start")
                outcomes = [{"matter_id": each, "kind": "handled"} for each in shown["at"]["matter_ids"]]
                await desk.do("finish", outcomes=outcomes)
                await asyncio.sleep(0.5 / CALLS_A_SECOND)
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return delays, answered


class _Screen:
    """A live stream, and when it told which count."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self._told: list[tuple[int, float]] = []
        self._news = asyncio.Condition()

    async def look(self, http: httpx.AsyncClient, session_id: str) -> None:
        async with http.stream("GET", f"/api/queue/v1/sessions/{session_id}/stream") as live:
            async for line in live.aiter_lines():
                if line.startswith("id:"):
                    moment = time.perf_counter()
                    async with self._news:
                        self._told.append((int(line.removeprefix("id:")), moment))
                        self._news.notify_all()
                    self.open.set()

    async def reached(self, version: int) -> float:
        """When it told a count that is this or newer."""
        async with self._news:
            while True:
                for count, moment in self._told:
                    if count >= version:
                        return moment
                await self._news.wait()
