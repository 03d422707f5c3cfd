"""Who raised a case, and what they wrote: sealed, each under its own purpose, and found by blind indexes alone."""

from services.cases.domain.views import Person
from shared.documents import index_type
from shared.events.base import State
from shared.privacy import UnreadableValue, Vault, mask_name, mask_number
from shared.visitors import Document

WORDS_PURPOSE = "cases.words"
PERSON_PURPOSE = "cases.person"
DIGITS_PURPOSE = "cases.digits"
PHONE_PURPOSE = "cases.phone"
LAST = 4


class Raiser(State):
    """Whoever raised it. A number of a document is not kept, for nobody needs it once its index is made."""

    name: str | None = None
    phone: str | None = None


def seal(text: str | None, vault: Vault) -> bytes | None:
    """What somebody wrote."""
    return None if text is None else vault.encrypt(text, WORDS_PURPOSE)


def open_words(sealed: bytes | None, vault: Vault) -> str | None:
    """What was written; None where it was forgotten, or its key is not there."""
    if sealed is None:
        return None
    try:
        return vault.decrypt(sealed, WORDS_PURPOSE)
    except UnreadableValue:
        return None


def seal_person(person: Raiser, vault: Vault) -> bytes | None:
    """Who it is, where anything of them is known."""
    return vault.encrypt(person.model_dump_json(), PERSON_PURPOSE) if person.name or person.phone else None


def person_of(sealed: bytes | None, vault: Vault, *, masked: bool) -> Person | None:
    """Who it is, as whoever asks may see it."""
    if sealed is None:
        return None
    try:
        person = Raiser.model_validate_json(vault.decrypt(sealed, PERSON_PURPOSE))
    except UnreadableValue:
        return None
    if not masked:
        return Person(name=person.name, phone=person.phone, masked=False)
    return Person(
        name=mask_name(person.name) if person.name else None,
        phone=mask_number(person.phone) if person.phone else None,
        masked=True,
    )


def person_key(document: Document | None, vault: Vault) -> bytes | None:
    """The blind index of a document, the same in all services."""
    return None if document is None else vault.document_key(index_type(document.type), document.number)


def phone_key(phone: str | None, vault: Vault) -> bytes | None:
    """The blind index of a phone; it tells who raises something again where no document was shown."""
    return None if phone is None else vault.blind_index(PHONE_PURPOSE, phone)


def digits_key(number: str, digits: str, vault: Vault) -> bytes:
    """The blind index of a case's number with the last four of its phone or document."""
    return vault.blind_index(DIGITS_PURPOSE, f"{number}:{digits}")


def digits_keys(number: str, vault: Vault, *values: str | None) -> list[bytes]:
    """By which four characters a case opens."""
    return [digits_key(number, each[-LAST:].upper(), vault) for each in values if each and len(each) >= LAST]
