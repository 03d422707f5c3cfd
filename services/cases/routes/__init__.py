"""The HTTP API of cases: thin. A route parses, opens a transaction and calls one command or query."""

from services.cases.routes import citizen, desk, meetings, rights
from shared.audit.routes import make_router

routers = (citizen.router, citizen.mine, desk.router, meetings.router, rights.router, make_router("cases"))
