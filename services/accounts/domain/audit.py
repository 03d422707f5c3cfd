"""The audit's chain: each row's hash covers the one before it and everything that the row says."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

BEGINNING = bytes(32)
COMMAND_LINE = "command-line"
"""The actor where an operator works at the machine itself."""


@dataclass(frozen=True)
class Entry:
    """Who did what to which account, by ids and kinds alone."""

    number: int
    at: datetime
    actor: str
    action: str
    account_id: UUID | None
    details: Mapping[str, Any]

    def hash_after(self, previous: bytes) -> bytes:
        """The row's hash, where `previous` is that of the row before, or `BEGINNING`."""
        said = {
            "number": self.number,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": self.actor,
            "action": self.action,
            "account_id": str(self.account_id) if self.account_id else None,
            "details": dict(self.details),
        }
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(previous + canonical.encode()).digest()


@dataclass(frozen=True)
class Chain:
    """What a look at all of it found."""

    rows: int
    head: bytes
    broken_at: int | None = None
    """The number of the first row that does not follow from those before it."""
