"""Who of the staff may do what in the queue. Each permission stands beside the routes that need it."""

from uuid import UUID

from fastapi import Request

from services.queue.queries import places
from shared import database
from shared.access import Permission
from shared.application import Runtime
from shared.identity.roles import AROUND, AT_COUNTER, AT_WINDOW, OVER_HALL
from shared.identity.tokens import Place


async def _of_session(request: Request) -> Place | None:
    running: Runtime = request.app.state.runtime
    async with database.transaction(running.pool) as connection:
        return await places.of_session(connection, request.path_params["session_id"])


async def _of_venue(request: Request) -> Place:
    return Place(request.path_params["venue_id"])


async def _of_window(request: Request) -> Place | None:
    running: Runtime = request.app.state.runtime
    async with database.transaction(running.pool) as connection:
        return await places.of_window(connection, request.path_params["session_id"], request.path_params["window_id"])


async def _of_ticket(request: Request) -> Place | None:
    running: Runtime = request.app.state.runtime
    try:
        ticket_id = UUID(request.path_params["ticket_id"])
    except ValueError:
        return None
    async with database.transaction(running.pool) as connection:
        return await places.of_ticket(connection, ticket_id)


SEE_TODAY = Permission("see_today", AROUND)
"""Which sessions are held today, and their windows: numbers, nobody's name."""
SEE_VENUE_TODAY = Permission("see_venue_today", AROUND, "venue", _of_venue, devices=("kiosk", "screen"))
"""Which sessions a venue holds today: what a kiosk or screen has to know to show the right page."""
SEE_HALL = Permission("see_hall", AROUND, "venue", _of_session)
RECEIVE = Permission("receive", AT_COUNTER, "hall", _of_session, devices=("kiosk",))
"""Let people in: at the hall's counter, and at its kiosk."""
WORK_AT_COUNTER = Permission("work_at_counter", AT_COUNTER, "hall", _of_session)
"""What the counter enters that no kiosk may: rooms, and paper visits of an outage."""
MANAGE = Permission("manage_hall", ("hall_manager",), "hall", _of_session)
"""What is done for the whole hall: close the day, end tickets, put visits right."""
REPORT = Permission("report", OVER_HALL, "hall", _of_session)
"""The day's visits and its sheet, without names."""
ATTEND = Permission("attend_window", (*AT_WINDOW, "hall_manager"), "there", _of_window)
"""See a window, and say who sits there and whether it receives."""
SERVE = Permission("serve", AT_WINDOW, "there", _of_window)
"""Call and receive at one's own department's windows, and note what came of it."""
HELP_VISITOR = Permission("help_visitor", ATTEND.roles, "there", _of_ticket)
"""What a visitor is given or says at the window or the counter."""
