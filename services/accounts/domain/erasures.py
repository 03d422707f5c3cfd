"""An order to forget somebody: how it is asked for, how it stands, and what proves it in the end."""

import hashlib
import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from shared.rights.requests import Hold
from shared.visitors import Body, Document

Basis = Literal["in_person", "in_writing", "signed_in"]
"""How the person asked: with the document before us, by a letter that is filed, or signed in."""
PartState = Literal["waiting", "held", "done"]

FIRST = "booking"
"""Answers first: it alone knows which bookings are a person's."""
OWN = "accounts"
"""Holds what citizens typed to sign in and to book for others; asked like the others, without the network."""
SERVICES = (FIRST, "queue", "cases", "notifications", OWN)
"""Who holds personal data of visitors. The roster holds none."""
BY_ACCOUNT = (FIRST, "cases", "notifications", OWN)
"""Who is asked where somebody is signed in: they have shown no document, and the hall's records are a document's."""
HELD_SECONDS = 3600.0
"""How long until a service is asked again about what it had to keep."""
LEASE_SECONDS = 60.0
"""How long a part is in one worker's hands."""
WAIT_MOST_SECONDS = 600.0


def holders_of(account_id: UUID | None) -> tuple[str, ...]:
    """Who beside accounts is asked what is held: messages and the hall's records are a document's, too."""
    return (FIRST, "queue", "cases", "notifications") if account_id is None else (FIRST, "cases")


def services_of(account_id: UUID | None) -> tuple[str, ...]:
    """Whom an order goes to: of documents that were shown, or of the account that is signed in."""
    return SERVICES if account_id is None else BY_ACCOUNT


def wait_seconds(asked: int) -> float:
    """How long until a service is asked again that did not answer: doubling from two seconds to ten minutes."""
    return min(2.0 ** min(asked, 20), WAIT_MOST_SECONDS)


class NewErasure(Body):
    """Who is to be forgotten: by the document that was shown or named."""

    document: Document
    basis: Literal["in_person", "in_writing"]


class NewExport(Body):
    """Whose data is to be handed out: by the document that was shown."""

    document: Document


class PartView(BaseModel):
    """What one service has done so far."""

    service: str
    state: PartState
    erased: dict[str, int]
    """Rows from which the person was taken, by table."""
    held: list[Hold]
    """What stands in the way; it is looked at again every hour."""
    asked: int
    fault: str | None
    answered_at: datetime | None


class ErasureView(BaseModel):
    """How an order stands. `proof` is there once every service has erased all."""

    erasure_id: str
    state: Literal["running", "held", "completed"]
    basis: Basis
    requested_by: str
    requested_at: datetime
    completed_at: datetime | None
    parts: list[PartView]
    proof: dict[str, Any] | None
    proof_hash: str | None
    """SHA-256 of the proof as canonical JSON, hexadecimal; the audit's chain holds it as well."""


def proof_of(erasure_id: UUID, row: Any, parts: list[PartView], completed_at: datetime) -> dict[str, Any]:
    """What was erased where and when, and by whose request. It names nobody but who asked on the person's behalf."""
    return {
        "erasure_id": str(erasure_id),
        "requested_by": row["requested_by"],
        "basis": row["basis"],
        "requested_at": row["requested_at"].isoformat(),
        "completed_at": completed_at.isoformat(),
        "services": [
            {
                "service": part.service,
                "erased": part.erased,
                "answered_at": part.answered_at.isoformat() if part.answered_at else None,
            }
            for part in parts
        ],
    }


def hash_of(proof: dict[str, Any]) -> bytes:
    """The proof's SHA-256, over its canonical JSON: anybody who holds the proof can reckon it again."""
    canonical = json.dumps(proof, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).digest()
