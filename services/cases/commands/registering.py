"""How a case begins: raised by a citizen, written down by staff, or found in the hall."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from services.cases.domain import life, people, problems, requests
from services.cases.domain.case import CASE_FIELDS, Case
from services.cases.domain.numbers import make_number
from services.cases.domain.search import tokens_of
from services.cases.office import Office, venues
from services.cases.sql import cases, pieces
from shared.database import constraints
from shared.events import cases as events
from shared.events.cases import CaseKind, CaseSource, Holder
from shared.notices import VERSIONS
from shared.privacy import Vault
from shared.visitors import Document

NUMBER_TRIES = 5
TITLE_MOST = 40
BODY_PURPOSE = "cases.body"
COUNTED: Final = (
    "extended_days", "extensions", "times_overdue", "returns", "refusals", "unanswered_calls",
)  # fmt: skip
FALSE: Final = ("tentative", "overdue_noted", "blocked", "referred")


@dataclass(frozen=True)
class Beginning:
    """All that a case begins with."""

    kind: CaseKind
    source: CaseSource
    venue_id: str
    title: str
    words: str
    place: str | None = None
    about: str | None = None
    department_id: str | None = None
    about_person: bool = False
    about_department_id: str | None = None
    about_official_id: str | None = None
    name: str | None = None
    phone: str | None = None
    document: Document | None = None
    document_key: bytes | None = None
    document_last: str | None = None
    account_id: UUID | None = None
    raised_before: str | None = None
    raised_on: date | None = None
    fixed_on: date | None = None
    language: Literal["zh", "en"] = "zh"
    session_id: str | None = None
    visit_id: UUID | None = None
    finding_id: UUID | None = None
    remark_id: UUID | None = None
    idempotency_key: str | None = None
    body_hash: bytes | None = None


async def raised(office: Office, wish: requests.Raise, key: str, account_id: UUID | None) -> tuple[Case, bool]:
    """A case that a citizen raises; and whether it is new, for the same key and body are the same case.

    Raises IdempotencyKeyReused, PrivacyVersionUnknown, VenueUnknown, DepartmentUnknown or RaisedBeforeUnknown.
    """
    body_hash = body_hash_of(wish.model_dump_json(), office.vault)
    known = await known_by(office, key, body_hash)
    if known is not None:
        return known, False
    if wish.privacy_version is not None and wish.privacy_version not in VERSIONS:
        raise problems.PrivacyVersionUnknown
    venue_id = await _venue_of(office, wish.department_id)
    beginning = Beginning(
        kind=wish.kind,
        source="online",
        venue_id=venue_id,
        title=wish.title,
        words=wish.text,
        place=wish.place,
        about=wish.about if wish.about_person else None,
        department_id=wish.department_id,
        about_person=wish.about_person,
        about_department_id=wish.about_department_id if wish.about_person else None,
        name=wish.person.name,
        phone=wish.person.phone,
        document=wish.person.document,
        account_id=account_id,
        raised_before=wish.raised_before,
        language=wish.language,
        idempotency_key=key,
        body_hash=body_hash,
    )
    return await register(office, beginning), True


async def entered(office: Office, wish: requests.Enter, key: str) -> tuple[Case, bool]:
    """A case that staff write down; as `raised`, and DateNotAhead or DateIsRestDay for the county's date."""
    body_hash = body_hash_of(wish.model_dump_json(), office.vault)
    known = await known_by(office, key, body_hash)
    if known is not None:
        return known, False
    if wish.venue_id not in await venues(office.connection):
        raise problems.VenueUnknown
    person = wish.person
    beginning = Beginning(
        kind=wish.kind,
        source=wish.source,
        venue_id=wish.venue_id,
        title=wish.title,
        words=wish.text,
        place=wish.place,
        about=wish.about if wish.about_person else None,
        department_id=wish.department_id,
        about_person=wish.about_person,
        about_department_id=wish.about_department_id if wish.about_person else None,
        about_official_id=wish.about_official_id if wish.about_person else None,
        name=person.name if person else None,
        phone=person.phone if person else None,
        document=person.document if person else None,
        raised_before=wish.raised_before,
        raised_on=wish.raised_on,
        fixed_on=wish.fixed_on,
        language=wish.language,
        idempotency_key=key,
        body_hash=body_hash,
    )
    return await register(office, beginning), True


def body_hash_of(body: str, vault: Vault) -> bytes:
    """The keyed hash of a body: a plain one of a body with a phone in it could be guessed back."""
    return vault.blind_index(BODY_PURPOSE, body)


async def known_by(office: Office, key: str, body_hash: bytes) -> Case | None:
    """The case that the same request made before. Raises IdempotencyKeyReused for another body."""
    row = await cases.select_by_key(office.connection, key)
    if row is None:
        return None
    if row["body_hash"] != body_hash:
        raise problems.IdempotencyKeyReused
    return Case.of(row)


async def _venue_of(office: Office, department_id: str | None) -> str:
    """The hall of a department, or the first one."""
    found = await venues(office.connection)
    for venue in found.values():
        if department_id is None or department_id in {each.department_id for each in venue.departments}:
            return venue.venue_id
    raise problems.DepartmentUnknown if found else problems.VenueUnknown


