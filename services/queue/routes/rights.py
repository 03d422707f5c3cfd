"""What other services ask: to forget a person, what is held of one, and the words of what was handed on to them."""

from fastapi import APIRouter

from services.queue.commands import retention
from services.queue.domain.handed_on import AskSaid, SaidItems
from services.queue.queries import export as held
from services.queue.queries import said as handed_on
from services.queue.routes.parts import Running, vault_of
from shared import database
from shared.access import Caller, allow
from shared.rights import erasure
from shared.rights.requests import ErasureAnswer, ErasureOrder, ExportAnswer, PersonOrder

router = APIRouter(prefix="/internal/v1", tags=["internal"], dependencies=[allow(Caller.SERVICE)])


@router.post("/erasures")
async def erase(running: Running, order: ErasureOrder) -> ErasureAnswer:
    """Forget somebody who asked for it; the same order again goes on with what was held."""
    async with database.transaction(running.pool) as connection:
        return await erasure.carry_out(connection, "queue", order, retention.erase)


@router.post("/exports")
async def export(running: Running, order: PersonOrder) -> ExportAnswer:
    """All that is held of somebody, in plain words."""
    async with database.transaction(running.pool) as connection:
        return await held.export(connection, order, vault_of(running))


@router.post("/said")
async def said(running: Running, wish: AskSaid) -> SaidItems:
    """The words of problems, suggestions and findings, for the cases that they become; unknown ones are left out."""
    async with database.transaction(running.pool) as connection:
        return await handed_on.said(connection, wish.remark_ids, wish.finding_ids, vault_of(running))
