"""What the queue says of what was found in the hall."""

from typing import Literal

from shared.events.base import State


class Said(State):
    """A problem, suggestion or finding, and whose it is where that is known."""

    id: str
    text: str | None = None
    """None once it was forgotten."""
    name: str | None = None
    phone: str | None = None
    """Booking knows it, by `booking_id`; not the queue."""
    booking_id: str | None = None
    document_key: str | None = None
    """The blind index of the visitor's document, hexadecimal."""
    document_last4: str | None = None
    language: Literal["zh", "en"] = "zh"

    def of(self, card: "VisitorCard | None") -> "Said":
        """The same, with whom booking knows."""
        if card is None:
            return self
        return self.model_copy(
            update={
                "name": card.name or self.name,
                "phone": card.phone,
                "document_key": card.document_key or self.document_key,
                "document_last4": card.document_last4 or self.document_last4,
                "language": card.language,
            }
        )


class VisitorCard(State):
    """Whoever booked the visit."""

    booking_id: str
    name: str | None = None
    phone: str | None = None
    document_key: str | None = None
    document_last4: str | None = None
    language: Literal["zh", "en"] = "zh"


class VisitorCards(State):
    """The cards of those bookings that are there."""

    items: tuple[VisitorCard, ...]


class AllSaid(State):
    """Those asked for that there are."""

    items: tuple[Said, ...]
