"""The outcome that is being typed at a window: no other press at the desk loses it.

While somebody is served the desk is one form, so that every press carries what was typed. The browser keeps it, sealed,
under the desk's own address, by ticket: through an undo, a pause of the visit, or a note in between. It is kept for
whom the window has, has put aside, or has finished and may still take back; of nobody else.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from services.web.day import MATTERS_MOST
from services.web.hall import Desk
from services.web.pages import Page
from services.web.security import KEPT_PARTS, TooMuchToKeep

TICKET = "of"
"""The field that names the ticket whose outcome a form carries."""
FIELDS = (
    *(f"{name}{index}" for index in range(MATTERS_MOST) for name in ("kind", "said")),
    *("problem", "settled", "suggestion"),
)


def typed_of(form: Mapping[str, str]) -> dict[str, str]:
    """The outcome's fields in a form, as far as something stands in them."""
    return {name: form[name] for name in FIELDS if form.get(name)} if form.get(TICKET) else {}


def shown_with(page: Page, desk: Desk, address: str, form: Mapping[str, str] | None) -> dict[str, str]:
    """What the desk's fields show: what was typed just now, else what the browser kept for whom the window has."""
    form = form or {}
    ticket_id = desk.at.ticket_id if desk.at else ""
    if not form.get(TICKET):
        return {**_kept(page, address).get(ticket_id, {}), **form}
    if form[TICKET] == ticket_id:
        return dict(form)
    # The window has somebody else by now: nobody gets another one's outcome.
    return {name: said for name, said in form.items() if name not in FIELDS}


def keep(page: Page, response: Response, address: str, desk: Desk, form: Mapping[str, str]) -> bool:
    """Have the browser keep it with an answer; `desk` is the window as it was. Whether it fits."""
    at = {desk.at.ticket_id} if desk.at else set()
    # Findings and choices have no verb: after them finishing may still be taken back.
    undoable = desk.undo == "finish" and form.get("verb", "undo") == "undo"
    undone = {desk.finished.ticket_id} if desk.finished and undoable else set()
    mine = at | undone | {each.ticket_id for each in desk.held}
    before = _kept(page, address)
    kept = {ticket_id: typed for ticket_id, typed in before.items() if ticket_id in mine}
    if form.get(TICKET):
        kept.pop(form[TICKET], None)
        kept[form[TICKET]] = typed_of(form)  # the newest last
    if not kept and not before:
        return True
    while True:
        try:
            page.site.cookies.keep(page.request, response, address, kept, most=KEPT_PARTS)
        except TooMuchToKeep:
            if len(kept) <= 1:
                return False
            del kept[next(iter(kept))]
        else:
            return True


def _kept(page: Page, address: str) -> dict[str, dict[str, str]]:
    found: Any = page.site.cookies.kept(page.request, address)
    return found if isinstance(found, dict) else {}
