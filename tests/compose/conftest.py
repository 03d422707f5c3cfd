"""The whole system under Compose, once for all tests of this folder, from a copy of what a fresh clone would hold.

These tests take minutes and a Docker engine, so they run only when this folder is named (`make compose-test`),
and are left out with a reason where `docker info` fails.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.stack import Stack, fresh_clone


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Left out of a run of all tests."""
    here = Path(__file__).parent
    named = (Path(config.invocation_params.dir, argument.split("::")[0]).resolve() for argument in config.args)
    if collection_path.name.startswith("test_") and not any(here in (each, *each.parents) for each in named):
        return True
    return None


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The system, up, with the demo county."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no Docker engine: `docker info` fails")
    folder = tmp_path_factory.mktemp("clone")
    fresh_clone(folder)
    running = Stack(folder)
    running.down(data=True)  # what an interrupted run left behind
    try:
        print(f"\nup from a fresh clone: {running.up():.0f} s")
        yield running
    finally:
        running.http.close()
        running.staff.close()
        running.down(data=True)
