"""Words and addresses of a message, sealed for the table and opened again. Each part opens as nothing else."""

from services.notifications.rendering import Words
from shared.privacy import Vault

ADDRESS = "message.address"
PHONE = "message.phone"
SUBJECT = "message.subject"
BODY = "message.body"


def seal_words(vault: Vault, words: Words) -> tuple[bytes, bytes]:
    """Subject and body, sealed."""
    return vault.encrypt(words.subject, SUBJECT), vault.encrypt(words.body, BODY)


def open_words(vault: Vault, subject: bytes, body: bytes) -> Words:
    """Subject and body; raises UnreadableValue."""
    return Words(subject=vault.decrypt(subject, SUBJECT), body=vault.decrypt(body, BODY))


def open_optional(vault: Vault, value: bytes | None, purpose: str) -> str | None:
    """A value that may have been forgotten, or never known; raises UnreadableValue."""
    return None if value is None else vault.decrypt(value, purpose)
