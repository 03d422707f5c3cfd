"""A citizen's persons: relatives, wards, villagers who are helped. Somebody else's are as unknown as none at all."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Response

from services.accounts import queries
from services.accounts.commands import persons
from services.accounts.domain.persons import NewPerson, PersonCard, PersonChange, Persons, PersonView
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Citizen, Running
from shared import database, idempotency
from shared.access import Caller, allow

logger = structlog.get_logger(__name__)

router = APIRouter(
    prefix="/api/accounts/v1/me/persons",
    tags=["persons"],
    dependencies=[allow(Caller.CITIZEN)],
    responses=bearer.UNAUTHORISED,
)
internal = APIRouter(
    prefix="/internal/v1", tags=["internal"], dependencies=[allow(Caller.SERVICE)], responses=bearer.UNAUTHORISED
)


@router.get("")
async def own_persons(running: Running, asker: Citizen, response: Response) -> Persons:
    """All persons that one keeps."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction(running.pool) as connection:
        return await queries.own_persons(connection, bearer.vault(running), asker.account_id)


@router.post("", status_code=201)
async def add(
    running: Running,
    asker: Citizen,
    wish: NewPerson,
    key: Annotated[str, Depends(idempotency.needed_key)],
    response: Response,
) -> PersonView:
    """Keep a person; sent again with the same key it answers the same one."""
    response.headers["Cache-Control"] = "no-store"
    vault = bearer.vault(running)
    async with database.transaction(running.pool) as connection:
        person_id = await persons.add(connection, vault, asker.account_id, wish, key)
        return await queries.own_person(connection, vault, asker.account_id, person_id)


@router.patch("/{person_id}")
async def change(
    running: Running, asker: Citizen, person_id: UUID, wish: PersonChange, response: Response
) -> PersonView:
    """Change a person."""
    response.headers["Cache-Control"] = "no-store"
    vault = bearer.vault(running)
    async with database.transaction(running.pool) as connection:
        await persons.change(connection, vault, asker.account_id, person_id, wish)
        return await queries.own_person(connection, vault, asker.account_id, person_id)


@router.delete("/{person_id}", status_code=204)
async def forget(running: Running, asker: Citizen, person_id: UUID) -> None:
    """Forget a person; what was booked for them stays."""
    async with database.transaction(running.pool) as connection:
        await persons.forget(connection, asker.account_id, person_id)


@internal.get("/persons/{person_id}/documents/{document_id}")
async def card(running: Running, asker: Citizen, person_id: UUID, document_id: UUID, response: Response) -> PersonCard:
    """A person with one document, for the booking that our pages fill in. Both the service and the citizen show who."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction(running.pool) as connection:
        found = await queries.person_card(connection, bearer.vault(running), asker.account_id, person_id, document_id)
    logger.info("person_card_given", account=str(asker.account_id), person=str(person_id))
    return found
