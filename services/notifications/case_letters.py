"""Letters about cases: whoever raised one is told of the steps that concern them, by number, never by what was written.

As `delivery` does: claims in one transaction, asks cases and sends outside, records in another. A letter is planned
once for ever; a newer one of the same case makes an older one that still waits needless. It waits for the end of the
quiet hours, and for cases while that is away. Five tries; then it has failed: the hall calls back in any case.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from services.notifications import bells, domain
from services.notifications.channels import Answer, Letter, Sender
from services.notifications.domain import Language, LetterKind
from services.notifications.rendering import render_case
from services.notifications.settings import NotificationsSettings
from services.notifications.sql import cases as sql
from services.notifications.sql import projections
from shared.access import SERVICE_HEADER
from shared.application import Runtime
from shared.database import Connection, transaction
from shared.events.base import State
from shared.events.cases import Case, CaseEvent
from shared.events.roster import Venue

logger = structlog.get_logger(__name__)

PATH = "/internal/v1/case-cards"
BATCH = 50
AWAY_SECONDS = 15.0
KINDS: dict[str, LetterKind] = {
    "CaseRegistered": "case_registered",
    "CaseAccepted": "case_accepted",
    "CaseAnswered": "case_answered",
    "CaseUnreached": "case_unreached",
    "CaseClosed": "case_closed",
    "CaseExtended": "case_moved",
    "CaseDateSet": "case_moved",
    "CaseRecounted": "case_moved",
    "CaseSuspended": "case_moved",
    "CaseEscalated": "case_climbed",
    "CaseDecided": "case_decided",
    "CaseReopened": "case_reopened",
    "CaseMerged": "case_merged",
}
"""Which steps are told, by the event; what the citizen did themselves they know."""

letters = Counter("notifications_case_letters", "Letters about cases, by what became of them", ["kind", "state"])


class CaseCard(State):
    """Who raised a case, as cases knows them now. Never kept."""

    case_id: str
    spoken: str
    name: str | None = None
    phone: str | None = None
    phone_takes_texts: bool = True


class CaseCards(State):
    """Those of the cards asked for that there are."""

    items: tuple[CaseCard, ...]


async def follow(connection: Connection, event: CaseEvent, zone: ZoneInfo, correlation_id: str) -> int | None:
    """Keep a case's newer state, and plan the letter that its step calls for. The version replaced; None: not newer."""
    case = event.case
    replaced = await sql.upsert_case(connection, UUID(case.case_id), event.version, case.model_dump_json())
    if replaced is None:
        return None
    kind = kind_of(event)
    if kind is not None:
        now: datetime = replaced["now"]
        due_at = domain.quiet_until(now, zone) or now
        await sql.insert_letter(
            connection, UUID(case.case_id), event.version, kind, case.language, due_at, correlation_id
        )
    version: int = replaced["replaced_version"]
    return version


def kind_of(event: CaseEvent) -> LetterKind | None:
    """What the step makes known to whoever raised the case; None where they know it already."""
    if type(event).__name__ == "CaseClosed" and event.case.closing == "verified":
        return None  # they said so themselves
    return KINDS.get(type(event).__name__)


class CaseTeller:
    """Sends the letters about cases that are due, a batch at a time."""

    def __init__(self, runtime: Runtime, settings: NotificationsSettings, sender: Sender) -> None:
        self._runtime = runtime
        self._settings = settings
        self._sender = sender

    async def run(self) -> None:
        """Tell for ever."""
        await bells.work(bells.cases, self.step, BATCH)

    async def step(self) -> int:
        """Send one batch; how many letters are done with for now."""
        async with self._runtime.pool.acquire(timeout=10) as connection:
            rows = await sql.claim(connection, BATCH, self._settings.lease_seconds)
            wanted = sorted({Case.model_validate_json(row["case_state"]).venue_id for row in rows})
            venues = await projections.select_venues(connection, wanted) if rows else []
        if not rows:
            return 0
        cards = await self._cards(rows)
        if cards is None:
            await self._wait(rows)
            return 0
        halls = {row["id"]: Venue.model_validate_json(row["state"]) for row in venues}
        written = {row["letter_id"]: letter for row in rows if (letter := self._letter(row, cards, halls)) is not None}
        answers = dict(zip(written, await self._sender.send(list(written.values())), strict=True)) if written else {}
        await self._record(rows, answers)
        return len(rows)

    async def _cards(self, rows: Sequence[asyncpg.Record]) -> dict[str, CaseCard] | None:
        """Who raised these cases; None while cases is away."""
        settings = self._settings
        try:
            answer = await self._runtime.http.post(
                settings.cases_url.rstrip("/") + PATH,
                json={"case_ids": sorted({str(row["case_id"]) for row in rows})},
                headers={SERVICE_HEADER: settings.service_secret.get_secret_value()},
                timeout=settings.card_seconds,
            )
            if answer.status_code == HTTPStatus.OK:
                return {each.case_id: each for each in CaseCards.model_validate_json(answer.content).items}
            logger.info("case_cards_wait", status=answer.status_code)
        except httpx.HTTPError as error:
            logger.info("case_cards_wait", error=type(error).__name__)
        except ValidationError:
            logger.error("case_cards_unreadable")  # noqa: TRY400  (the trace would repeat names)
        return None

    def _letter(self, row: asyncpg.Record, cards: Mapping[str, CaseCard], halls: Mapping[str, Venue]) -> Letter | None:
        """What is to be sent; None where nobody can be reached by a text."""
        card = cards.get(str(row["case_id"]))
        if card is None or not card.phone or not card.phone_takes_texts:
            return None
        case, language = Case.model_validate_json(row["case_state"]), _language(row["language"])
        words = render_case(
            row["kind"],
            language,
            case,
            halls.get(case.venue_id),
            name=card.name or "",
            spoken=card.spoken,
            public_url=self._settings.public_url,
        )
        return Letter(
            message_id=row["letter_id"],
            to=card.phone,
            words=words,
            kind=row["kind"],
            language=language,
            about=str(row["case_id"]),
            sent_at=row["now"],
        )

    async def _wait(self, rows: Sequence[asyncpg.Record]) -> None:
        """Cases is away: that is no try."""
        later = [(row["letter_id"], domain.next_preparation(10, row["now"]), row["tries"] - 1) for row in rows]
        async with transaction(self._runtime.pool) as connection:
            await sql.postpone(connection, later)

    async def _record(self, rows: Sequence[asyncpg.Record], answers: Mapping[UUID, Answer]) -> None:
        settled: list[tuple[UUID, str, str | None]] = []
        later = []
        for row in rows:
            answer = answers.get(row["letter_id"])
            again_at = domain.next_try(row["tries"], row["now"])
            if answer is None:
                settled.append((row["letter_id"], "withdrawn", "no_address"))
            elif answer.outcome == "sent":
                settled.append((row["letter_id"], "sent", None))
            elif answer.outcome == "refused" or again_at is None:
                settled.append((row["letter_id"], "failed", answer.outcome))
            else:
                later.append((row["letter_id"], again_at, row["tries"]))
        kinds = {row["letter_id"]: row["kind"] for row in rows}
        async with transaction(self._runtime.pool) as connection:
            await sql.settle(connection, settled)
            await sql.postpone(connection, later)
        for letter_id, state, _ in settled:
            letters.labels(kinds[letter_id], state).inc()


def _language(said: str) -> Language:
    return "en" if said == "en" else "zh"
