"""Appending events to the outbox: the only way anything is published.

In the command's own transaction, so that an event is published if and only if the change was committed, and
while the aggregate's row is locked, so that positions are taken in the order of versions.
"""

import uuid

import structlog

from shared.database import Connection
from shared.events.base import Event, event_type
from shared.messaging import sql


async def append(connection: Connection, *events: Event) -> None:
    """Append `events` in their order, in one statement.

    The correlation id and the trace are those bound to structlog's context. Raises
    asyncpg.CheckViolationError for a payload of 256 KiB or more; the transaction is lost then.
    """
    if not events:
        return
    context = structlog.contextvars.get_contextvars()
    correlation_id = context.get("correlation_id") or uuid.uuid4().hex
    traceparent = context.get("traceparent")
    rows = [
        (
            event.topic,
            event.subject,
            event_type(type(event)),
            f"/{event.topic.split('.', 1)[0]}",
            event.subject,
            event.version,
            correlation_id,
            traceparent,
            event.model_dump_json(),
        )
        for event in events
    ]
    await sql.append_to_outbox(connection, list(zip(*rows, strict=True)))
