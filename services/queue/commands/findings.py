"""What a director does beyond a visitor's matter: findings and decisions. Their words are encrypted and stay here."""

from collections.abc import Mapping

from services.queue.commands.day import Day
from services.queue.domain import problems, requests
from services.queue.domain.people import SAID_PURPOSE
from services.queue.domain.tickets import Row
from services.queue.domain.windows import WindowDay
from services.queue.sql import days
from services.queue.sql import findings as sql
from services.queue.sql.closings import unconfirm_window
from shared.events import queue as events
from shared.messaging import outbox
from shared.privacy import Vault


async def note(day: Day, window: WindowDay, wish: requests.NoteFinding, key: str | None, vault: Vault) -> None:
    """Note what hurts, found without a visitor; sent again with the same key, it is the same.

    Raises IdempotencyKeyReused where the key stands on something else, which would be lost otherwise.
    """
    await _keep(day, window, key, vault, {"text": wish.text}, kind="finding", settled=wish.settled)


async def decide(day: Day, window: WindowDay, wish: requests.MakeDecision, key: str | None, vault: Vault) -> None:
    """Keep a decision with its scope and what it rests on; as `note`."""
    words = {"text": wish.text, "scope": wish.scope, "basis": wish.basis}
    await _keep(day, window, key, vault, words, kind="decision", settled=None)


async def _keep(
    day: Day, window: WindowDay, key: str | None, vault: Vault, words: Mapping[str, str | None], **facts: str | None
) -> None:
    _, there = window.received_by()
    sealed = {name: vault.encrypt(said, SAID_PURPOSE) if said else None for name, said in words.items()}
    where = {"session_id": day.session_id, "window_id": window.window_id, **facts}
    common = {
        "department_id": window.department_id,
        "official_id": there or window.official_id,
        "noted_at": day.now,
        "idempotency_key": key,
    }
    row = await sql.insert_finding(day.connection, {"scope": None, "basis": None, **common, **where, **sealed})
    if row is None:
        known = await sql.select_by_key(day.connection, key or "")
        said = {name: vault.decrypt(known[name], SAID_PURPOSE) if known[name] else None for name in words}
        if said != words or any(known[name] != fact for name, fact in where.items()):
            raise problems.IdempotencyKeyReused
        return
    # A window that had confirmed its day did more than it had confirmed.
    await unconfirm_window(day.connection, day.session_id, window.window_id)
    await outbox.append(day.connection, finding_event({**row, "venue_id": day.venue_id}))
    await days.count_change(day.connection, day.session_id)


def finding_event(row: Row) -> events.FindingEvent:
    """What is said of a finding or decision: id and kind, and no text."""
    event = events.FindingNoted if row["kind"] == "finding" else events.DecisionMade
    return event(
        version=row["version"],
        finding=events.Finding(
            finding_id=str(row["finding_id"]),
            session_id=row["session_id"],
            venue_id=row["venue_id"],
            window_id=row["window_id"],
            department_id=row["department_id"],
            official_id=row["official_id"],
            kind=row["kind"],
            settled=row["settled"],
        ),
    )
