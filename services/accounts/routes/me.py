"""What everybody does with their own account."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.accounts import queries
from services.accounts.commands import enrolling, entering
from services.accounts.domain import passwords, problems
from services.accounts.domain.accounts import AccountView, CitizenView, Sessions, TelephonePending, TelephoneSet
from services.accounts.domain.requests import FirstCode, NewPassword, NewTelephone
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Anybody, Running, Somebody, Staff, StaffAsker
from shared import database
from shared.access import Caller, allow
from shared.application import Runtime
from shared.problems import InvalidRequest

router = APIRouter(
    prefix="/api/accounts/v1/me", tags=["me"], dependencies=[allow(Caller.CITIZEN)], responses=bearer.UNAUTHORISED
)


@router.get("")
async def me(running: Running, asker: Anybody) -> AccountView | CitizenView:
    """Who one is, and what one may do."""
    async with running.pool.acquire(timeout=10) as connection:
        return await queries.own_view(connection, bearer.vault(running), asker.account)


@router.get("/sessions")
async def sessions(running: Running, asker: Somebody) -> Sessions:
    """Where one is signed in."""
    async with running.pool.acquire(timeout=10) as connection:
        return await queries.own_sessions(connection, asker.principal)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(running: Running, asker: Somebody, session_id: UUID) -> None:
    """End one of one's own sign-ins."""
    async with database.transaction(running.pool) as connection:
        await entering.end_session(connection, asker.account_id, session_id, "ended_elsewhere")
    running.published()


@router.delete("/sessions", status_code=204)
async def end_sessions(
    running: Running, asker: Somebody, *, here: Annotated[bool, Query(description="This one, too.")] = False
) -> None:
    """End all of one's own sign-ins but this one, or with it."""
    async with database.transaction(running.pool) as connection:
        if here:
            await entering.end_own_sessions(connection, asker.account_id)
        else:
            await entering.end_other_sessions(connection, asker.account_id, asker.session_id)
    running.published()


@router.post("/password", status_code=204)
async def change_password(request: Request, running: Running, asker: Staff, wish: NewPassword) -> None:
    """Choose a password; one's other sign-ins end."""
    present = wish.password.get_secret_value()
    new = passwords.check_new(wish.new_password.get_secret_value(), asker.account.login)
    await _require_password(request, running, asker, present)
    if new == passwords.normalise(present):
        raise InvalidRequest.of("/new_password", "password_unchanged", "Another one than before.")
    new_hash = await bearer.hasher(running).hash(new)
    async with database.transaction(running.pool) as connection:
        await enrolling.change_password(
            connection,
            asker.account_id,
            asker.session_id,
            compared_hash=asker.account.password_hash,
            new_hash=new_hash,
        )
    running.published()


@router.post("/totp")
async def offer_telephone(
    request: Request, running: Running, asker: Staff, wish: NewTelephone, response: Response
) -> TelephonePending:
    """Begin to set up a telephone; the present password is needed where there is one already."""
    response.headers["Cache-Control"] = "no-store"
    if asker.account.totp_secret is not None:
        if wish.password is None:
            raise problems.PasswordRefused
        await _require_password(request, running, asker, wish.password.get_secret_value())
    async with database.transaction(running.pool) as connection:
        return await enrolling.offer_telephone(connection, bearer.vault(running), asker.account_id)


@router.post("/totp/confirm")
async def confirm_telephone(
    request: Request, running: Running, asker: Staff, wish: FirstCode, response: Response
) -> TelephoneSet:
    """Show the telephone's first code, whose tries are counted. From then on signing in needs one."""
    response.headers["Cache-Control"] = "no-store"
    keys = await bearer.count_try(request, running, asker.account.login)
    async with database.transaction(running.pool) as connection:
        done = await enrolling.confirm_telephone(
            connection, bearer.vault(running), asker.account_id, asker.session_id, wish.code
        )
        await entering.give_try_back(connection, keys)
    running.published()
    return done


async def _require_password(request: Request, running: Runtime, asker: StaffAsker, password: str) -> None:
    """The present password, counted like a sign-in. Raises TooManyTries, TooBusy or PasswordRefused."""
    keys = await bearer.count_try(request, running, asker.account.login)
    if not await bearer.hasher(running).verify(asker.account.password_hash, password):
        raise problems.PasswordRefused
    async with database.transaction(running.pool) as connection:
        await entering.give_try_back(connection, keys)
