"""Who comes: the visitor card as booking gives it, kept encrypted, and what a window sees of it."""

import unicodedata
from datetime import date
from typing import Literal

from services.queue.domain.views import Visitor
from shared.documents import DocumentType
from shared.events.base import State
from shared.privacy import UnreadableValue, Vault

CARD_PURPOSE = "queue.card"
CODE_PURPOSE = "queue.code"
SAID_PURPOSE = "queue.said"
REQUEST_PURPOSE = "queue.request"
"""Of what visitors said and were told."""
ELDERLY_YEARS = 70


class Proxy(State):
    """Whoever booked for the visitor."""

    name: str
    phone: str | None = None


class Card(State):
    """Who is to be received. A walk-in's has a name at most."""

    booking_id: str = ""
    name: str | None = None
    surname: str | None = None
    code: str = ""
    document_last4: str | None = None
    document_key: str | None = None
    """The blind index of the document, hexadecimal: equal for equal documents in every service."""
    born_on: date | None = None
    """Where the document tells it."""
    note: str | None = None
    raised_before: bool | None = None
    version: int = 0
    proxy: Proxy | None = None
    language: Literal["zh", "en"] = "zh"


class DocumentNumber(State):
    """What booking says of a visitor's document; kept nowhere here. Both are empty where none was shown."""

    kind: DocumentType | None = None
    number: str | None = None


class Cards(State):
    """Those of the cards asked for that there are."""

    items: tuple[Card, ...]


def code_digits(code: str) -> str:
    """The digits of a booking's code as it was typed: with blanks between, or full-width."""
    return "".join(each for each in unicodedata.normalize("NFKC", code) if each.isascii() and each.isdigit())


def born_on(sealed: bytes | None, vault: Vault) -> date | None:
    """When the visitor was born; None where the card is not here, does not open or does not tell it."""
    if sealed is None:
        return None
    try:
        return Card.model_validate_json(vault.decrypt(sealed, CARD_PURPOSE)).born_on
    except UnreadableValue:
        return None


def is_elderly(born: date | None, today: date) -> bool:
    """Whether somebody is 70 or older on a day, by which they are received ahead (绿色通道)."""
    if born is None:
        return False
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return today.year - born.year - (not had_birthday) >= ELDERLY_YEARS


def visitor_of(sealed: bytes | None, vault: Vault) -> Visitor:
    """Who comes, as the serving window sees it. Raises UnreadableValue where the key is not there."""
    if sealed is None:
        return Visitor()
    card = Card.model_validate_json(vault.decrypt(sealed, CARD_PURPOSE))
    return Visitor(
        name=card.name,
        surname=card.surname or (card.name[:1] if card.name else None),
        document_last4=card.document_last4,
        note=card.note,
        raised_before=card.raised_before,
        by_proxy=card.proxy is not None,
    )
