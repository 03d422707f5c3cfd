"""Whom a citizen books for: added, changed, forgotten.

What was typed is kept by the browser, sealed, only where something is wrong with it. Of what accounts keeps no number
comes back to a page: a renewed document is typed anew, and an old one taken away.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.web.addresses import DraftId, Id
from services.web.domain import DOCUMENT_TYPES
from services.web.forms import LONGEST, Findings, field_phrase
from services.web.languages import phrase
from services.web.pages import NotThere, OpenPage, Page
from services.web.people import RELATIONS, PersonShown
from services.web.queries import segment
from services.web.refusals import AWAY, DRAFT_GONE, Refusal, refusal
from services.web.routes.me import require_citizen
from services.web.routes.posted import Posted, PostedForm
from services.web.security import new_draft
from services.web.upstream import Refused, Unavailable
from shared.access import Caller, allow

router = APIRouter(prefix="/me/persons", include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

NEW = "/me/persons/new"
LABELS = {
    "relation": phrase("和您的关系"),
    "name": phrase("姓名"),
    "document_type": phrase("证件类型"),
    "document_number": phrase("证件号码"),
    "phone": phrase("手机或座机"),
}
POINTERS = {
    "/relation": "relation",
    "/name": "name",
    "/phone": "phone",
    "/documents": "document_number",
    "/documents/0/type": "document_type",
    "/documents/0/number": "document_number",
    "/add_documents/0/type": "document_type",
    "/add_documents/0/number": "document_number",
}
REMOVE = "remove_"


class Typed(BaseModel):
    """A person as typed, and what is wrong with it."""

    relation: str = "relative"
    name: str = ""
    document_type: str = DOCUMENT_TYPES[0]
    document_number: str = ""
    phone: str = ""
    errors: dict[str, str] = {}
    """Codes by field."""
    refused: str = ""
    status: int = HTTPStatus.OK

    @classmethod
    def of(cls, form: Mapping[str, str]) -> "Typed":
        """What a form says, as much of it as a field may hold."""
        names = ("relation", "name", "document_type", "document_number", "phone")
        return cls(**{name: form[name][: LONGEST.get(name, 40) + 1] for name in names if name in form})

    def judged(self, error: Refused | Unavailable) -> "Typed":
        """The same with what accounts said."""
        if isinstance(error, Unavailable):
            return self.model_copy(update={"refused": "away", "status": HTTPStatus.SERVICE_UNAVAILABLE})
        found = {POINTERS[each.pointer]: each.code for each in error.errors if each.pointer in POINTERS}
        if error.code == "invalid_request" and found:
            return self.model_copy(update={"errors": found, "status": error.status})
        return self.model_copy(update={"refused": error.code, "status": error.status})

    def document(self) -> dict[str, str]:
        """The document, as accounts takes one."""
        return {"type": self.document_type, "number": self.document_number}


@router.get("/new")
async def new_form(page: Page = OpenPage) -> Response:
    """加一个人."""
    require_citizen(page)
    persons = await page.queries.persons()
    relation = "relative" if any(each.relation == "self" for each in persons.items) else "self"
    return _show(page, Typed(relation=relation), None, new_draft())


@router.get("/new/{page_id}")
async def new_form_again(page_id: DraftId, page: Page = OpenPage) -> Response:
    """The form with what is wrong."""
    require_citizen(page)
    return _show_kept(page, f"{NEW}/{page_id}", None, page_id)


@router.post("/new")
async def add(page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Keep somebody. The same form sent twice is the same person."""
    require_citizen(page)
    typed, page_id = Typed.of(posted.fields), _page_id(posted)
    body = {
        "relation": typed.relation,
        "name": typed.name,
        "phone": typed.phone or None,
        "documents": [typed.document()],
    }
    if posted.is_fresh and not typed.document_number:
        missing = {"errors": {"document_number": "document_required"}, "status": HTTPStatus.UNPROCESSABLE_ENTITY}
        return _again(page, typed.model_copy(update=missing), f"{NEW}/{page_id}")
    key = page.site.cookies.idempotency_key(page_id, body)
    return await _do(page, posted, typed, f"{NEW}/{page_id}", lambda: page.commands.add_person(body, key))


