"""Who of the staff may do what with bookings. Each permission stands beside the routes that need it."""

from fastapi import Request

from services.booking import queries
from shared import database
from shared.access import Permission
from shared.application import Runtime
from shared.identity.roles import AT_COUNTER, AT_WINDOW
from shared.identity.tokens import Place


async def _of_window(request: Request) -> Place | None:
    running: Runtime = request.app.state.runtime
    async with database.transaction(running.pool) as connection:
        return await queries.place(connection, request.path_params["session_id"], request.query_params.get("window_id"))


BOOK_AT_COUNTER = Permission("book_at_counter", AT_COUNTER, "hall")
"""Book, look up and give back for whoever stands at the hall's counter."""
SEE_BOOKINGS = Permission("see_bookings", (*AT_WINDOW, "hall_manager"), "there", _of_window)
"""Who comes to a window of one's department; to all windows for who works for the whole hall."""
