"""What is handed on to the service that makes cases of it, by id: that service keeps the words from then on."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.queue.domain.requests import Body

MOST = 100


class AskSaid(Body):
    """Which problems, suggestions and findings."""

    remark_ids: list[UUID] = Field(default_factory=list, max_length=MOST)
    finding_ids: list[UUID] = Field(default_factory=list, max_length=MOST)


class Said(BaseModel):
    """One of them, and whose it is where that is known. What was forgotten has no text."""

    id: str
    kind: Literal["problem", "suggestion", "finding", "decision"]
    text: str | None
    name: str | None = None
    booking_id: str | None = None
    """Booking knows how its visitor is reached."""
    document_key: str | None = None
    """The blind index of the visitor's document, hexadecimal."""
    document_last4: str | None = None
    language: Literal["zh", "en"] = "zh"


class SaidItems(BaseModel):
    """Those that are here."""

    items: tuple[Said, ...]
