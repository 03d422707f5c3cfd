"""A programme pack: everything the roster knows of a county, read and checked as a whole.

A pack is one file or several; each holds some of the top-level keys, and lists that stand in several files
are joined. It is complete: what it does not name is no longer there. All findings are told at once, each
with file, line and field; an entry that is wrong in itself does not hide what is wrong with the others.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from services.roster.domain.calendar import YearCalendar
from services.roster.domain.duties import DutyRole
from services.roster.domain.entry import Entry, Id, Line, Name, OptionalLine, Place, Words
from services.roster.domain.programme import Programme
from services.roster.domain.source import Document, Finding, Path, entries, misfits, read

FORMAT = 1

LIMITS = {
    "departments": 200,
    "officials": 1000,
    "windows": 300,
    "matters": 2000,
    "programmes": 50,
    "calendars": 100,
}
"""The most entries of a list. A session with a duty at each of 300 windows still fits an event."""

_REQUIRED = ("venue", "departments", "windows", "officials", "matters", "programmes")


class PackVenue(Entry):
    """The hall."""

    id: Id
    name: Name
    address: Name
    phone: Line


class PackDepartment(Entry):
    """A unit stationed in the hall."""

    id: Id
    name: Name
    general_desk: bool = False


class PackOfficial(Entry):
    """A person who can be on duty."""

    id: Id
    name: Line
    title: Name
    department: Id
    head: bool = False
    deputy: Id | None = None


class PackWindow(Entry):
    """A window of the hall."""

    id: Id
    number: int = Field(ge=1, le=9999)
    department: Id
    location: Place = Place()
    duty: DutyRole | None = None


class PackDocument(Entry):
    """A paper to bring."""

    name: Name
    note: Words = Words()


class PackMatter(Entry):
    """What a visitor may come for."""

    id: Id
    department: Id
    name: Name
    plain_name: Name
    synonyms: tuple[OptionalLine, ...] = Field(default=(), max_length=50)
    documents: tuple[PackDocument, ...] = Field(default=(), max_length=30)
    statutory_days: int | None = Field(default=None, ge=0, le=3650)
    promised_days: int | None = Field(default=None, ge=0, le=3650)
    visit: Literal["needed", "optional", "not_needed"]
    online_guide: Words = Words()
    instant: bool = False
    common: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if None not in (self.statutory_days, self.promised_days) and self.promised_days > self.statutory_days:  # type: ignore[operator]
            raise ValueError("promised_days is more than statutory_days")
        if self.visit != "needed" and not (self.online_guide.zh and self.online_guide.en):
            raise ValueError(f"online_guide is needed in zh and en where visit is {self.visit}")
        return self


@dataclass
class Pack:
    """A pack as it was read. Valid once `read_pack` has found nothing."""

    venue: PackVenue | None = None
    departments: list[PackDepartment] = field(default_factory=list)
    officials: list[PackOfficial] = field(default_factory=list)
    windows: list[PackWindow] = field(default_factory=list)
    matters: list[PackMatter] = field(default_factory=list)
    programmes: list[Programme] = field(default_factory=list)
    calendars: list[YearCalendar] = field(default_factory=list)


EntryType = TypeVar("EntryType", bound=Entry)
_LISTS: dict[str, type[Entry]] = {
    "departments": PackDepartment,
    "officials": PackOfficial,
    "windows": PackWindow,
    "matters": PackMatter,
    "programmes": Programme,
    "calendars": YearCalendar,
}


@dataclass
class _Reading:
    """What has been read so far: the pack, where each entry stands, and every id that was at least written."""

    pack: Pack = field(default_factory=Pack)
    findings: list[Finding] = field(default_factory=list)
    places: dict[int, tuple[Document, Path]] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)

    def find(self, entry: Entry, at: Path, code: str, detail: str) -> None:
        document, path = self.places[id(entry)]
        self.findings.append(document.finding((*path, *at), code, detail))

    def known(self, key: str) -> frozenset[str]:
        return frozenset(self.ids.get(key, ()))


def read_pack(files: Iterable[tuple[str, str]]) -> tuple[Pack, list[Finding]]:
    """The pack in `files` (name and text of each), and everything that is wrong with it, by file and line."""
    reading = _Reading()
    documents = [read(name, text) for name, text in files]
    for document in documents:
        _read_document(reading, document, allowed=("format", "venue", *_LISTS))
    _check_whole(reading, documents)
    for check in _CHECKS:
        check(reading)
    return reading.pack, _in_order(reading, documents)


def read_calendars(files: Iterable[tuple[str, str]]) -> tuple[list[YearCalendar], list[Finding]]:
    """The calendars in `files`, each of which holds `calendars:` and nothing else, and what is wrong with them."""
    reading = _Reading()
    documents = [read(name, text) for name, text in files]
    for document in documents:
        _read_document(reading, document, allowed=("format", "calendars"))
    if not reading.ids.get("calendars") and not any(document.findings for document in documents):
        where = documents[0] if documents else Document("calendars")
        reading.findings.append(where.finding(("calendars",), "missing", "is missing"))
    _check_calendars(reading)
    return reading.pack.calendars, _in_order(reading, documents)


def _in_order(reading: _Reading, documents: Sequence[Document]) -> list[Finding]:
    order = {document.file: position for position, document in enumerate(documents)}
    found = [*(each for document in documents for each in document.findings), *reading.findings]
    return sorted(found, key=lambda each: (order.get(each.file, 0), each.line))


def _read_document(reading: _Reading, document: Document, allowed: Sequence[str]) -> None:
    if document.value is None:
        return  # unreadable, which is a finding already, or empty
    if not isinstance(document.value, dict):
        document.findings.append(document.finding((), "dict_type", "a pack file must be a mapping"))
        return
    for key in document.value:
        if key not in allowed:
            document.findings.append(document.finding((key,), "extra_forbidden", "is no part of a pack"))
    if document.value.get("format", FORMAT) != FORMAT:
        document.findings.append(document.finding(("format",), "format_unknown", f"must be {FORMAT}"))
    if "venue" in allowed and "venue" in document.value:
        _read_venue(reading, document)
    for key, model in _LISTS.items():
        if key in allowed:
            _read_list(reading, document, key, model)


def _read_venue(reading: _Reading, document: Document) -> None:
    if "venue" in reading.ids:
        document.findings.append(document.finding(("venue",), "venue_twice", "stands in another file, too"))
        return
    reading.ids["venue"] = ["venue"]
    reading.pack.venue = _validated(reading, document, ("venue",), PackVenue, document.value["venue"])


def _read_list(reading: _Reading, document: Document, key: str, model: type[Entry]) -> None:
    if key in document.value:
        reading.ids.setdefault(key, [])
    listed: list[Any] = getattr(reading.pack, key)
    for path, value in entries(document, key):
        reading.ids[key].append(str(value.get("id", "")))
        entry = _validated(reading, document, path, model, value)
        if entry is not None:
            listed.append(entry)


def _validated(
    reading: _Reading, document: Document, path: Path, model: type[EntryType], value: Any
) -> EntryType | None:
    try:
        entry = model.model_validate(value)
    except ValidationError as error:
        reading.findings += misfits(document, path, error)
        return None
    reading.places[id(entry)] = (document, path)
    return entry


def _check_whole(reading: _Reading, documents: Sequence[Document]) -> None:
    unreadable = any(each.field == "" for document in documents for each in document.findings)
    where = documents[0] if documents else Document("pack")
    for key in _REQUIRED:
        if key not in reading.ids and not unreadable:
            reading.findings.append(where.finding((key,), "missing", "is missing from the whole pack"))
    for key, most in LIMITS.items():
        if len(reading.ids.get(key, ())) > most:
            reading.findings.append(where.finding((key,), "too_long", f"has more than {most} entries"))


def _twice(reading: _Reading, listed: Iterable[Any], by: Callable[[Any], object], at: str, what: str) -> None:
    """A finding at each entry but the first with the same value of `by`; None is no value."""
    seen: set[object] = set()
    for entry in listed:
        value = by(entry)
        if value is not None and value in seen:
            reading.find(entry, (at,), f"{at}_twice", what.format(value))
        seen.add(value)


def _check_ids(reading: _Reading) -> None:
    pack = reading.pack
    for listed in (pack.departments, pack.officials, pack.windows, pack.matters, pack.programmes):
        _twice(reading, listed, lambda each: each.id, "id", "{} stands twice")
    _twice(reading, pack.windows, lambda each: each.number, "number", "window {} stands twice")
    for listed in (pack.officials, pack.windows, pack.matters):
        for entry in listed:
            if entry.department not in reading.known("departments"):
                reading.find(entry, ("department",), "department_unknown", f"there is no department {entry.department}")


def _check_departments(reading: _Reading) -> None:
    desks = [each for each in reading.pack.departments if each.general_desk]
    _twice(reading, desks, lambda _: "desk", "general_desk", "another department has the general desk")


def _check_windows(reading: _Reading) -> None:
    def post(window: PackWindow) -> object:
        return (window.department, window.duty) if window.duty is not None else None

    _twice(reading, reading.pack.windows, post, "duty", "one person cannot sit at two windows: {} stands twice")


def _check_officials(reading: _Reading) -> None:
    officials = reading.pack.officials
    heads = [each for each in officials if each.head]
    _twice(reading, heads, lambda each: each.department, "head", "{} has another head already")
    for official in officials:
        if official.deputy == official.id:
            reading.find(official, ("deputy",), "deputy_self", "nobody stands in for themselves")
        elif official.deputy is not None and official.deputy not in reading.known("officials"):
            reading.find(official, ("deputy",), "official_unknown", f"there is no official {official.deputy}")


def _check_duties(reading: _Reading) -> None:
    heads = {each.department: each for each in reading.pack.officials if each.head}
    seen: set[str] = set()
    for window in reading.pack.windows:
        head = heads.get(window.department)
        if head is None or window.duty is None:
            continue  # a vacant post is a gap, which planning reports
        official = head.id if window.duty == "principal" else head.deputy
        if official is not None and official in seen:
            reading.find(window, ("duty",), "official_twice", f"{official} sits at another window already")
        seen.add(official or "")


def _check_matters(reading: _Reading) -> None:
    served = {window.department for window in reading.pack.windows}
    complete = len(reading.pack.windows) == len(reading.ids.get("windows", ()))
    for matter in reading.pack.matters:
        known = matter.department in reading.known("departments")
        if complete and known and matter.visit != "not_needed" and matter.department not in served:
            reading.find(matter, ("department",), "department_without_window", f"{matter.department} has no window")


def _check_calendars(reading: _Reading) -> None:
    calendars = reading.pack.calendars
    _twice(reading, calendars, lambda each: (each.year, each.kind), "year", "{} stands twice")
    for calendar in calendars:
        if calendar.kind == "seed":
            reading.find(calendar, ("kind",), "kind_seed", "seed calendars come with the installation")
        if calendar.kind == "official" and not calendar.rest_days:
            reading.find(calendar, ("rest_days",), "missing", "an official calendar names its rest days")


_CHECKS: tuple[Callable[[_Reading], None], ...] = (
    _check_ids,
    _check_departments,
    _check_windows,
    _check_officials,
    _check_duties,
    _check_matters,
    _check_calendars,
)
