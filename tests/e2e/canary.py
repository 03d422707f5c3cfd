"""A canary: one person who does not exist, and where every trace of them is looked for in the running system."""

import json
import re
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import quote, quote_plus

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.stack import Stack, new_resident_id

BROKEN_KEY = b"canary-broken"
"""The key of the message that the test breaks on purpose, and the only one that may hold the canary."""


@dataclass(frozen=True)
class Canary:
    """What is planted. Each text is long enough that it stands nowhere by chance."""

    name: str = "欧阳金丝雀"
    document: str = field(default_factory=new_resident_id)
    phone: str = "13788845167"
    note: str = "谁也不该在别处读到的一句预约话"
    said: str = "谁也不该在别处读到的一次性告知"
    problem: str = "谁也不该在别处读到的一个问题"
    issue: str = "谁也不该在别处读到的一件书面事"

    def needles(self) -> dict[bytes, str]:
        """Every form that the planted texts may take on their way, with what each stands for."""
        found: dict[bytes, str] = {}
        for what, text in vars(self).items():
            raw = text.encode()
            escaped = json.dumps(text).strip('"')
            forms = {
                text,
                escaped,
                escaped.replace("\\", "\\\\"),
                quote(text),
                quote_plus(text),
                raw.hex(),
                repr(raw)[2:-1],
            }
            found.update({form.encode(): what for form in forms})
        return found


@dataclass(frozen=True)
class Finding:
    """Where a planted text was found that must not be there."""

    place: str
    what: str


def look(canary: Canary, place: str, haystack: bytes) -> Iterator[Finding]:
    """What of the canary stands in some bytes, case aside: a document's `x` and hexadecimals may be of either."""
    folded = haystack.lower()
    for needle, what in canary.needles().items():
        if needle.lower() in folded:
            yield Finding(place, what)


def ports_of(stack: Stack) -> dict[str, object]:
    """Where each part listens."""
    ports: dict[str, object] = json.loads((stack.folder / "ports.json").read_text())
    return ports


async def _partitions(server: str) -> list[TopicPartition]:
    """Every partition of every topic but Kafka's own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=server)
    await admin.start()
    try:
        names = [each for each in await admin.list_topics() if not each.startswith("__")]
        return [
            TopicPartition(topic["topic"], part["partition"])
            for topic in await admin.describe_topics(names)
            for part in topic["partitions"]
        ]
    finally:
        await admin.close()


async def in_topics(stack: Stack, canary: Canary) -> tuple[list[Finding], int]:
    """In keys, headers and values of every topic; and how many messages were looked at."""
    found: list[Finding] = []
    seen = 0
    server = f"127.0.0.1:{ports_of(stack)['kafka']}"
    consumer = AIOKafkaConsumer(bootstrap_servers=server, enable_auto_commit=False)
    await consumer.start()
    try:
        parts = await _partitions(server)
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for part, records in (await consumer.getmany(timeout_ms=1000)).items():
                for record in records:
                    seen += 1
                    if record.key == BROKEN_KEY:
                        continue
                    whole = b"\n".join([record.key or b"", record.value or b"", repr(record.headers).encode()])
                    found += look(canary, f"topic {part.topic}", whole)
    finally:
        await consumer.stop()
    return found, seen


async def in_tables(stack: Stack, canary: Canary, services: Iterable[str]) -> tuple[list[Finding], int]:
    """In every column of every table of every service: bytes, too; and how many rows were looked at."""
    found: list[Finding] = []
    seen = 0
    for service in services:
        connection = await asyncpg.connect(owner_dsn(stack, service))
        try:
            tables = await connection.fetch(
                "select table_name from information_schema.tables"
                " where table_schema = 'public' and table_type = 'BASE TABLE'"
            )
            for (table,) in tables:
                columns = await connection.fetch(
                    "select column_name from information_schema.columns"
                    " where table_schema = 'public' and table_name = $1",
                    table,
                )
                for (column,) in columns:
                    kept = "where key is distinct from $1" if table == "dead_letter" else ""
                    rows = await connection.fetch(
                        f'select "{column}"::text as value from "{table}" {kept}', *([BROKEN_KEY] if kept else [])
                    )
                    seen += len(rows)
                    text = "\n".join(row["value"] for row in rows if row["value"] is not None)
                    found += look(canary, f"{service}.{table}.{column}", text.encode())
            # Of the broken message's letter the bytes are kept as they came; what is said of it names nobody.
            letters = await connection.fetch("select error, stack from dead_letter where key = $1", BROKEN_KEY)
            for letter in letters:
                found += look(canary, f"{service}.dead_letter.error", f"{letter['error']}\n{letter['stack']}".encode())
        finally:
            await connection.close()
    return found, seen


def owner_dsn(stack: Stack, service: str) -> str:
    """The address of a service's database as its owner."""
    password = (stack.folder / "secrets" / f"{service.upper()}_OWNER_PASSWORD").read_text().strip()
    return f"postgresql://{service}_owner:{password}@127.0.0.1:{ports_of(stack)['postgres']}/{service}"


def in_logs(stack: Stack, canary: Canary) -> tuple[list[Finding], int]:
    """In every log of every part, the servers' and the gateway's too; and how many files there were."""
    files = [each for each in [*(stack.folder / "logs").rglob("*"), stack.folder / "output"] if each.is_file()]
    return [one for each in files for one in look(canary, f"log {each.name}", each.read_bytes())], len(files)


def in_metrics(stack: Stack, canary: Canary) -> tuple[list[Finding], int]:
    """In the metrics of every service; and of how many."""
    found: list[Finding] = []
    services = ports_of(stack)["services"]
    assert isinstance(services, dict)
    for service, port in services.items():
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=20)
        assert answer.is_success, f"{service} has no metrics"
        found += look(canary, f"metrics of {service}", answer.content)
    return found, len(services)


def in_workbook(canary: Canary, workbook: bytes) -> list[Finding]:
    """In the parts of a workbook."""
    with zipfile.ZipFile(BytesIO(workbook)) as opened:
        return [one for name in opened.namelist() for one in look(canary, f"sheet {name}", opened.read(name))]


def in_addresses(canary: Canary, addresses: Iterable[str]) -> list[Finding]:
    """In addresses that were asked for, or that somebody was sent to."""
    return [one for each in addresses for one in look(canary, f"address {re.sub('[?].*', '?…', each)}", each.encode())]


def new_key() -> str:
    """An idempotency key."""
    return uuid.uuid4().hex
