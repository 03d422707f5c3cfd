"""The queue's HTTP API: thin. A route parses, opens a transaction and calls one command or query.

Whatever a counter, kiosk, window or director does is for staff, each route by its permission (`permissions`). The
hall's screen and a visitor's own page, opened by the unguessable token of their ticket, are for anyone.
"""

from services.queue.routes import closing, documents, hall, leaving, rights, speech, visitor, windows
from shared.audit.routes import make_router

routers = (
    visitor.router,
    speech.router,
    hall.router,
    windows.router,
    documents.router,
    leaving.router,
    closing.router,
    rights.router,
    make_router("queue"),
)
