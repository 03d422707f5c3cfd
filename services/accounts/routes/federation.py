"""Signing in by a provider's word, for our own pages alone: they keep the browser's part, and no secret.

`begin` makes the question that ties the provider's answer to one browser; `finish` exchanges the code, outside of any
transaction, and judges the account under its lock. Where the telephone's code is needed as well, `code` follows.
"""

from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request, Response

from services.accounts.commands import entering, federating
from services.accounts.commands.entering import Entered
from services.accounts.domain import problems
from services.accounts.domain.accounts import SignedIn
from services.accounts.domain.federation import (
    QUESTION,
    QUESTION_LIVES,
    TICKET,
    TICKET_LIVES,
    Begin,
    Begun,
    Finish,
    Finished,
    FinishWithCode,
    Offered,
    Question,
    Ticket,
)
from services.accounts.provider import Provider
from services.accounts.queries import login_of
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Running
from services.accounts.routes.entrance import signed_in
from shared import database
from shared.access import Caller, allow
from shared.application import Runtime

logger = structlog.get_logger(__name__)

router = APIRouter(
    prefix="/internal/v1/oidc",
    tags=["internal"],
    dependencies=[allow(Caller.SERVICE)],
    responses=bearer.UNAUTHORISED,
)


def _provider(running: Runtime) -> Provider:
    found: Provider | None = running.parts["provider"]
    if found is None:
        raise problems.OidcNotOffered
    return found


@router.get("")
async def offered(running: Running) -> Offered:
    """What staff may sign in with besides their password. 404 where there is nothing."""
    _provider(running)
    return Offered(name=bearer.settings(running).oidc_name)


@router.post("/begin")
async def begin(running: Running, wish: Begin, response: Response) -> Begun:
    """Where to send the browser; it brings `question` back with the provider's answer."""
    response.headers["Cache-Control"] = "no-store"
    question = Question.new(wish.return_to)
    address = await _provider(running).address(question)
    return Begun(address=address, question=federating.seal(bearer.vault(running), question, QUESTION))


@router.post("/finish")
async def finish(request: Request, running: Running, wish: Finish, response: Response) -> Finished:
    """Sign in whom the provider vouches for, or ask for the telephone's code as well."""
    response.headers["Cache-Control"] = "no-store"
    provider, vault = _provider(running), bearer.vault(running)
    sealed = wish.question.get_secret_value()
    question = federating.unseal(vault, sealed, QUESTION, Question, datetime.now(UTC), QUESTION_LIVES)
    if not question.is_answered_by(wish.state):
        raise problems.OidcExpired
    keys = await bearer.count_try(request, running, None)  # or anybody could have us ask the provider without end
    vouched = await provider.vouched(question, wish.code.get_secret_value(), wish.issuer)
    async with database.transaction(running.pool) as connection:
        entered = await federating.enter(connection, vault, bearer.settings(running), vouched, bearer.origin(request))
        # After account and audit, as every other sign-in does: in another order two from one hall wait for each other.
        await entering.give_try_back(connection, keys)
        if isinstance(entered, Ticket):
            return Finished(ticket=federating.seal(vault, entered, TICKET))
        answer = await signed_in(connection, running, entered)
    running.published()
    return Finished(signed_in=answer)


@router.post("/code")
async def finish_with_code(request: Request, running: Running, wish: FinishWithCode, response: Response) -> SignedIn:
    """Sign in whom the provider vouched for a moment ago, by the telephone's code, whose tries are counted."""
    response.headers["Cache-Control"] = "no-store"
    _provider(running)
    vault, sealed = bearer.vault(running), wish.ticket.get_secret_value()
    ticket = federating.unseal(vault, sealed, TICKET, Ticket, datetime.now(UTC), TICKET_LIVES)
    async with running.pool.acquire(timeout=10) as connection:
        login = await login_of(connection, ticket.account_id)
    keys = await bearer.count_try(request, running, login)
    answer = None
    async with database.transaction(running.pool) as connection:
        entered = await federating.enter_with_code(
            connection, vault, bearer.settings(running), ticket, wish.code, bearer.origin(request)
        )
        if isinstance(entered, Entered):
            answer = await signed_in(connection, running, entered)
            await entering.give_try_back(connection, keys)
    running.published()
    if answer is None:
        logger.warning("sign_in_refused", account=str(ticket.account_id))
        raise problems.SignInRefused
    return answer
