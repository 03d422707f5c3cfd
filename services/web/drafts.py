"""One walk through the booking pages: what was chosen and typed, and what became of it.

There is no database behind the pages, so the browser keeps it, sealed, under the walk's own address. Every page of the
walk can therefore be opened by GET: the browser's ways back and forward and a reload send nothing again.
A walk that has booked keeps nothing of the visitor.
"""

from dataclasses import replace
from typing import Any, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.web.addresses import draft_page
from services.web.domain import PARTY_SIZE_MAX, Session
from services.web.forms import LABELS, Details, Findings, found_by_booking, found_here
from services.web.pages import NotThere, Page, correlation_id
from services.web.people import PersonCard
from services.web.refusals import DRAFT_GONE, refusal
from shared.notices import CURRENT
from shared.problems import FieldProblem

Step = Literal["details", "check", "times", "refused"]


class Told(BaseModel):
    """A refusal, to be told on a page that can be opened again."""

    model_config = ConfigDict(frozen=True)

    code: str
    status: int
    retry_after: int | None = None
    matter_id: str = ""
    back: str = ""
    """The kiosk that it was said at."""
    correlation_id: str = Field(default_factory=correlation_id)
    """Of the request that was refused: under it the logs tell why, not under that of the page that says so."""


class Draft(BaseModel):
    """What the browser keeps of one walk."""

    model_config = ConfigDict(frozen=True)

    matter_id: str
    draft_id: str
    session_id: str = ""
    slot_id: int | None = None
    details: Details = Details()
    person: str = ""
    """Of the citizen's persons the one who comes, with the document: their ids."""
    filled: tuple[str, ...] = ()
    """The details that are that person's, and no page shows."""
    typed: bool = False
    errors: tuple[tuple[str, str], ...] = ()
    """What booking says of the details: pointer and code."""
    told: Told | None = None
    """What booking said when it was asked for the seat."""
    booked: bool = False

    def address(self, *step: Step) -> str:
        """Where a step of this walk stands."""
        return draft_page(self.matter_id, self.draft_id, *step)

    def shown(self) -> Details:
        """The details without those that no page shows."""
        empty = Details()
        return replace(self.details, **{name: getattr(empty, name) for name in self.filled})

    def with_card(self, card: PersonCard) -> "Draft":
        """The same for a person whom accounts tells of. A phone that was typed stays."""
        filled = {
            "name": card.name,
            "document_type": card.document.type,
            "document_number": card.document.number,
            **({"phone": card.phone} if card.phone and not self.details.phone else {}),
        }
        return self.model_copy(update={"details": replace(self.details, **filled), "filled": tuple(filled)})

    def judged(self, errors: list[FieldProblem]) -> "Draft":
        """The same with what booking says of its fields."""
        return self.model_copy(update={"errors": tuple((each.pointer, each.code) for each in errors)})

    def booking_body(self, language: str) -> dict[str, Any]:
        """What booking is asked for. A new privacy notice makes it another body, which is to be looked at again."""
        wish = self.details.body(slot_id=self.slot_id or 0, matter_id=self.matter_id, language=language)
        return {**wish, "privacy_version": CURRENT.version}

    def findings(self, page: Page, session: Session | None) -> Findings:
        """What is wrong with what was typed: found here, or by booking."""
        if not self.typed:
            return {}
        errors = [FieldProblem(pointer=pointer, code=code, detail="") for pointer, code in self.errors]
        theirs, _ = found_by_booking(errors, self.details, page.language)
        ours = found_here(self.details, page.language, party_size_max=party_size_max(session))
        found = {**theirs, **ours}
        return {name: found[name] for name in LABELS if name in found}


def kept_draft(page: Page, matter_id: str, draft_id: str) -> Draft | None:
    """What the browser keeps of a walk; None where it keeps nothing that can be read."""
    found = page.site.cookies.kept(page.request, draft_page(matter_id, draft_id))
    try:
        return Draft.model_validate({**found, "matter_id": matter_id, "draft_id": draft_id}) if found else None
    except ValidationError:  # kept by an older version of these pages
        return None


def open_draft(page: Page, matter_id: str, draft_id: str) -> Draft:
    """The walk that a step belongs to. Raises NotThere where it has ended, or the browser kept nothing."""
    draft = kept_draft(page, matter_id, draft_id)
    if draft is None:
        if page.request.method == "POST":
            raise NotThere(page.go(draft_page(matter_id, draft_id, "check")))
        raise NotThere(page.tell(DRAFT_GONE, 410, matter_id=matter_id))
    if draft.booked:
        raise NotThere(page.go("/bookings"))
    return draft


def go_on(page: Page, draft: Draft, step: Step) -> Response:
    """Have the browser keep the walk, and send it to a step. Raises TooMuchToKeep."""
    return keep_draft(page, draft, page.go(draft.address(step)))


def keep_draft(page: Page, draft: Draft, response: Response) -> Response:
    """Have the browser keep the walk with an answer. Raises TooMuchToKeep."""
    kept = draft.model_dump(mode="json", exclude={"matter_id", "draft_id"})
    page.site.cookies.keep(page.request, response, draft.address(), kept)
    return response


def party_size_max(session: Session | None) -> int:
    """How many may come with one booking."""
    return session.booking.party_size_max if session and session.booking else PARTY_SIZE_MAX


def told(page: Page, what: Told, **context: Any) -> Response:
    """The page that tells a refusal."""
    return page.tell(
        refusal(what.code),
        what.status,
        code=what.code,
        retry_after=what.retry_after,
        matter_id=what.matter_id,
        correlated=what.correlation_id,
        back=what.back,
        **context,
    )
