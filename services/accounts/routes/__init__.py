"""Accounts' HTTP API: thin. A route parses, opens a transaction and calls one command or query.

Every path but those for our own pages (`federation`, `persons.internal`) and those that name a permission is declared
for anyone, since the bearer of a token is looked at here, by the service's own tables (`bearer`). What makes something
needs no Idempotency-Key, but for a citizen's persons: a login is unique, the same role given twice is one, and a
sign-in or a password that is shown once cannot be answered again from memory.
"""

from services.accounts.routes import auditor, citizens, devices, entrance, federation, me, operator, persons, rights
from services.accounts.routes.bearer import UNAUTHORISED
from shared.audit.routes import make_router

audit = make_router("accounts", responses=UNAUTHORISED)
routers = (
    entrance.router,
    federation.router,
    citizens.router,
    me.router,
    persons.router,
    persons.internal,
    operator.router,
    devices.router,
    devices.own,
    rights.router,
    rights.own,
    auditor.router,
    audit,
)
