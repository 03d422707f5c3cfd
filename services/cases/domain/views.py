"""What is shown of cases: to staff, and to whoever raised one."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.cases.domain.case import By, Light
from services.cases.domain.rules import Unit
from shared.events.cases import CaseKind, CaseSource, CaseState, Closing, Holder, Level, ListingReason, NextStep


class View(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True)


class CaseCard(View):
    """A case in a list."""

    case_id: str
    number: str
    spoken: str
    kind: CaseKind
    source: CaseSource
    title: str | None
    """None once it was forgotten."""
    level: Level
    state: CaseState
    holder: Holder
    department_id: str | None
    handler_id: str | None
    light: Light
    next_step: NextStep | None
    next_on: date | None
    due_on: date | None
    days_left: int | None
    """Days until `next_on`, in working days unless its clock counts others; negative where it is late."""
    tentative: bool
    listed: bool
    blocked: bool
    confidential: bool
    raisings: int
    registered_on: date
    closing: Closing | None
    version: int


class Person(View):
    """Who raised it."""

    name: str | None
    phone: str | None
    masked: bool


class Term(View):
    """By when it has to be answered, and how that is counted."""

    unit: Unit
    days: int | None
    start: date
    extended_days: int
    extensions: int


class AskedExtension(View):
    """More time that somebody asked for."""

    days: int
    words: str | None


class Referral(View):
    """What a body above was asked."""

    body: str | None
    next_on: date


class PartView(View):
    """A helping department's part."""

    part_id: str
    department_id: str
    words: str | None
    due_on: date
    done_on: date | None
    done_words: str | None


class MeasureView(View):
    """Something promised to a household or firm."""

    measure_id: str
    beneficiary: Literal["household", "firm"]
    words: str | None
    due_on: date
    done_on: date | None
    proof: str | None


class CallView(View):
    """A call-back (回访)."""

    on: date
    result: Literal["confirmed", "refused", "unanswered"]
    words: str | None


class ListingView(View):
    """A stretch on the watched list."""

    listed_on: date
    reason: ListingReason
    delisted_on: date | None
    look_back_on: date | None
    passed: bool | None


class LinkView(View):
    """Another case that has to do with it."""

    case_id: str
    number: str
    spoken: str
    relation: Literal["merged_into", "merged_from", "linked"]


class StepView(View):
    """A line of the story."""

    version: int
    kind: str
    at: datetime
    by: By
    account_id: str | None
    department_id: str | None
    level: Level
    why: str | None
    words: str | None
    on: date | None


class MeetingOfCase(View):
    """A joint review or frontline supervision on whose agenda it is."""

    session_id: str
    level: Level
    date: date
    state: Literal["preparing", "open", "closed"]


class May(View):
    """What whoever asks can do with it now."""

    handle: tuple[str, ...]
    oversee: tuple[str, ...]


class CaseFile(View):
    """All of a case, as staff see it."""

    card: CaseCard
    text: str | None
    place: str | None
    about: str | None
    """Whom a complaint is about, as it was written."""
    language: Literal["zh", "en"]
    venue_id: str
    session_id: str | None
    person: Person | None
    term: Term
    extension_asked: AskedExtension | None
    referral: Referral | None
    parts: tuple[PartView, ...]
    measures: tuple[MeasureView, ...]
    calls: tuple[CallView, ...]
    listings: tuple[ListingView, ...]
    links: tuple[LinkView, ...]
    meetings: tuple[MeetingOfCase, ...]
    story: tuple[StepView, ...]
    may: May


class Done(View):
    """What an act came to."""

    card: CaseCard
    seen: bool
    """Whether whoever did it still sees the case: what was given back is another's."""


class Cards(View):
    """Some cases."""

    items: tuple[CaseCard, ...]


class CardPage(Cards):
    """A page of a list."""

    next: str | None
    """What to ask with for the next page."""
    total: int
    """How many there are, counted up to a thousand."""
    more: bool
    """Whether there are more than `total`."""


class OwnCards(Cards):
    """Those in one's own charge."""

    today: date


class Counts(View):
    """How many open cases there are, by what they need."""

    open: int
    amber: int
    red: int
    overdue: int
    listed: int
    contested: int
    unassigned: int


class MeetingAhead(View):
    """A joint review or frontline supervision to come."""

    session_id: str
    programme_zh: str
    programme_en: str
    level: Level
    date: date
    items: int


class Board(View):
    """The ladder at one glance."""

    today: date
    counts: Counts
    level_counts: dict[Level, int]
    levels: dict[Level, tuple[CaseCard, ...]]
    listed: tuple[CaseCard, ...]
    late: tuple[CaseCard, ...]
    meetings: tuple[MeetingAhead, ...]


class PartToDo(View):
    """A part of somebody else's case."""

    card: CaseCard
    part: PartView


class MeasureToDo(View):
    """A promise to keep."""

    card: CaseCard
    measure: MeasureView


class DepartmentDesk(View):
    """What a department has to do."""

    today: date
    departments: tuple[str, ...]
    """Whose; empty where it is all of them."""
    to_accept: tuple[CaseCard, ...]
    in_hand: tuple[CaseCard, ...]
    answered: tuple[CaseCard, ...]
    parts: tuple[PartToDo, ...]
    measures: tuple[MeasureToDo, ...]


class Answer(View):
    """What a department answered."""

    on: date
    words: str | None
    department_zh: str | None
    department_en: str | None


class CitizenStep(View):
    """A line of the story, as whoever raised it reads it."""

    on: date
    kind: str
    why: str | None
    level: Level
    department_zh: str | None
    department_en: str | None
    words: str | None


class CitizenCase(View):
    """A case, for whoever raised it."""

    case_id: str
    number: str
    spoken: str
    kind: CaseKind
    title: str | None
    state: CaseState
    level: Level
    holder: Holder
    department_zh: str | None
    """Who has it; None: the manager or the supervisor."""
    department_en: str | None
    next_step: NextStep | None
    next_on: date | None
    registered_on: date
    closing: Closing | None
    version: int
    answers: tuple[Answer, ...]
    story: tuple[CitizenStep, ...]
    may: tuple[Literal["confirm", "refuse", "add"], ...]


class CitizenCases(View):
    """What somebody raised with their account."""

    items: tuple[CitizenCase, ...]


class RaiserCard(View):
    """Who raised a case, for whoever writes to them."""

    case_id: str
    spoken: str
    name: str | None
    phone: str | None
    phone_takes_texts: bool


class RaiserCards(View):
    """Those that are known."""

    items: tuple[RaiserCard, ...]


class Watched(View):
    """A case on the public list: department, kind and age, and nothing else."""

    department_id: str | None
    department_zh: str | None
    department_en: str | None
    kind: CaseKind
    listed_on: date
    days: int
    """Calendar days since it was first raised."""


class WatchedList(View):
    """The public list (挂牌督办)."""

    items: tuple[Watched, ...]
