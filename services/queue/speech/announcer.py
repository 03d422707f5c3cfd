"""Keeps the calls that were spoken, and has the others spoken one at a time.

Anyone may ask, so everything has a bound: what is kept, who waits, how long. A sentence takes some 200 ms.
"""

import asyncio
import json
from collections import OrderedDict

from services.queue.domain.problems import SpeechUnavailable
from services.queue.domain.speech import VOICES, Language, announcement
from shared import apart

KEPT_BYTES = 6 * 1024 * 1024
"""Some fifteen calls of 400 KB; a screen asks once for each, and keeps it itself."""
WAITING_MOST = 16
SECONDS = 8.0
"""For waiting and speaking together: later nobody would know what is meant."""

Key = tuple[str, int, Language]


class Announcer:
    """Speaks calls."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._size = 0
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def speak(self, number: str, window_number: int, language: Language) -> bytes:
        """The call as a WAV file. Raises SpeechUnavailable where that took too long, or too many wait."""
        key = (number, window_number, language)
        if (known := self._find(key)) is not None:
            return known
        if self._waiting >= WAITING_MOST:
            raise SpeechUnavailable(headers={"Retry-After": "2"})
        self._waiting += 1
        try:
            async with asyncio.timeout(SECONDS), self._turn:
                return self._find(key) or await self._make(key)
        except (TimeoutError, apart.NotMade):
            raise SpeechUnavailable(headers={"Retry-After": "2"}) from None
        finally:
            self._waiting -= 1

    def _find(self, key: Key) -> bytes | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    async def _make(self, key: Key) -> bytes:
        text = announcement(*key)
        work = json.dumps({"text": text, "voice": VOICES[key[2]]}).encode()
        made = await apart.run("services.queue.speech.child", work=work, seconds=SECONDS)
        self._kept[key] = made
        self._size += len(made)
        while self._size > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest)
        return made
