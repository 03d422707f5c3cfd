"""The load: wrk from Debian with `load.lua`, one process for each booking process, and what it could do at most."""

import asyncio
import json
import os
import shutil
import signal
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from typing import Any

SCRIPT = Path(__file__).with_name("load.lua")
PERSONS = 100_000_000
"""The script knows as many persons; each run takes a range of its own."""
RUN_PERSONS = 200_000
END_SECONDS = 10
NUMBERS = ("began", "ended", "p50_ms", "p95_ms", "p99_ms", "latest_ms")
TIMEOUT = "30s"
"""wrk counts an answer later than this as an error."""


class Missing(Exception):  # noqa: N818  (a noun: what is)
    """A program that the bench needs is not on this machine and could not be installed."""


@dataclass(frozen=True)
class Slots:
    """Slots numbered in a row."""

    first: int
    count: int
    seats: int


@dataclass(frozen=True)
class Answers:
    """What came back of one load."""

    seconds: float
    by_status: dict[int, int]
    p50_ms: float
    p95_ms: float
    """What to tell of a closed loop: its first requests wait for one another, and they are a hundredth of all."""
    p99_ms: float
    socket_errors: int
    latest_ms: float = 0.0
    """In an open loop: how far the generator itself was behind its schedule at worst."""
    booked_at: dict[str, float] = field(default_factory=dict)
    """In an open loop: when each booking was answered, in seconds since 1970."""

    @property
    def booked(self) -> int:
        """Answers 201."""
        return self.by_status.get(201, 0)

    @property
    def total(self) -> int:
        """All answers."""
        return sum(self.by_status.values())

    @property
    def failed(self) -> int:
        """Answers 5xx, and connections that broke."""
        return self.socket_errors + sum(count for status, count in self.by_status.items() if status >= 500)


@dataclass
class Generator:
    """Makes load, each time with persons that were never seen before in this run of the bench."""

    matter: str
    persons: int = field(default=0)

    async def load(
        self,
        urls: Sequence[str],
        slots: Slots,
        *,
        connections: int,
        seconds: float,
        hot: bool = False,
        requests: int = 0,
        rate: int = 0,
    ) -> Answers:
        """Book at `urls` with `connections` in all, for so long, or until `requests` in all are answered.

        With a `rate` requests go out by the clock, whether or not those before were answered.
        """
        with NamedTemporaryFile(prefix="service-day-tally-") as tally:
            tally.write(struct.pack("ii", 0, 0))
            tally.flush()
            loads = []
            for place, url in enumerate(urls):
                environment = {
                    "FIRST_SLOT": slots.first,
                    "SLOTS": slots.count,
                    "SEATS": slots.seats,
                    "HOT": int(hot),
                    "MATTER": self.matter,
                    "FIRST_PERSON": self._next_persons(),
                    "REQUESTS": requests // len(urls),
                    "RATE": rate // len(urls),
                    "TALLY": tally.name,
                    "PLACE": place,
                }
                command = [
                    "-t1",
                    f"-c{connections // len(urls)}",
                    f"-d{round(seconds)}s",
                    "--timeout",
                    TIMEOUT,
                    "-s",
                    str(SCRIPT),
                    url,
                ]
                loads.append(_run(command, {name: str(value) for name, value in environment.items()}, seconds))
            return _together(await asyncio.gather(*loads))

    def _next_persons(self) -> int:
        self.persons += RUN_PERSONS
        if self.persons >= PERSONS:
            raise RuntimeError("there are no more persons")
        return self.persons


async def _run(command: Sequence[str], environment: dict[str, str], seconds: float) -> list[str]:
    """What one wrk says, which ends by its own time or when its script says that it has finished."""
    process = await asyncio.create_subprocess_exec(
        "wrk",
        *command,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    lines: list[str] = []
    try:
        async with asyncio.timeout(seconds + END_SECONDS):
            assert process.stdout is not None  # asked for above
            async for raw in process.stdout:
                lines.append(raw.decode("utf-8", "replace").strip())
                if lines[-1] == "finished":
                    process.send_signal(signal.SIGINT)  # wrk would sleep to the end of its time
            await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
    if process.returncode != 0 or not lines or not lines[-1].startswith("{"):
        raise RuntimeError("wrk failed: " + " ".join(lines[-5:]))
    return lines


def _together(said: Sequence[Sequence[str]]) -> Answers:
    parts: list[dict[str, Any]] = [json.loads(lines[-1]) for lines in said]
    by_status: dict[int, int] = {}
    for part in parts:
        for status, count in part["answers"].items():
            by_status[int(status)] = by_status.get(int(status), 0) + count
    number = {name: [part[name] for part in parts] for name in NUMBERS}
    booked = [line.split("\t") for lines in said for line in lines if line.count("\t") == 1]
    return Answers(
        seconds=max(max(number["ended"]) - min(number["began"]), 1e-3),
        by_status=by_status,
        p50_ms=median(number["p50_ms"]),
        p95_ms=max(number["p95_ms"]),
        p99_ms=max(number["p99_ms"]),
        latest_ms=max(number["latest_ms"]),
        socket_errors=sum(part["socket_errors"] for part in parts),
        booked_at={booking_id: float(moment) for booking_id, moment in booked},
    )


async def provide() -> None:
    """See that wrk is there; root has Debian install it. Raises Missing."""
    if shutil.which("wrk"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing("The load generator wrk is not installed (Debian: apt-get install wrk).")
    print("wrk is missing: installing it with apt-get …", flush=True)
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "wrk"]):
        process = await asyncio.create_subprocess_exec(
            "apt-get",
            *command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        if await process.wait() != 0:
            raise Missing(f"The load generator wrk could not be installed (apt-get {command[0]} failed).")
