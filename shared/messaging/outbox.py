"""Appending events to the outbox: the only way anything is published.

In the command's own transaction, so that an event is published if and only if the change was committed, and
while the aggregate's row is locked, so that positions are taken in the order of versions.
"""

import uuid
from collections.abc import Sequence

import structlog

from shared.database import Connection
from shared.events.base import Event, event_type
from shared.messaging import sql

Row = tuple[str, str, str, str, str, int, str, str | None, str]
"""Topic, key, type, source, subject, version, correlation id, trace, payload."""


def row(event: Event) -> Row:
    """The outbox row of an event, with the correlation id and the trace bound to structlog's context."""
    context = structlog.contextvars.get_contextvars()
    return (
        event.topic,
        event.subject,
        event_type(type(event)),
        f"/{event.topic.split('.', 1)[0]}",
        event.subject,
        event.version,
        context.get("correlation_id") or uuid.uuid4().hex,
        context.get("traceparent"),
        event.model_dump_json(),
    )


async def append_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Append rows made by `row`, each in the context of its own cause, in one statement.

    Raises asyncpg.CheckViolationError for a payload of 256 KiB or more; the transaction is lost then.
    """
    if rows:
        await sql.append_to_outbox(connection, list(zip(*rows, strict=True)))


async def append(connection: Connection, *events: Event) -> None:
    """Append `events` in their order, all with the present context; raises as `append_rows` does."""
    await append_rows(connection, [row(event) for event in events])