@router.get("/{person_id}")
async def change_form(person_id: Id, page: Page = OpenPage) -> Response:
    """One person."""
    person = await _person(page, person_id)
    return _show(page, Typed(relation=person.relation, name=person.name), person, new_draft())


@router.get("/{person_id}/{page_id}")
async def change_form_again(person_id: Id, page_id: DraftId, page: Page = OpenPage) -> Response:
    """The form with what is wrong."""
    person = await _person(page, person_id)
    return _show_kept(page, f"{_address(person_id)}/{page_id}", person, page_id)


@router.post("/{person_id}/forget")
async def forget(person_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Forget somebody; twice is once."""
    require_citizen(page)
    if not posted.is_fresh:
        return page.go(_address(person_id))
    try:
        await page.commands.forget_person(person_id)
    except Refused as refused:
        if refused.code != "person_unknown":
            raise
    return page.go("/me")


@router.post("/{person_id}")
async def change(person_id: Id, page: Page = OpenPage, posted: Posted = PostedForm) -> Response:
    """Change somebody. What is left empty stays; a phone that is to go is said so."""
    require_citizen(page)
    typed = Typed.of(posted.fields)
    body: dict[str, Any] = {"relation": typed.relation, "name": typed.name}
    if typed.phone or posted.get("no_phone"):
        body["phone"] = typed.phone or None
    if typed.document_number:
        body["add_documents"] = [typed.document()]
    body["remove_documents"] = [name.removeprefix(REMOVE) for name in posted.fields if name.startswith(REMOVE)]
    address = f"{_address(person_id)}/{_page_id(posted)}"
    return await _do(page, posted, typed, address, lambda: page.commands.change_person(person_id, body))


async def _do(
    page: Page, posted: Posted, typed: Typed, address: str, command: Callable[[], Awaitable[PersonShown]]
) -> Response:
    """Have it done, and go to one's own page; where something is wrong, back to the form at `address`."""
    if not posted.is_fresh:
        return _again(page, typed.model_copy(update={"refused": "form_expired"}), address)
    try:
        await command()
    except Refused as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            raise
        return _again(page, typed.judged(error), address)
    except Unavailable as error:
        return _again(page, typed.judged(error), address)
    return page.go("/me")


async def _person(page: Page, person_id: str) -> PersonShown:
    """The person. Raises NotThere where there is none such."""
    require_citizen(page)
    persons = await page.queries.persons()
    found = next((each for each in persons.items if each.person_id == person_id), None)
    if found is None:
        raise NotThere(page.tell(refusal("person_unknown"), HTTPStatus.NOT_FOUND, code="person_unknown"))
    return found


def _page_id(posted: Posted) -> str:
    """The form's own name; a new one where it has none that a page of ours gave."""
    found = posted.get("page")
    return found if len(found) == len(new_draft()) and segment(found) == found else new_draft()


def _address(person_id: str) -> str:
    return f"/me/persons/{segment(person_id)}"


def _again(page: Page, typed: Typed, address: str) -> Response:
    response = page.go(address)
    page.site.cookies.keep(page.request, response, address, typed.model_dump(mode="json"))
    return response


def _show_kept(page: Page, address: str, person: PersonShown | None, page_id: str) -> Response:
    found = page.site.cookies.kept(page.request, address)
    if found is None:
        empty = Typed(relation=person.relation, name=person.name) if person else Typed()
        return _show(page, empty, person, page_id, because=DRAFT_GONE)
    return _show(page, Typed.model_validate(found), person, page_id)


def _show(
    page: Page, typed: Typed, person: PersonShown | None, page_id: str, *, because: Refusal | None = None
) -> Response:
    findings: Findings = {
        name: field_phrase(typed.errors[name], page.language) for name in LABELS if name in typed.errors
    }
    if typed.refused:
        because = AWAY["accounts"] if typed.refused == "away" else refusal(typed.refused)
    return page.show(
        "me/person.html",
        typed.status,
        personal=True,
        typed=typed,
        person=person,
        page_id=page_id,
        relations=RELATIONS,
        findings=findings,
        labels=LABELS,
        longest=LONGEST,
        because=because,
    )
