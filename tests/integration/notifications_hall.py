"""What the tests of notifications stand at: its database with a hall, booking's cards on real HTTP, and a mail server.

`Hall` steps the workers by hand, so that a test says what happens when. `Desk` answers for booking: another service,
played by a real server. `Post` is a real SMTP server whose answers a test chooses.
As a program it is the worker that tests kill: `python -m tests.integration.notifications_hall console`.
"""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import uvicorn
from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response

from services.notifications import bells
from services.notifications.channels import Answer, Console, Letter, Mail, Sender
from services.notifications.consumers import subscriptions
from services.notifications.delivery import Deliverer
from services.notifications.preparation import Preparer
from services.notifications.settings import NotificationsSettings
from shared import database
from shared.application import Runtime
from shared.events import roster
from shared.events.base import Event, event_type
from shared.events.booking import Booking, BookingAgreed, BookingCancelled, BookingEvent, BookingMade, BookingMoved
from shared.messaging.consumer import Received
from shared.messaging.envelope import Envelope
from shared.privacy import PrivacySettings, Vault
from tests.ports import free_ports

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """A clock time in the county."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


NOW = at("2026-11-23T10:00")
VISIT = at("2026-12-01T09:30")
BOOKED = {"made": BookingMade, "moved": BookingMoved, "agreed": BookingAgreed, "cancelled": BookingCancelled}


def venue() -> roster.Venue:
    return roster.Venue(
        venue_id="hall",
        name_zh="望川县政务服务大厅",
        name_en="Wangchuan Government Service Hall",
        address_zh="城关镇南门路 8 号",
        address_en="8 Nanmen Road",
        phone="12345 转 2",
        departments=(roster.Department(department_id="land", name_zh="自然资源和规划局", name_en="Land"),),
        windows=(roster.Window(window_id="w3", number=3, department_id="land"),),
    )


def matter() -> roster.Matter:
    return roster.Matter(
        matter_id="house",
        department_id="land",
        name_zh="不动产转移登记",
        name_en="Transfer of real-estate title",
        plain_name_zh="二手房过户",
        plain_name_en="Transfer a second-hand home",
        documents=(roster.RequiredDocument(name_zh="不动产权证书", name_en="Certificate"),),
        visit="needed",
    )


def session(**changes: Any) -> roster.Session:
    known = {
        "session_id": "day",
        "programme_id": "director-service-day",
        "programme_name_zh": "局长服务日",
        "programme_name_en": "Director service day",
        "venue_id": "hall",
        "rule_date": VISIT.date(),
        "date": VISIT.date(),
        "day_kind": "workday",
        "status": "planned",
        "public": True,
        "opening": (),
        "duties": (),
    }
    return roster.Session(**{**known, **changes})


def booking(booking_id: str = "b1", **changes: Any) -> Booking:
    known = {
        "booking_id": booking_id,
        "session_id": "day",
        "venue_id": "hall",
        "window_id": "w3",
        "department_id": "land",
        "matter_id": "house",
        "starts_at": VISIT,
        "ends_at": VISIT + timedelta(minutes=30),
        "party_size": 1,
        "channel": "online",
        "state": "confirmed",
        "booked_at": NOW,
    }
    return Booking(**{**known, **changes})


def said(what: str, version: int, booking_id: str = "b1", **changes: Any) -> BookingEvent:
    """An event of a booking, in the state that it leaves."""
    states: dict[str, dict[str, Any]] = {
        "moved": {"state": "to_confirm", "reason": "session_moved"},
        "cancelled": {"state": "cancelled", "reason": "visitor"},
    }
    return BOOKED[what](version=version, booking=booking(booking_id, **{**states.get(what, {}), **changes}))


@dataclass
class Desk:
    """Booking's visitor cards. A card that is a number is that HTTP status."""

    cards: dict[str, dict[str, Any] | int] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Booking, secret, correlation id."""
    url: str = ""
    wait: asyncio.Event | None = None
    """Where set, answers wait for it."""

    def card(self, booking_id: str = "b1", **changes: Any) -> None:
        known = {
            "booking_id": booking_id,
            "name": "王桂兰",
            "phone": "13912345678",
            "email": None,
            "language": "zh",
            "code": "4081 2736",
            "document_last4": "1234",
            "state": "confirmed",
            "version": 1,
            "party_size": 1,
            "cancel_until": at("2026-11-30T17:30").isoformat(),
        }
        self.cards[booking_id] = {**known, **changes}

    async def _answering(self, booking_ids: list[str], request: Request) -> None:
        headers = request.headers
        self.asked += [(each, headers["x-service-secret"], headers.get("x-correlation-id", "")) for each in booking_ids]
        if self.wait is not None:
            await self.wait.wait()

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/internal/v1/visitor-cards")
        async def cards(booking_id: Annotated[list[str], Query()], request: Request) -> Response:
            await self._answering(booking_id, request)
            found = [self.cards.get(each) for each in booking_id]
            for each in found:
                if isinstance(each, int):
                    return JSONResponse({"detail": "not as agreed"}, status_code=each)
            return JSONResponse({"items": [each for each in found if each is not None]})

        @app.get("/internal/v1/visitor-cards/{booking_id}")
        async def card(booking_id: str, request: Request) -> Response:
            await self._answering([booking_id], request)
            found = self.cards.get(booking_id)
            if found is None:
                gone = {"type": "", "title": "", "status": 404, "code": "booking_unknown"}
                return JSONResponse(gone, status_code=404)
            if isinstance(found, int):
                return JSONResponse({"detail": "not as agreed"}, status_code=found)
            return JSONResponse(found)

        return app


@asynccontextmanager
async def desk_open() -> AsyncIterator[Desk]:
    """The desk, on a port of its own."""
    desk = Desk()
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(desk.app(), port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    desk.url = f"http://127.0.0.1:{port}"
    try:
        yield desk
    finally:
        server.should_exit = True
        await serving


@dataclass
class Post:
    """A mail server. `answers` are given in turn to DATA, `at_recipient` to RCPT; `250 OK` where there are none."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    at_recipient: list[str] = field(default_factory=list)
    drops: int = 0
    """So many letters are taken, and the line is cut instead of an answer."""

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, _server: smtp.SMTP, _session: Any, envelope: smtp.Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.at_recipient.pop(0) if self.at_recipient else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: smtp.SMTP, _session: Any, envelope: smtp.Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if not answer.startswith("250"):
            return answer
        letter = message_from_bytes(envelope.content or b"", policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.recipients += envelope.rcpt_tos
        if self.drops:
            self.drops -= 1
            server.transport.abort()
        return answer


@contextmanager
def post_office(**options: Any) -> Iterator[Post]:
    """A mail server on a port of its own, in a thread of its own."""
    post = Post()
    (port,) = free_ports(1)
    controller = Controller(post, hostname="127.0.0.1", port=port, **options)
    controller.start()
    post.port = port
    try:
        yield post
    finally:
        controller.stop()


@dataclass
class Hall:
    """Notifications' database and what works on it."""

    pool: database.Pool
    owner_dsn: str
    runtime: Runtime
    settings: NotificationsSettings
    vault: Vault
    desk: Desk
    set_now: Callable[[datetime], Any]
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def hear(self, event: Event, correlation_id: str = "correlation-1") -> None:
        """An event, as its consumer hears it."""
        envelope = Envelope(
            id=f"event-{next(self.numbers)}",
            type=event_type(type(event)),
            source="/test",
            time=NOW,
            subject=event.subject,
            correlation_id=correlation_id,
            traceparent=None,
            topic=event.topic,
            partition=0,
            offset=0,
        )
        handler = next(each for each in subscriptions if each.topic.name == event.topic)
        async with database.transaction(self.pool) as connection:
            await handler.deliver(connection, Received(event, envelope))

    async def hear_roster(self) -> None:
        """The hall, its matter and its session."""
        await self.hear(roster.VenueDescribed(version=1, venue=venue()))
        await self.hear(roster.MatterDescribed(version=1, matter=matter()))
        await self.hear(roster.SessionPlanned(version=1, session=session()))

    @property
    def preparer(self) -> Preparer:
        return Preparer(self.runtime, self.settings, self.vault)

    @property
    def console(self) -> Deliverer:
        return Deliverer(self.runtime, self.vault, Console(self.pool, self.vault, self.settings.lease_seconds))

    @property
    def mail(self) -> Deliverer:
        return Deliverer(self.runtime, self.vault, Mail(self.settings))

    async def work(self) -> None:
        """Prepare and deliver what is due, until nothing more can be done now."""
        mail = [self.mail] if self.settings.mail else []
        while await self.preparer.step() or any([await each.step() for each in (self.console, *mail)]):
            pass

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """A statement as the owner, who may read and change everything."""
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def messages(self, about: str = "b1") -> dict[str, str]:
        """State (and reason) of each message about a booking, by kind, recipient where it is the proxy, and version."""
        rows = await self.fetch("select * from message where about = $1 order by message_id", about)
        return {
            f"{row['kind']}{row['about_version']}{'p' if row['recipient'] == 'proxy' else ''}": ":".join(
                filter(None, (row["state"], row["reason"]))
            )
            for row in rows
        }

    async def box(self) -> list[tuple[str, str, str]]:
        """Kind, subject and body of what lies in the console's box, the oldest first."""
        rows = await self.fetch("select * from console_message order by sent_at, message_id")
        open_ = self.vault.decrypt
        return [
            (row["kind"], open_(row["subject"], "message.subject"), open_(row["body"], "message.body")) for row in rows
        ]

    async def events(self) -> list[tuple[str, int]]:
        """Type and version of what was said, in order."""
        rows = await self.fetch("select type, version from outbox order by position")
        return [(row["type"].removeprefix("notifications."), row["version"]) for row in rows]


@asynccontextmanager
async def hall_open(
    make_database: Any, settings_env: dict[str, str], monkeypatch: Any, set_county_now: Any, **settings: Any
) -> AsyncIterator[Hall]:
    """A hall with the clock stopped at NOW and the roster heard."""
    made = await make_database("notifications")
    async with desk_open() as desk, httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        env = {**settings_env, "NOTIFICATIONS_DATABASE_URL": made.runtime_dsn, "BOOKING_URL": desk.url}
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        chosen = NotificationsSettings().model_copy(update=settings)
        pool = await database.open_pool(made.runtime_dsn, size=6, application_name="notifications-test")
        runtime = Runtime(name="notifications", settings=chosen, http=http, database=pool)

        async def set_now(moment: datetime) -> None:
            await set_county_now(made.owner_dsn, moment)

        hall = Hall(pool, made.owner_dsn, runtime, chosen, Vault(PrivacySettings()), desk, set_now)
        try:
            await set_now(NOW)
            await hall.hear_roster()
            bells.preparation.clear()
            yield hall
        finally:
            await pool.close()


class Dying:
    """A channel whose worker is killed right after it sent, before anything is recorded."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.channel = sender.channel
        self.batch = sender.batch
        self.lease_seconds = sender.lease_seconds

    async def send(self, letters: Sequence[Letter]) -> list[Answer]:
        await self._sender.send(letters)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody lives here")


async def die_over(channel: str) -> None:
    """Deliver one batch and be killed over it. Settings come from the environment."""
    settings, vault = NotificationsSettings(), Vault(PrivacySettings())
    pool = await database.open_pool(settings.database_url.get_secret_value(), size=2, application_name="dying")
    async with httpx.AsyncClient() as http:
        runtime = Runtime(name="notifications", settings=settings, http=http, database=pool)
        sender = Mail(settings) if channel == "email" else Console(pool, vault, settings.lease_seconds)
        await Deliverer(runtime, vault, Dying(sender)).step()


if __name__ == "__main__":
    asyncio.run(die_over(sys.argv[1]))
