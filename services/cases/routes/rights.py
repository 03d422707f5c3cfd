"""What other services ask: to forget somebody, what is held of them, and how whoever raised a case is reached."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.cases.commands import retention
from services.cases.domain import views
from services.cases.queries import following
from services.cases.routes.parts import Running, vault_of
from shared import database
from shared.access import Caller, allow
from shared.rights import erasure
from shared.rights.requests import ErasureAnswer, ErasureOrder, ExportAnswer, PersonOrder

router = APIRouter(prefix="/internal/v1", tags=["internal"], dependencies=[allow(Caller.SERVICE)])


class CaseIds(BaseModel):
    """Which cases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case_ids: list[UUID] = Field(max_length=100)


@router.post("/case-cards")
async def case_cards(running: Running, wish: CaseIds) -> views.RaiserCards:
    """Who raised these cases and how they are reached; those of which nobody is known any more are left out."""
    async with database.transaction(running.pool) as connection:
        return await following.cards(connection, wish.case_ids, vault_of(running))


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
