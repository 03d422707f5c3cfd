"""A form that may be acted on: read strictly, sent from a page of ours, by the browser that got the page."""

from dataclasses import dataclass

from fastapi import Depends, Request

from services.web.forms import read_form
from services.web.pages import site_of
from services.web.security import comes_from_here


class NotFromHere(Exception):  # noqa: N818  (what the form is)
    """A form sent by another site's page, or by a browser that does not say whose page it shows."""


@dataclass(frozen=True)
class Posted:
    """A form's fields."""

    fields: dict[str, str]
    is_fresh: bool
    """Whether its token belongs to this browser. If not, it is shown again and nothing is done."""

    def get(self, name: str) -> str:
        """A field's text, empty where there is none."""
        return self.fields.get(name, "")


async def read_posted(request: Request) -> Posted:
    """The request's form (a FastAPI dependency). Raises Unreadable and NotFromHere."""
    if not comes_from_here(request):
        raise NotFromHere
    fields = await read_form(request)
    return Posted(fields, site_of(request).cookies.form_is_ours(request, fields.pop("form_token", "")))


PostedForm = Depends(read_posted)
