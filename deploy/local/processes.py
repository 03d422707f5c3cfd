"""A process of the embedded stack: started tethered, its output kept in a bounded log, ended for certain.

Every process leads a group of its own, so that Ctrl-C at the terminal reaches the supervisor alone and
that what a process started ends with it. Where somebody listens to its lines, its logs are at most three files of
4 MiB; else it writes to its file itself, unbounded, which is for short commands and tests. A process
that ignores its ending signal is killed with its group when its time is up.
"""

import asyncio
import logging
import logging.handlers
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
LOG_BYTES = 4 * 1024 * 1024
LOG_FILES = 2
LINE_BYTES = 256 * 1024
TAIL_LINES = 20


class ProcessEnded(Exception):  # noqa: N818  (a noun: what happened)
    """A process ended although it was to go on. Says which, how, and its last lines."""

    def __init__(self, name: str, code: int | None, tail: Sequence[str]) -> None:
        self.name, self.code, self.tail = name, code, tuple(tail)
        last = "".join(f"\n  {line}" for line in self.tail)
        super().__init__(f"{name} ended ({describe(code)}).{last}")


def describe(code: int | None) -> str:
    """An exit code in words."""
    if code is None:
        return "still runs"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def log_file(path: Path) -> logging.handlers.RotatingFileHandler:
    """What writes bare lines to `path`, bounded in size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")


class Process:
    """One process. `start` may be called again after it ended."""

    def __init__(  # noqa: PLR0913  (what a process is)
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        user: str = "-",
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
        on_line: Callable[[str, str], None] | None = None,
    ) -> None:
        """`death_signal` is what it gets if we are killed; `on_line` is told name and line of all it prints."""
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.started_at = 0.0
        """Monotonic time of the latest start."""
        self._environment, self._folder, self._user = environment, folder, user
        self._stop_signal, self._death_signal, self._on_line = stop_signal, death_signal, on_line
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, none before the first start."""
        return self._process.pid if self._process else None

    @property
    def code(self) -> int | None:
        """The exit code, none while it runs."""
        return self._process.returncode if self._process else None

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines it printed since its latest start, or, where nobody listens, of its log."""
        if self._on_line:
            return tuple(self._tail)
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 16 * 1024))
            return tuple(file.read().decode("utf-8", "replace").splitlines()[-TAIL_LINES:])

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it. Must be called on the main thread: the tether binds to the thread that starts it."""
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(self._death_signal)), self._user]
        self._tail.clear()
        self.started_at = time.monotonic()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as file:
            self._process = await asyncio.create_subprocess_exec(
                *tether,
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if self._on_line else file,
                stderr=asyncio.subprocess.STDOUT,
                env=None if self._environment is None else dict(self._environment),
                cwd=self._folder,
                start_new_session=True,
                limit=LINE_BYTES,
            )
        if self._process.stdout is not None and self._on_line:
            reading = self._read(self._process.stdout, self._on_line)
            self._reader = asyncio.create_task(reading, name=f"log of {self.name}")

    async def _read(self, stream: asyncio.StreamReader, on_line: Callable[[str, str], None]) -> None:
        log = log_file(self.log)
        try:
            while True:
                try:
                    raw = await stream.readline()
                except ValueError:  # longer than the limit; what was read of it is dropped
                    continue
                if not raw:
                    return
                line = raw.decode("utf-8", "replace").rstrip()
                log.handle(logging.makeLogRecord({"msg": line}))
                self._tail.append(line)
                on_line(self.name, line)
        finally:
            log.close()

    async def wait(self) -> int:
        """Until it ended and its last line was kept; its exit code. RuntimeError if it was never started."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        code = await self._process.wait()
        if self._reader:
            # A grandchild may hold the pipe open: its words are not worth waiting for.
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._reader), 1)
        return code

    async def stop(self, seconds: float) -> None:
        """End it: by its signal, and after `seconds` by killing its whole group."""
        if self._process is None:
            return
        if self.is_running:
            self._signal(self._stop_signal)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), seconds)
        self.kill()
        await self.wait()
        if self._reader and not self._reader.done():
            self._reader.cancel()

    def kill(self) -> None:
        """Kill what is left of its group, at once."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def check(self) -> None:
        """Raise ProcessEnded unless it runs."""
        if not self.is_running:
            raise ProcessEnded(self.name, self.code, self.tail)


async def run(process: Process, *, seconds: float) -> None:
    """Run a command to its end. Raises ProcessEnded if it fails or takes longer."""
    await process.start()
    try:
        code = await asyncio.wait_for(process.wait(), seconds)
    except BaseException:
        await process.stop(1)
        raise
    if code != 0:
        raise ProcessEnded(process.name, code, process.tail)
