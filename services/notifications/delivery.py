"""Delivery: claim in one transaction, send outside, record in another, as `preparation` does.

A claim is a lease: a worker that dies over it is followed by another, which marks the attempt as unknown. So a
letter is sent at least once; once only where the channel knows its id. Every attempt is a row of `delivery`.
Five tries, at once and after 1, 5, 30 minutes and 2 hours; then the message has failed, and somebody has to call.
"""

import asyncpg
import structlog
from prometheus_client import Counter

from services.notifications import bells, commands, domain, sealing
from services.notifications.channels import Answer, Letter, Sender
from services.notifications.commands import failed, sent
from services.notifications.sql import deliveries
from shared.application import Runtime
from shared.database import transaction
from shared.privacy import UnreadableValue, Vault

logger = structlog.get_logger(__name__)

TRIES = len(domain.WAITS) + 1

unknown_deliveries = Counter(
    "notifications_unknown_deliveries",
    "Attempts whose end nobody knows: the recipient may have the message twice, where the channel does not know its id",
    ["channel"],
)


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
