"""What operators do with dead letters: list, show, replay, discard.

A replay hands the kept bytes to the same handler in this process, in one transaction with the letter's settling. It
is not published again: on a compacted topic the old state would come after newer ones. A version-guarded handler
absorbs what has become old meanwhile. Shown are an envelope's plain values and the payload's keys; bytes on demand.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from aiokafka import ConsumerRecord

from shared import database
from shared.database import Connection, Pool
from shared.messaging import failure, sql
from shared.messaging.consumer import Subscription
from shared.messaging.envelope import Record

PLAIN = re.compile(r"[\w\-./:+]{1,200}", re.ASCII)
KEYS_SHOWN = 200
LIST_LIMIT = 1_000


class DeadLetterUnknown(Exception):  # noqa: N818  (a noun)
    """There is no such dead letter that waits, or another process settles it at this moment."""


class ConsumerUnknown(Exception):  # noqa: N818  (a noun)
    """This service no longer has the consumer that the message was for."""


class ReplayFailed(Exception):  # noqa: N818  (a noun)
    """The handler failed again; the letter goes on waiting, with the new error."""


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter as lists show it."""

    id: int
    topic: str
    partition: int
    offset: int
    consumer_group: str
    error: str
    attempts: int
    failed_at: datetime
    state: str
    settled_at: datetime | None
    raw_bytes: int


async def select(connection: Connection, state: str | None = "waiting", limit: int = LIST_LIMIT) -> list[DeadLetter]:
    """Dead letters in the order they failed; `state` None: all."""
    rows = await sql.select_dead_letters(connection, state, limit)
    return [DeadLetter(**dict(row)) for row in rows]


async def show(connection: Connection, dead_letter_id: int, *, raw: bool = False) -> dict[str, Any]:
    """One dead letter; with its bytes only where `raw` asks for them. Raises DeadLetterUnknown."""
    row = await sql.select_dead_letter(connection, dead_letter_id)
    if row is None:
        raise DeadLetterUnknown(dead_letter_id)
    shown: dict[str, Any] = {
        name: row[name]
        for name in ("id", "topic", "partition", "offset", "consumer_group", "state", "attempts", "error", "stack")
    }
    shown |= {name: row[name] and row[name].isoformat() for name in ("sent_at", "failed_at", "settled_at")}
    if raw:
        shown["key"] = _text(row["key"])
        shown["headers"] = [[name, _text(value)] for name, value in unpack_headers(row["headers"])]
        shown["payload"] = _text(row["raw"])
    else:
        shown["key"] = _masked(row["key"])
        shown["headers"] = [
            [name, _masked(value) if name.startswith("ce_") else f"({len(value or b'')} bytes)"]
            for name, value in unpack_headers(row["headers"])
        ]
        shown["payload_keys"] = _keys(row["raw"])
        shown["payload_bytes"] = len(row["raw"])
    return shown


async def replay(pool: Pool, subscriptions: Iterable[Subscription], topic_prefix: str, dead_letter_id: int) -> None:
    """Handle one waiting letter again. Raises DeadLetterUnknown, ConsumerUnknown, ReplayFailed, and passing errors."""
    consumers = {topic_prefix + each.consumer: each for each in subscriptions}
    try:
        async with database.transaction(pool) as connection:
            await _handle_again(connection, consumers, dead_letter_id)
    except (DeadLetterUnknown, ConsumerUnknown):
        raise
    except Exception as error:
        if failure.passes(error):
            raise
        text = failure.describe(error)
        async with database.transaction(pool) as connection:
            await sql.note_failed_replay(connection, dead_letter_id, text, failure.stack(error))
        raise ReplayFailed(text) from error


async def _handle_again(connection: Connection, consumers: dict[str, Subscription], dead_letter_id: int) -> None:
    row = await sql.lock_dead_letter(connection, dead_letter_id)
    if row is None:
        raise DeadLetterUnknown(dead_letter_id)
    subscription = consumers.get(row["consumer_group"])
    if subscription is None:
        raise ConsumerUnknown(row["consumer_group"])
    await subscription.deliver(connection, subscription.read(_record(row)))
    await sql.settle_dead_letter(connection, dead_letter_id, "replayed")


async def discard(connection: Connection, dead_letter_id: int) -> None:
    """Give a letter up; its row stays for a month yet. Raises DeadLetterUnknown."""
    if not await sql.settle_dead_letter(connection, dead_letter_id, "discarded"):
        raise DeadLetterUnknown(dead_letter_id)


def unpack_headers(packed: bytes) -> Sequence[tuple[str, bytes | None]]:
    """Headers as they came."""
    return [(name, None if value is None else b64decode(value)) for name, value in json.loads(packed)]


def _record(row: asyncpg.Record) -> Record:
    return ConsumerRecord(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        timestamp=int(row["sent_at"].timestamp() * 1000),
        timestamp_type=0,
        key=row["key"],
        value=row["raw"],
        checksum=None,
        serialized_key_size=len(row["key"] or b""),
        serialized_value_size=len(row["raw"]),
        headers=unpack_headers(row["headers"]),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def _masked(value: bytes | None) -> str:
    """An id or a name as it is; whatever else, by its length."""
    text = (value or b"").decode(errors="replace")
    return text if PLAIN.fullmatch(text) else f"({len(value or b'')} bytes)"


def _keys(payload: bytes) -> list[str] | None:
    """The paths of a JSON object's keys, without any value; None where it is no JSON object."""
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    found: list[str] = []
    waiting: list[tuple[str, dict[str, Any]]] = [("", document)]
    while waiting and len(found) < KEYS_SHOWN:
        path, branch = waiting.pop()
        for key, value in branch.items():
            found.append(f"{path}{key}")
            if isinstance(value, dict):
                waiting.append((f"{path}{key}.", value))
    return sorted(found)[:KEYS_SHOWN]
