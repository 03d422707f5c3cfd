"""Booking codes: eight digits, read aloud in two groups of four, the last a Damm check digit.

The check digit finds every single mistyped digit and every swap of neighbours, so that a slip of the
tongue is told from a code that does not exist. Seven random digits alone would be too few to keep a code
secret: whoever looks a booking up also needs the last four of its phone or document, and tries are limited.
"""

import secrets
import unicodedata

from pydantic_core import PydanticCustomError
from stdnum import damm

DIGITS = 8


def make_code() -> str:
    """A new code, eight digits without the gap. May be taken already: its uniqueness is the database's."""
    chance = int.from_bytes(secrets.token_bytes(8))  # so many bits that the remainder is as good as even
    body = f"{chance % 10 ** (DIGITS - 1):0{DIGITS - 1}}"
    return body + damm.calc_check_digit(body)


def spoken(code: str) -> str:
    """A code as people see and say it: 4081 2736."""
    return f"{code[: DIGITS // 2]} {code[DIGITS // 2 :]}"


def parse_code(text: str) -> str:
    """What somebody typed as a code. PydanticCustomError `code_format` or `code_check_character`."""
    code = "".join(each for each in unicodedata.normalize("NFKC", text) if not each.isspace() and each != "-")
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        raise PydanticCustomError("code_format", "a booking code has eight digits")
    if not damm.is_valid(code):
        raise PydanticCustomError("code_check_character", "the code's check digit does not match: a digit is wrong")
    return code


def parse_digits(text: str) -> str:
    """The last four of a phone or document. PydanticCustomError `digits_format`."""
    digits = unicodedata.normalize("NFKC", text).strip().upper()
    if len(digits) != 4 or not (digits.isascii() and digits.isalnum()):  # noqa: PLR2004  (the last four)
        raise PydanticCustomError("digits_format", "the last four characters of the phone or document")
    return digits
