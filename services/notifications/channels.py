"""The ways to a recipient: the console's box, and mail.

Both recognise a message by its id: the box by its key, a mail server's reader by the Message-ID, which is the same
at every try. What a channel says of a letter is `sent`, `deferred` (try again), `refused` (trying again would not
help), or `unknown`: the line was lost, and it may have arrived.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime
from typing import Final, Literal, Protocol
from uuid import UUID

import aiosmtplib

from services.notifications import sealing
from services.notifications.domain import Channel, Language, LetterKind
from services.notifications.rendering import Words
from services.notifications.settings import NotificationsSettings
from services.notifications.sql import deliveries
from shared.database import Pool
from shared.privacy import Vault

LANES = 4
"""Connections to the mail server at once."""
LETTERS_A_LANE = 4
CLOSING_SECONDS = 10.0
FINAL = 500
"""SMTP's refusals from here on stay as they are."""
LOCALES: Final[dict[Language, str]] = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class Letter:
    """A message on its way."""

    message_id: UUID
    to: str
    words: Words
    kind: LetterKind
    language: Language
    about: str
    sent_at: datetime


@dataclass(frozen=True)
class Answer:
    """What became of a letter. `detail` is a code or a word, never the other side's text: it repeats addresses."""

    outcome: Literal["sent", "deferred", "refused", "unknown"]
    detail: str = ""


class Sender(Protocol):
    """A channel."""

    channel: Channel
    batch: int
    """Letters at a time."""
    lease_seconds: float
    """By then a batch is through, whatever happens."""

    async def send(self, letters: Sequence[Letter]) -> list[Answer]:
        """Send letters; an answer for each, in their order."""
        ...


class Console:
    """Puts letters into a table, where operators can read them. Stands for text messages until there is a provider."""

    channel: Channel = "console"
    batch = 100

    def __init__(self, pool: Pool, vault: Vault, lease_seconds: float) -> None:
        self._pool = pool
        self._vault = vault
        self.lease_seconds = lease_seconds

    async def send(self, letters: Sequence[Letter]) -> list[Answer]:
        """Put letters into the box: a commit of its own, as a provider's would be."""
        rows = [
            (
                each.message_id,
                self._vault.encrypt(each.to, sealing.ADDRESS),
                *sealing.seal_words(self._vault, each.words),
                each.kind,
                each.language,
                each.about,
            )
            for each in letters
        ]
        async with self._pool.acquire(timeout=10) as connection:
            await deliveries.insert_console_messages(connection, rows)
        return [Answer("sent")] * len(letters)


class Mail:
    """Hands letters to the county's mail server."""

    channel: Channel = "email"
    batch = LANES * LETTERS_A_LANE

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings
        self._tls = _trust(settings)
        self.lease_seconds = (settings.smtp_seconds + CLOSING_SECONDS) * LETTERS_A_LANE + settings.lease_seconds

    async def send(self, letters: Sequence[Letter]) -> list[Answer]:
        """Send over a few connections, each letter after the other."""
        lanes = [range(first, len(letters), LANES) for first in range(min(LANES, len(letters)))]
        answers = await asyncio.gather(*(self._lane([letters[each] for each in lane]) for lane in lanes))
        found = [Answer("deferred")] * len(letters)
        for lane, answered in zip(lanes, answers, strict=True):
            for place, answer in zip(lane, answered, strict=True):
                found[place] = answer
        return found

    async def _lane(self, letters: Sequence[Letter]) -> list[Answer]:
        answers: list[Answer] = []
        client: aiosmtplib.SMTP | None = None
        for letter in letters:
            try:
                message = write(letter, self._settings.smtp_sender)
            except ValueError:
                answers.append(Answer("refused", "address_unusable"))
                continue
            if client is None or not client.is_connected:
                client = self._client()
                refusal = await self._connect(client)
                if refusal is not None:
                    answers.append(refusal)
                    continue
            answers.append(await self._hand_over(client, message))
        if client is not None and client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await client.quit()
            client.close()
        return answers

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            tls_context=self._tls,
            timeout=settings.smtp_seconds,
            local_hostname=_domain(settings.smtp_sender),
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> Answer | None:
        """Connect and sign in; what to answer where that fails. It is always worth trying again."""
        try:
            async with asyncio.timeout(self._settings.smtp_seconds):
                await client.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Answer("deferred", _word(error))
        return None

    async def _hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage) -> Answer:
        try:
            async with asyncio.timeout(self._settings.smtp_seconds):
                await client.send_message(message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            answer = _judged(error)
            if answer.outcome == "unknown":
                client.close()
            return answer
        return Answer("sent")


def _judged(error: Exception) -> Answer:
    """What a failed handing over means for the letter."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return Answer("refused" if first.code >= FINAL else "deferred", _word(first))
        case aiosmtplib.SMTPDataError(code=code):
            return Answer("refused" if code >= FINAL else "deferred", _word(error))
        case aiosmtplib.SMTPNotSupported() | ValueError():
            return Answer("refused", "address_unusable")
        case aiosmtplib.SMTPResponseException():
            return Answer("deferred", _word(error))  # what it says of the sender, or of us, the operator mends
        case _:
            return Answer("unknown", _word(error))


def write(letter: Letter, sender: str) -> EmailMessage:
    """A letter as mail. Raises ValueError for an address that no mail can have."""
    message = EmailMessage(policy=LINES)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.words.subject
    message["Date"] = format_datetime(letter.sent_at)
    message["Message-ID"] = f"<{letter.message_id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = LOCALES[letter.language]
    message.set_content(letter.words.body, cte="base64")
    return message


def _domain(address: str) -> str:
    return address.rpartition("@")[2].rstrip("> ")


def _trust(settings: NotificationsSettings) -> ssl.SSLContext | None:
    if settings.smtp_security == "none":
        return None
    return ssl.create_default_context(cafile=str(settings.smtp_ca_file) if settings.smtp_ca_file else None)


def _word(error: Exception) -> str:
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code is not None else type(error).__name__
