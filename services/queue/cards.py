"""Visitor cards: who comes today and tomorrow, asked of booking beforehand so that the day goes on without it.

The one place where the queue asks anybody; besides the cards, for the one number that a window wants to see. Claims
nothing: two processes that fetch the same card keep it twice in the same row. Cards are encrypted, and deleted once
their day is over or closed.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import httpx
import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from services.queue import bells
from services.queue.domain import problems
from services.queue.domain.people import CARD_PURPOSE, CODE_PURPOSE, Card, Cards, DocumentNumber
from services.queue.settings import QueueSettings
from services.queue.sql import cards as sql
from shared.access import SERVICE_HEADER
from shared.application import Runtime
from shared.database import county_now, transaction
from shared.privacy import Vault

logger = structlog.get_logger(__name__)

PATH = "/internal/v1/visitor-cards"
DOCUMENTS = "/internal/v1/documents"
BATCH = 100
"""Cards that booking gives at once."""
AWAY_SECONDS = 5.0
DELETE_BATCH = 1000

requests = Counter("queue_card_requests", "Requests for visitor cards, by answer", ["answer"])


async def keep(runtime: Runtime, *, settings: QueueSettings, vault: Vault) -> None:
    """Have the cards of the days ahead, and no others, for ever."""
    while True:
        bells.cards.clear()
        fetched = await fetch(runtime, settings, vault)
        if fetched >= BATCH:
            continue
        await forget(runtime, settings)
        with suppress(TimeoutError):
            async with asyncio.timeout(bells.LOOK_SECONDS):
                await bells.cards.wait()


async def fetch(runtime: Runtime, settings: QueueSettings, vault: Vault) -> int:
    """Ask for what is missing, one batch; how many cards came. Nothing while booking is away."""
    async with runtime.pool.acquire(timeout=10) as connection:
        today = (await county_now(connection)).astimezone(settings.zone).date()
        last = today + timedelta(days=settings.card_days_ahead)
        missing = await sql.select_missing(connection, today, last, BATCH)
    if not missing:
        return 0
    cards = await _ask(runtime.http, settings, [row["booking_id"] for row in missing])
    rows = [
        (
            UUID(card.booking_id),
            card.version,
            vault.blind_index(CODE_PURPOSE, card.code.replace(" ", "")),
            bytes.fromhex(card.document_key) if card.document_key else None,
            vault.encrypt(card.model_dump_json(), CARD_PURPOSE),
        )
        for card in cards
    ]
    if rows:
        async with transaction(runtime.pool) as connection:
            await sql.upsert_cards(connection, rows)
    return len(rows)


async def _ask(http: httpx.AsyncClient, settings: QueueSettings, booking_ids: list[UUID]) -> tuple[Card, ...]:
    try:
        answer = await http.get(
            settings.booking_url.rstrip("/") + PATH,
            params=[("booking_id", str(each)) for each in booking_ids],
            headers={SERVICE_HEADER: settings.service_secret.get_secret_value()},
            timeout=settings.card_seconds,
        )
        requests.labels(str(answer.status_code)).inc()
        if answer.is_success:
            return Cards.model_validate_json(answer.content).items
    except httpx.HTTPError as error:
        requests.labels("none").inc()
        logger.info("cards_wait", error=type(error).__name__)
    except ValidationError:
        logger.error("cards_unreadable")  # noqa: TRY400  (the trace would repeat the values)
    await asyncio.sleep(AWAY_SECONDS)
    return ()


async def ask_document(http: httpx.AsyncClient, settings: QueueSettings, booking_id: UUID) -> DocumentNumber:
    """The number of a visitor's document, asked for once and kept nowhere. Raises DocumentNotKept or DocumentAway."""
    try:
        answer = await http.get(
            f"{settings.booking_url.rstrip('/')}{DOCUMENTS}/{booking_id}",
            headers={SERVICE_HEADER: settings.service_secret.get_secret_value()},
            timeout=settings.card_seconds,
        )
        requests.labels(str(answer.status_code)).inc()
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise problems.DocumentNotKept
        if answer.is_success:
            return DocumentNumber.model_validate_json(answer.content)
    except httpx.HTTPError as error:
        requests.labels("none").inc()
        logger.info("document_waits", error=type(error).__name__)
    except ValidationError:
        logger.error("document_unreadable")  # noqa: TRY400  (the trace would repeat the number)
    raise problems.DocumentAway


async def forget(runtime: Runtime, settings: QueueSettings) -> None:
    """Delete the cards of days that are over or closed, and empty those of bookings that were cancelled."""
    async with transaction(runtime.pool) as connection:
        today = (await county_now(connection)).astimezone(settings.zone).date()
        await sql.delete_old(connection, today, DELETE_BATCH)
        await sql.empty_cancelled(connection, DELETE_BATCH)
