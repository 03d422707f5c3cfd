"""A Compose project of the whole system, and how the tests drive it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
PROJECT = "service-day-test"
UP_SECONDS = 300
DOWN_SECONDS = 90

T = TypeVar("T")


def eventually(ask: Callable[[], T], *, seconds: float, what: str) -> T:
    """Ask until the answer is true, or fail with the last one."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; last: {answer!r}"
        time.sleep(0.5)


class Stack:
    """A Compose project in its own folder, on free ports. `http` asks where citizens do, `staff` where staff do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.staff_port = free_ports(2)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10, trust_env=False)
        self.staff = httpx.Client(base_url=f"http://127.0.0.1:{self.staff_port}", timeout=10, trust_env=False)

    def compose(self, *arguments: str, seconds: float = 60, text: str | None = None, check: bool = True) -> str:
        """Run `docker compose …`; its standard output. On failure the message holds what it said."""
        # An empty file instead of `.env`, so that a developer's own settings do not decide the outcome.
        command = ["docker", "compose", "--env-file", "/dev/null", "--project-name", PROJECT, *arguments]
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_HOST", "PIP_INDEX_URL") if name in os.environ
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**kept, "PORT": str(self.port), "STAFF_PORT": str(self.staff_port), "COMPOSE_PROFILES": "demo"},
            input=text,
            text=True,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode:
            pytest.fail(
                f"docker compose {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr[-1500:]}"
            )
        return done.stdout

    def up(self) -> float:
        """Build, start and wait; how long it took, in seconds."""
        started = time.monotonic()
        try:
            self.compose("up", "--build", "--wait", "--wait-timeout", str(UP_SECONDS), seconds=UP_SECONDS + 120)
        except BaseException:
            print(self.compose("ps", "--all", check=False))
            print(self.compose("logs", "--no-color", "--tail", "40", check=False, seconds=60)[-20000:])
            raise
        return time.monotonic() - started

    def run(self, service: str, *command: str, text: str | None = None, check: bool = True) -> str:
        """Run a command in a service's container; its standard output."""
        return self.compose("exec", "--no-TTY", service, *command, text=text, check=check)

    def python(self, service: str, script: str) -> str:
        """Run a Python script in a service's container."""
        return self.run(service, "python", "-", text=script).strip()

    def query(self, database: str, statement: str) -> list[str]:
        """The rows of a statement, as text, asked as the superuser inside the database's container."""
        script = (
            f"PGPASSWORD=$(cat /run/secrets/POSTGRES_PASSWORD) psql -h 127.0.0.1 -U postgres -d {database} -At -f -"
        )
        return self.run("postgres", "sh", "-c", script, text=statement).splitlines()

    def containers(self) -> dict[str, dict[str, Any]]:
        """What Docker says of each container, by service."""
        ids = self.compose("ps", "--all", "--quiet").split()
        inspected = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True).stdout
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in json.loads(inspected)}

    def down(self, *, data: bool) -> set[str]:
        """Stop and remove everything, with its data or without; the networks that the engine would not give up.

        Docker sometimes counts an endpoint too many where containers start and end fast: a network which by its own
        word has no container then "has active endpoints" until the engine starts again (moby/moby#42119). Compose
        fails on it after everything else is gone. Any other failure is ours.
        """
        options = ["--volumes", "--remove-orphans"] if data else []
        said = self.compose("down", *options, seconds=DOWN_SECONDS, check=False)
        left = self.kept("network")
        for network in left:
            ask = ["docker", "network", "inspect", "--format", "{{len .Containers}}", network]
            containers = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
            removed = subprocess.run(["docker", "network", "rm", network], capture_output=True, text=True, check=False)
            if containers != "0" or (removed.returncode and "has active endpoints" not in removed.stderr):
                pytest.fail(
                    f"docker compose down left a network with {containers} containers\n{said}\n{removed.stderr}"
                )
        if still := self.kept("network"):
            print(f"\nthe engine miscounts the endpoints of {len(still)} network(s) and keeps them")
        return still

    def kept(self, kind: str) -> set[str]:
        """The ids of what the engine keeps for this project: a `container`, `volume` or `network`."""
        command = ["docker", kind, "ls", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}"]
        if kind == "container":
            command.append("--all")
        return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def fresh_clone(target: Path) -> None:
    """Copy what git knows or would take: nothing ignored can be needed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        source, copy = ROOT / name, target / name
        if source.is_file() and not name.startswith("tests/"):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
