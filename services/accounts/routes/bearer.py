"""Who asks, and from where: the token in `Authorization`, by this service's own tables, and the client's address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.accounts import queries
from services.accounts.commands import entering
from services.accounts.commands.entering import Origin
from services.accounts.domain import problems
from services.accounts.domain.accounts import Account, CitizenAccount, StaffAccount
from services.accounts.hashing import Hasher
from services.accounts.settings import AccountsSettings
from shared import database
from shared.access import address_of, is_from_service
from shared.application import Runtime, runtime
from shared.identity.recognition import Recognition
from shared.identity.tokens import Principal
from shared.limits import network_of
from shared.privacy import Vault
from shared.problems import UNAUTHORISED as UNAUTHORISED

Running = Annotated[Runtime, Depends(runtime)]
SCHEME = "bearer "


@dataclass(frozen=True)
class Asker:
    """Somebody whose token was believed."""

    principal: Principal
    account: Account

    @property
    def account_id(self) -> UUID:
        """The account."""
        return self.account.account_id

    @property
    def session_id(self) -> UUID:
        """The sign-in."""
        return UUID(self.principal.session_id)


class OwnRecognition(Recognition):
    """Recognises by this service's own tables, so that here a revocation is in force at once."""

    def __init__(self, running: Runtime) -> None:
        super().__init__(running.recognition.keys, running.recognition.standings)
        self._running = running

    async def of_token(self, token: str) -> Principal:
        """Whose token it is. Raises SignInNeeded and TokenUnknown."""
        if not token:
            raise problems.SignInNeeded
        async with self._running.pool.acquire(timeout=10) as connection:
            found, _ = await queries.asker(connection, token)
        return found


@dataclass(frozen=True)
class StaffAsker(Asker):
    """Somebody of the staff."""

    account: StaffAccount


def vault(running: Runtime) -> Vault:
    """What encrypts."""
    found: Vault = running.parts["vault"]
    return found


def hasher(running: Runtime) -> Hasher:
    """What hashes passwords."""
    found: Hasher = running.parts["hasher"]
    return found


def settings(running: Runtime) -> AccountsSettings:
    """The service's settings."""
    found = running.settings
    assert isinstance(found, AccountsSettings)  # noqa: S101  (what app.py built it with)
    return found


def token(request: Request) -> str:
    """The token that was shown. Raises SignInNeeded."""
    shown = request.headers.get("authorization", "")
    if not shown.lower().startswith(SCHEME):
        raise problems.SignInNeeded
    return shown[len(SCHEME) :].strip()


async def anybody(request: Request, running: Running) -> Asker:
    """Whoever is signed in, staff or citizen, if only for the first time. Raises SignInNeeded."""
    async with running.pool.acquire(timeout=10) as connection:
        principal, account = await queries.asker(connection, token(request))
    request.state.principal = principal  # whom the audit names
    return StaffAsker(principal, account) if isinstance(account, StaffAccount) else Asker(principal, account)


async def somebody(asker: Annotated[Asker, Depends(anybody)]) -> Asker:
    """Whoever is signed in with all that it takes. Raises EnrolmentNeeded."""
    if asker.principal.scope is not None:
        raise problems.EnrolmentNeeded
    return asker


async def staff(asker: Annotated[Asker, Depends(anybody)]) -> StaffAsker:
    """Somebody of the staff, if only for the first time. Raises AccessDenied."""
    if not isinstance(asker, StaffAsker):
        raise problems.AccessDenied
    return asker


async def citizen(asker: Annotated[Asker, Depends(somebody)]) -> Asker:
    """A citizen. Raises AccessDenied."""
    if not isinstance(asker.account, CitizenAccount):
        raise problems.AccessDenied
    return asker


async def operator(
    _: Annotated[Asker, Depends(somebody)], asker: Annotated[StaffAsker, Depends(staff)], running: Running
) -> StaffAsker:
    """An operator. Raises AccessDenied."""
    async with running.pool.acquire(timeout=10) as connection:
        await queries.require_operator(connection, asker.account)
    return asker


Anybody = Annotated[Asker, Depends(anybody)]
Somebody = Annotated[Asker, Depends(somebody)]
Staff = Annotated[StaffAsker, Depends(staff)]
Citizen = Annotated[Asker, Depends(citizen)]
Operator = Annotated[StaffAsker, Depends(operator)]


def origin(request: Request) -> Origin:
    """Where a request comes from: our own pages' word for it, else the gateway's."""
    agent = request.headers.get("x-client-agent" if is_from_service(request) else "user-agent", "")
    return Origin(_plain(address_of(request))[:64], _plain(agent)[:200])


def network(request: Request) -> str:
    """By what the tries of one client are counted: its address, or the network that one IPv6 customer gets."""
    return network_of(address_of(request))


def _plain(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


async def count_try(request: Request, running: Runtime, login: str | None) -> list[bytes]:
    """Count a try at somebody's password, and commit that before comparing; what to take back if it was right.

    By address alone where it is not known yet whose try it is. Raises TooManyTries.
    """
    chosen, sealed = settings(running), vault(running)
    limits = [(sealed.blind_index("accounts.tries.address", network(request)), chosen.tries_per_address)]
    if login is not None:
        limits.append((sealed.blind_index("accounts.tries.login", login), chosen.tries_per_login))
    return await count(running, limits, chosen.tries_window_minutes)


async def count_pairing(request: Request, running: Runtime) -> list[bytes]:
    """The same for a device's code, by the client's address: a code names nobody, so its digits are all there is."""
    chosen = settings(running)
    key = vault(running).blind_index("accounts.tries.pairing", network(request))
    return await count(running, [(key, chosen.pairing_tries_per_address)], chosen.tries_window_minutes)


async def count(running: Runtime, limits: Sequence[tuple[bytes, int]], window_minutes: int) -> list[bytes]:
    """Count a try under each key, and commit that; the keys, for whoever takes it back. Raises TooManyTries."""
    async with database.transaction(running.pool) as connection:
        await entering.count_try(connection, limits, window_minutes)
    return [key for key, _ in limits]
