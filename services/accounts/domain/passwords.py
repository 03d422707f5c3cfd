"""What a password must be, and passwords that we make.

Length is what counts (ASVS 5.0, 6.2): 12 to 128 characters, no rule about kinds of characters, no change by date.
"""

import secrets
import unicodedata

from services.accounts.domain.problems import InvalidRequest

SHORTEST, LONGEST = 12, 128
FEWEST_DIFFERENT = 5
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody mistakes for others when a slip of paper is read."""


def normalise(password: str) -> str:
    """The same characters however a keyboard sends them."""
    return unicodedata.normalize("NFKC", password)


def check_new(password: str, login: str, pointer: str = "/new_password") -> str:
    """The password as it is hashed. Raises InvalidRequest."""
    normal = normalise(password)
    if len(normal) < SHORTEST:
        raise InvalidRequest.of(pointer, "password_too_short", f"At least {SHORTEST} characters.")
    if len(normal) > LONGEST:
        raise InvalidRequest.of(pointer, "password_too_long", f"At most {LONGEST} characters.")
    if len(set(normal)) < FEWEST_DIFFERENT:
        raise InvalidRequest.of(pointer, "password_too_simple", f"At least {FEWEST_DIFFERENT} different characters.")
    if normal.casefold() == login.casefold():
        raise InvalidRequest.of(pointer, "password_is_login", "Not the login.")
    return normal


def grouped(groups: int, length: int) -> str:
    """Something random to be read from paper and typed, such as `k3mp-77xd-…`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(length)) for _ in range(groups))


def make_initial() -> str:
    """A password to be handed out: 79 bits."""
    while len(set(made := grouped(4, 4))) < FEWEST_DIFFERENT + 1:
        pass
    return made
