"""What people write of themselves: names, phones, documents, each in one canonical form or refused with a stable code.

Codes: `text_control_character`, `name_characters`, `phone_invalid`, `phone_area`, `phone_region`, and those of
`documents`. A refused value is never repeated in an answer: it may be a document number.
"""

import re
import unicodedata
from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, field_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from shared.documents import DocumentType, canonical_number

DEFAULT_REGION = "CN"
MOBILE_DIGITS = 11
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Invisible characters that turn text around: on a staff's screen they could make it say something else."""


def clean(text: str) -> str:
    """NFC without outer blanks. Refuses what no keyboard types: control characters, U+0000 above all."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text.isprintable() and any(
        unicodedata.category(each) in ("Cc", "Cs") or each in DIRECTIONS for each in text
    ):
        raise PydanticCustomError("text_control_character", "control characters cannot be part of a text")
    return text


def _name(text: str) -> str:
    text = clean(text)
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
    text = unicodedata.normalize("NFKC", clean(text))
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


Name = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_name)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_phone)]


class Body(BaseModel):
    """A request's body. Unknown members are refused: a misspelt one would be lost without a word."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(Body):
    """What shows who somebody is."""

    type: DocumentType
    number: Annotated[str, StringConstraints(max_length=40)]

    @field_validator("number")
    @classmethod
    def _canonical(cls, number: str, info: ValidationInfo) -> str:
        # Without a type the type's own error is told, and the number cannot be judged.
        return canonical_number(info.data["type"], number) if "type" in info.data else number
