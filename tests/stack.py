"""The whole system as `make up` runs it, once for all tests that need it, on a data folder of its own.

It is started when first asked for and ends with the run, however the run ends: it is tethered to this process.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import psutil
import pytest
from stdnum.cn import ric

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
T = TypeVar("T")
START_SECONDS = 240
STOP_SECONDS = 20
RUNNING = "is running"
MATTER = "second-hand-house-transfer"

KEPT = pytest.StashKey["Stack"]()


@dataclass(frozen=True)
class Stack:
    """The running system. `address` is the staff's listener, which has everything; `citizens` the citizens'."""

    address: str
    citizens: str
    folder: Path
    process: subprocess.Popen[bytes]

    @contextmanager
    def held(self, service: str) -> Iterator[None]:
        """Within it the service neither answers nor dies: its process is stopped like a hanging one."""
        found = self._processes_of(service)
        assert found, f"no process of {service}"
        for each in found:
            each.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for each in found:
                each.send_signal(signal.SIGCONT)

    @contextmanager
    def killed(self, service: str) -> Iterator[None]:
        """Ends the service's process at once; whoever supervises it starts another."""
        for each in self._processes_of(service):
            each.kill()
        yield

    def _processes_of(self, service: str) -> list[psutil.Process]:
        """Those of a service. The stack's other processes come and go while they are looked at."""
        found = []
        for each in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if f"services.{service}" in each.cmdline():
                    found.append(each)
        return found

    def said(self) -> str:
        """Everything that its parts have logged."""
        files = [*(self.folder / "logs").rglob("*"), self.folder / "output"]
        return "\n".join(each.read_text(errors="replace") for each in files if each.is_file())


def running_stack(config: pytest.Config) -> Stack:
    """The run's stack, started now if there is none yet."""
    if KEPT not in config.stash:
        config.stash[KEPT] = _start(config)
    return config.stash[KEPT]


def _start(config: pytest.Config) -> Stack:
    folder = TemporaryDirectory(prefix="service-day-stack-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    port = free_port()
    output = Path(folder.name) / "output"
    tether = str(ROOT / "deploy/local/tether.py")
    command = [sys.executable, tether, str(os.getpid()), str(int(signal.SIGTERM)), "-"]
    environment = {**os.environ, "PORT": str(port), "DATA_DIR": folder.name, "LOG_LEVEL": "info"}
    environment["BOOKING_SEATS_PER_PHONE"] = str(10**6)  # nearly everybody in the tests has the same one
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, sys.executable, "-m", "deploy.local"], cwd=ROOT, env=environment, stdout=file, stderr=file
        )
    config.add_cleanup(lambda: _stop(process))
    deadline = time.monotonic() + START_SECONDS
    while RUNNING not in output.read_text(errors="replace"):
        assert process.poll() is None, f"it did not start: {output.read_text(errors='replace')}"
        assert time.monotonic() < deadline, f"it does not get ready: {output.read_text(errors='replace')}"
        time.sleep(0.2)
    staff_port = json.loads((Path(folder.name) / "ports.json").read_text())["staff"]
    stack = Stack(f"http://127.0.0.1:{staff_port}", f"http://127.0.0.1:{port}", Path(folder.name), process)
    with ThreadPoolExecutor(1) as aside:  # there may be a loop in this thread
        aside.submit(asyncio.run, _at_noon(stack.folder)).result()
    eventually(lambda: _can_be_booked(stack), START_SECONDS)
    return stack


async def _at_noon(folder: Path) -> None:
    """Shift notifications' clock to noon: at night nobody is told before the morning, and tests run at any hour."""
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    seconds = int((now.replace(hour=12, minute=0) - now).total_seconds())
    password = (folder / "secrets" / "NOTIFICATIONS_OWNER_PASSWORD").read_text().strip()
    port = json.loads((folder / "ports.json").read_text())["postgres"]
    connection = await asyncpg.connect(
        host="127.0.0.1", port=port, user="notifications_owner", password=password, database="notifications"
    )
    try:
        await connection.execute(
            "create or replace function county_now() returns timestamptz language sql stable "
            f"as $$ select now() + interval '{seconds} seconds' $$"
        )
    finally:
        await connection.close()


def _can_be_booked(stack: Stack) -> bool:
    """Whether the demo county has come over Kafka."""
    address = f"{stack.address}/api/booking/v1/sessions"
    answer = httpx.get(address, params={"matter_id": MATTER}, timeout=10, trust_env=False)
    return answer.is_success and any(each["state"] == "open" for each in answer.json()["items"])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def new_resident_id(born: range = range(1940, 2000)) -> str:
    """A resident ID that nobody has used yet in this run, of somebody born in these years, with its check character."""
    body = f"110105{secrets.choice(born)}{1 + secrets.randbelow(12):02}{1 + secrets.randbelow(28):02}"
    body += f"{secrets.randbelow(1000):03}"
    digit: str = ric.calc_check_digit(body + "0")
    return body + digit


def eventually(happened: Callable[[], T], seconds: float = 20.0) -> T:
    """Ask again until it is so, and say what was answered then; fails once `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not (answer := happened()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return answer
