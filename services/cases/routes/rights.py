"""What other services ask: to forget somebody, and what is held of them."""

from fastapi import APIRouter

from services.cases.commands import retention
from services.cases.queries import following
from services.cases.routes.parts import Running, vault_of
from shared import database
from shared.access import Caller, allow
from shared.rights import erasure
from shared.rights.requests import ErasureAnswer, ErasureOrder, ExportAnswer, PersonOrder

router = APIRouter(prefix="/internal/v1", tags=["internal"], dependencies=[allow(Caller.SERVICE)])


@router.post("/erasures")
async def erase(running: Running, order: ErasureOrder) -> ErasureAnswer:
    """Forget somebody who asked for it; the same order again goes on with what was held."""
    async with database.transaction(running.pool) as connection:
        return await erasure.carry_out(connection, "cases", order, retention.erase)


@router.post("/exports")
async def export(running: Running, order: PersonOrder) -> ExportAnswer:
    """All that is held of somebody, in plain words."""
    async with database.transaction(running.pool) as connection:
        return await following.export(connection, order, vault_of(running), running.settings.zone)
