"""What the tests of accounts stand at: its database, its app, people who sign in, and their telephones."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pyotp

from services.accounts.app import create_app
from services.accounts.commands import people
from services.accounts.domain.accounts import StaffAccount
from services.accounts.domain.keys import Jwk
from services.accounts.domain.passwords import make_initial
from services.accounts.domain.requests import NewAccount, NewGrant
from shared import database
from shared.audit.actors import COMMAND_LINE
from shared.identity.tokens import Principal, verify

PASSWORD = "correct horse battery"
BASE = "/api/accounts/v1"


@dataclass
class Person:
    """Somebody of the staff, with what they know and have."""

    account_id: UUID
    login: str
    password: str
    secret: str = ""
    recovery_codes: list[str] = field(default_factory=list)
    steps: int = 0
    """Codes used already: each next one is of a later step."""

    def code(self, offset: int = 0) -> str:
        """The telephone's code now."""
        return pyotp.TOTP(self.secret).at(int(time.time()) + 30 * offset)


class Office:
    """The service, spoken to over ASGI, and its database."""

    def __init__(self, client: httpx.AsyncClient, app: Any, owner_dsn: str) -> None:
        self.client = client
        self.app = app
        self.owner_dsn = owner_dsn

    @property
    def pool(self) -> database.Pool:
        return self.app.state.runtime.pool

    def set(self, **changes: Any) -> None:
        """Other settings than those that the service started with."""
        running = self.app.state.runtime
        running.settings = running.settings.model_copy(update=changes)

    async def open(self, login: str, *roles: str, **places: Any) -> Person:
        """An account with an initial password and roles."""
        initial = make_initial()
        hashed = await self.app.state.runtime.parts["hasher"].hash(initial)
        vault = self.app.state.runtime.parts["vault"]
        async with database.transaction(self.pool) as connection:
            made: StaffAccount = await people.open_account(
                connection, vault, COMMAND_LINE.actor, NewAccount(login=login, name="王桂兰"), hashed
            )
            for role in roles:
                await people.grant(connection, COMMAND_LINE.actor, made.account_id, NewGrant(role=role, **places))
        return Person(made.account_id, login, initial)

    async def enrol(self, login: str, *roles: str, **places: Any) -> Person:
        """Somebody who has a password of their own and a telephone."""
        person = await self.open(login, *roles, **places)
        first = (await self.sign_in(person, code=None)).json()
        assert first["scope"] == "enrol"
        shown = {"Authorization": f"Bearer {first['token']}"}
        pending = (await self.client.post(f"{BASE}/me/totp", json={}, headers=shown)).json()
        person.secret = pending["secret"]
        confirmed = await self.client.post(f"{BASE}/me/totp/confirm", json={"code": person.code(-1)}, headers=shown)
        person.recovery_codes = confirmed.json()["recovery_codes"]
        body = {"password": person.password, "new_password": PASSWORD}
        changed = await self.client.post(f"{BASE}/me/password", json=body, headers=shown)
        assert changed.status_code == 204, changed.text
        person.password = PASSWORD
        await self.free_code(person)
        return person

    async def free_code(self, person: Person) -> None:
        """Let the telephone's present code be taken again, instead of waiting half a minute for the next."""
        await self.owner("update account set totp_counter = 0 where account_id = $1", person.account_id)

    async def sign_in(self, person: Person, *, code: str | None = "", **changes: Any) -> httpx.Response:
        """Sign in with what they know and have; another code, or none where it is None."""
        body = {"login": person.login, "password": person.password, **changes}
        if code is not None:
            body["code"] = code or person.code()
        return await self.client.post(f"{BASE}/sign-in", json=body)

    async def token(self, person: Person) -> str:
        """The token of a sign-in that succeeds."""
        answered = await self.sign_in(person)
        assert answered.status_code == 200, answered.text
        await self.free_code(person)
        return answered.json()["token"]

    async def ask(self, method: str, path: str, token: str, **options: Any) -> httpx.Response:
        """A request of somebody who is signed in."""
        return await self.client.request(
            method, f"{BASE}{path}", headers={"Authorization": f"Bearer {token}"}, **options
        )

    async def believed(self, token: str) -> Principal:
        """Whom another service takes the token's bearer for: by the published keys alone."""
        published = (await self.client.get(f"{BASE}/keys")).json()["keys"]
        return verify(token, {each["kid"]: Jwk(**each).public_key() for each in published})

    async def owner(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        """Something that the service itself may not, or does not, do."""
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()


@asynccontextmanager
async def office_open(make_database: Any, settings_env: dict[str, str], monkeypatch: Any) -> AsyncIterator[Office]:
    """The service as it runs, on a database of the test's own."""
    made = await make_database("accounts")
    for name, value in {**settings_env, "ACCOUNTS_DATABASE_URL": made.runtime_dsn}.items():
        monkeypatch.setenv(name, value)
    app = create_app()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://accounts") as client,
    ):
        yield Office(client, app, made.owner_dsn)
