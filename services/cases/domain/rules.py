"""The county's numbers: how many days each step has, and from where on something is done by rule.

The defaults are those of the domain's rules (Deadlines, The ladder, Listing, Bad rating); the county sets its own.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.cases import CaseKind, Level

Unit = Literal["working", "calendar", "fixed"]
"""How a term is counted: working days of the county's calendar, calendar days, or a date that the county set."""
EXTENSIONS_MOST = 2
RETURNS_MOST = 2
"""After so many returns the manager's assignment binds."""
UNANSWERED_MOST = 3
"""Call-backs without answer, on as many working days, after which a case is closed as not reached (未联系上)."""


class Rules(BaseModel):
    """All of them, in working days where nothing else is said."""

    model_config = ConfigDict(frozen=True)

    accept_days: int = Field(default=1, ge=1, le=250)
    """To accept, or to give back."""
    petition_accept_days: int = Field(default=15, ge=1, le=250)
    """Calendar days to accept a petition (信访)."""
    assign_days: int = Field(default=1, ge=1, le=250)
    """To find the right department for what was given back or has none."""
    problem_days: int = Field(default=10, ge=1, le=250)
    suggestion_days: int = Field(default=15, ge=1, le=250)
    complaint_days: int = Field(default=10, ge=1, le=250)
    petition_days: int = Field(default=60, ge=1, le=250)
    """Calendar days."""
    petition_extension_days: int = Field(default=30, ge=1, le=250)
    """Calendar days, once."""
    bad_rating_days: int = Field(default=5, ge=1, le=250)
    again_days: int = Field(default=5, ge=1, le=250)
    """To answer anew what the citizen refused or the supervisor reopened."""
    joint_review_days: int = Field(default=10, ge=1, le=250)
    """To answer, from the day on which it came to a joint review."""
    supervision_days: int = Field(default=15, ge=1, le=250)
    verify_days: int = Field(default=5, ge=1, le=250)
    """For the citizen's confirmation or a call-back."""
    bad_rating_verify_days: int = Field(default=1, ge=1, le=250)
    review_days: int = Field(default=5, ge=1, le=250)
    """For the supervisor's decision on what was refused twice."""
    extension_days_most: int = Field(default=30, ge=1, le=60)
    overdue_to_review_days: int = Field(default=3, ge=1, le=250)
    """So many working days late, a window's case climbs to the joint review."""
    overdue_to_supervision_days: int = Field(default=5, ge=1, le=250)
    departments_to_review: int = Field(default=2, ge=1, le=20)
    """With so many helping departments besides the lead it is the joint review's."""
    overdue_to_list: int = Field(default=2, ge=1, le=10)
    old_years: int = Field(default=3, ge=1, le=50)
    """A case older than so many years, and repeated, is listed."""
    raisings_to_supervisor: int = Field(default=3, ge=2, le=20)
    """So many raisings by the same person bring a case to the supervisor, not to the public list."""
    look_back_days: int = Field(default=30, ge=1, le=365)
    """Calendar days after its delisting that a case is looked back at."""
    measure_days_ahead: int = Field(default=3, ge=1, le=60)

    def accept(self, kind: CaseKind) -> tuple[int, Unit]:
        """The term to accept."""
        return (self.petition_accept_days, "calendar") if kind == "petition" else (self.accept_days, "working")

    def answer(self, kind: CaseKind) -> tuple[int, Unit]:
        """The term to answer, from the day of registration."""
        if kind == "petition":
            return self.petition_days, "calendar"
        days = {
            "problem": self.problem_days,
            "suggestion": self.suggestion_days,
            "complaint": self.complaint_days,
            "bad_rating": self.bad_rating_days,
        }
        return days[kind], "working"

    def verify(self, kind: CaseKind) -> int:
        """Working days for the confirmation."""
        return self.bad_rating_verify_days if kind == "bad_rating" else self.verify_days

    def on_level(self, level: Level) -> int:
        """Working days to answer from the day on which a case came to a level."""
        days = {"window": self.again_days, "joint_review": self.joint_review_days, "supervision": self.supervision_days}
        return days[level]

    def extensions_most(self, kind: CaseKind) -> int:
        """How often its term can be extended: a petition's once."""
        return 1 if kind == "petition" else EXTENSIONS_MOST

    def extension_days(self, kind: CaseKind) -> int:
        """By how many days at most, each time."""
        return self.petition_extension_days if kind == "petition" else self.extension_days_most
