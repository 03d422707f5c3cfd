"""`python -m services.queue.sheets.child pdf|xlsx`: the laid-out sheet comes in as JSON, the file goes out."""

import json
import sys

from shared.confined import serve

MEMORY_MEBIBYTES = 1536
"""Of addresses, of which the font and typst's code take the first 300; 5,000 visits need some 1,000."""
SECONDS = 40
"""Of computing, on all processors together."""


def _make(work: bytes) -> bytes:
    sheet = json.loads(work)
    if sys.argv[1] == "pdf":
        from services.queue.sheets import pdf  # noqa: PLC0415  (84 MB of code that the table does not need)

        return pdf.make(sheet)
    from services.queue.sheets import xlsx  # noqa: PLC0415  (see above)

    return xlsx.make(sheet)


if __name__ == "__main__":
    serve(_make, memory_mebibytes=MEMORY_MEBIBYTES, seconds=SECONDS)
