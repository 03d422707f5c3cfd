"""Delivery: claim in one transaction, send outside, record in another, as `preparation` does.

A claim is a lease: a worker that dies over it is followed by another, which marks the attempt as unknown. So a
letter is sent at least once; once only where the channel knows its id. Every attempt is a row of `delivery`.
Five tries, at once and after 1, 5, 30 minutes and 2 hours; then the message has failed, and somebody has to call.

A code for signing in is sent while its command waits (`deliver_code`): who asked for it looks at the phone now, and
hears at once where it could not be sent. It is kept, sent outside and marked, each by itself; the same command again
sends it again only where its sending is not known to have succeeded, under the same id.
"""

from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import structlog
from prometheus_client import Counter

from services.notifications import bells, commands, domain, sealing
from services.notifications.channels import Answer, Letter, Sender
from services.notifications.commands import failed, sent
from services.notifications.domain import Language
from services.notifications.rendering import render_code
from services.notifications.sql import codes, deliveries
from shared.application import Runtime
from shared.database import constraints, transaction
from shared.privacy import UnreadableValue, Vault
from shared.problems import IdempotencyKeyReused, InvalidRequest, Problem

logger = structlog.get_logger(__name__)

TRIES = len(domain.WAITS) + 1
CODE_MINUTES = 5
"""How long a code for signing in is good for, as its words say."""

unknown_deliveries = Counter(
    "notifications_unknown_deliveries",
    "Attempts whose end nobody knows: the recipient may have the message twice, where the channel does not know its id",
    ["channel"],
)


class CodeDead(Problem):
    """The code that is to be sent is good no more."""

    status = 409
    code = "code_dead"
    title = "This code is good no more."


class CodeNotDelivered(Problem):
    """The channel did not take the code."""

    status = 503
    code = "code_not_delivered"
    title = "The code could not be sent."


class Deliverer:
    """Sends what is prepared for one channel, a batch at a time."""

    def __init__(self, runtime: Runtime, vault: Vault, sender: Sender) -> None:
        self._runtime = runtime
        self._vault = vault
        self._sender = sender

    async def run(self) -> None:
        """Deliver for ever."""
        await bells.work(bells.deliveries[self._sender.channel], self.step, self._sender.batch)

    async def step(self) -> int:
        """Deliver one batch; how many letters there were."""
        sender = self._sender
        async with self._runtime.pool.acquire(timeout=10) as connection:
            rows = await deliveries.claim_deliveries(connection, sender.channel, sender.batch, sender.lease_seconds)
        if not rows:
            return 0
        unknown_deliveries.labels(sender.channel).inc(sum(row["unknown"] for row in rows))
        letters = {row["message_id"]: letter for row in rows if (letter := self._letter(row)) is not None}
        answers = dict(zip(letters, await sender.send(list(letters.values())), strict=True)) if letters else {}
        await self._record([(row, answers.get(row["message_id"], Answer("deferred", "not_sent"))) for row in rows])
        return len(rows)

    def _letter(self, row: asyncpg.Record) -> Letter | None:
        """What is to be sent. None for what killed too many workers, and for what no key opens."""
        if row["attempts"] > TRIES:
            return None
        try:
            return Letter(
                message_id=row["message_id"],
                to=self._vault.decrypt(row["address"], sealing.ADDRESS),
                words=sealing.open_words(self._vault, row["subject"], row["body"]),
                kind=row["kind"],
                language=row["language"],
                about=row["about"],
                sent_at=row["now"],
            )
        except UnreadableValue:
            logger.exception("message_unreadable", message=str(row["message_id"]))
            return None

    async def _record(self, answered: list[tuple[asyncpg.Record, Answer]]) -> None:
        retries, settlings, ends = [], [], []
        for row, answer in answered:
            ends.append((row["message_id"], row["attempts"], answer.outcome, answer.detail))
            again_at = domain.next_try(row["attempts"], row["now"])
            if answer.outcome == "sent":
                settlings.append(sent(row["message_id"]))
            elif answer.outcome == "refused":
                settlings.append(failed(row["message_id"], "refused"))
            elif again_at is None:
                settlings.append(failed(row["message_id"], "tries_exhausted"))
            else:
                retries.append((row["message_id"], row["attempts"], again_at))
            if answer.outcome == "unknown":
                unknown_deliveries.labels(self._sender.channel).inc()
            if answer.outcome != "sent":
                logger.warning(
                    "message_not_delivered",
                    message=str(row["message_id"]),
                    correlation_id=row["correlation_id"],
                    attempt=row["attempts"],
                    outcome=answer.outcome,
                    detail=answer.detail,
                )
        async with transaction(self._runtime.pool) as connection:
            await deliveries.end_deliveries(connection, ends)
            if retries:
                await deliveries.retry(connection, retries)
            await commands.settle(connection, settlings)
        self._runtime.published()


@dataclass(frozen=True)
class CodeWish:
    """A code that is to be sent to a phone."""

    phone: str
    """Canonical."""
    code: str = field(repr=False)
    language: Language
    expires_at: datetime

    def said(self) -> str:
        """All of it, for a digest."""
        return f"{self.phone}:{self.code}:{self.language}:{self.expires_at.isoformat()}"


async def deliver_code(runtime: Runtime, vault: Vault, sender: Sender, wish: CodeWish, key: str) -> None:
    """Send a code, once for one key. Raises CodeDead, IdempotencyKeyReused or CodeNotDelivered."""
    command, said = vault.blind_index("code.command", key), vault.blind_index("code.said", wish.said())
    words = render_code(wish.code, wish.language, CODE_MINUTES)
    subject, body = sealing.seal_words(vault, words)
    async with transaction(runtime.pool) as connection:
        with constraints({"code_message_short_lived": InvalidRequest}):
            kept = await codes.keep(
                connection,
                command=command,
                said=said,
                language=wish.language,
                address=vault.encrypt(wish.phone, sealing.ADDRESS),
                subject=subject,
                body=body,
                expires_at=wish.expires_at,
            )
        kept = kept or await codes.select(connection, command)
    if kept is None:
        raise CodeDead
    if kept["said"] != said:
        raise IdempotencyKeyReused
    if kept["sent_at"] is not None:
        return
    letter = Letter(
        message_id=kept["message_id"],
        to=wish.phone,
        words=words,
        kind="sign_in_code",
        language=wish.language,
        about="",
        sent_at=kept["kept_at"],
    )
    (answer,) = await sender.send([letter])
    if answer.outcome != "sent":
        logger.warning("code_not_delivered", message=str(letter.message_id), outcome=answer.outcome)
        raise CodeNotDelivered
    async with transaction(runtime.pool) as connection:
        await codes.record_sent(connection, letter.message_id)
