"""What whoever raises a case asks: to raise it, to follow it by its number, to say whether it is mended."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from services.cases.commands import registering, replying
from services.cases.domain import problems, requests, views
from services.cases.domain.people import PHONE_PURPOSE
from services.cases.queries import following
from services.cases.routes.parts import NeededKey, Running, limits_of, office, settings_of, vault_of
from shared import database, tries
from shared.access import Caller, address_of, allow
from shared.application import Runtime
from shared.identity import citizens
from shared.limits import Limit, network_of
from shared.problems import UNAUTHORISED

router = APIRouter(prefix="/api/cases/v1", tags=["citizen"], dependencies=[allow(Caller.CITIZEN)])
mine = APIRouter(
    prefix="/api/cases/v1/mine", tags=["mine"], dependencies=[allow(Caller.CITIZEN)], responses=UNAUTHORISED
)
DAY_SECONDS = 24 * 3600


@router.post("/cases", status_code=201, responses=UNAUTHORISED)
async def raise_case(request: Request, running: Running, wish: requests.Raise, key: NeededKey) -> views.CitizenCase:
    """Raise a case. Sent again with the same key it is the same one.

    A citizen who shows a token finds it again under `mine`.
    """
    principal = await citizens.shown(request)
    account_id = None if principal is None else UUID(principal.account_id)
    limits, counted = limits_of(running), _limits(request, running, wish)
    limits.take(counted)
    try:
        case_id, new = await _register(running, wish, key, account_id)
    except BaseException:
        limits.give_back(counted[1:])
        raise
    if not new:
        limits.give_back(counted[1:])
    running.published()
    return await _shown(running, case_id)


async def _register(running: Runtime, wish: requests.Raise, key: str, account_id: UUID | None) -> tuple[UUID, bool]:
    """The case, and whether it is new. Of the same request sent twice at once the second finds what the first made."""
    try:
        return await _try_to_register(running, wish, key, account_id)
    except problems.BeingMade:
        return await _try_to_register(running, wish, key, account_id)


async def _try_to_register(
    running: Runtime, wish: requests.Raise, key: str, account_id: UUID | None
) -> tuple[UUID, bool]:
    async with database.transaction(running.pool) as connection:
        acting = await office(running, connection, "citizen")
        case, new = await registering.raised(acting, wish, key, account_id)
    return case.case_id, new


def _limits(request: Request, running: Runtime, wish: requests.Raise) -> Sequence[Limit]:
    """How many cases may come from an address, and how many be raised with a phone in a day."""
    settings, vault = settings_of(running), vault_of(running)
    address = vault.blind_index("cases.requests.address", network_of(address_of(request)))
    found = [Limit(address, settings.cases_per_address, settings.cases_window_minutes * 60)]
    if wish.person.phone is not None:
        found.append(Limit(vault.blind_index(PHONE_PURPOSE, wish.person.phone), settings.cases_per_phone, DAY_SECONDS))
    return found


@router.post("/cases/look-up")
async def look_up(request: Request, running: Running, key: requests.Opens) -> views.CitizenCase:
    """A case, by its number and the last four of the phone or document."""
    return await _shown(running, await _open(request, running, key))


@router.post("/cases/reply")
async def reply(request: Request, running: Running, wish: requests.Reply) -> views.CitizenCase:
    """Say that it is mended, that it is not, or something more."""
    return await _reply(running, await _open(request, running, wish), wish)


@router.get("/watched")
async def watched(running: Running) -> views.WatchedList:
    """The public list (挂牌督办): department, kind and age, and nothing else."""
    async with database.transaction(running.pool) as connection:
        return await following.watched(connection, running.settings.zone)


async def _citizen(request: Request) -> UUID:
    """Which citizen asks. Raises SignInNeeded or AccessDenied."""
    return UUID((await citizens.needed(request)).account_id)


Mine = Annotated[UUID, Depends(_citizen)]


@mine.get("")
async def own_cases(running: Running, account_id: Mine) -> views.CitizenCases:
    """What one has raised oneself, the newest first."""
    async with database.transaction(running.pool) as connection:
        return await following.own_cases(connection, account_id, vault_of(running), running.settings.zone)


@mine.get("/{case_id}")
async def own_case(running: Running, account_id: Mine, case_id: UUID) -> views.CitizenCase:
    """One of them."""
    return await _shown(running, await _own(running, account_id, case_id))


@mine.post("/{case_id}/reply")
async def reply_to_own(
    running: Running, account_id: Mine, case_id: UUID, wish: requests.ReplyWords
) -> views.CitizenCase:
    """Say that it is mended, that it is not, or something more."""
    return await _reply(running, await _own(running, account_id, case_id), wish)


async def _own(running: Runtime, account_id: UUID, case_id: UUID) -> UUID:
    async with database.transaction(running.pool) as connection:
        return await following.require_own(connection, case_id, account_id)


async def _reply(running: Runtime, case_id: UUID, wish: requests.ReplyWords) -> views.CitizenCase:
    async with database.transaction(running.pool) as connection:
        acting = await office(running, connection, "citizen")
        await replying.reply(acting, await acting.lock(case_id), wish)
    running.published()
    return await _shown(running, case_id)


async def _shown(running: Runtime, case_id: UUID) -> views.CitizenCase:
    async with database.transaction(running.pool) as connection:
        return await following.citizen_case(connection, case_id, vault_of(running), running.settings.zone)


async def _open(request: Request, running: Runtime, key: requests.Opens) -> UUID:
    """The case that number and digits open. The try is counted, and committed, before anything is looked at."""
    settings, vault = settings_of(running), vault_of(running)
    limits = [
        (vault.blind_index("cases.tries.number", key.number), settings.tries_per_number),
        (vault.blind_index("cases.tries.address", network_of(address_of(request))), settings.tries_per_address),
    ]
    async with database.transaction(running.pool) as connection:
        await tries.count_try(connection, limits, settings.tries_window_minutes)
    async with database.transaction(running.pool) as connection:
        case_id = await following.opened(connection, key, vault)
        await tries.give_try_back(connection, [each for each, _ in limits])
    return case_id
