"""What the tests of citizens stand at: accounts, notifications and booking over real HTTP, each on its own database."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from services.booking.app import create_app as create_booking
from services.notifications import sealing
from services.notifications.app import create_app as create_notifications
from shared.access import SERVICE_HEADER
from shared.privacy import PrivacySettings, Vault
from tests.integration.accounts_office import Office, office_open
from tests.integration.booking_desk import Desk
from tests.serving import served

PHONE = "13900001234"
CITIZENS = "/api/accounts/v1/citizens"
BOOKING = "/api/booking/v1"


@dataclass
class Town:
    """The services, and the phones in it."""

    office: Office
    booking: httpx.AsyncClient
    notifications_dsn: str
    vault: Vault
    secret: str

    async def ask_code(self, phone: str = PHONE, **headers: str) -> httpx.Response:
        """Ask for a code."""
        return await self.office.client.post(f"{CITIZENS}/codes", json={"phone": phone}, headers=headers)

    def by_pages(self, address: str, device: str) -> dict[str, str]:
        """What our own pages say of a browser."""
        return {SERVICE_HEADER: self.secret, "X-Client-Address": address, "X-Client-Device": device}

    async def box(self) -> list[tuple[str, str]]:
        """What lies in the console's box, the oldest first: phone and words."""
        rows = await self.notified("select * from console_message order by sent_at, message_id")
        return [
            (
                self.vault.decrypt(row["address"], sealing.ADDRESS),
                sealing.open_words(self.vault, row["subject"], row["body"]).body,
            )
            for row in rows
        ]

    async def code(self, phone: str = PHONE) -> str:
        """Ask for a code, and read it on the phone."""
        answer = await self.ask_code(phone)
        assert answer.status_code == 202, answer.text
        found = [words for to, words in await self.box() if to == f"+86{phone}"]
        read = re.search(r"\b([0-9]{6})\b", found[-1])
        assert read is not None
        return read[1]

    async def try_code(self, code: str, phone: str = PHONE) -> httpx.Response:
        """Try to sign in."""
        return await self.office.client.post(f"{CITIZENS}/sign-in", json={"phone": phone, "code": code})

    async def sign_in(self, phone: str = PHONE) -> dict[str, Any]:
        """A sign-in that succeeds."""
        answer = await self.try_code(await self.code(phone), phone)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def token(self, phone: str = PHONE) -> str:
        """Its token."""
        return str((await self.sign_in(phone))["token"])

    async def notified(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """A statement in notifications' database, as its owner."""
        connection = await asyncpg.connect(self.notifications_dsn)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def town_open(
    make_database: Any, settings_env: dict[str, str], monkeypatch: Any, desk: Desk
) -> AsyncIterator[Town]:
    """The three services; booking stands at the desk's database, with its clock and its session."""
    told = await make_database("notifications")
    for name, value in {**settings_env, "NOTIFICATIONS_DATABASE_URL": told.runtime_dsn}.items():
        monkeypatch.setenv(name, value)
    async with AsyncExitStack() as stack:
        notifications = create_notifications()
        await stack.enter_async_context(notifications.router.lifespan_context(notifications))
        monkeypatch.setenv("NOTIFICATIONS_URL", await stack.enter_async_context(served(notifications)))
        office = await stack.enter_async_context(office_open(make_database, settings_env, monkeypatch))
        monkeypatch.setenv("ACCOUNTS_URL", await stack.enter_async_context(served(office.app)))
        monkeypatch.setenv("BOOKING_DATABASE_URL", desk.runtime_dsn)
        booking = create_booking()
        await stack.enter_async_context(booking.router.lifespan_context(booking))
        client = httpx.AsyncClient(base_url=await stack.enter_async_context(served(booking)))
        await stack.enter_async_context(client)
        yield Town(office, client, told.owner_dsn, Vault(PrivacySettings()), settings_env["SERVICE_SECRET"])
