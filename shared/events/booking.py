"""Said by booking: what became of each seat that a visitor took."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Event, State


class Booking(State):
    """A seat taken by a visitor. Who it is, and the booking code, stay with booking."""

    booking_id: str
    session_id: str
    venue_id: str
    window_id: str
    department_id: str
    matter_id: str
    starts_at: datetime
    ends_at: datetime
    party_size: int = Field(ge=1)
    channel: Literal["online", "counter"]
    by_proxy: bool = False
    language: Literal["zh", "en"] = "zh"
    state: Literal["confirmed", "to_confirm", "cancelled"]
    """`to_confirm`: the session moved; the seat is kept, but the visitor has not agreed yet."""
    reason: Literal["visitor", "session_cancelled", "session_moved", "window_closed"] | None = None
    """Why it was cancelled, or has to be confirmed."""
    booked_at: datetime
    cancelled_at: datetime | None = None


class BookingEvent(Event):
    """Any event of a booking."""

    topic: ClassVar[str] = "booking.bookings.v1"
    booking: Booking

    @property
    def subject(self) -> str:
        """The booking's id."""
        return self.booking.booking_id


class BookingMade(BookingEvent):
    """A seat was taken."""


class BookingMoved(BookingEvent):
    """The session moved and took the seat along; the visitor is asked to agree."""


class BookingAgreed(BookingEvent):
    """The visitor agreed to the new date."""


class BookingCorrected(BookingEvent):
    """Who comes, or how they are reached, was put right: a visitor card of an older version is wrong."""


class BookingCancelled(BookingEvent):
    """The seat is free again, or is gone with its session."""
