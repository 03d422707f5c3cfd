"""What people type of a matter: lines and texts, each in one canonical form or refused with a stable code.

Codes: `text_control_character`, `text_empty`. Names, phones and documents stand in `shared.visitors`.
"""

import unicodedata
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of writing."""


def clean(text: str) -> str:
    """NFC without outer blanks, breaks as they are; not empty, no other control character, U+0000 above all.

    Nor one that turns the direction of what stands around it, on pages and on paper.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if any((unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t") or each in DIRECTIONS for each in text):
        raise PydanticCustomError("text_control_character", "control characters cannot be part of a text")
    if all(unicodedata.category(each)[0] in "CZ" and unicodedata.category(each) not in ("Cn", "Co") for each in text):
        raise PydanticCustomError("text_empty", "say something")
    return text


def of_this_age(day: date) -> date:
    """No day at either end of what a computer can count."""
    if not 1900 <= day.year <= 2200:  # noqa: PLR2004  (any century around ours)
        raise PydanticCustomError("date_impossible", "nobody means this day")
    return day


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(clean)]
Day = Annotated[date, AfterValidator(of_this_age)]
