"""The preparer: what is due gets its words and its address, from the visitor card of this moment.

Claims in one transaction, asks booking outside, records in another. What it cannot prepare, for booking is away
or an event is still on its way, it looks at again later; when the visit's time comes it is given up. What fails in a
way that nobody foresaw is tried five times with growing waits; then it has failed, and somebody has to call. What is no
longer true is withdrawn. A prepared message holds for a minute and for one version of what it stands on, its booking
and for a message of the day visit and window: after that, and before every further try, it is prepared anew, so that
nothing goes out on old knowledge.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, get_args
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter

from services.notifications import bells, cards, commands, domain, sealing
from services.notifications.cards import Answer, CardUnavailable
from services.notifications.commands import Settling, failed, told_of, withdrawn
from services.notifications.domain import Address, Failure, Today, Told, VisitorCard
from services.notifications.memory import Roster
from services.notifications.rendering import Facts, FactsMissing, Words, render
from services.notifications.settings import NotificationsSettings
from services.notifications.sql import messages
from shared.application import Runtime
from shared.database import Connection, transaction
from shared.events.booking import Booking
from shared.events.queue import Visit, WindowDay
from shared.privacy import Vault

logger = structlog.get_logger(__name__)

BATCH = 50

preparation_failures = Counter(
    "notifications_preparation_failures", "Times that preparing a message failed in a way that nobody foresaw", ["kind"]
)


@dataclass(frozen=True)
class _Prepared:
    row: Sequence[Any]
    """As `record_prepared` takes it."""


@dataclass(frozen=True)
class _Later:
    """Something is missing now, or failed."""

    message_id: UUID
    at: datetime
    failures: int


@dataclass(frozen=True)
class _Held:
    """The quiet hours hold it."""

    message_id: UUID
    until: datetime


@dataclass(frozen=True)
class _Settled:
    settling: Settling
    words: Words | None = None
    """For whoever calls instead."""
    phone: bytes | None = None
    """Encrypted, as above."""


class _EventOnItsWay(Exception):  # noqa: N818  (a state, soon over)
    """Booking has a newer version than the last that it was heard to say."""


_Outcome = _Prepared | _Later | _Held | _Settled


def _today(row: asyncpg.Record) -> Today:
    """What is known of the day, for a message that tells of it."""
    return Today(
        visit=Visit.model_validate_json(row["visit"]) if row["visit"] else None,
        window=WindowDay.model_validate_json(row["window_day"]) if row["window_day"] else None,
    )


class Preparer:
    """Prepares the messages that are due, a batch at a time."""

    def __init__(self, runtime: Runtime, settings: NotificationsSettings, vault: Vault) -> None:
        self._runtime = runtime
        self._settings = settings
        self._vault = vault
        self._roster = Roster()

    async def run(self) -> None:
        """Prepare for ever."""
        await bells.work(bells.preparation, self.step, BATCH, gather_seconds=bells.GATHER_SECONDS)

    async def step(self) -> int:
        """Prepare one batch; how many messages are done with for now."""
        async with self._runtime.pool.acquire(timeout=10) as connection:
            rows = await messages.claim_unprepared(connection, BATCH, self._settings.lease_seconds)
            await self._roster.refresh(connection, rows)
        if not rows:
            return 0
        certain = [(row, self._guarded(row, self._certain)) for row in rows]
        wanted = {row["about"]: row["correlation_id"] for row, outcome in certain if outcome is None}
        answers = await cards.fetch(self._runtime.http, self._settings, wanted) if wanted else {}
        by_card = partial(self._by_card, answers=answers)
        outcomes = [outcome or self._guarded(row, by_card, answers.get(row["about"])) for row, outcome in certain]
        async with transaction(self._runtime.pool) as connection:
            await self._record(connection, [each for each in outcomes if each is not None])
        self._runtime.published()
        for bell in bells.deliveries.values():
            bell.set()
        return sum(not isinstance(each, _Later) for each in outcomes)

    def _guarded(
        self, row: asyncpg.Record, decide: Callable[[asyncpg.Record], _Outcome | None], card: Answer = None
    ) -> _Outcome | None:
        """What `decide` says; later, where something is missing or fails: one message never holds up the others."""
        with structlog.contextvars.bound_contextvars(correlation_id=row["correlation_id"]):
            try:
                return decide(row)
            except (CardUnavailable, FactsMissing, _EventOnItsWay) as error:
                logger.info("message_waits", message=str(row["message_id"]), error=f"{type(error).__name__}: {error}")
            except Exception:
                preparation_failures.labels(row["kind"]).inc()
                logger.exception("message_not_prepared", message=str(row["message_id"]))
                return self._after_failure(row, card)
        at = domain.next_preparation(row["preparations"], row["now"])
        return _Later(row["message_id"], at, row["preparation_failures"])

    def _after_failure(self, row: asyncpg.Record, card: Answer) -> _Outcome:
        """Later, with growing waits; after the last one somebody has to call, at the phone on the card if one came."""
        message_id, failures = row["message_id"], row["preparation_failures"] + 1
        again_at = domain.next_preparation_after_failure(failures, told_of(row), row["now"])
        if again_at is not None:
            return _Later(message_id, again_at, failures)
        logger.error("message_given_up", message=str(message_id), failures=failures)
        phone = None
        with suppress(Exception):  # whatever is broken, the message comes onto the call list
            if isinstance(card, VisitorCard) and card.phone:
                phone = self._vault.encrypt(card.phone, sealing.PHONE)
        return _Settled(failed(message_id, "not_prepared"), phone=phone)

    def _certain(self, row: asyncpg.Record) -> _Outcome | None:
        """What is certain without the visitor card; None where it is needed."""
        told, message_id, now = told_of(row), row["message_id"], row["now"]
        booking = Booking.model_validate_json(row["booking"])
        if not domain.still_true(told, booking, row["booking_version"]):
            return _Settled(withdrawn(message_id, "no_longer_true"))
        if told.kind in domain.OF_THE_DAY and not self._true_today(row, told, booking):
            return _Settled(withdrawn(message_id, "no_longer_true"))
        if domain.too_late(told, now):
            by_the_hall = told.kind in domain.BY_THE_HALL
            return _Settled(failed(message_id, "too_late") if by_the_hall else withdrawn(message_id, "too_late"))
        may_go_at = domain.may_go_at(told, now, self._settings.zone)
        return _Held(message_id, may_go_at) if may_go_at > now else None

    @staticmethod
    def _true_today(row: asyncpg.Record, told: Told, booking: Booking) -> bool:
        """Whether a message of the day still holds, and no newer one says more."""
        return not row["superseded"] and domain.still_true_today(told, booking, _today(row), row["now"])

    def _by_card(self, row: asyncpg.Record, *, answers: Mapping[str, Answer]) -> _Outcome:
        """What the visitor card makes of it."""
        told, card = told_of(row), answers[row["about"]]
        if isinstance(card, CardUnavailable):
            raise card
        if card is None:
            return _Settled(withdrawn(row["message_id"], "booking_gone"))
        if not domain.agrees(told, card):
            return _Settled(withdrawn(row["message_id"], "no_longer_true"))
        if card.version > row["booking_version"]:
            raise _EventOnItsWay(f"version {card.version}")
        return self._with_card(row, told, card)

    def _with_card(self, row: asyncpg.Record, told: Told, card: VisitorCard) -> _Outcome:
        message_id, now, zone = row["message_id"], row["now"], self._settings.zone
        address = domain.address(card, row["recipient"], mail=self._settings.mail)
        if not isinstance(address, Address) and address not in get_args(Failure):
            return _Settled((message_id, "withdrawn", address))
        facts = Facts(
            told=told,
            recipient=row["recipient"],
            language=row["language"],
            booking=Booking.model_validate_json(row["booking"]),
            session=self._roster.sessions[row["session_id"]],
            venue=self._roster.venues[row["venue_id"]],
            matter=self._roster.matters[row["matter_id"]],
            card=card,
            today=_today(row),
        )
        words = render(facts, now=now, zone=zone, public_url=self._settings.public_url)
        phone = self._vault.encrypt(card.phone, sealing.PHONE) if card.phone else None
        if not isinstance(address, Address):
            return _Settled((message_id, "failed", address), words, phone)
        good_until = domain.good_until(told, now, zone)
        sealed_address = self._vault.encrypt(address.value, sealing.ADDRESS)
        subject, body = sealing.seal_words(self._vault, words)
        return _Prepared((message_id, address.channel, sealed_address, phone, subject, body, row["ground"], good_until))

    async def _record(self, connection: Connection, outcomes: Sequence[_Outcome]) -> None:
        later = [(each.message_id, each.at, each.failures) for each in outcomes if isinstance(each, _Later)]
        held = [(each.message_id, each.until) for each in outcomes if isinstance(each, _Held)]
        prepared = [each.row for each in outcomes if isinstance(each, _Prepared)]
        settled = [each for each in outcomes if isinstance(each, _Settled)]
        if later:
            await messages.postpone(connection, later)
        if held:
            await messages.hold(connection, held)
        if prepared:
            rows = await messages.record_prepared(connection, prepared)
            await commands.say(connection, [row for row in rows if not row["said"]])
        for one in settled:
            if one.words is not None:
                subject, body = sealing.seal_words(self._vault, one.words)
                await messages.keep_words(connection, one.settling[0], subject, body)
            if one.phone is not None:
                await messages.keep_phone(connection, one.settling[0], one.phone)
        await commands.settle(connection, [one.settling for one in settled])
