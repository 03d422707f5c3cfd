"""A case, without anything that names a person or that anybody wrote."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol, Self
from uuid import UUID

from services.cases.domain.rules import Unit
from shared.events import cases as events
from shared.events.cases import CaseKind, CaseSource, CaseState, Closing, Holder, Level, ListingReason, NextStep

OVER: Final[tuple[CaseState, ...]] = ("closed", "merged")
AT_WORK: Final[tuple[CaseState, ...]] = ("accepted", "in_progress")
LEVELS: Final[tuple[Level, ...]] = ("window", "joint_review", "supervision")
By = Literal["citizen", "staff", "system"]
Light = Literal["green", "amber", "red", "overdue", "paused", "over"]


class Row(Protocol):
    """Whatever has columns by name."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of a column."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """The row of a case; what is sealed stands beside it."""

    case_id: UUID
    version: int
    last_event: str
    number: str
    kind: CaseKind
    source: CaseSource
    venue_id: str
    session_id: str | None
    visit_id: UUID | None
    finding_id: UUID | None
    remark_id: UUID | None
    confidential: bool
    about_department_id: str | None
    about_official_id: str | None
    level: Level
    state: CaseState
    holder: Holder
    department_id: str | None
    handler_id: str | None
    earlier_handler_id: str | None
    """Whose answer the citizen refused: somebody else has to do it again."""
    registered_at: datetime
    raised_on: date
    """Since when people complain of it, of all that were merged into it the first."""
    term_from: date
    term_unit: Unit
    term_days: int | None
    """None where the county set the date."""
    extended_days: int
    due_on: date | None
    next_step: NextStep | None
    next_from: date | None
    next_unit: Unit | None
    next_days: int | None
    next_on: date | None
    amber_on: date | None
    red_on: date | None
    tentative: bool
    reminded: Literal["amber", "red"] | None
    overdue_noted: bool
    """Whether it was told that `next_on` has passed."""
    suspended_on: date | None
    extensions: int
    extension_asked_days: int | None
    extension_asked_by: str | None
    times_overdue: int
    returns: int
    refusals: int
    unanswered_calls: int
    last_call_on: date | None
    raisings: int
    same_person_raisings: int
    blocked: bool
    referred: bool
    referral_next_on: date | None
    answered_at: datetime | None
    closed_at: datetime | None
    closing: Closing | None
    merged_into: UUID | None
    listed_on: date | None
    listing_reason: ListingReason | None
    delisted_on: date | None
    look_back_on: date | None
    language: Literal["zh", "en"]

    @classmethod
    def of(cls, row: Row) -> Self:
        """From a row that may have further columns."""
        return cls(**{name: row[name] for name in CASE_FIELDS})

    @property
    def is_over(self) -> bool:
        """Whether nothing has to happen any more."""
        return self.state in OVER

    def light(self, today: date) -> Light:
        """How near the next date is. Amber is the last fifth of the term, red its last tenth, both at least days."""
        if self.next_on is None or self.amber_on is None or self.red_on is None:
            return "over"
        if self.state == "suspended" and today <= self.next_on:
            return "paused"
        if today > self.next_on:
            return "overdue"
        if today >= self.red_on:
            return "red"
        return "amber" if today >= self.amber_on else "green"

    def public(self, parts: Sequence[events.Part] = (), measures: Sequence[events.Measure] = ()) -> events.Case:
        """The state as events tell it."""
        return events.Case(
            case_id=str(self.case_id),
            number=self.number,
            kind=self.kind,
            source=self.source,
            venue_id=self.venue_id,
            session_id=self.session_id,
            visit_id=_text(self.visit_id),
            finding_id=_text(self.finding_id),
            remark_id=_text(self.remark_id),
            confidential=self.confidential,
            level=self.level,
            state=self.state,
            holder=self.holder,
            department_id=self.department_id,
            handler_id=self.handler_id,
            registered_at=self.registered_at,
            next_step=self.next_step,
            next_on=self.next_on,
            due_on=self.due_on,
            tentative=self.tentative,
            extensions=self.extensions,
            times_overdue=self.times_overdue,
            returns=self.returns,
            refusals=self.refusals,
            unanswered_calls=self.unanswered_calls,
            raisings=self.raisings,
            blocked=self.blocked,
            referred=self.referred,
            answered_at=self.answered_at,
            closed_at=self.closed_at,
            closing=self.closing,
            merged_into=_text(self.merged_into),
            listed_on=self.listed_on,
            listing_reason=self.listing_reason,
            delisted_on=self.delisted_on,
            look_back_on=self.look_back_on,
            parts=tuple(parts),
            measures=tuple(measures),
            language=self.language,
        )


def _text(each: UUID | None) -> str | None:
    return None if each is None else str(each)


CASE_FIELDS: Final[tuple[str, ...]] = tuple(each.name for each in fields(Case))
CHANGING: Final[tuple[str, ...]] = tuple(
    name
    for name in CASE_FIELDS
    if name not in {
        "case_id", "version", "last_event", "number", "kind", "source", "venue_id", "session_id", "visit_id",
        "finding_id", "remark_id", "confidential", "about_department_id", "about_official_id", "registered_at",
        "language",
    }
)  # fmt: skip
"""What verbs change; all else is as it was registered."""
