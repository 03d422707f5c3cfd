"""How citizens sign in: a code to the phone, then phone and code.

Asking for a code does the same work and gets the same answer whosever phone it is. A try at a code is counted and
committed before anything is compared.
"""

import hmac
import secrets
from collections.abc import Sequence

import structlog
from fastapi import APIRouter, Request, Response

from services.accounts import texts
from services.accounts.commands import citizens, entering
from services.accounts.commands.entering import DAY_MINUTES
from services.accounts.domain import citizens as rules
from services.accounts.domain import problems
from services.accounts.domain.accounts import SignedIn
from services.accounts.domain.citizens import CitizenSignIn, CodeSent, CodeWish, Renewal, SentCode
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Running
from services.accounts.routes.entrance import signed_in
from shared import database
from shared.access import Caller, allow, is_from_service
from shared.application import Runtime
from shared.limits import network_of

logger = structlog.get_logger(__name__)

router = APIRouter(
    prefix="/api/accounts/v1/citizens",
    tags=["citizens"],
    dependencies=[allow(Caller.CITIZEN)],
    responses=bearer.UNAUTHORISED,
)
DEVICE_HEADER = "x-client-device"
DEVICE_CHARACTERS = 64


@router.post("/codes", status_code=202)
async def send_code(request: Request, running: Running, wish: CodeWish, response: Response) -> CodeSent:
    """Send a code to a phone; the one before is void. Raises TooManyTries or CodeNotSent."""
    response.headers["Cache-Control"] = "no-store"
    vault = bearer.vault(running)
    phone_key = rules.phone_key(vault, wish.phone)
    await _count_code(request, running, phone_key)
    code = rules.make_code()
    digest = rules.digest(vault, phone_key, code)
    async with database.transaction(running.pool) as connection:
        expires_at = await citizens.keep_code(connection, phone_key, digest)
    sent = SentCode(wish.phone, code, wish.language, expires_at, secrets.token_urlsafe(24))
    try:
        await texts.send(running.http, bearer.settings(running), sent)
    except problems.CodeNotSent:
        async with database.transaction(running.pool) as connection:
            await citizens.withdraw_code(connection, phone_key, digest)
        raise
    return CodeSent()


@router.post("/sign-in")
async def sign_in(request: Request, running: Running, wish: CitizenSignIn, response: Response) -> SignedIn:
    """Sign in with phone and code. The first right code makes the account."""
    response.headers["Cache-Control"] = "no-store"
    vault, chosen = bearer.vault(running), bearer.settings(running)
    phone_key = rules.phone_key(vault, wish.phone)
    limits = [
        (vault.blind_index("accounts.tries.phone", phone_key.hex()), chosen.tries_per_login),
        (vault.blind_index("accounts.tries.address", _network(request)), chosen.tries_per_address),
    ]
    await _count(running, limits, chosen.tries_window_minutes)
    async with database.transaction(running.pool) as connection:
        kept = await citizens.count_code_try(connection, phone_key)
    tried = rules.digest(vault, phone_key, wish.code)
    if not hmac.compare_digest(kept or bytes(len(tried)), tried) or kept is None:
        logger.warning("citizen_code_refused")
        raise problems.CitizenCodeRefused
    async with database.transaction(running.pool) as connection:
        entered = await citizens.enter(
            connection,
            vault,
            chosen,
            phone=wish.phone,
            phone_key=phone_key,
            digest=tried,
            origin=bearer.origin(request),
        )
        if entered is not None:
            await entering.give_try_back(connection, [key for key, _ in limits])
            answered = await signed_in(connection, running, entered)
    running.published()
    if entered is None:
        logger.warning("citizen_code_refused")
        raise problems.CitizenCodeRefused
    return answered


@router.post("/renew")
async def renew(running: Running, wish: Renewal, response: Response) -> SignedIn:
    """Another token for a sign-in that goes on, also when the last one has expired."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction(running.pool) as connection:
        entered = await citizens.renew_by_secret(connection, bearer.vault(running), wish.renewal.get_secret_value())
        return await signed_in(connection, running, entered)


def _network(request: Request) -> str:
    """Who asks, as far as addresses tell: whoever has one IPv6 address has a whole network of them."""
    return network_of(bearer.origin(request).address)


async def _count_code(request: Request, running: Runtime, phone_key: bytes) -> None:
    """Count a code that is to be sent: by phone, for now and for the day, by address and by device."""
    vault, chosen = bearer.vault(running), bearer.settings(running)
    phone = phone_key.hex()
    limits = [
        (vault.blind_index("accounts.codes.phone", phone), chosen.codes_per_phone),
        (vault.blind_index("accounts.codes.address", _network(request)), chosen.codes_per_address),
    ]
    device = request.headers.get(DEVICE_HEADER, "")[:DEVICE_CHARACTERS] if is_from_service(request) else ""
    if device:  # our pages' word for the browser; who comes without them has no browser to be told by
        limits.append((vault.blind_index("accounts.codes.device", device), chosen.codes_per_device))
    await _count(running, limits, chosen.tries_window_minutes)
    by_day = (vault.blind_index("accounts.codes.phone-and-day", phone), chosen.codes_per_phone_and_day)
    await _count(running, [by_day], DAY_MINUTES)


async def _count(running: Runtime, limits: Sequence[tuple[bytes, int]], minutes: int) -> None:
    async with database.transaction(running.pool) as connection:
        await entering.count_try(connection, limits, minutes)
