"""What is kept with a ticket beside its course: what visitors say of themselves, and a group's room.

Neither is in an event, and neither raises the ticket's version: a verb at a window can still be taken back after it.
"""

from datetime import datetime

from services.queue.commands.day import Day
from services.queue.domain import problems, requests
from services.queue.domain.tickets import ENDED, Ticket
from services.queue.sql import tickets


async def keep_wishes(day: Day, ticket: Ticket, wish: requests.Wishes) -> None:
    """Keep what a visitor says; what is not named stays.

    Raises TicketMovedOn once the ticket has an end, or, for going away, once a window has it; InvalidRequest for a
    time that is over or of another day.
    """
    said = wish.model_fields_set
    if ticket.state in ENDED or ("away_until" in said and wish.away_until is not None and ticket.is_at_a_window):
        raise problems.TicketMovedOn
    for name in ("last_bus_at", "away_until"):
        if name in said:
            _check_ahead(day, name, getattr(wish, name))
    await tickets.set_wishes(
        day.connection,
        ticket.ticket_id,
        last_bus_at=wish.last_bus_at if "last_bus_at" in said else ticket.last_bus_at,
        to_fetch=wish.fetch if "fetch" in said else ticket.to_fetch,
        away_until=wish.away_until if "away_until" in said else ticket.away_until,
    )
    await day.end()


async def give_room(day: Day, ticket: Ticket, wish: requests.Room) -> None:
    """Keep which room a group was given. Raises TicketMovedOn once the ticket has an end."""
    if ticket.state in ENDED:
        raise problems.TicketMovedOn
    await tickets.set_room(day.connection, ticket.ticket_id, wish.room)
    await day.end()


def _check_ahead(day: Day, name: str, moment: datetime | None) -> None:
    if moment is None:
        return
    if moment.astimezone(day.zone).date() != day.date:
        raise problems.InvalidRequest.of(f"/{name}", "time_other_day", "the time is not of this day")
    if moment <= day.now:
        raise problems.InvalidRequest.of(f"/{name}", "time_past", "the time is over")
