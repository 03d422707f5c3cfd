"""What a browser keeps for us and can neither read nor change.

AES-256-GCM under a key of the installation, each value with a nonce of its own. Its age stands inside, and its purpose
is bound to it, so that what was kept for one page does not open for another. Texts are packed first: a
cookie holds 4 KiB, and Chinese takes three bytes a character.
"""

import base64
import json
import os
import time
import zlib
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
AGE_BYTES = 8


class Seal:
    """Closes and opens."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, data: Any, purpose: str) -> str:
        """JSON data as text that fits a cookie. `purpose` is needed again to open it."""
        nonce = os.urandom(NONCE_BYTES)
        packed = zlib.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), 9)
        aged = int(time.time()).to_bytes(AGE_BYTES, "big") + packed
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, aged, purpose.encode())).decode()

    def open(self, sealed: str, purpose: str, seconds: int) -> Any | None:
        """The data; None for what is older than `seconds`, was changed, or was kept for another purpose."""
        try:
            raw = base64.b64decode(sealed.encode(), altchars=b"-_", validate=True)
            aged = self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode())
        except (ValueError, InvalidTag):
            return None
        if time.time() - int.from_bytes(aged[:AGE_BYTES], "big") > seconds:
            return None
        return json.loads(zlib.decompress(aged[AGE_BYTES:]))
