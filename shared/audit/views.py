"""What an audit answers."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from shared.audit.chain import Client, Entry


class EntryView(BaseModel):
    """A row, without its hashes."""

    number: int
    at: datetime
    actor: str
    official_id: str | None
    held: list[str]
    action: str
    record_kind: str
    record_id: str
    address: str
    client: Client
    path: str
    details: dict[str, Any]


class ChainView(BaseModel):
    """How far the chain was followed, and whether it held."""

    verified_to: int
    """Number of the last row that follows from all before it."""
    head: str
    """Its hash, hexadecimal: written down elsewhere it proves later that no row was cut off."""
    complete: bool
    """Whether that was the last row there is; else the look goes on with the next request."""
    broken_at: int | None
    """Number of the first row that does not follow."""
    looked_at: datetime


class AuditView(BaseModel):
    """Rows, the newest first."""

    items: list[EntryView]
    more: bool
    """Whether older ones answer, too."""
    chain: ChainView


class ExportView(BaseModel):
    """Rows to be taken away, the newest first."""

    items: list[EntryView]
    more: bool
    """Whether there are older ones that were left out."""


def entry_view(entry: Entry) -> EntryView:
    """A row as it is shown."""
    return EntryView(
        number=entry.number,
        at=entry.at,
        actor=entry.by.actor,
        official_id=entry.by.official_id,
        held=list(entry.by.held),
        action=entry.action,
        record_kind=entry.record_kind,
        record_id=entry.record_id,
        address=entry.by.address,
        client=entry.by.client,
        path=entry.by.path,
        details=dict(entry.details),
    )
