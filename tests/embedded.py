"""The embedded stack as a person runs it: `python -m deploy.local` as a process of its own, on a folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from deploy.local.installation import ROOT
from deploy.local.processes import TETHER

START_SECONDS = 180.0


def eventually(holds: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until it holds; AssertionError naming `what` if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


class EmbeddedStack:
    """One run of the supervisor."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.address = f"http://127.0.0.1:{port}"
        self._output = folder.with_name(folder.name + ".out")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """What it has told the terminal."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The supervisor's process."""
        assert self._process is not None
        return self._process

    def launch(self) -> None:
        """Start the supervisor and do not wait."""
        environment = {**os.environ, "PORT": str(self.port), "DATA_DIR": str(self.folder)}
        # However the tests end, it ends too.
        tether = [sys.executable, str(TETHER), str(os.getpid()), str(int(signal.SIGTERM)), "-"]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*tether, sys.executable, "-m", "deploy.local"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> float:
        """Start it and wait until it says that it runs; the seconds that took."""
        began = time.monotonic()
        self.launch()
        eventually(
            lambda: "is running, started in" in self.output or self.process.poll() is not None,
            seconds=START_SECONDS,
            what="started",
        )
        assert self.process.poll() is None, self.output
        return time.monotonic() - began

    def database_dsn(self, service: str) -> str:
        """The address of a service's database as its owner, for tests that move the county's clock."""
        password = (self.folder / "secrets" / f"{service.upper()}_OWNER_PASSWORD").read_text().strip()
        server = self.member("postgres")
        assert server is not None
        (port,) = [argument.partition("=")[2] for argument in server.cmdline() if argument.startswith("--port=")]
        return f"postgresql://{service}_owner:{password}@127.0.0.1:{port}/{service}"

    def service_url(self, service: str) -> str:
        """Where a service answers to those inside."""
        process = self.member(service)
        assert process is not None
        return f"http://127.0.0.1:{process.environ()[f'{service.upper()}_PORT']}"

    def family(self) -> list[psutil.Process]:
        """Everything that the supervisor started and that runs now."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def member(self, name: str) -> psutil.Process | None:
        """The process of one part, such as `web` or `kafka`, if it runs now."""
        for each in self.family():
            with suppress(psutil.Error):
                command = each.cmdline()
                if {
                    "kafka": "kafka.Kafka" in command,
                    "caddy": "caddyfile" in command,
                    "postgres": "-D" in command and command[0].endswith("postgres"),
                }.get(name, f"services.{name}" in command):
                    return each
        return None

    def end(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 15.0) -> float:
        """Ask it to end and wait; the seconds that took. AssertionError if anything of it is still there."""
        family = self.family()
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(seconds)
        took = time.monotonic() - began
        assert alive(family) == [], self.output
        return took

    def kill(self) -> None:
        """Make sure that nothing of it is left, whatever the test made of it."""
        if self._process is None or self._process.poll() is not None:
            return
        family = self.family()
        self._process.kill()
        self._process.wait(10)
        for each in alive(family):
            with suppress(psutil.NoSuchProcess):  # it may end by itself between the look and the signal
                each.kill()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie does not."""
    found = []
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            if each.is_running() and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
    return found
