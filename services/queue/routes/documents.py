"""The one key that shows a document's number: to the window that serves, in one answer, and never without a trace.

Booking is asked between two transactions, so that no connection waits for it. The number is answered once the row in
the audit is committed; it is kept nowhere here.
"""

from fastapi import Response

from services.queue import cards
from services.queue.commands import documents
from services.queue.commands.day import Day
from services.queue.domain import problems, requests, views
from services.queue.routes.parts import Running, SessionId, WindowId, settings_of, staff
from services.queue.routes.permissions import SERVE
from shared import database
from shared.access import permit
from shared.audit.recording import audited

router = staff()


@router.post("/sessions/{session_id}/windows/{window_id}/document", dependencies=[permit(SERVE)])
async def unmask(
    running: Running, session_id: SessionId, window_id: WindowId, body: requests.Unmask, response: Response
) -> views.DocumentView:
    """The whole number of the document of whom the window has now, with a reason. Who and why stands in the audit."""
    response.headers["Cache-Control"] = "no-store"
    zone = running.settings.zone
    async with database.transaction(running.pool) as connection:
        day = await Day.lock(connection, session_id, zone)
        ticket = await documents.served(day, await day.window(window_id), body.ticket_id)
    if ticket.booking_id is None:
        raise problems.DocumentNotKept
    found = await cards.ask_document(running.http, settings_of(running), ticket.booking_id)
    if found.kind is None or found.number is None:
        raise problems.DocumentNotKept
    details = {"session": session_id, "window": window_id, "reason": body.reason, "ticket": ticket.number}
    async with audited(running.pool, "document.unmasked", "ticket", ticket.ticket_id, **details) as act:
        act.note(booking=ticket.booking_id)
        day = await Day.lock(act.connection, session_id, zone)
        await documents.served(day, await day.window(window_id), body.ticket_id)  # nobody was called meanwhile
    return views.DocumentView(
        ticket_id=str(ticket.ticket_id), number=ticket.number, kind=found.kind, document=found.number
    )
