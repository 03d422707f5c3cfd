"""Codes by which citizens sign in: what they are, what is kept of them, and what is asked and answered.

A code is six digits, good for five minutes, five tries and once; a new one voids the one before. What is kept is a
digest under the installation's key, bound to the phone: of a million codes a plain one would be guessed back at once.
"""

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.accounts.domain.requests import Secret
from shared.privacy import Vault
from shared.visitors import Body, Phone, takes_texts

CODE_DIGITS = 6
CODE_MINUTES = 5
CODE_TRIES = 5
CODE = "accounts.citizen-code"
PHONE_INDEX = "accounts.phone"


def _takes_texts(phone: str) -> str:
    if not takes_texts(phone):
        raise PydanticCustomError("phone_takes_no_texts", "a landline takes no text messages")
    return phone


def _typed(code: str) -> str:
    """A code without the blanks and full-width digits that people type."""
    return "".join(unicodedata.normalize("NFKC", code).split())


Mobile = Annotated[Phone, AfterValidator(_takes_texts)]
TypedCode = Annotated[str, StringConstraints(min_length=1, max_length=32), AfterValidator(_typed)]


class CodeWish(Body):
    """Whom a code is to be sent to."""

    phone: Mobile
    language: Literal["zh", "en"] = "zh"


class CodeSent(BaseModel):
    """A code is on its way, to whomever: the answer is the same for a phone that was never seen."""

    minutes: int = CODE_MINUTES
    """How long it is good for."""


class CitizenSignIn(Body):
    """Phone and code."""

    phone: Mobile
    code: TypedCode


class Renewal(Body):
    """What `SignedIn.renewal` said."""

    renewal: Secret = Field(min_length=32, max_length=64)


@dataclass(frozen=True)
class SentCode:
    """A code on its way."""

    phone: str = field(repr=False)
    code: str = field(repr=False)
    language: str
    expires_at: datetime
    key: str
    """Names this one command, for whoever is asked twice."""


def make_code() -> str:
    """Any of a million, each as likely."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def digest(vault: Vault, phone_key: bytes, code: str) -> bytes:
    """What is kept of a code, and compared."""
    return vault.blind_index(CODE, f"{phone_key.hex()}:{code}")


def phone_key(vault: Vault, phone: str) -> bytes:
    """By what a canonical phone is found."""
    return vault.blind_index(PHONE_INDEX, phone)
