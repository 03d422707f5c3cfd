"""What addresses of pages have in common."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Path

ID_CHARACTERS = 200
Id = Annotated[str, Path(max_length=ID_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f\ufffd]+$")]
"""Something's id in an address. What can be none leads to the page that says so."""
DraftId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$")]
"""Names what a browser keeps for a page: made by `new_draft`, and says nothing."""


def booking_page(matter_id: str, *rest: str) -> str:
    """The address of a step of the booking: ids alone, never anything personal."""
    return "/book/" + "/".join(quote(each, safe="") for each in (matter_id, *rest))


def draft_page(matter_id: str, draft_id: str, *step: str) -> str:
    """The address of a step of one walk through the booking; without a step, what all of them lie under."""
    return booking_page(matter_id, "drafts", draft_id, *step)


def matter_page(matter_id: str) -> str:
    """The address of a matter."""
    return "/matters/" + quote(matter_id, safe="")


def window_page(session_id: str, kind: str, window_id: str) -> str:
    """The address of a window's desk (`desk`) or of its director's page (`live`)."""
    return f"/staff/sessions/{quote(session_id, safe='')}/{kind}/{quote(window_id, safe='')}"


def official_page(official_id: str) -> str:
    """The address of an official's service days."""
    return "/staff/officials/" + quote(official_id, safe="")
