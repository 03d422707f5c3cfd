"""What services ask each other about one person, and answer: erasure and export.

A person is their documents, by blind index. Who keeps bookings answers first, with the bookings that it found: the
others know those alone. What a person said about somebody else, or somebody else about them, is found by none of these:
it is sealed under a name nobody can look for. Only in citizens' lists of whom they book for a document is found.

Who is signed in has shown a phone, and no document: theirs is what was typed with their account. What was written down
in the hall about a document that they say is theirs is not theirs to have, or to take away, until they show it.
"""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

ERASURES_PATH = "/internal/v1/erasures"
EXPORTS_PATH = "/internal/v1/exports"
BOOKINGS_MOST = 1000
"""Bookings of one person that are looked at: one a week for twenty years."""

DocumentKey = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""The blind index of a document, hexadecimal."""
HoldKind = Literal["upcoming_booking", "open_ticket", "open_promise", "open_case"]


class PersonOrder(BaseModel):
    """Whom it is about: by documents that were shown, or by the account that is signed in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_keys: Annotated[list[DocumentKey], Field(max_length=20)] = []
    account_id: UUID | None = None
    """Of somebody who is signed in; the documents are those that they say are theirs."""
    booking_ids: Annotated[list[UUID], Field(max_length=BOOKINGS_MOST)] = []
    """The person's bookings, as booking found them."""

    @model_validator(mode="after")
    def _about_somebody(self) -> Self:
        if not self.document_keys and self.account_id is None:
            raise ValueError("nobody could be found by this")
        return self

    @property
    def keys(self) -> list[bytes]:
        """The blind indexes as they stand in tables."""
        return [bytes.fromhex(each) for each in self.document_keys]


class ErasureOrder(PersonOrder):
    """Forget somebody. The same id again is the same order."""

    erasure_id: UUID


class Hold(BaseModel):
    """What cannot be forgotten yet, and how much of it there is."""

    kind: HoldKind
    count: int


class Done(BaseModel):
    """What one round of an order came to."""

    erased: dict[str, int]
    """Rows from which the person was taken, by table."""
    held: list[Hold] = []
    booking_ids: list[UUID] = []


class ErasureAnswer(Done):
    """What a service has erased for an order, all rounds together, and what still holds it."""

    service: str


class ExportSection(BaseModel):
    """One kind of thing that a service holds of a person, in plain words."""

    name: str
    items: list[dict[str, Any]]


class ExportAnswer(BaseModel):
    """All that a service holds of a person."""

    service: str
    sections: list[ExportSection]
    booking_ids: list[UUID] = []
