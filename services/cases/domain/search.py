"""Finding titles by their words without keeping them in the clear.

A title is cut into pairs of neighbouring characters, which in Chinese is nearly as good as words; each pair is kept as
a number that only the installation's key can make. A search is every pair of what was typed; who types one character
finds by that.
"""

import unicodedata
from collections.abc import Iterable

from shared.privacy import Vault

PURPOSE = "cases.token"
TOKENS_MOST = 200


def normal(text: str) -> str:
    """Letters and digits alone, in one form."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())


def tokens_of(text: str, vault: Vault) -> list[int]:
    """All by which a text is found: its characters and its pairs."""
    plain = normal(text)
    return _numbers({*plain, *_pairs(plain)}, vault)


def wanted(text: str, vault: Vault) -> list[int]:
    """What a text has to have, to be found by what was typed."""
    plain = normal(text)
    return _numbers(_pairs(plain) or set(plain), vault)


def _pairs(plain: str) -> set[str]:
    return {plain[place : place + 2] for place in range(len(plain) - 1)}


def _numbers(pieces: Iterable[str], vault: Vault) -> list[int]:
    """Postgres' signed 64 bits of each piece's blind index."""
    chosen = sorted(pieces)[:TOKENS_MOST]
    return [int.from_bytes(vault.blind_index(PURPOSE, each)[:8], "big", signed=True) for each in chosen]
