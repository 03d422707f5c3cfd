"""What happens to a case by rule: climbing the ladder, being listed, being brought to the supervisor.

Pure functions of the case and the calendar; each answer says why.
"""

from typing import Literal, NamedTuple

from services.cases.domain.case import Case
from services.cases.domain.dates import Dates
from shared.events.cases import Level, ListingReason

EscalationReason = Literal["overdue", "blocked", "several_departments"]


class Escalation(NamedTuple):
    """Where a case climbs, and why."""

    level: Level
    why: EscalationReason


def escalation(case: Case, helping: int, dates: Dates) -> Escalation | None:
    """The next level, where the case is the next level's by rule; `helping`: departments with an open part."""
    if case.state not in {"registered", "returned", "accepted", "in_progress"} or case.confidential:
        return None
    late, rules = _days_late(case, dates), dates.rules
    if case.level == "window":
        several = helping >= rules.departments_to_review
        why = _why(case, several=several, overdue=late >= rules.overdue_to_review_days)
        return Escalation("joint_review", why) if why else None
    if case.level == "joint_review":
        why = _why(case, several=False, overdue=late >= rules.overdue_to_supervision_days)
        return Escalation("supervision", why) if why else None
    return None


def _why(case: Case, *, several: bool, overdue: bool) -> EscalationReason | None:
    if case.blocked:
        return "blocked"
    if several:
        return "several_departments"
    return "overdue" if overdue else None


def _days_late(case: Case, dates: Dates) -> int:
    if case.next_on is None or dates.today <= case.next_on:
        return 0
    return dates.calendar.working_days_between(case.next_on, dates.today)


def listing(case: Case, dates: Dates) -> ListingReason | None:
    """Why a case is put on the watched list by rule.

    What one person raises for the third time goes to the supervisor instead, and a complaint about a person nowhere.
    """
    if case.is_over or case.confidential or case.listed_on is not None:
        return None
    if case.times_overdue >= dates.rules.overdue_to_list:
        return "overdue_twice"
    once_too_often = case.same_person_raisings >= dates.rules.raisings_to_supervisor
    if case.raisings > 1 and not once_too_often and _is_old(case, dates):
        return "old_and_repeated"
    return None


def _is_old(case: Case, dates: Dates) -> bool:
    raised, today = case.raised_on, dates.today
    return (today.year - dates.rules.old_years, today.month, today.day) > (raised.year, raised.month, raised.day)


def is_supervisors(case: Case, dates: Dates) -> bool:
    """Whether the same person has raised it so often that the supervisor decides."""
    return (
        not case.is_over
        and case.holder != "supervisor"
        and case.same_person_raisings >= dates.rules.raisings_to_supervisor
    )
