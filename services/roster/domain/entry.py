"""What every entry of a programme pack is made of: ids, words in two languages, and refusal of the unknown."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

ID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::00)?")


class Entry(BaseModel):
    """A part of a pack. A field that is not known is an error: it is a typing mistake, and would be lost."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, populate_by_name=True)


def _printable(text: str) -> str:
    if any(each < " " and each not in "\n\t" for each in text) or "\x7f" in text:
        raise ValueError("holds a control character")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("must stand on one line")
    return _printable(text)


def _clock(value: object) -> object:
    if isinstance(value, str) and not _CLOCK.fullmatch(value):
        raise ValueError('must be a time of day such as "09:00"')
    if isinstance(value, int | float):
        raise ValueError('must be a time of day in quotes, such as "09:00"')  # noqa: TRY004  (pydantic collects these)
    return value


def _day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("must be a date such as 2026-01-04")


Id = Annotated[str, Field(pattern=ID_PATTERN, max_length=64)]
"""Lower-case letters, digits and single hyphens."""
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
"""A name or title."""
OptionalLine = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Paragraph = Annotated[str, Field(max_length=1000), AfterValidator(_printable)]
"""Free text for the reader; empty where there is nothing to say."""
Clock = BeforeValidator(_clock)
"""Refuses the numbers that pydantic would take for a time of day."""

Day = Annotated[date, BeforeValidator(_day)]
"""A date as it is written, never a number of seconds."""


class Name(Entry):
    """What something is called, in both languages."""

    zh: Line
    en: Line


class Words(Entry):
    """A text in both languages."""

    zh: Paragraph = ""
    en: Paragraph = ""


class Place(Entry):
    """Where something is, in both languages."""

    zh: OptionalLine = ""
    en: OptionalLine = ""
