"""What a visitor sends, validated and brought into canonical form field by field.

Codes of fields, besides pydantic's own: `text_control_character`, `name_characters`, `phone_invalid`,
`phone_area`, `phone_region`, `email_invalid`, `party_size_range`, `document_required`, those of `documents` and
`codes`, and of the claim `document_birth_ahead`. A refused value is never repeated in an answer: it may be a document
number.
"""

import re
import unicodedata
from email.errors import MessageError
from email.headerregistry import Address
from typing import Annotated, Literal

import phonenumbers
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from services.booking.domain import codes
from shared.documents import DocumentType, canonical_number

DEFAULT_REGION = "CN"
MOBILE_DIGITS = 11
PARTY_SIZE_MAX = 50
"""No programme allows more; what the session allows is checked when the seat is claimed."""
ODD_IN_EMAIL = frozenset(' "()[]<>,;:\\')
"""What RFC 5322 allows in quotes, comments and address literals, and no visitor's address has."""
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Invisible characters that turn text around: on a staff's screen they could make it say something else."""


def _clean(text: str) -> str:
    """NFC without outer blanks. Refuses what no keyboard types: control characters, U+0000 above all."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text.isprintable() and any(
        unicodedata.category(each) in ("Cc", "Cs") or each in DIRECTIONS for each in text
    ):
        raise PydanticCustomError("text_control_character", "control characters cannot be part of a text")
    return text


def _one_line(text: str) -> str:
    """A text area's line breaks and tabs are blanks of one sentence."""
    return _clean(" ".join(text.replace("\t", "\n").splitlines()))


def _name(text: str) -> str:
    text = _clean(text)
    # Rare characters of names are newer than Python's tables (Cn), or stand in a private range (Co).
    if not any(unicodedata.category(each) in ("Cn", "Co") or each.isalpha() for each in text):
        raise PydanticCustomError("name_characters", "a name has at least one letter")
    return text


def _mobile_numbers() -> re.Pattern[str]:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(DEFAULT_REGION)
    if metadata is None or metadata.mobile is None:
        raise LookupError(DEFAULT_REGION)
    return re.compile(metadata.mobile.national_number_pattern or "", re.ASCII)


CHINA = 86
LOCAL_LANDLINE = re.compile(r"[2-8][0-9]{6,7}")
"""Seven or eight digits, as dialled within the town: the library takes them for a whole number."""
MOBILE = _mobile_numbers()
"""The library's own pattern. What it takes whole needs none of the forty microseconds that reading anything costs."""


def _phone(text: str) -> str:
    """The number as E.164: mobile, landline with area code, or foreign with its country's code."""
    text = unicodedata.normalize("NFKC", _clean(text))
    if len(text) == MOBILE_DIGITS and MOBILE.fullmatch(text):
        return f"+86{text}"
    try:
        number = phonenumbers.parse(text, DEFAULT_REGION)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise PydanticCustomError("phone_region", "no country has this code") from None
        raise PydanticCustomError("phone_invalid", "this is not a phone number") from None
    if number.country_code == CHINA and LOCAL_LANDLINE.fullmatch(str(number.national_number)):
        raise PydanticCustomError("phone_area", "a landline is called from elsewhere with its area code")
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise PydanticCustomError("phone_invalid", "no phone can have this number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def takes_texts(phone: str) -> bool:
    """Whether text messages can reach a canonical number: mobiles, and what may be one abroad."""
    if phone.startswith("+86") and MOBILE.fullmatch(phone[3:]):
        return True
    kind = phonenumbers.number_type(phonenumbers.parse(phone))
    return kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def _email(text: str) -> str:
    text = _clean(text)
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


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_clean)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_name)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_phone)]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254), AfterValidator(_email)]
Relation = Annotated[str, StringConstraints(max_length=30), AfterValidator(_clean)]
Note = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]
Code = Annotated[str, StringConstraints(max_length=20), AfterValidator(codes.parse_code)]
Digits = Annotated[str, StringConstraints(max_length=8), AfterValidator(codes.parse_digits)]
Int4 = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class Body(BaseModel):
    """A request's body. Unknown members are refused: a misspelt one would be lost without a word."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(Body):
    """What shows who the visitor is."""

    type: DocumentType
    number: Annotated[str, StringConstraints(max_length=40)]

    @field_validator("number")
    @classmethod
    def _canonical(cls, number: str, info: ValidationInfo) -> str:
        # Without a type the type's own error is told, and the number cannot be judged.
        return canonical_number(info.data["type"], number) if "type" in info.data else number


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
