"""CloudEvents 1.0 in binary mode: what stands in the Kafka headers around a payload.

Written strictly, read tolerantly: an unknown header is passed over, a missing time is the record's own. What
makes a message unreadable is a header that is null or no UTF-8, and a missing `ce_id` or `ce_type`, because
without them nobody can tell what it is or whether it was handled before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import asyncpg
from aiokafka import ConsumerRecord

ID_BYTES = 200

Record: TypeAlias = "ConsumerRecord[bytes, bytes]"
"""A message as aiokafka gives it."""

Headers = Sequence[tuple[str, bytes | None]]


class Unreadable(Exception):  # noqa: N818  (a noun: what the message is)
    """A message that no retry will make readable. Its text holds nothing of the payload."""


@dataclass(frozen=True)
class Envelope:
    """Where a message came from and what it says it is. `topic` is without the installation's prefix."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str
    correlation_id: str
    traceparent: str | None
    topic: str
    partition: int
    offset: int


def write_headers(row: asyncpg.Record) -> list[tuple[str, bytes]]:
    """The headers of an outbox row."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(row["id"]),
        "ce_type": row["type"],
        "ce_source": row["source"],
        "ce_time": row["recorded_at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_subject": row["subject"],
        "ce_correlationid": row["correlation_id"],
        "content-type": "application/json",
    }
    if row["traceparent"] is not None:
        headers["traceparent"] = row["traceparent"]
    return [(name, value.encode()) for name, value in headers.items()]


def read_envelope(record: Record, topic: str) -> Envelope:
    """The envelope of a record of `topic`. Raises Unreadable."""
    headers = _texts(record.headers)
    ce_id = headers.get("ce_id", "")
    if not 1 <= len(ce_id.encode()) <= ID_BYTES or "\x00" in ce_id:
        raise Unreadable("ce_id is missing or too long")
    ce_type = headers.get("ce_type", "")
    if not ce_type:
        raise Unreadable("ce_type is missing")
    return Envelope(
        id=ce_id,
        type=ce_type,
        source=headers.get("ce_source", ""),
        time=_time(headers.get("ce_time", ""), record.timestamp),
        subject=headers.get("ce_subject") or (record.key or b"").decode(errors="replace"),
        correlation_id=headers.get("ce_correlationid") or ce_id,
        traceparent=headers.get("traceparent"),
        topic=topic,
        partition=record.partition,
        offset=record.offset,
    )


def _texts(headers: Headers) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in headers:
        if value is None:
            raise Unreadable("a header is null")
        try:
            texts[name] = value.decode()
        except UnicodeDecodeError as error:
            raise Unreadable("a header is not UTF-8") from error
    return texts


def _time(text: str, timestamp_ms: int) -> datetime:
    """`ce_time`, or the record's own where it is missing, malformed or without a zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        return sent_at(timestamp_ms)
    return time


def sent_at(timestamp_ms: int) -> datetime:
    """A record's timestamp as a time; a record without one, or with nonsense, is from 1970."""
    try:
        return datetime.fromtimestamp(max(timestamp_ms, 0) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
