"""What comes out of a scanner, a card reader or a keyboard at the counter: a booking's code, or a document's number.

Scanners and card readers type like a keyboard and end with Enter, so that one field takes everything. The voucher's
QR code holds the booking's code. A number is recognised by its form: eight digits are a code, eighteen characters that
begin with digits are a resident ID. Every other document has its kind chosen, for some of them look like a code.
"""

import re
import unicodedata
from typing import Any

from services.web.domain import DOCUMENT_TYPES

LONGEST = 40
CODE = re.compile(r"[0-9]{8}")
RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]")
"""Residence permits whose numbers have this form are found by it, too."""


def read_scan(text: str, kind: str = "") -> dict[str, Any] | None:
    """What the queue is asked for: `code` or `document`. None for what cannot be told, or is too long to be either."""
    plain = "".join(each for each in unicodedata.normalize("NFKC", text).upper() if not each.isspace() and each != "-")
    if not plain or len(text) > LONGEST:
        return None
    if kind in DOCUMENT_TYPES:
        return {"document": {"kind": kind, "number": plain}}
    if CODE.fullmatch(plain):
        return {"code": plain}
    if RESIDENT_ID.fullmatch(plain):
        return {"document": {"kind": "resident_id", "number": plain}}
    return None
