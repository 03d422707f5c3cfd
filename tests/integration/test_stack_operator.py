"""An operator's commands beside `make up`, and what is said where they cannot run."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.local.installation import ROOT
from tests.embedded import EmbeddedStack

KEPT = ("PATH", "HOME", "LANG")
"""No settings of a service: what it needs, the installation must give."""


def _run(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**bare, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_operator_works_beside_the_running_stack(stack: EmbeddedStack, tmp_path: Path) -> None:
    data = str(stack.folder)
    done = _run("deploy.local", "run", "booking", "dead-letters", "list", DATA_DIR=data)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = _run("deploy.local", "run", "roster", "plan", DATA_DIR=data)
    assert (done.returncode, "sessions changed" in done.stdout) == (0, True), done.stderr
    assert "dead-letters" in _run("deploy.local", "run", "booking", DATA_DIR=data).stdout

    done = _run("deploy.local", "run", "kitchen", "plan", DATA_DIR=data)
    assert done.returncode == 1
    there = "accounts, roster, booking, queue, cases, notifications, web"
    assert done.stderr == f"There is no service kitchen; there are {there}.\n"

    # A folder whose stack has ended, and one that never had any.
    ended = tmp_path / "ended"
    ended.mkdir()
    for name in ("lock", "ports.json"):
        (ended / name).write_text((stack.folder / name).read_text())
    for folder in (ended, tmp_path / "none"):
        done = _run("deploy.local", "run", "booking", "dead-letters", "list", DATA_DIR=str(folder))
        assert done.returncode == 1
        assert done.stderr.startswith(f"Nothing runs on {folder}; start it with `make up`")


def test_settings_at_fault_are_named_and_not_repeated() -> None:
    secret = "too-short-to-do"
    done = _run("services.booking", "dead-letters", "list", BOOKING_PORT="http", OPERATOR_SECRET=secret)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Missing in the environment: SERVICE_SECRET." in done.stderr
    assert "BOOKING_PORT: Input should be a valid integer" in done.stderr
    assert "OPERATOR_SECRET: " in done.stderr
    assert secret not in done.stderr
    assert "Traceback" not in done.stderr
    assert "Missing in the environment: SERVICE_SECRET, OPERATOR_SECRET." in _run("services.web").stderr
