"""Said by cases: what becomes of each problem, suggestion, complaint and petition until its verified closing.

No word that anybody wrote is in an event: titles, texts, answers and reasons stay with cases. Of a complaint about a
person no department is named as long as the supervisor has it, for who reads events may be that person's office.
"""

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Event, State

CaseKind = Literal["problem", "suggestion", "complaint", "petition", "bad_rating"]
CaseSource = Literal["visit", "finding", "online", "counter", "phone"]
Level = Literal["window", "joint_review", "supervision"]
CaseState = Literal[
    "registered", "returned", "accepted", "in_progress", "suspended", "answered", "contested", "closed", "merged"
]
"""`returned`: waits for somebody to assign it. `contested`: refused twice, the supervisor decides anew (复查复核).
`merged`: goes on as another case."""
Holder = Literal["department", "manager", "supervisor"]
Closing = Literal["verified", "not_reached", "by_supervisor"]
"""`verified` by the citizen or a documented call-back; `not_reached` after three unanswered call-backs (未联系上);
`by_supervisor` with written reason and remedy."""
NextStep = Literal["accept", "assign", "answer", "resume", "verify", "review"]
ListingReason = Literal["overdue_twice", "old_and_repeated", "look_back_failed", "by_hand"]


class Part(State):
    """What a helping department does, by when."""

    part_id: str
    department_id: str
    due_on: date
    done_on: date | None = None


class Measure(State):
    """Something promised to a household or firm (跟踪帮扶)."""

    measure_id: str
    beneficiary: Literal["household", "firm"]
    due_on: date
    done_on: date | None = None


class Case(State):
    """A problem, suggestion, complaint or petition that outlives a visit."""

    case_id: str
    number: str
    """Ten digits with a check digit, as the citizen has it."""
    kind: CaseKind
    source: CaseSource
    venue_id: str
    session_id: str | None = None
    """The session of the visit or finding that it comes from."""
    visit_id: str | None = None
    finding_id: str | None = None
    remark_id: str | None = None
    confidential: bool = False
    """A complaint about a person: the supervisor's alone."""
    level: Level
    state: CaseState
    holder: Holder
    """Who has to act next."""
    department_id: str | None = None
    """The lead."""
    handler_id: str | None = None
    """The account of whoever is in charge of it."""
    registered_at: datetime
    next_step: NextStep | None = None
    """What has to happen next, by `next_on`; None of both once it is over."""
    next_on: date | None = None
    due_on: date | None = None
    """By when the lead has to answer; the same while it waits for a confirmation."""
    tentative: bool = False
    """Counted through a year whose official calendar is unknown: it may move."""
    extensions: int = Field(default=0, ge=0)
    times_overdue: int = Field(default=0, ge=0)
    returns: int = Field(default=0, ge=0)
    refusals: int = Field(default=0, ge=0)
    unanswered_calls: int = Field(default=0, ge=0)
    raisings: int = Field(default=1, ge=1)
    """How often the same was raised, by whomever."""
    blocked: bool = False
    referred: bool = False
    """Reported to a body above, while the clocks run on."""
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    closing: Closing | None = None
    merged_into: str | None = None
    listed_on: date | None = None
    """On the watched list since then; None where it is not, or not any more."""
    listing_reason: ListingReason | None = None
    delisted_on: date | None = None
    look_back_on: date | None = None
    """When its last delisting is looked back at; None once that was done."""
    parts: tuple[Part, ...] = ()
    measures: tuple[Measure, ...] = ()
    language: Literal["zh", "en"] = "zh"


class CaseEvent(Event):
    """Any event of a case."""

    topic: ClassVar[str] = "cases.cases.v1"
    case: Case

    @property
    def subject(self) -> str:
        """The case's id."""
        return self.case.case_id


class CaseRegistered(CaseEvent):
    """A case was entered and given to a lead department, or to whoever finds one."""


class CaseAssigned(CaseEvent):
    """The manager or supervisor gave it to a department; after two returns that binds."""


class CaseAccepted(CaseEvent):
    """The lead accepted it."""


class CaseReturned(CaseEvent):
    """The lead gave it back within a working day, and named the right department."""


class CaseTaken(CaseEvent):
    """Somebody is in charge of it now, and works on it."""


class CaseAdded(CaseEvent):
    """The citizen, or staff, added something."""


class ExtensionAsked(CaseEvent):
    """The lead asks for more time, with a reason."""


class CaseExtended(CaseEvent):
    """More time was approved."""


class ExtensionRefused(CaseEvent):
    """More time was refused."""


class CaseSuspended(CaseEvent):
    """It rests until a day, with a reason; its clock stands still."""


class CaseResumed(CaseEvent):
    """It goes on."""


class CaseReferred(CaseEvent):
    """It was reported to a body above, which has a next date; its clock runs on."""


class CaseBlocked(CaseEvent):
    """The lead cannot go on alone."""


class CaseDateSet(CaseEvent):
    """The county set the date by which it has to be answered."""


class CaseRecounted(CaseEvent):
    """The calendar changed, and its dates with it."""


class PartGiven(CaseEvent):
    """A helping department got a part with a deadline."""


class PartDone(CaseEvent):
    """A helping department did its part."""


class CaseReminded(CaseEvent):
    """Its date comes near: the last fifth, or the last tenth of its term."""


class CaseOverdue(CaseEvent):
    """Its date is past."""


class CaseEscalated(CaseEvent):
    """It is on a higher level of the ladder, by rule or by hand."""


class CaseDecided(CaseEvent):
    """A joint review or frontline supervision decided who does what by when."""


class CaseAnswered(CaseEvent):
    """The lead answered; now the citizen confirms, or is called back."""


class CaseRefused(CaseEvent):
    """The citizen is not content: reopened under another handler, or, the second time, the supervisor's."""


class CaseUnreached(CaseEvent):
    """A call-back was not answered."""


class CaseReopened(CaseEvent):
    """The supervisor had it done again."""


class CaseClosed(CaseEvent):
    """It is over, by one of three closings."""


class CaseMerged(CaseEvent):
    """It goes on as another case."""


class CaseRaisedAgain(CaseEvent):
    """Another case was merged into it."""


class CaseListed(CaseEvent):
    """It is on the watched list (挂牌督办)."""


class CaseDelisted(CaseEvent):
    """It was verified, and is off the watched list (销号)."""


class CaseLookedBack(CaseEvent):
    """Somebody looked whether it stayed mended (回头看)."""


class MeasurePromised(CaseEvent):
    """Something was promised to a household or firm."""


class MeasureKept(CaseEvent):
    """A promise was kept, with proof."""


EVENTS: tuple[type[CaseEvent], ...] = (
    CaseRegistered,
    CaseAssigned,
    CaseAccepted,
    CaseReturned,
    CaseTaken,
    CaseAdded,
    ExtensionAsked,
    CaseExtended,
    ExtensionRefused,
    CaseSuspended,
    CaseResumed,
    CaseReferred,
    CaseBlocked,
    CaseDateSet,
    CaseRecounted,
    PartGiven,
    PartDone,
    CaseReminded,
    CaseOverdue,
    CaseEscalated,
    CaseDecided,
    CaseAnswered,
    CaseRefused,
    CaseUnreached,
    CaseReopened,
    CaseClosed,
    CaseMerged,
    CaseRaisedAgain,
    CaseListed,
    CaseDelisted,
    CaseLookedBack,
    MeasurePromised,
    MeasureKept,
)
