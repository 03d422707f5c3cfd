"""`make up` as a person meets it: it comes up, mends itself, says what is in the way, and ends whole."""

import asyncio
import http.client
import io
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest
from rich.console import Console

from deploy.local import obstacles, processes, supervisor
from deploy.local.display import Display
from deploy.local.installation import SERVICES, Installation, choose_ports
from deploy.local.obstacles import Obstacle
from deploy.local.processes import Process
from tests.embedded import EmbeddedStack, alive, eventually
from tests.ports import free_ports


@pytest.fixture(scope="module")
def run() -> Iterator[EmbeddedStack]:
    """A run of its own, for it is killed piece by piece. The tests below go by in this order."""
    with TemporaryDirectory(prefix="service-day-up-", ignore_cleanup_errors=True) as folder:
        stack = EmbeddedStack(Path(folder) / "data", free_ports(1)[0])
        try:
            stack.start()
            yield stack
        finally:
            stack.kill()


def _answers(run: EmbeddedStack, path: str) -> bool:
    try:
        return httpx.get(f"{run.address}{path}", follow_redirects=True, timeout=5).is_success
    except httpx.HTTPError:
        return False


def _venue_answers(run: EmbeddedStack) -> bool:
    """Whether pages and a service with a database are there."""
    return _answers(run, "/") and _answers(run, "/api/roster/v1/venue")


def test_it_comes_up_and_is_open_to_this_machine_alone(run: EmbeddedStack) -> None:
    assert _answers(run, "/")
    assert httpx.get(f"{run.address}/api/roster/v1/venue").json()["name_zh"]
    listening = [each for member in run.family() for each in member.net_connections("tcp") if each.status == "LISTEN"]
    assert {each.laddr.ip.removeprefix("::ffff:") for each in listening} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "path",
    [
        "/internal/openapi.json",
        "/api/../internal/openapi.json",
        "/metrics",
        "/live",
        "/ready",
        "/%6detrics",
        "//ready",
        "/metrics%0a",  # a route takes it for the path without its end
        "/ready%0A",
    ],
)
def test_what_is_for_machines_inside_is_nobodys_outside(run: EmbeddedStack, path: str) -> None:
    assert httpx.get(f"{run.service_url('web')}/internal/openapi.json").status_code == 200  # it is there
    gateway = http.client.HTTPConnection("127.0.0.1", run.port, timeout=5)
    gateway.request("GET", path)  # which httpx would put in order first
    assert gateway.getresponse().status == 404
    gateway.close()


