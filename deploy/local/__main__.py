"""`python -m deploy.local`: the whole system on this machine until Ctrl-C. `make up` prepares and runs it.

`python -m deploy.local run SERVICE [ARGUMENT …]`, beside it: `python -m services.SERVICE ARGUMENT …` with the settings
that the running system gave that service, such as `run booking dead-letters list`; without arguments, its help.

`PORT` (8080) is where the citizens' pages are, `STAFF_PORT` (the next free one) where the staff's are, `DATA_DIR`
(`.data` in the checkout) where everything is kept.
Other settings that `make up` was given in the environment, `run` has to be given, too.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from aiokafka.errors import KafkaError

from deploy.local.display import Display
from deploy.local.installation import ROOT, SERVICES, Installation
from deploy.local.obstacles import Obstacle
from deploy.local.processes import ProcessEnded
from deploy.local.supervisor import Supervisor
from deploy.postgres.databases import MigrationFailed

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def _supervise(installation: Installation, display: Display) -> int:
    """Start, wait for a reason to stop, stop. The exit code."""
    supervisor = Supervisor(installation, display)
    asked = asyncio.Event()

    def on_signal() -> None:
        if asked.is_set():  # asked twice: at once
            supervisor.kill()
        asked.set()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    starting = asyncio.create_task(supervisor.start())
    reasons = {asyncio.create_task(asked.wait()), asyncio.create_task(supervisor.failed.wait())}
    code = 0
    try:
        await asyncio.wait({starting, *reasons}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        if supervisor.failure:
            display.settle()
            print(f"Stopped, because it died too often: {supervisor.failure}", file=sys.stderr)
            code = 1
    except (Obstacle, ProcessEnded, MigrationFailed, KafkaError, OSError) as error:
        display.settle()
        print(f"It could not be started. {error}", file=sys.stderr)
        code = 1
    finally:
        display.settle()
        if asked.is_set():
            display.say("Stopping …")
        for task in (starting, *reasons):
            task.cancel()
        await asyncio.gather(starting, *reasons, return_exceptions=True)
        await supervisor.stop()
    return code


def _folder() -> Path:
    return Path(os.environ.get("DATA_DIR") or ROOT / ".data").expanduser().resolve()


def _run(service: str, arguments: Sequence[str]) -> NoReturn:
    """Become the service's command, or say why not and end with code 1."""
    if service not in SERVICES:
        sys.exit(f"There is no service {service}; there are {', '.join(SERVICES)}.")
    installation = Installation(_folder(), 0)
    try:
        installation.join()
    except Obstacle as obstacle:
        sys.exit(str(obstacle))
    # Without arguments it would serve, as it already does.
    command = [sys.executable, "-m", f"services.{service}", *(arguments or ["--help"])]
    os.execve(sys.executable, command, installation.service_environment(service))  # noqa: S606  (no shell is wanted)


def _port(name: str, default: str, *, unreadable: int) -> int:
    """A port as the environment says it; what is no number becomes one that is refused later, in words."""
    try:
        return int(os.environ.get(name) or default)
    except ValueError:
        return unreadable


def main() -> int:
    """The exit code: 0 after a stop that was asked for."""
    installation = Installation(_folder(), _port("PORT", "8080", unreadable=0), _port("STAFF_PORT", "0", unreadable=-1))
    try:
        installation.hold()
    except Obstacle as obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    with Display() as display:
        return asyncio.run(_supervise(installation, display))


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            sys.exit(main())
        case ["run", name, *rest] if not name.startswith("-"):
            _run(name, rest)
        case _:  # `--help` above all: it must not start the system
            sys.exit(__doc__)
