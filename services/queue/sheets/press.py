"""The day's sheet on paper (PDF) and as a table (XLSX): laid out here, typeset in a process of its own.

Typst and its font take some 70 MiB, and a thousand visits some 110 more; that is not for a service to keep. What is
given to the child is the sheet as JSON, whose texts are data to typst and to XlsxWriter: never code, never a formula.
One at a time, within `SECONDS`, which is less than the gateway waits.
"""

import asyncio
import json
from zoneinfo import ZoneInfo

from services.queue.domain.problems import SheetUnavailable
from services.queue.domain.sheet import Kind, Language, Sheet
from services.queue.sheets.layout import lay_out
from shared import apart
from shared.privacy import Vault

SECONDS = 25.0
"""For waiting and making together."""


class Press:
    """Makes sheets, one after the other."""

    def __init__(self, vault: Vault, zone: ZoneInfo) -> None:
        self._vault = vault
        self._zone = zone
        self._turn = asyncio.Lock()

    async def make(self, sheet: Sheet, kind: Kind, language: Language) -> bytes:
        """The sheet as a file. Raises SheetUnavailable where it was not made in time."""
        try:
            async with asyncio.timeout(SECONDS), self._turn:
                work = await asyncio.to_thread(self._work, sheet, language)
                return await apart.run("services.queue.sheets.child", kind, work=work, seconds=SECONDS)
        except (TimeoutError, apart.NotMade):
            raise SheetUnavailable(headers={"Retry-After": "5"}) from None

    def _work(self, sheet: Sheet, language: Language) -> bytes:
        return json.dumps(lay_out(sheet, self._vault, self._zone, language), ensure_ascii=False).encode()
