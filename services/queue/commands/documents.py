"""Whose document a window may see."""

from uuid import UUID

from services.queue.commands.day import Day
from services.queue.domain import problems
from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay


async def served(day: Day, window: WindowDay, ticket_id: UUID) -> Ticket:
    """The ticket, if the window has it now: called or being received. Raises TicketUnknown or DocumentMasked."""
    ticket = await day.ticket(ticket_id)
    if not ticket.is_at_a_window or ticket.at_window != window.window_id:
        raise problems.DocumentMasked
    return ticket
