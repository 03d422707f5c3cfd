"""A row of the audit, and the chain: each row's hash covers the one before it and everything that the row says."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, Self

BEGINNING = bytes(32)
"""What stands before the first row."""

Client = Literal["pages", "api", "command-line", "process"]
"""Our own pages, another program, somebody at the machine itself, or a worker of the service."""

CODE = re.compile(r"[A-Za-z0-9._:@+/-]{1,200}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HASH = re.compile(r"[0-9a-f]{64}")
"""SHA-256, in which some digits may follow each other by chance."""
LONG_NUMBER = re.compile(r"[0-9]{7}")
"""No code of ours has so many digits in a row: a phone has, and so has a document."""


class Row(Protocol):
    """Whatever has columns by name."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of a column."""
        ...


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where."""

    actor: str
    """An account's id, or one of `actors`' names for whoever has none."""
    official_id: str | None = None
    held: tuple[str, ...] = ()
    """Roles as they are held: `director@department`, `hall_manager@@venue`, `auditor`."""
    address: str = ""
    client: Client = "process"
    path: str = ""
    """Method and path of the route, with the names of its parameters instead of their values."""


@dataclass(frozen=True)
class Entry:
    """A row: who did what to which record."""

    number: int
    at: datetime
    by: Actor
    action: str
    record_kind: str
    record_id: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Row) -> Self:
        """From a row of the table."""
        by = Actor(row["actor"], row["official_id"], tuple(row["held"]), row["address"], row["client"], row["path"])
        details = json.loads(row["details"])
        return cls(row["number"], row["at"], by, row["action"], row["record_kind"], row["record_id"], details)

    def hash_after(self, previous: bytes) -> bytes:
        """The row's hash, where `previous` is that of the row before, or `BEGINNING`."""
        said = {
            "number": self.number,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": self.by.actor,
            "official_id": self.by.official_id,
            "held": list(self.by.held),
            "address": self.by.address,
            "client": self.by.client,
            "path": self.by.path,
            "action": self.action,
            "record_kind": self.record_kind,
            "record_id": self.record_id,
            "details": dict(self.details),
        }
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(previous + canonical.encode()).digest()


@dataclass(frozen=True)
class Chain:
    """What a look at the chain found."""

    rows: int
    """How many rows from the first one on are whole."""
    head: bytes
    """The hash of the last of them."""
    broken_at: int | None = None
    """The number of the first row that does not follow from those before it."""


WITHHELD = "withheld"
"""Stands where somebody's name, number or words would have stood: such a thing is never kept here."""


def as_code(value: str) -> str:
    """An id or a code as it is; `WITHHELD` for anything that may be a name, a number of somebody's, or free text."""
    if not value or UUID.fullmatch(value) or HASH.fullmatch(value):
        return value
    return value if CODE.fullmatch(value) and not LONG_NUMBER.search(UUID.sub("", value)) else WITHHELD


def coded(details: Mapping[str, Any]) -> dict[str, Any]:
    """Details as ids, codes and counts; what is empty is left out."""
    kept = {name: value for name, value in details.items() if value is not None and value not in ("", [], ())}
    return {name: _coded(value) for name, value in kept.items()}


def _coded(value: Any) -> Any:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_coded(each) for each in value]
    return as_code(str(value))
