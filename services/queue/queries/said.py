"""What was found in the hall, for the service that makes cases of it: words, and whose they are where that is known."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.queue.domain.handed_on import Said, SaidItems
from services.queue.domain.people import CARD_PURPOSE, SAID_PURPOSE, Card
from services.queue.sql import findings, tickets
from shared.database import Connection
from shared.privacy import UnreadableValue, Vault


async def said(
    connection: Connection, remark_ids: Sequence[UUID], finding_ids: Sequence[UUID], vault: Vault
) -> SaidItems:
    """Problems, suggestions and findings by id; those that are not here are left out, words that are forgotten null."""
    remarks = [_remark(row, vault) for row in await tickets.select_remarks_with_cards(connection, remark_ids)]
    found = [
        Said(id=str(row["finding_id"]), kind=row["kind"], text=_words(row["text"], vault))
        for row in await findings.select_by_ids(connection, list(finding_ids))
    ]
    return SaidItems(items=(*remarks, *found))


def _remark(row: asyncpg.Record, vault: Vault) -> Said:
    card = _card(row["card"], vault)
    return Said(
        id=str(row["remark_id"]),
        kind=row["kind"],
        text=_words(row["text"], vault),
        name=card.name,
        booking_id=str(row["booking_id"]) if row["booking_id"] else None,
        document_key=row["person_key"].hex() if row["person_key"] is not None else None,
        document_last4=card.document_last4,
        language=row["language"],
    )


def _card(sealed: bytes | None, vault: Vault) -> Card:
    try:
        return Card.model_validate_json(vault.decrypt(sealed, CARD_PURPOSE)) if sealed is not None else Card()
    except UnreadableValue:
        return Card()


def _words(sealed: bytes | None, vault: Vault) -> str | None:
    try:
        return vault.decrypt(sealed, SAID_PURPOSE) if sealed is not None else None
    except UnreadableValue:
        return None
