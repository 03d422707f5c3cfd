"""What staff may read: the console's box, whom nobody reached; how far behind we are; and what is held of a person."""

from collections.abc import Sequence
from datetime import datetime, time
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from services.notifications import sealing
from services.notifications.domain import Failure, Kind, Language, LetterKind, Recipient, mask_address
from services.notifications.sql import deliveries, messages
from shared.database import Connection
from shared.privacy import Vault
from shared.problems import Problem
from shared.rights.requests import ExportAnswer, ExportSection, PersonOrder


class CallUnknown(Problem):
    """There is no such entry on the call list."""

    status = 404
    code = "call_unknown"
    title = "Nobody has to be called about this message."


class Channels(BaseModel):
    """How visitors are told."""

    mail: bool
    """Whether whoever leaves a mail address is written to there, instead of to the phone."""
    quiet_from: time
    """The county's clock. From then on nobody is told anything but moves and cancellations of the next 24 hours."""
    quiet_until: time


class ConsoleMessage(BaseModel):
    """A message in the console's box."""

    message_id: str
    kind: LetterKind
    language: Language
    to: str
    """Masked."""
    subject: str
    body: str
    about: str
    """Id of the booking; empty of a code for signing in, which is shown only while it lives."""
    sent_at: datetime


class ConsoleMessages(BaseModel):
    """The newest first."""

    items: list[ConsoleMessage]
    waiting: int = 0
    """Messages that the quiet hours hold. Reminders, which wait for their evening, are not counted."""
    waiting_until: datetime | None = None
    """When the first of them may go."""


class Call(BaseModel):
    """Somebody whom no message reached."""

    message_id: str
    kind: Kind
    recipient: Recipient
    language: Language
    about: str
    """Id of the booking."""
    starts_at: datetime
    """When the visit begins, or would have begun."""
    reason: Failure
    attempts: int
    to: str | None
    """Where it was sent to, masked; none where there was no address."""
    phone: str | None
    """Masked; none where none is known."""
    failed_at: datetime


class Calls(BaseModel):
    """What the hall itself changed first, then by the time of the visit."""

    items: list[Call]


class CallDetails(Call):
    """An entry with everything that the caller needs, unmasked: looking at it is logged."""

    subject: str | None
    body: str | None


async def console_messages(connection: Connection, vault: Vault, limit: int) -> ConsoleMessages:
    """The newest messages in the console's box."""
    rows = await deliveries.select_console_messages(connection, limit)
    held = await messages.select_held(connection)
    return ConsoleMessages(
        items=[_console_message(row, vault) for row in rows], waiting=held["count"], waiting_until=held["until"]
    )


def _console_message(row: asyncpg.Record, vault: Vault) -> ConsoleMessage:
    words = sealing.open_words(vault, row["subject"], row["body"])
    return ConsoleMessage(
        message_id=str(row["message_id"]),
        kind=row["kind"],
        language=row["language"],
        to=mask_address(vault.decrypt(row["address"], sealing.ADDRESS)),
        subject=words.subject,
        body=words.body,
        about=row["about"],
        sent_at=row["sent_at"],
    )


async def calls(connection: Connection, vault: Vault, limit: int) -> Calls:
    """Whom somebody has to call."""
    rows = await messages.select_call_list(connection, limit)
    return Calls(items=[_call(row, vault, masked=True) for row in rows])


async def call(connection: Connection, vault: Vault, message_id: UUID) -> CallDetails:
    """One entry, unmasked. Raises CallUnknown."""
    row = await messages.select_failed(connection, message_id)
    if row is None:
        raise CallUnknown
    shown = _call(row, vault, masked=False)
    return CallDetails(
        **shown.model_dump(),
        subject=sealing.open_optional(vault, row["subject"], sealing.SUBJECT),
        body=sealing.open_optional(vault, row["body"], sealing.BODY),
    )


async def overdue_seconds(connection: Connection) -> float:
    """How long the most overdue message has been waiting for its turn, in seconds of county time; 0 if none is."""
    return await messages.overdue_seconds(connection)


async def aggregate_ids(connection: Connection, after: str | None, limit: int) -> Sequence[str]:
    """The next ids of messages that were told of, for `republish`."""
    found = await messages.select_said_ids(connection, UUID(after) if after else UUID(int=0), limit)
    return [str(each) for each in found]


def _call(row: asyncpg.Record, vault: Vault, *, masked: bool) -> Call:
    to = sealing.open_optional(vault, row["address"], sealing.ADDRESS)
    phone = sealing.open_optional(vault, row["phone"], sealing.PHONE)
    return Call(
        message_id=str(row["message_id"]),
        kind=row["kind"],
        recipient=row["recipient"],
        language=row["language"],
        about=row["about"],
        starts_at=row["starts_at"],
        reason=row["reason"],
        attempts=row["attempts"],
        to=mask_address(to) if to and masked else to,
        phone=mask_address(phone) if phone and masked else phone,
        failed_at=row["settled_at"],
    )


EXPORTED = ("kind", "recipient", "channel", "state", "reason", "queued_at", "settled_at")
EXPORTED_MOST = 1000


async def export(connection: Connection, order: PersonOrder, vault: Vault) -> ExportAnswer:
    """What was told to a person about their bookings; where somebody who booked for them is reached stays theirs."""
    rows = await messages.lock_about(connection, [str(each) for each in order.booking_ids], EXPORTED_MOST)
    items = []
    for row in rows:
        shown = {name: row[name] for name in EXPORTED if row[name] is not None}
        if row["recipient"] == "visitor":
            shown["address"] = sealing.open_optional(vault, row["address"], sealing.ADDRESS)
        shown["subject"] = sealing.open_optional(vault, row["subject"], sealing.SUBJECT)
        shown["body"] = sealing.open_optional(vault, row["body"], sealing.BODY)
        items.append({name: value for name, value in shown.items() if value is not None})
    return ExportAnswer(service="notifications", sections=[ExportSection(name="messages", items=items)])
