"""What the routes share: the parts of the running service, and who asks."""

from typing import Annotated

from fastapi import Depends, Request

from services.cases.domain.case import By
from services.cases.domain.reach import Reach
from services.cases.office import Office
from services.cases.queries.cards import Cards, cards_of_now
from services.cases.settings import CasesSettings
from shared.application import Runtime, runtime
from shared.database import Connection
from shared.idempotency import needed_key
from shared.limits import Limits
from shared.privacy import Vault

Running = Annotated[Runtime, Depends(runtime)]
NeededKey = Annotated[str, Depends(needed_key)]


def vault_of(running: Runtime) -> Vault:
    """What encrypts and decrypts here."""
    vault: Vault = running.parts["vault"]
    return vault


def limits_of(running: Runtime) -> Limits:
    """What counts requests."""
    limits: Limits = running.parts["limits"]
    return limits


def settings_of(running: Runtime) -> CasesSettings:
    """The settings of cases."""
    settings = running.settings
    assert isinstance(settings, CasesSettings)  # noqa: S101  (what app.py built it with)
    return settings


def reach_of(request: Request) -> Reach:
    """Whoever asks, of the staff: the permission beside the route has found out."""
    return Reach.of(request.state.principal)


Asking = Annotated[Reach, Depends(reach_of)]


async def office(running: Runtime, connection: Connection, by: By, reach: Reach | None = None) -> Office:
    """The office in which a verb of this transaction happens."""
    settings = settings_of(running)
    return await Office.open(
        connection, vault=vault_of(running), rules=settings.rules, zone=settings.zone, by=by, reach=reach
    )


async def cards(running: Runtime, connection: Connection) -> Cards:
    """What draws cards in this transaction."""
    settings = settings_of(running)
    return await cards_of_now(connection, settings.rules, settings.zone, vault_of(running))
