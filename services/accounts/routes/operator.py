"""What operators do with accounts. Only a token of somebody who is an operator now opens anything here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.accounts import queries
from services.accounts.commands import federating, people
from services.accounts.domain import passwords, problems
from services.accounts.domain.accounts import Accounts, AccountView, Opened
from services.accounts.domain.federation import NewSubject
from services.accounts.domain.requests import NewAccount, NewGrant
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Operator, Running
from shared import database
from shared.access import Permission, permit

MANAGE_ACCOUNTS = Permission("manage_accounts", ("operator",))
"""Let people in, and say who may do what."""

router = APIRouter(
    prefix="/api/accounts/v1/operator",
    tags=["operator"],
    dependencies=[permit(MANAGE_ACCOUNTS)],
    responses=bearer.UNAUTHORISED,
)
After = Annotated[str, Query(max_length=64, pattern="^[a-z0-9._@-]*$")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/accounts")
async def accounts(running: Running, _: Operator, after: After = "", limit: Limit = 100) -> Accounts:
    """All accounts, by login."""
    async with database.transaction(running.pool) as connection:
        return await queries.account_views(connection, bearer.vault(running), after, limit)


@router.get("/accounts/{account_id}")
async def account(running: Running, _: Operator, account_id: UUID) -> AccountView:
    """One account."""
    async with database.transaction(running.pool) as connection:
        return await queries.account_view(connection, bearer.vault(running), account_id)


@router.post("/accounts", status_code=201)
async def open_account(running: Running, asker: Operator, wish: NewAccount, response: Response) -> Opened:
    """Let somebody in; the password to hand out is told this once."""
    response.headers["Cache-Control"] = "no-store"
    vault, initial = bearer.vault(running), passwords.make_initial()
    password_hash = await bearer.hasher(running).hash(initial)
    async with database.transaction(running.pool) as connection:
        opened = await people.open_account(connection, vault, str(asker.account_id), wish, password_hash)
        view = await queries.account_view(connection, vault, opened.account_id)
    running.published()
    return Opened(account=view, initial_password=initial)


@router.post("/accounts/{account_id}/reset")
async def reset(running: Running, asker: Operator, account_id: UUID, response: Response) -> Opened:
    """Begin anew with somebody who lost password or telephone; the password to hand out is told this once."""
    response.headers["Cache-Control"] = "no-store"
    vault, initial = bearer.vault(running), passwords.make_initial()
    password_hash = await bearer.hasher(running).hash(initial)
    async with database.transaction(running.pool) as connection:
        await people.reset(connection, str(asker.account_id), account_id, password_hash)
        view = await queries.account_view(connection, vault, account_id)
    running.published()
    return Opened(account=view, initial_password=initial)


@router.post("/accounts/{account_id}/grants")
async def grant(running: Running, asker: Operator, account_id: UUID, wish: NewGrant) -> AccountView:
    """Give a role; the same one twice is one."""
    async with database.transaction(running.pool) as connection:
        await people.grant(connection, str(asker.account_id), account_id, wish)
        view = await queries.account_view(connection, bearer.vault(running), account_id)
    running.published()
    return view


@router.delete("/accounts/{account_id}/grants/{grant_id}")
async def revoke(running: Running, asker: Operator, account_id: UUID, grant_id: UUID) -> AccountView:
    """Take a role back."""
    async with database.transaction(running.pool) as connection:
        await people.revoke(connection, str(asker.account_id), account_id, grant_id)
        view = await queries.account_view(connection, bearer.vault(running), account_id)
    running.published()
    return view


@router.post("/accounts/{account_id}/suspend")
async def suspend(running: Running, asker: Operator, account_id: UUID) -> AccountView:
    """Let somebody in no more, from this moment."""
    async with database.transaction(running.pool) as connection:
        await people.suspend(connection, str(asker.account_id), account_id)
        view = await queries.account_view(connection, bearer.vault(running), account_id)
    running.published()
    return view


@router.post("/accounts/{account_id}/resume")
async def resume(running: Running, asker: Operator, account_id: UUID) -> AccountView:
    """Let somebody in again."""
    async with database.transaction(running.pool) as connection:
        await people.resume(connection, str(asker.account_id), account_id)
        view = await queries.account_view(connection, bearer.vault(running), account_id)
    running.published()
    return view


@router.put("/accounts/{account_id}/subject")
async def link_subject(running: Running, asker: Operator, account_id: UUID, wish: NewSubject) -> AccountView:
    """Have a subject of the configured provider mean this account; what was linked to it before is not any more."""
    issuer = bearer.settings(running).oidc_issuer
    if not issuer:
        raise problems.OidcNotOffered
    vault = bearer.vault(running)
    async with database.transaction(running.pool) as connection:
        await federating.link(connection, vault, str(asker.account_id), account_id, issuer, wish.subject)
        return await queries.account_view(connection, vault, account_id)


@router.delete("/accounts/{account_id}/subject")
async def unlink_subject(running: Running, asker: Operator, account_id: UUID) -> AccountView:
    """Have no subject mean this account any more."""
    async with database.transaction(running.pool) as connection:
        await federating.unlink(connection, str(asker.account_id), account_id)
        return await queries.account_view(connection, bearer.vault(running), account_id)


@router.delete("/accounts/{account_id}/sessions")
async def end_all_sessions(running: Running, asker: Operator, account_id: UUID) -> AccountView:
    """Sign somebody out everywhere."""
    async with database.transaction(running.pool) as connection:
        await people.end_all_sessions(connection, str(asker.account_id), account_id)
        view = await queries.account_view(connection, bearer.vault(running), account_id)
    running.published()
    return view
