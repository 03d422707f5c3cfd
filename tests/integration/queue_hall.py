"""What the queue's tests stand in: its database with a service day in it, its app, and people who come."""

import itertools
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from services.queue.app import create_app
from services.queue.commands import projections
from services.queue.domain.people import CARD_PURPOSE, CODE_PURPOSE, Card
from services.queue.settings import QueueSettings
from services.queue.sql import cards
from services.queue.workers import look
from shared import database
from shared.application import Runtime
from shared.events.booking import Booking
from shared.events.roster import Matter, Session, Venue, Window
from shared.privacy import PrivacySettings, Vault
from tests import identity
from tests.integration.booking_desk import DAY, at, duty, matter, session

OPENING = (("09:00", "12:00"), ("14:30", "17:00"))
WINDOWS = (("w1", 1, "land"), ("w2", 2, "land"), ("w3", 3, "health"))
API = "/api/queue/v1"


def venue() -> Venue:
    windows = tuple(
        Window(window_id=window_id, number=number, department_id=department)
        for window_id, number, department in WINDOWS
    )
    return Venue(
        venue_id="hall", name_zh="大厅", name_en="Hall", address_zh="", address_en="", phone="12345", departments=(),
        windows=windows,
    )  # fmt: skip


def service_day(**changes: Any) -> Session:
    duties = tuple(duty(window_id, department) for window_id, _, department in WINDOWS)
    return session(opening=OPENING, duties=duties, **changes)


@dataclass
class Hall:
    """The queue's database and app on a service day, at nine in the morning unless a test says otherwise."""

    pool: database.Pool
    owner_dsn: str
    set_now: Any
    vault: Vault
    http: httpx.AsyncClient
    session_id: str = "day"
    codes: "itertools.count[int]" = field(default_factory=lambda: itertools.count(10_000_000))

    async def at(self, clock: str, *, days: int = 0, seconds: int = 0) -> datetime:
        """Stop the county's clock at a time of the service day."""
        moment = at(clock, days=days) + timedelta(seconds=seconds)
        await self.set_now(self.owner_dsn, moment)
        return moment

    async def take(self, told: Any, version: int) -> int | None:
        """What others tell, as a consumer takes it."""
        command = {
            Venue: projections.take_venue,
            Matter: projections.take_matter,
            Session: projections.take_session,
            Booking: projections.take_booking,
        }[type(told)]
        async with database.transaction(self.pool) as connection:
            return await command(connection, told, version)

    def booking(self, clock: str = "09:30", **changes: Any) -> Booking:
        starts_at = at(clock)
        known = {
            "booking_id": str(uuid.uuid4()),
            "session_id": self.session_id,
            "venue_id": "hall",
            "window_id": "w1",
            "department_id": "land",
            "matter_id": "house",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=30),
            "party_size": 1,
            "channel": "online",
            "state": "confirmed",
            "booked_at": DAY - timedelta(days=3),
        }
        return Booking(**{**known, **changes})

    async def booked(
        self, clock: str = "09:30", *, person: bytes | None = None, born_on: date | None = None, **changes: Any
    ) -> tuple[Booking, str]:
        """A booking that was told of, with its card; and its code."""
        booking = self.booking(clock, **changes)
        code = str(next(self.codes))
        await self.take(booking, 1)
        card = Card(
            booking_id=booking.booking_id,
            name="王桂兰",
            surname="王",
            document_last4="274X",
            version=1,
            born_on=born_on,
        )
        row = (
            uuid.UUID(booking.booking_id),
            1,
            self.vault.blind_index(CODE_PURPOSE, code),
            person,
            self.vault.encrypt(card.model_dump_json(), CARD_PURPOSE),
        )
        async with database.transaction(self.pool) as connection:
            await cards.upsert_cards(connection, [row])
        return booking, code

    async def check_in(self, code: str, **wish: Any) -> httpx.Response:
        return await self.http.post(f"{API}/staff/sessions/{self.session_id}/check-ins", json={"code": code, **wish})

    def document_key(self, number: str, indexed: str = "resident_id") -> bytes:
        return self.vault.document_key(indexed, number)

    async def show(self, number: str, kind: str = "resident_id", **wish: Any) -> httpx.Response:
        """Show a document at the counter."""
        body = {"document": {"kind": kind, "number": number}, **wish}
        return await self.http.post(f"{API}/staff/sessions/{self.session_id}/check-ins", json=body)

    async def walk_in(self, matter_id: str = "house", *, key: str = "", **wish: Any) -> httpx.Response:
        return await self.http.post(
            f"{API}/staff/sessions/{self.session_id}/walk-ins",
            json={"matter_ids": [matter_id], **wish},
            headers={"Idempotency-Key": key or uuid.uuid4().hex},
        )

    async def number_of(self, answer: httpx.Response) -> str:
        assert answer.status_code == 201, answer.text
        number: str = answer.json()["number"]
        return number

    async def desk(self, window_id: str = "w1") -> dict[str, Any]:
        answer = await self.http.get(f"{API}/staff/sessions/{self.session_id}/windows/{window_id}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def ask(self, at_window: str, verb: str, *, version: int | None = None, **body: Any) -> httpx.Response:
        """A verb at a window as it is now, unless a version is given."""
        seen = version if version is not None else (await self.desk(at_window))["window_version"]
        path = f"{API}/staff/sessions/{self.session_id}/windows/{at_window}/{verb}"
        return await self.http.post(path, json={"version": seen, **body})

    async def do(self, at_window: str, verb: str, **body: Any) -> dict[str, Any]:
        answer = await self.ask(at_window, verb, **body)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def finish(self, at_window: str = "w1", matters: Sequence[str] = ("house",), **body: Any) -> dict[str, Any]:
        outcomes = [{"matter_id": each, "kind": "handled"} for each in matters]
        return await self.do(at_window, "finish", **{"outcomes": outcomes, **body})

    async def look(self) -> None:
        """What the worker does every few seconds."""
        await look(Runtime("queue", QueueSettings(), self.http, self.pool))

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """A statement as the owner, who may read and change everything."""
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def told(self) -> list[str]:
        """The events of visits and windows, in their order."""
        rows = await self.fetch("select type from outbox order by position")
        return [row["type"].removeprefix("queue.") for row in rows]


@asynccontextmanager
async def running() -> AsyncIterator[httpx.AsyncClient]:
    """One process of the queue, as the environment says, spoken to over ASGI."""
    app: FastAPI = create_app()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://queue", headers=identity.bearer()) as http,
    ):
        yield http


@asynccontextmanager
async def opened(database_of, settings_env, monkeypatch, set_county_now) -> AsyncIterator[Hall]:
    """The hall on the service day at nine, all windows open."""
    made = await database_of("queue")
    for name, value in {**settings_env, "QUEUE_DATABASE_URL": made.runtime_dsn}.items():
        monkeypatch.setenv(name, value)
    await set_county_now(made.owner_dsn, at("09:00"))
    pool = await database.open_pool(made.runtime_dsn, size=8, application_name="queue-test")
    QueueSettings()
    try:
        async with running() as http:
            hall = Hall(pool, made.owner_dsn, set_county_now, Vault(PrivacySettings()), http)
            await hall.take(venue(), 1)
            await hall.take(matter(), 1)
            await hall.take(matter("advice", "health"), 1)
            await hall.take(service_day(), 1)
            for window_id, _, _ in WINDOWS:
                await hall.do(window_id, "open")
            yield hall
    finally:
        await pool.close()
