"""All that the hall holds of a person, in plain words: they are told about themselves."""

from typing import Any

import asyncpg

from services.queue.domain.people import CARD_PURPOSE, SAID_PURPOSE
from services.queue.sql import retention as sql
from shared.database import Connection
from shared.privacy import Vault
from shared.rights.requests import BOOKINGS_MOST, ExportAnswer, ExportSection, PersonOrder

OF_A_TICKET = ("number", "programme_name", "date", "source", "matter_ids", "persons", "priority", "arrived_at",
               "called_at", "started_at", "finished_at", "state", "room", "last_bus_at")  # fmt: skip
OF_A_PROMISE = ("kind", "made_at", "due_on", "kept_at", "kept_by")


async def export(connection: Connection, order: PersonOrder, vault: Vault) -> ExportAnswer:
    """Tickets with their cards, what was said at them, and what was promised."""
    tickets = await sql.lock_tickets_of(connection, order.keys, order.booking_ids, BOOKINGS_MOST)
    ids = [row["ticket_id"] for row in tickets]
    numbers = {row["ticket_id"]: row["number"] for row in tickets}
    words = await sql.select_words_of(connection, ids)
    promises = await sql.lock_promises_of(connection, order.keys, ids, BOOKINGS_MOST)
    return ExportAnswer(
        service="queue",
        sections=[
            ExportSection(name="visits", items=[_ticket(row, vault) for row in tickets]),
            ExportSection(
                name="visit_words",
                items=[
                    {
                        "number": numbers[row["ticket_id"]],
                        "kind": row["kind"],
                        **({"matter_id": row["matter_id"]} if row["matter_id"] else {}),
                        "text": vault.decrypt(row["text"], SAID_PURPOSE) if row["text"] is not None else None,
                    }
                    for row in words
                ],
            ),
            ExportSection(name="promises", items=[_promise(row, vault) for row in promises]),
        ],
    )


def _ticket(row: asyncpg.Record, vault: Vault) -> dict[str, Any]:
    shown = {name: row[name] for name in OF_A_TICKET if row[name] is not None}
    if row["card"] is not None:
        shown["card"] = vault.decrypt(row["card"], CARD_PURPOSE)
    return shown


def _promise(row: asyncpg.Record, vault: Vault) -> dict[str, Any]:
    shown = {name: row[name] for name in OF_A_PROMISE if row[name] is not None}
    sealed = {name: row[name] for name in ("text", "name", "phone", "said") if row[name] is not None}
    return shown | {name: vault.decrypt(value, SAID_PURPOSE) for name, value in sealed.items()}
