"""Booking codes: eight digits, read aloud in two groups of four; see `shared.codes`."""

from shared import codes
from shared.codes import parse_digits as parse_digits
from shared.codes import spoken as spoken

DIGITS = 8


def make_code() -> str:
    """A new code. May be taken already: its uniqueness is the database's."""
    return codes.make_code(DIGITS)


def parse_code(text: str) -> str:
    """What somebody typed as a code. PydanticCustomError `code_format` or `code_check_character`."""
    return codes.parse_code(text, DIGITS)
