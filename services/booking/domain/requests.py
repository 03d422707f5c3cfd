"""What a visitor sends, validated and brought into canonical form field by field.

Codes of fields, besides pydantic's own: those of `shared.visitors`, `email_invalid`, `party_size_range`,
`document_required`, those of `codes`, and of the claim `document_birth_ahead`. A refused value is never repeated in an
answer: it may be a document number.
"""

from email.errors import MessageError
from email.headerregistry import Address
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.booking.domain import codes
from shared.visitors import Body, Document, Name, Phone, clean

PARTY_SIZE_MAX = 50
"""No programme allows more; what the session allows is checked when the seat is claimed."""
ODD_IN_EMAIL = frozenset(' "()[]<>,;:\\')
"""What RFC 5322 allows in quotes, comments and address literals, and no visitor's address has."""


def _one_line(text: str) -> str:
    """A text area's line breaks and tabs are blanks of one sentence."""
    return clean(" ".join(text.replace("\t", "\n").splitlines()))


def _email(text: str) -> str:
    text = clean(text)
    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        raise PydanticCustomError("email_invalid", "this is not an email address") from None
    labels = address.domain.split(".")
    plain = text.isascii() and not ODD_IN_EMAIL.intersection(text)
    if not plain or not address.username or len(labels) < 2 or not all(labels):  # noqa: PLR2004  (name.country)
        raise PydanticCustomError("email_invalid", "this is not an email address")
    return text


def _party_size(number: int) -> int:
    if not 1 <= number <= PARTY_SIZE_MAX:
        raise PydanticCustomError("party_size_range", "so many persons cannot come with one booking")
    return number


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean)]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254), AfterValidator(_email)]
Relation = Annotated[str, StringConstraints(max_length=30), AfterValidator(clean)]
Note = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]
Code = Annotated[str, StringConstraints(max_length=20), AfterValidator(codes.parse_code)]
Digits = Annotated[str, StringConstraints(max_length=8), AfterValidator(codes.parse_digits)]
Int4 = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class Visitor(Body):
    """Who comes. For a firm the document is its credit code, the name that of the person who comes."""

    name: Name
    document: Document | None = None
    phone: Phone | None = None
    email: Email | None = None


class Proxy(Body):
    """Who books for somebody else: a relative, a village cadre, a helper."""

    name: Name
    relation: Relation = ""
    phone: Phone | None = None


class BookingRequest(Body):
    """A wish for a seat. Online the visitor's document is needed; the counter may book advice without."""

    slot_id: Int4
    matter_id: Identifier
    visitor: Visitor
    party_size: Annotated[
        int,
        Field(strict=True, json_schema_extra={"minimum": 1, "maximum": PARTY_SIZE_MAX}),
        AfterValidator(_party_size),
    ] = 1
    proxy: Proxy | None = None
    note: Note | None = None
    """What troubles the visitor, in one sentence."""
    raised_before: Annotated[bool, Field(strict=True)] | None = None
    language: Literal["zh", "en"] = "zh"
    privacy_version: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    """The version of the privacy notice that the visitor has read and accepted; none where none was shown."""


class CodeAndDigits(Body):
    """What opens a booking: its code, and the last four of the visitor's phone or document, or the proxy's phone."""

    code: Code
    digits: Digits


class Correction(CodeAndDigits):
    """What was wrong about who comes; what is left out stays."""

    name: Name | None = None
    document: Document | None = None
    phone: Phone | None = None


class CodeAlone(Body):
    """What opens a booking for the staff, who have its visitor before them: one without numbers has no other key."""

    code: Code