async def register(office: Office, begun: Beginning) -> Case:
    """Enter a case and give it its first clocks. Raises DepartmentUnknown, RaisedBeforeUnknown, and those of dates."""
    if begun.department_id is not None:
        await office.department(begun.venue_id, begun.department_id)
    if begun.about_department_id is not None:
        await office.department(begun.venue_id, begun.about_department_id)
    document_key = begun.document_key or people.person_key(begun.document, office.vault)
    phone_key = people.phone_key(begun.phone, office.vault)
    earlier = await _earlier(office, begun, document_key, phone_key)
    case = _clocked(office, _first(office, begun, earlier))
    sealed = _sealed(office.vault, begun, document_key, phone_key)
    saved = await _insert(office, case, sealed, begun)
    why = "third_raising" if saved.holder == "supervisor" and not saved.confidential else None
    await office.tell(saved, events.CaseRegistered, why=why)
    if earlier is not None:
        await pieces.insert_link(office.connection, saved.case_id, earlier.case_id)
    return saved


async def _earlier(
    office: Office, begun: Beginning, document_key: bytes | None, phone_key: bytes | None
) -> Case | None:
    """The earlier case of the same person that this one raises again. Raises RaisedBeforeUnknown."""
    if begun.raised_before is None:
        return None
    row = await cases.select_by_number(office.connection, begun.raised_before)
    theirs = row is not None and (
        (document_key is not None and row["person_key"] == document_key)
        or (phone_key is not None and row["phone_key"] == phone_key)
    )
    if row is None or not theirs:
        raise problems.RaisedBeforeUnknown
    return Case.of(row)


def _first(office: Office, begun: Beginning, earlier: Case | None) -> Case:
    """The case as it is entered, without clocks."""
    same_person = 1 + (earlier.same_person_raisings if earlier else 0)
    third = same_person >= office.dates.rules.raisings_to_supervisor
    holder: Holder = "department" if begun.department_id else "manager"
    if begun.about_person or third:
        holder = "supervisor"
    raised_on = min(each for each in (office.today, begun.raised_on, earlier and earlier.raised_on) if each)
    blank: dict[str, Any] = dict.fromkeys(CASE_FIELDS)
    return Case(
        **{
            **blank,
            **dict.fromkeys(COUNTED, 0),
            **dict.fromkeys(FALSE, False),
            "case_id": UUID(int=0),
            "version": 1,
            "last_event": "CaseRegistered",
            "number": "",
            "kind": begun.kind,
            "source": begun.source,
            "venue_id": begun.venue_id,
            "session_id": begun.session_id,
            "visit_id": begun.visit_id,
            "finding_id": begun.finding_id,
            "remark_id": begun.remark_id,
            "confidential": begun.about_person,
            "about_department_id": begun.about_department_id,
            "about_official_id": begun.about_official_id,
            "level": "window",
            "state": "registered",
            "holder": holder,
            # The supervisor says whose it is; of a complaint about a person the department may be its own.
            "department_id": begun.department_id if holder == "department" else None,
            "registered_at": office.now,
            "raised_on": raised_on,
            "term_from": office.today,
            "term_unit": "fixed" if begun.fixed_on else "working",
            "due_on": begun.fixed_on,
            "raisings": 1 + (earlier.raisings if earlier else 0),
            "same_person_raisings": same_person,
            "language": begun.language,
        }
    )


def _clocked(office: Office, case: Case) -> Case:
    if case.term_unit == "fixed" and case.due_on is not None:
        office.dates.ahead(case.due_on)
    return life.begin(case, office.dates)


async def _insert(office: Office, case: Case, sealed: dict[str, Any], begun: Beginning) -> Case:
    for _ in range(NUMBER_TRIES):
        number = make_number()
        if await cases.select_by_number(office.connection, number) is None:
            break
    numbered = Case(**{**{name: getattr(case, name) for name in CASE_FIELDS}, "number": number})
    last = begun.document.number if begun.document else begun.document_last
    keys = people.digits_keys(number, office.vault, begun.phone, last)
    with constraints({"case_idempotency_key_once": problems.BeingMade, "case_remark_once": problems.BeingMade}):
        return await cases.insert_case(office.connection, numbered, {**sealed, "digits_keys": keys})


def _sealed(vault: Vault, begun: Beginning, document_key: bytes | None, phone_key: bytes | None) -> dict[str, Any]:
    return {
        "title": people.seal(begun.title, vault),
        "words": people.seal(begun.words, vault),
        "place": people.seal(begun.place, vault),
        "about": people.seal(begun.about, vault),
        "person": people.seal_person(people.Raiser(name=begun.name, phone=begun.phone), vault),
        "person_key": document_key,
        "phone_key": phone_key,
        "account_id": begun.account_id,
        "tokens": tokens_of(begun.title, vault),
        "idempotency_key": begun.idempotency_key,
        "body_hash": begun.body_hash,
    }


def title_of(text: str) -> str:
    """A title for what was written without one: its first sentence, or what fits of it."""
    first = text.splitlines()[0].strip()
    for end in "。!?!?;;":
        first = first.split(end, 1)[0]
    first = first.strip() or text.strip()
    return first if len(first) <= TITLE_MOST else f"{first[: TITLE_MOST - 1]}…"
