"""What other services ask: to forget somebody, what is held of them, and whose documents are still needed."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.cases.commands import retention
from services.cases.queries import following
from services.cases.routes.parts import Running, vault_of
from services.cases.sql import persons
from shared import database
from shared.access import Caller, allow
from shared.rights import erasure
from shared.rights.requests import DocumentKey, ErasureAnswer, ErasureOrder, ExportAnswer, PersonOrder

router = APIRouter(prefix="/internal/v1", tags=["internal"], dependencies=[allow(Caller.SERVICE)])


class Keys(BaseModel):
    """Blind indexes of documents, hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_keys: Annotated[list[DocumentKey], Field(max_length=1000)]


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


@router.post("/open-keys")
async def open_keys(running: Running, keys: Keys) -> Keys:
    """Of these the ones that an open or repeated case still needs (domain.md, Retention)."""
    async with database.transaction(running.pool) as connection:
        found = await persons.select_open_keys(connection, [bytes.fromhex(each) for each in keys.document_keys])
    return Keys(document_keys=[each.hex() for each in found])
