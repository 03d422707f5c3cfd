"""What the person at the terminal sees: progress while it starts, then addresses, warnings, and the end.

On a terminal a line a part moves while it is being worked on; into a file or a pipe only finished lines go.
"""

import json
import re
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

WARNINGS_SHOWN = 5
WARNINGS_SECONDS = 10.0
_SEVERE = re.compile(r"\b(WARN|WARNING|ERROR|FATAL|PANIC|Traceback)\b")
_EXPECTED = re.compile(
    # What the servers warn of at every start or stop, and nobody can or need do anything about.
    r"Performing controller activation|Attempting to close NetworkClient|HTTP/[23] skipped|admin endpoint disabled"
    r"|byeee|Auto create topics is disabled|terminating connection due to administrator command|the database system is"
    r"|GroupCoordinatorNotAvailable|Marking the coordinator dead|NotLeaderForPartition|TOPIC_ALREADY_EXISTS"
)


def warning_of(line: str) -> str | None:
    """What a line of a process's output warns of, none if it is ordinary."""
    if _EXPECTED.search(line):
        return None
    if not line.startswith("{"):
        return line if _SEVERE.search(line) else None
    try:
        record = json.loads(line)
    except ValueError:
        return line
    level = str(record.get("level", "")).lower()
    if level not in ("warn", "warning", "error", "critical", "fatal"):
        return None
    said = record.get("event") or record.get("msg") or ""
    skipped = ("event", "msg", "level", "ts", "timestamp", "service", "logger", "exception", "correlation_id")
    more = " ".join(f"{name}={value}" for name, value in record.items() if name not in skipped)
    return f"{level} {said} {more}".strip()[:400]


class Display:
    """The terminal. Leaving it takes the moving lines away."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[amount]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._tasks: dict[str, tuple[TaskID, float]] = {}
        self._shown: dict[str, list[float]] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.settle()

    def begin(self, part: str) -> None:
        """A part is being worked on."""
        task = self._progress.add_task(part, total=None, amount="")
        self._tasks[part] = (task, time.monotonic())

    def advance(self, part: str, done: int, total: int) -> None:
        """So much of so much is done."""
        self._progress.update(self._tasks[part][0], completed=done, total=total, amount=f"{done}/{total}")

    def finish(self, part: str) -> None:
        """The part is there."""
        task, since = self._tasks.pop(part)
        self._progress.remove_task(task)
        self.console.print(f"[green]✓[/] {escape(part)} [dim]{time.monotonic() - since:.1f} s[/]")

    def settle(self) -> None:
        """No more moving lines."""
        for task, _ in self._tasks.values():
            self._progress.remove_task(task)
        self._tasks.clear()
        self._progress.stop()

    def say(self, text: str) -> None:
        """A line of our own, which may hold rich's markup."""
        self.console.print(text)

    def warn(self, part: str, text: str, log: str) -> None:
        """A warning of a part, unless it has given too many just now."""
        now = time.monotonic()
        recent = [moment for moment in self._shown.get(part, []) if now - moment < WARNINGS_SECONDS]
        if len(recent) <= WARNINGS_SHOWN:
            recent.append(now)
            more = f" [dim](more in {escape(log)})[/]" if len(recent) > WARNINGS_SHOWN else ""
            self.console.print(f"[yellow]{escape(part)}[/]  {escape(text)}{more}")
        self._shown[part] = recent
