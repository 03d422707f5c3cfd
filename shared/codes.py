"""Codes that people read aloud and type: digits in two groups, the last a Damm check digit.

The check digit finds every single mistyped digit and every swap of neighbours, so that a slip of the tongue is told
from a code that does not exist. So few digits keep no secret: whoever opens something by its code also shows the last
four of a phone or document, and tries are limited.
"""

import secrets
import unicodedata

from pydantic_core import PydanticCustomError
from stdnum import damm

LAST = 4


def make_code(digits: int) -> str:
    """A new code of so many digits, without the gap. May be taken already: its uniqueness is the database's."""
    chance = int.from_bytes(secrets.token_bytes(8))  # so many bits that the remainder is as good as even
    body = f"{chance % 10 ** (digits - 1):0{digits - 1}}"
    return body + damm.calc_check_digit(body)


def spoken(code: str) -> str:
    """A code as people see and say it: 4081 2736."""
    half = len(code) // 2
    return f"{code[:half]} {code[half:]}"


def parse_code(text: str, digits: int) -> str:
    """What somebody typed as a code. PydanticCustomError `code_format` or `code_check_character`."""
    code = "".join(each for each in unicodedata.normalize("NFKC", text) if not each.isspace() and each != "-")
    if len(code) != digits or not (code.isascii() and code.isdigit()):
        raise PydanticCustomError("code_format", "a code has {digits} digits", {"digits": digits})
    if not damm.is_valid(code):
        raise PydanticCustomError("code_check_character", "the code's check digit does not match: a digit is wrong")
    return code


def parse_digits(text: str) -> str:
    """The last four of a phone or document. PydanticCustomError `digits_format`."""
    digits = unicodedata.normalize("NFKC", text).strip().upper()
    if len(digits) != LAST or not (digits.isascii() and digits.isalnum()):
        raise PydanticCustomError("digits_format", "the last four characters of the phone or document")
    return digits
