"""What a visitor has done by booking, and the hall by the queue: each a request of its own, judged there."""

from dataclasses import dataclass
from typing import Any

from services.web.day import Desk, Status, Ticket, Today
from services.web.domain import Booking
from services.web.queries import QUEUE, segment
from services.web.upstream import Refused, Unavailable, Upstream
from shared.events.base import State
from shared.problems import FieldProblem


@dataclass(frozen=True)
class Commands:
    """Everything that a page may have done."""

    upstream: Upstream

    async def book(self, body: dict[str, Any], key: str) -> Booking:
        """Take a seat; with the same key and body again it is the same booking."""
        return await self.upstream.post("booking", "/api/booking/v1/bookings", Booking, body, key=key)

    async def check(self, body: dict[str, Any]) -> list[FieldProblem]:
        """The fields that booking would refuse; none while it cannot say, for it will be asked again when it books."""
        try:
            await self.upstream.post("booking", "/api/booking/v1/bookings/check", State, body)
        except Unavailable:
            return []
        except Refused as refused:
            return refused.errors
        return []

    async def look_up(self, code: str, digits: str) -> Booking:
        """Find a booking by its code and last digits. Tries are counted there."""
        return await self._of(code, digits, "lookup")

    async def cancel(self, code: str, digits: str) -> Booking:
        """Give the seat back."""
        return await self._of(code, digits, "cancel")

    async def agree(self, code: str, digits: str) -> Booking:
        """Agree to the day that the session moved to."""
        return await self._of(code, digits, "agree")

    async def _of(self, code: str, digits: str, verb: str) -> Booking:
        return await self.upstream.post(
            "booking", f"/api/booking/v1/bookings/{verb}", Booking, {"code": code, "digits": digits}
        )

    async def at_window(self, session_id: str, window_id: str, verb: str, body: dict[str, Any]) -> Desk:
        """Do something at a window that is as its page showed it; the window afterwards."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/windows/{segment(window_id)}/{verb}"
        return await self.upstream.post("queue", path, Desk, body)

    async def check_in(self, session_id: str, body: dict[str, Any]) -> Ticket:
        """Somebody with a booking is here; twice is once."""
        return await self.upstream.post(
            "queue", f"{QUEUE}/staff/sessions/{segment(session_id)}/check-ins", Ticket, body
        )

    async def walk_in(self, session_id: str, body: dict[str, Any], key: str) -> Ticket:
        """Somebody without a booking takes a ticket; with the same key it is the same one."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/walk-ins"
        return await self.upstream.post("queue", path, Ticket, body, key=key)

    async def give_room(self, session_id: str, ticket_id: str, room: str | None) -> Today:
        """Keep which room a group was given."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/tickets/{segment(ticket_id)}/room"
        return await self.upstream.post("queue", path, Today, {"room": room})

    async def keep_wishes(self, token: str, body: dict[str, Any]) -> Status:
        """What a visitor says of themselves."""
        return await self.upstream.post("queue", f"{QUEUE}/tickets/{segment(token)}/wishes", Status, body)

    async def leave(self, token: str) -> Status:
        """The visitor goes: not today."""
        return await self.upstream.post("queue", f"{QUEUE}/tickets/{segment(token)}/leave", Status, {})
