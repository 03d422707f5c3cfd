"""The `Idempotency-Key` header: what is sent again with the same key is done once, and answered the same.

A key is 16 to 64 letters, digits, `-` or `_`: long enough to be nobody else's, and nothing in it to be escaped.
"""

import re
from typing import Annotated

from fastapi import Header

from shared.problems import IdempotencyKeyMalformed, IdempotencyKeyMissing

HEADER = "Idempotency-Key"
PATTERN = "^[A-Za-z0-9_-]{16,64}$"
KEY = re.compile(PATTERN)
Sent = Annotated[str | None, Header(alias=HEADER, json_schema_extra={"pattern": PATTERN})]
"""The header as it came, described in the API document and judged below."""


def offered_key(key: Sent = None) -> str | None:
    """The key, where one was sent. Raises IdempotencyKeyMalformed."""
    if key is not None and not KEY.fullmatch(key):
        raise IdempotencyKeyMalformed
    return key


def needed_key(key: Sent = None) -> str:
    """The key, without which nothing is done. Raises IdempotencyKeyMissing or IdempotencyKeyMalformed."""
    key = offered_key(key)
    if key is None:
        raise IdempotencyKeyMissing
    return key
