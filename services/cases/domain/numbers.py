"""The numbers of cases: ten digits in two groups of five, so that nobody takes one for a booking's code."""

from shared import codes

DIGITS = 10


def make_number() -> str:
    """A new number. May be taken already: its uniqueness is the database's."""
    return codes.make_code(DIGITS)


def spoken(number: str) -> str:
    """A number as people see and say it: 40812 73652."""
    return codes.spoken(number)


def parse_number(text: str) -> str:
    """What somebody typed as a number. PydanticCustomError `code_format` or `code_check_character`."""
    return codes.parse_code(text, DIGITS)


def parse_digits(text: str) -> str:
    """The last four of a phone or document. PydanticCustomError `digits_format`."""
    return codes.parse_digits(text)