def test_secrets_are_for_the_owner_alone(run: EmbeddedStack) -> None:
    files = [run.folder / "secrets", *(run.folder / "secrets").iterdir()]
    assert len(files) > 5
    assert [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    arguments = " ".join(argument for member in run.family() for argument in member.cmdline())
    assert [path for path in files[1:] if path.read_text() in arguments] == []


def _refused(second: EmbeddedStack) -> str:
    """What a second one says, that must end by itself at once."""
    second.launch()
    try:
        assert second.process.wait(20) == 1
    finally:
        second.kill()
    assert "Traceback" not in second.output
    return second.output


def test_a_second_one_on_the_same_data_is_refused_in_words(run: EmbeddedStack, tmp_path: Path) -> None:
    same_data = tmp_path / "same"
    same_data.symlink_to(run.folder)
    said = _refused(EmbeddedStack(same_data, free_ports(1)[0]))
    assert "already runs on" in said
    assert run.address in said


def test_a_taken_port_is_refused_in_words(run: EmbeddedStack, tmp_path: Path) -> None:
    assert f"Port {run.port} cannot be used" in _refused(EmbeddedStack(tmp_path / "other", run.port))


@pytest.mark.parametrize("name", ["web", "kafka", "postgres"])
def test_what_is_killed_comes_back(run: EmbeddedStack, name: str) -> None:
    before = run.member(name)
    assert before is not None
    before.kill()

    def came_back() -> bool:
        found = run.member(name)
        return found is not None and found.pid != before.pid and _venue_answers(run)

    eventually(came_back, seconds=40, what=f"{name} runs again")
    assert f"{name} ended (killed by SIGKILL)" in run.output


def test_a_killed_supervisor_leaves_nobody(run: EmbeddedStack) -> None:
    family = run.family()
    run.process.kill()
    run.process.wait(5)
    eventually(lambda: alive(family) == [], seconds=10, what="everything ended")


def test_the_data_is_found_again(run: EmbeddedStack) -> None:
    known = {path.name: path.read_text() for path in (run.folder / "secrets").iterdir()}
    run.start()
    assert _venue_answers(run)
    assert "Demo county" not in run.output  # it was there
    assert {path.name: path.read_text() for path in (run.folder / "secrets").iterdir()} == known


def test_it_ends_in_time_although_kafka_hangs(run: EmbeddedStack) -> None:
    kafka = run.member("kafka")
    assert kafka is not None
    kafka.send_signal(signal.SIGSTOP)
    assert run.end(signal.SIGTERM, seconds=15) <= 15
    assert run.process.returncode == 0


def test_too_little_disk_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nearly_full = shutil.disk_usage(tmp_path)._replace(free=2 * 1024**3)
    monkeypatch.setattr(obstacles, "disk_usage", lambda _folder: nearly_full)
    with pytest.raises(Obstacle, match=r"Only 2\.0 GB of disk are free"):
        Installation(tmp_path / "data", free_ports(1)[0]).hold()


def test_lost_keys_are_never_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(Obstacle, match="missing"):
        Installation(tmp_path, free_ports(1)[0]).hold()


def test_ports_beside_it_that_are_taken_are_passed_over() -> None:
    with ExitStack() as held:
        other = held.enter_context(socket.socket())
        while True:  # the next one may be anybody's
            gateway = free_ports(1)[0]
            with suppress(OSError):
                other.bind(("127.0.0.1", gateway + 1))
                break
        other.listen()
        chosen = choose_ports(gateway)
    inner = [chosen.postgres, chosen.kafka, chosen.controller, *chosen.services.values()]
    assert gateway + 1 not in inner
    assert len(set(inner)) == 3 + len(SERVICES)


async def test_what_dies_too_often_stops_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(tmp_path / "data", free_ports(1)[0])
    installation.hold()
    monkeypatch.setattr(supervisor, "BACKOFF_SECONDS", (0.01,) * 4)
    told = io.StringIO()
    running = supervisor.Supervisor(installation, Display(Console(file=told)))
    command = [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"]
    await running._start_program("feeble", command, dict(os.environ))
    await asyncio.wait_for(running.failed.wait(), 10)
    await running.stop()
    assert told.getvalue().count("feeble ended (exit code 3)") == 4
    assert "the reason" in str(running.failure)


async def test_logs_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_BYTES", 10_000)
    log = tmp_path / "talker.log"
    lines: list[str] = []
    command = [sys.executable, "-c", "for number in range(3000): print(number, 'x' * 20)"]
    talker = Process("talker", command, log=log, on_line=lambda _name, line: lines.append(line))
    await processes.run(talker, seconds=20)
    assert len(lines) == 3000
    assert talker.tail[-1] == lines[-1]
    sizes = [entry.stat().st_size for entry in os.scandir(tmp_path)]
    assert len(sizes) == 3
    assert max(sizes) <= 10_000


async def test_what_ignores_its_signal_is_killed_with_all_it_started(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"
    stubborn = Process("stubborn", ["sh", "-c", script], log=tmp_path / "stubborn.log")
    await stubborn.start()
    while not stubborn.tail:
        await asyncio.sleep(0.01)
    started = psutil.Process(int(stubborn.tail[0]))
    await stubborn.stop(0.2)
    assert stubborn.code == -signal.SIGKILL
    eventually(lambda: alive([started]) == [], seconds=5, what="the grandchild ended")


def test_who_is_tethered_ends_with_its_parent() -> None:
    """So the Makefile binds the supervisor to make, and the supervisor every part to itself."""
    script = (
        "import os, subprocess, sys, time\n"
        f"tether = [sys.executable, {str(processes.TETHER)!r}, str(os.getpid()), '15', '-']\n"
        "print(subprocess.Popen([*tether, 'sleep', '60']).pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        eventually(lambda: child.name() == "sleep", seconds=5, what="the tether became the program")
        parent.kill()
    eventually(lambda: alive([child]) == [], seconds=5, what="the child ended")
