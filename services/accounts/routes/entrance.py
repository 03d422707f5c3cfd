"""Signing in, renewing and signing out, and the keys by which others believe our tokens.

A sign-in is three short transactions around the hash, so that nobody holds a connection while a password waits: count
the try; look the login up; and, if the password was right, judge everything else under the account's lock.
"""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response

from services.accounts import queries
from services.accounts.commands import entering, signing
from services.accounts.commands.entering import Entered, NotEntered
from services.accounts.domain import problems
from services.accounts.domain.accounts import SignedIn
from services.accounts.domain.keys import JwkSet
from services.accounts.domain.requests import SignIn, as_login
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Anybody, Running
from shared import database
from shared.access import Caller, allow
from shared.application import Runtime
from shared.database import Connection
from shared.identity.tokens import Principal

logger = structlog.get_logger(__name__)

router = APIRouter(
    prefix="/api/accounts/v1", tags=["entrance"], dependencies=[allow(Caller.CITIZEN)], responses=bearer.UNAUTHORISED
)


@router.post("/sign-in")
async def sign_in(request: Request, running: Running, wish: SignIn, response: Response) -> SignedIn:
    """Sign in. Whatever is wrong is answered alike; `code_needed` only to whoever knows the password."""
    response.headers["Cache-Control"] = "no-store"
    login, password = as_login(wish.login), wish.password.get_secret_value()
    keys = await bearer.count_try(request, running, login)
    async with running.pool.acquire(timeout=10) as connection:
        account = await queries.find(connection, login) if "\0" not in login else None
    hasher = bearer.hasher(running)
    known = account.password_hash if account else None
    if not await hasher.verify(known, password) or account is None or known is None:
        logger.warning("sign_in_refused", account=str(account.account_id) if account else None)
        raise problems.SignInRefused
    better = await hasher.hash(password) if hasher.is_outdated(known) else None
    async with database.transaction(running.pool) as connection:
        entered = await entering.enter(
            connection,
            bearer.vault(running),
            bearer.settings(running),
            account_id=account.account_id,
            compared_hash=known,
            code=wish.code,
            origin=bearer.origin(request),
        )
        answered = None
        if isinstance(entered, Entered):
            answered = await signed_in(connection, running, entered)
            if better is not None:
                await entering.rehash(connection, account.account_id, known, better)
        if answered is not None or entered == NotEntered("code_needed"):
            await entering.give_try_back(connection, keys)
    running.published()
    if answered is not None:
        return answered
    logger.warning("sign_in_refused", account=str(account.account_id))
    raise problems.CodeNeeded if entered == NotEntered("code_needed") else problems.SignInRefused


async def _signed(request: Request, running: Running) -> Principal:
    """Whom the token names, whether or not it counts: `renew` looks at the session instead."""
    async with running.pool.acquire(timeout=10) as connection:
        found = await queries.signed(connection, bearer.token(request))
    if found.kind == "device":  # which goes on by its secret alone
        raise problems.SignInNeeded
    return found


@router.post("/session/renew")
async def renew(running: Running, principal: Annotated[Principal, Depends(_signed)], response: Response) -> SignedIn:
    """Another token for a sign-in that goes on, with the roles of now.

    Also with a token that a change of roles has voided: that is how one comes by the new ones.
    """
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction(running.pool) as connection:
        entered = await entering.renew(connection, UUID(principal.account_id), UUID(principal.session_id))
        return await signed_in(connection, running, entered)


@router.delete("/session", status_code=204)
async def sign_out(running: Running, asker: Anybody) -> None:
    """End this sign-in."""
    async with database.transaction(running.pool) as connection:
        await entering.end_session(connection, asker.account_id, asker.session_id, "signed_out")
    running.published()


@router.get("/keys")
async def keys(running: Running, response: Response) -> JwkSet:
    """The keys that sign tokens, as a JSON Web Key Set (RFC 7517); a new one stands here a day before it signs."""
    response.headers["Cache-Control"] = "public, max-age=60"
    async with running.pool.acquire(timeout=10) as connection:
        return await queries.key_set(connection)


async def signed_in(connection: Connection, running: Runtime, entered: Entered) -> SignedIn:
    """The answer to whoever has just signed in, or goes on."""
    vault = bearer.vault(running)
    token, principal = await signing.issue_token(connection, vault, entered.account, entered.session)
    return SignedIn(
        token=token,
        expires_at=principal.expires_at,
        session_ends_at=entered.session.expires_at,
        scope=principal.scope,
        account=await queries.own_view(connection, vault, entered.account),
        renewal=entered.renewal,
    )
