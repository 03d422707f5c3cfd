"""Between what a visitor said and what stands in the table: encryption, blind indexes, and back.

Each column is bound to its purpose, so that a phone's ciphertext does not open as a document's. The body's
hash is keyed too: a plain hash of a body that holds an ID number could be guessed back.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.booking.domain import codes, problems
from services.booking.domain.bookings import Person, Row, born_at
from services.booking.domain.claims import Channel, Claim
from services.booking.domain.requests import BookingRequest, Correction, Proxy
from shared.documents import index_type, is_person
from shared.notices import VERSIONS
from shared.privacy import Vault


def claim_of(  # noqa: PLR0913  (what a claim is made of)
    request: BookingRequest,
    *,
    channel: Channel,
    idempotency_key: str,
    vault: Vault,
    zone: ZoneInfo,
    account_id: UUID | None = None,
) -> Claim:
    """The claim that a request makes.

    Raises InvalidRequest where one online shows no document, or PrivacyVersionUnknown.
    """
    visitor, document = request.visitor, request.visitor.document
    if document is None and channel == "online":
        raise problems.InvalidRequest.of("/visitor/document", "document_required", "a document is needed to book")
    if request.privacy_version is not None and request.privacy_version not in VERSIONS:
        raise problems.PrivacyVersionUnknown
    return Claim(
        slot_id=request.slot_id,
        matter_id=request.matter_id,
        channel=channel,
        party_size=request.party_size,
        by_proxy=request.proxy is not None,
        language=request.language,
        raised_before=request.raised_before,
        code=codes.make_code(),
        idempotency_key=idempotency_key,
        body_hash=vault.blind_index("booking.body", f"{channel}:{request.model_dump_json()}"),
        document_type=document.type if document else None,
        document_key=vault.document_key(index_type(document.type), document.number) if document else None,
        person=is_person(document.type if document else None),
        born_at=born_at(document, zone),
        document=_seal(vault, document.number if document else None, "document"),
        name=vault.encrypt(visitor.name, "booking.name"),
        phone=_seal(vault, visitor.phone, "phone"),
        email=_seal(vault, visitor.email, "email"),
        proxy=_seal(vault, request.proxy.model_dump_json() if request.proxy else None, "proxy"),
        note=_seal(vault, request.note, "note"),
        privacy_version=request.privacy_version,
        account_id=account_id,
    )


def person_of(row: Row, vault: Vault) -> Person:
    """Who a row is about. Raises UnreadableValue where its key is not there."""
    proxy = _open(vault, row["proxy"], "proxy")
    return Person(
        name=vault.decrypt(row["name"], "booking.name"),
        document_type=row["document_type"],
        document=_open(vault, row["document"], "document"),
        phone=_open(vault, row["phone"], "phone"),
        email=_open(vault, row["email"], "email"),
        proxy=Proxy.model_validate_json(proxy) if proxy is not None else None,
        note=_open(vault, row["note"], "note"),
    )


def corrected(person: Person, wish: Correction, vault: Vault) -> tuple[dict[str, Any], bool]:
    """The columns that a correction changes, and whether they say who comes. Raises CorrectionOfPerson for another."""
    changes: dict[str, Any] = {}
    if wish.phone is not None and wish.phone != person.phone:
        changes["phone"] = vault.encrypt(wish.phone, "booking.phone")
    renamed = wish.name is not None and wish.name != person.name
    shown = wish.document
    another = shown is not None and (shown.type, shown.number) != (person.document_type, person.document)
    if renamed and another:
        raise problems.CorrectionOfPerson
    if wish.name is not None and renamed:
        changes["name"] = vault.encrypt(wish.name, "booking.name")
    if shown is not None and another:
        changes |= {
            "document": vault.encrypt(shown.number, "booking.document"),
            "document_type": shown.type,
            "document_key": vault.document_key(index_type(shown.type), shown.number),
        }
    return changes, renamed or another


@cache
def nobody(vault: Vault) -> Mapping[str, Any]:
    """A row of nobody's: opening it is the same work as opening somebody's, so that time does not tell them apart."""
    return {
        "name": vault.encrypt("无名氏", "booking.name"),
        "document_type": "resident_id",
        "document": _seal(vault, "0" * 18, "document"),
        "phone": _seal(vault, "+8600000000000", "phone"),
        "email": None,
        "proxy": None,
        "note": None,
    }


def person_lock(document_key: bytes) -> int:
    """The number of the advisory lock of a person, within Postgres' signed 64 bits."""
    return int.from_bytes(document_key[:8], "big", signed=True)


def _seal(vault: Vault, value: str | None, column: str) -> bytes | None:
    return None if value is None else vault.encrypt(value, f"booking.{column}")


def _open(vault: Vault, value: bytes | None, column: str) -> str | None:
    return None if value is None else vault.decrypt(value, f"booking.{column}")
