"""What booking's tests stand at: its database with a session, a matter and slots, its app, and made-up people."""

import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI
from stdnum.cn import ric

from services.booking import commands
from services.booking.app import create_app
from services.booking.combiner import Combiner
from services.booking.domain.claims import Claim
from services.booking.domain.requests import BookingRequest
from services.booking.domain.sealing import claim_of
from services.booking.settings import BookingSettings
from shared import database
from shared.events.roster import BookingRules, Duty, Matter, OpeningPeriod, Session
from shared.privacy import PrivacySettings, Vault
from tests import identity

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
"""Tuesday, nine o'clock in the county."""
DAY = datetime(2026, 12, 10, 16, 0, tzinfo=UTC)
"""Midnight, in the county, of the service day."""


def at(clock: str, *, days: int = 0) -> datetime:
    """A clock time on the service day, or so many days after it."""
    hours, minutes = clock.split(":")
    return DAY + timedelta(days=days, hours=int(hours), minutes=int(minutes))


def duty(window_id: str, department_id: str) -> Duty:
    return Duty(
        duty_id=f"duty-{window_id}",
        window_id=window_id,
        department_id=department_id,
        official_id=f"head-{department_id}",
        role="principal",
    )


def session(
    *,
    session_id: str = "day",
    days: int = 0,
    opening: tuple[tuple[str, str], ...] = (("09:00", "10:00"),),
    duties: tuple[Duty, ...] = (duty("w1", "land"), duty("w2", "health")),
    rules: dict[str, Any] | None = None,
    **changes: Any,
) -> Session:
    """A session on the service day: two windows of two departments, each with two slots of two seats online."""
    booking = BookingRules(
        **{
            "release_at": NOW - timedelta(days=1),
            "closes_at": at("10:00", days=days),
            "cancel_until": at("17:30", days=days - 1),
            "slot_minutes": 30,
            "capacity": 3,
            "counter_seats": 1,
            **(rules or {}),
        }
    )
    known = {
        "programme_id": "director-service-day",
        "programme_name_zh": "局长服务日",
        "programme_name_en": "Director service day",
        "venue_id": "hall",
        "rule_date": at("00:00", days=days).date() + timedelta(days=1),
        "date": at("00:00", days=days).date() + timedelta(days=1),
        "day_kind": "workday",
        "status": "planned",
        "public": True,
        "booking": booking,
    }
    periods = tuple(OpeningPeriod(starts_at=at(a, days=days), ends_at=at(b, days=days)) for a, b in opening)
    return Session(**{**known, "session_id": session_id, "opening": periods, "duties": duties, **changes})


def matter(matter_id: str = "house", department_id: str = "land", **changes: Any) -> Matter:
    known = {
        "name_zh": "不动产转移登记",
        "name_en": "Transfer of real-estate title",
        "plain_name_zh": "二手房过户",
        "plain_name_en": "Transfer a second-hand home",
        "documents": (),
        "visit": "needed",
    }
    return Matter(**{**known, "matter_id": matter_id, "department_id": department_id, **changes})


def resident_id(number: int) -> str:
    """The ID number of a person who does not exist; each number is another person."""
    born_on = datetime(1950, 1, 1, tzinfo=UTC) + timedelta(days=number // 999)
    body = f"110101{born_on:%Y%m%d}{number % 999 + 1:03}"
    return body + ric.calc_check_digit(body + "0")


def wish(slot_id: int, person: int = 1, **changes: Any) -> dict[str, Any]:
    """The body of a booking."""
    visitor = {
        "name": "王桂兰",
        "document": {"type": "resident_id", "number": resident_id(person)},
        "phone": f"139{person:08}",
    }
    return {"slot_id": slot_id, "matter_id": "house", "visitor": visitor, **changes}


def new_key() -> str:
    return uuid.uuid4().hex


@dataclass
class Desk:
    """Booking's database and what works on it."""

    pool: database.Pool
    owner_dsn: str
    runtime_dsn: str
    settings: BookingSettings
    vault: Vault
    versions: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def combiner(self, pool: database.Pool | None = None, **changes: Any) -> Combiner:
        settings = self.settings.model_copy(update=changes)
        return Combiner(pool or self.pool, settings, published=lambda: None)

    def claim(self, slot_id: int, person: int = 1, *, key: str = "", channel: Any = "online", **changes: Any) -> Claim:
        request = BookingRequest.model_validate(wish(slot_id, person, **changes))
        return claim_of(
            request, channel=channel, idempotency_key=key or new_key(), vault=self.vault, zone=self.settings.zone
        )

    async def take(self, told: Session | Matter, version: int | None = None) -> None:
        """What the roster tells, as a consumer takes it."""
        version = version or next(self.versions)
        async with database.transaction(self.pool) as connection:
            if isinstance(told, Session):
                await commands.take_session(connection, told, version, self.settings.zone)
            else:
                await commands.take_matter(connection, told, version)

    async def slots(self, department_id: str = "land", session_id: str = "day") -> list[int]:
        """Ids of a department's slots, by time."""
        rows = await self.fetch(
            "select slot_id from slot where session_id = $1 and department_id = $2 order by starts_at, slot_id",
            session_id,
            department_id,
        )
        return [row["slot_id"] for row in rows]

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """A statement as the owner, who may read and change everything."""
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def outbox(self) -> list[asyncpg.Record]:
        return await self.fetch("select type, subject, version, payload, correlation_id from outbox order by position")


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """The whole app on the desk's database, spoken to over ASGI; its settings come from the environment."""
    app: FastAPI = create_app()
    transport = httpx.ASGITransport(app, client=("127.0.0.9", 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://booking", headers=identity.bearer()) as client,
    ):
        yield client


@asynccontextmanager
async def opened(database_of, settings_env, monkeypatch, set_county_now, *, pool_size: int = 8) -> AsyncIterator[Desk]:
    """A desk with the clock stopped at NOW, the matter `house` and the session `day`."""
    made = await database_of("booking")
    env = {**settings_env, "BOOKING_DATABASE_URL": made.runtime_dsn}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    await set_county_now(made.owner_dsn, NOW)
    pool = await database.open_pool(made.runtime_dsn, size=pool_size, application_name="booking-test")
    desk = Desk(pool, made.owner_dsn, made.runtime_dsn, BookingSettings(), Vault(PrivacySettings()))
    try:
        await desk.take(matter())
        await desk.take(session())
        yield desk
    finally:
        await pool.close()
