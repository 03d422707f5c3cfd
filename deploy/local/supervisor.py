"""Starts every part of the embedded stack, keeps it going, and ends it for certain.

What is independent starts at the same time. A part that dies is started again, each time a little later;
one that died five times within a minute stops all. A stop gives the services their time, then the servers theirs, and
kills what is left: 12 s at most, whatever hangs.
"""

import asyncio
import hashlib
import json
import sys
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from deploy.kafka import topics
from deploy.local import jars
from deploy.local.display import Display, warning_of
from deploy.local.installation import ROOT, SERVICES, SHUTDOWN_SECONDS, Installation
from deploy.local.kafka import Kafka
from deploy.local.obstacles import Obstacle
from deploy.local.postgres import Postgres
from deploy.local.processes import Process, ProcessEnded, describe, run
from deploy.postgres import databases

DEATHS = 5
DEATHS_SECONDS = 60.0
BACKOFF_SECONDS = (0.2, 1.0, 2.0, 4.0)
READY_SECONDS = 120.0
SERVICES_STOP_SECONDS = SHUTDOWN_SECONDS + 1.0
SERVERS_STOP_SECONDS = 3.0
DEMO = Path("deploy/packs/wangchuan")
DEMO_ACCOUNTS = Path("deploy/packs/wangchuan.accounts.yaml")


class Part(Protocol):
    """What can be started, dies, and is started again."""

    process: Process

    async def start(self) -> None:
        """Start it and wait until it can be used."""
        ...


