"""What addresses of pages have in common."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Path

ID_CHARACTERS = 120
Id = Annotated[str, Path(min_length=1, max_length=ID_CHARACTERS)]


def booking_page(matter_id: str, *rest: str) -> str:
    """The address of a step of the booking: ids alone, never anything personal."""
    return "/book/" + "/".join(quote(each, safe="") for each in (matter_id, *rest))


def matter_page(matter_id: str) -> str:
    """The address of a matter."""
    return "/matters/" + quote(matter_id, safe="")