class Program:
    """A part that is a process and nothing more."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def start(self) -> None:
        """Start it."""
        await self.process.start()


class Supervisor:
    """The stack of one installation."""

    def __init__(self, installation: Installation, display: Display) -> None:
        self._installation, self._display = installation, display
        self._parts: dict[str, Part] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._announced = False
        self.failure: ProcessEnded | None = None
        """What died too often, once something did."""
        self.failed = asyncio.Event()
        ports, logs = installation.ports, installation.logs
        self._postgres = Postgres(
            installation.folder / "postgres",
            port=ports.postgres,
            password=installation.secrets["POSTGRES_PASSWORD"],
            log=logs / "postgres.log",
            on_line=self._on_line,
        )

    async def start(self) -> None:
        """Start everything and wait until it can be used. Raises Obstacle, ProcessEnded, TimeoutError."""
        started = time.monotonic()
        await _together(self._start_kafka(), self._start_gateway(), self._start_the_rest())
        await self._until_ready()
        self._display.settle()
        self._announce(time.monotonic() - started)

    async def _start_the_rest(self) -> None:
        """What needs the databases. The services do not wait for Kafka."""
        await self._start_databases()
        await _together(
            self._import_demo(), self._open_demo_accounts(), *(self._start_service(service) for service in SERVICES)
        )

    async def _start_databases(self) -> None:
        self._display.begin("PostgreSQL 18")
        await self._keep("postgres", self._postgres)
        self._display.finish("PostgreSQL 18")
        self._display.begin("Databases")
        await _together(*(self._migrate(service) for service in databases.services()))
        self._display.finish("Databases")

    async def _migrate(self, service: str) -> None:
        passwords = (self._installation.secrets[f"{service.upper()}_{role}_PASSWORD"] for role in ("OWNER", "RUNTIME"))
        await databases.create(self._postgres.dsn, service, *passwords)
        await databases.migrate(service, self._installation.database_dsn(service, "owner"))

    async def _start_kafka(self) -> None:
        part = f"Apache Kafka {jars.KAFKA_VERSION}"
        self._display.begin(part)
        ports = self._installation.ports
        found = await asyncio.to_thread(jars.present)
        kafka = Kafka(
            self._installation.folder / "kafka",
            port=ports.kafka,
            controller_port=ports.controller,
            jars=found or await self._fetch_jars(part),
            log=self._installation.logs / "kafka.log",
            on_line=self._on_line,
        )
        await self._keep("kafka", kafka)
        await topics.create(kafka.bootstrap, "")
        self._display.finish(part)

    async def _fetch_jars(self, part: str) -> list[Path]:
        """Download in a process of its own, so that Ctrl-C need not wait for it."""

        def on_line(_name: str, line: str) -> None:
            done, _, total = line.partition(" ")
            if done.isdigit() and total.isdigit():
                self._display.advance(part, int(done), int(total))

        command = [sys.executable, "-m", "deploy.local.jars", "fetch"]
        log = self._installation.logs / "download.log"
        fetching = Process("download of Kafka", command, log=log, folder=ROOT, on_line=on_line)
        await run(fetching, seconds=600)
        return jars.fetch_all()

    async def _start_gateway(self) -> None:
        caddy = Path(sys.prefix) / "bin" / "caddy"
        configuration = ROOT / "deploy" / "caddy" / "Caddyfile"
        command = [str(caddy), "run", "--config", str(configuration), "--adapter", "caddyfile"]
        await self._start_program("caddy", command, self._installation.gateway_environment())

    async def _start_service(self, service: str) -> None:
        command = [sys.executable, "-m", f"services.{service}"]
        await self._start_program(service, command, self._installation.service_environment(service))

    async def _start_program(self, name: str, command: Sequence[str | Path], environment: dict[str, str]) -> None:
        log = self._installation.logs / f"{name}.log"
        process = Process(name, command, log=log, environment=environment, folder=ROOT, on_line=self._on_line)
        await self._keep(name, Program(process))

    async def _import_demo(self) -> None:
        """Bring the demo county in, if this installation has not got it as it is now. The import plans ahead, too."""
        digest = hashlib.sha256()
        for path in sorted((ROOT / DEMO).rglob("*.yaml")):
            digest.update(path.read_bytes())
        mark = self._installation.folder / "demo.sha256"
        if mark.exists() and mark.read_text() == digest.hexdigest():
            return
        part = "Demo county"
        self._display.begin(part)
        command = [sys.executable, "-m", "services.roster", "packs", "import", str(DEMO)]
        environment = self._installation.service_environment("roster")
        log = self._installation.logs / "demo.log"
        await run(Process(part, command, log=log, environment=environment, folder=ROOT), seconds=120)
        mark.write_text(digest.hexdigest())
        self._display.finish(part)

    async def _open_demo_accounts(self) -> None:
        """Let the demo county's people sign in. Where others do, in an installation of its own, nothing is opened."""
        part = "Demo accounts"
        self._display.begin(part)
        command = [sys.executable, "-m", "services.accounts", "demo", str(DEMO_ACCOUNTS), "--kept", str(self._kept)]
        environment = self._installation.service_environment("accounts")
        log = self._installation.logs / "demo-accounts.log"
        with suppress(ProcessEnded):  # refused; its log says why
            await run(Process(part, command, log=log, environment=environment, folder=ROOT), seconds=120)
        self._display.finish(part)

    @property
    def _kept(self) -> Path:
        return self._installation.folder / "demo-accounts.json"

    def _demo_people(self) -> str:
        """With what the demo county's people sign in; empty where there are none."""
        if not self._kept.exists():
            return ""
        found = json.loads(self._kept.read_text())["accounts"]
        lines = [f"    {login:<12} {each['password']:<20} {each['name']}" for login, each in found.items()]
        return "\n".join(
            ["  演示账号 · Demo accounts (login, password; the code: make code LOGIN=manager)", *lines, "", ""]
        )

    async def _until_ready(self) -> None:
        """Until every service says so and the first page comes through the gateway."""
        self._display.begin("Services")
        addresses = {name: f"{self._installation.service_url(name)}/ready" for name in SERVICES}
        addresses["the first page"] = f"{self._installation.address}/"
        addresses["the staff's first page"] = f"{self._installation.staff_address}/"
        deadline = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(timeout=5, trust_env=False, follow_redirects=True) as client:
            for name, address in addresses.items():
                while not await _answers(client, address):
                    if time.monotonic() > deadline:
                        log = self._installation.logs / f"{name}.log"
                        raise Obstacle(f"{name} does not get ready; its log is {log}.")
                    await asyncio.sleep(0.1)
        self._display.finish("Services")

    def _announce(self, seconds: float) -> None:
        self._announced = True
        address, staff = self._installation.address, self._installation.staff_address
        self._display.say(
            f"\n[bold]服务日 · Service day[/] is running, started in {seconds:.1f} s.\n\n"
            f"  群众预约 · Citizens     [bold]{address}/[/]\n"
            f"  工作人员 · Staff        [bold]{staff}/staff[/]\n"
            f"  消息     · Messages     [bold]{staff}/staff/console-messages[/]\n\n"
            f"{self._demo_people()}"
            f"  Data and logs: {self._installation.folder}\n"
            "  Stop with Ctrl-C.\n"
        )

    def _on_line(self, name: str, line: str) -> None:
        # While it starts, the services warn that the servers are not there yet.
        warning = warning_of(line) if self._announced and not self._stopping else None
        if warning:
            self._display.warn(name, warning, str(self._installation.logs / f"{name}.log"))

    async def _keep(self, name: str, part: Part) -> None:
        """Start the part, and again whenever it ends. Raises what its first start raises."""
        self._parts[name] = part
        await part.start()
        self._keepers.append(asyncio.create_task(self._keep_going(name, part), name=f"keeper of {name}"))

    async def _keep_going(self, name: str, part: Part) -> None:
        """Start the part again whenever it dies, until it does so too often."""
        deaths: deque[float] = deque(maxlen=DEATHS)
        while True:
            code = await part.process.wait()
            if self._stopping:
                return
            deaths.append(time.monotonic())
            recent = sum(1 for moment in deaths if deaths[-1] - moment < DEATHS_SECONDS)
            if recent >= DEATHS:
                self.failure = ProcessEnded(name, code, part.process.tail)
                self.failed.set()
                return
            wait = BACKOFF_SECONDS[recent - 1]
            self._display.say(f"[red]{name}[/] ended ({describe(code)}); it is started again in {wait:g} s.")
            await asyncio.sleep(wait)
            try:
                await part.start()
            except (ProcessEnded, OSError, TimeoutError, KafkaError, asyncpg.PostgresError):
                part.process.kill()  # counted as its next death

    async def stop(self) -> None:
        """End everything, the services before the servers they write to."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        servers = [part.process for name, part in self._parts.items() if name in ("postgres", "kafka")]
        others = [part.process for name, part in self._parts.items() if name not in ("postgres", "kafka")]
        try:
            async with asyncio.timeout(SERVICES_STOP_SECONDS + SERVERS_STOP_SECONDS + 1):
                await asyncio.gather(*(process.stop(SERVICES_STOP_SECONDS) for process in others))
                await asyncio.gather(*(process.stop(SERVERS_STOP_SECONDS) for process in servers))
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill whatever still runs, at once."""
        for part in self._parts.values():
            part.process.kill()


async def _together(*parts: Coroutine[Any, Any, None]) -> None:
    """All at the same time. The first to fail ends the others, and its error is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _answers(client: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await client.get(address)).is_success
    except httpx.HTTPError:
        return False
