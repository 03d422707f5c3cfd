"""The life of a case, a verb a function: from the case as it was to the case after it.

Who may do it, and whether the case is where it can be done, stands in `may`; what is written, told and kept beside the
case is the commands' business.
"""

from dataclasses import replace
from datetime import date, datetime

from services.cases.domain import problems
from services.cases.domain.case import LEVELS, Case, Light
from services.cases.domain.dates import DAYS_MOST, Dates
from services.cases.domain.rules import RETURNS_MOST, UNANSWERED_MOST
from shared.events.cases import Closing, Holder, Level, ListingReason


def begin(case: Case, dates: Dates) -> Case:
    """Its first clocks: the lead accepts it, or somebody finds the lead."""
    days, unit = dates.rules.answer(case.kind)
    termed = case if case.term_unit == "fixed" else dates.term(case, days, unit)
    return _to_lead(termed, dates)


def _to_lead(case: Case, dates: Dates) -> Case:
    if case.holder == "department":
        days, unit = dates.rules.accept(case.kind)
        return dates.aim(case, "accept", days, unit)
    return dates.aim(case, "assign", dates.rules.assign_days)


def assign(case: Case, department_id: str, dates: Dates) -> Case:
    """Give it to a department, which accepts it; after two returns that binds, and is accepted at once."""
    if department_id == case.department_id:
        raise problems.SameDepartment
    if case.confidential and department_id == case.about_department_id:
        raise problems.DepartmentComplainedAbout
    given = replace(case, department_id=department_id, holder="department", handler_id=None, blocked=False)
    if case.returns >= RETURNS_MOST:
        return dates.aim_at_answer(replace(given, state="accepted"))
    return _to_lead(replace(given, state="registered"), dates)


def accept(case: Case, dates: Dates) -> Case:
    """The lead accepts it."""
    return dates.aim_at_answer(replace(case, state="accepted"))


def give_back(case: Case, department_id: str, dates: Dates) -> Case:
    """The lead gives it back. Raises AssignmentBinds, ReturnTooLate or SameDepartment."""
    if case.returns >= RETURNS_MOST:
        raise problems.AssignmentBinds
    if case.next_on is None or dates.today > case.next_on:
        raise problems.ReturnTooLate
    if department_id == case.department_id:
        raise problems.SameDepartment
    holder: Holder = "supervisor" if case.confidential else "manager"
    returned = replace(case, state="returned", holder=holder, department_id=None, returns=case.returns + 1)
    return _to_lead(returned, dates)


def take(case: Case, handler_id: str) -> Case:
    """Somebody is in charge. Raises SameHandler for whoever's answer was refused."""
    if handler_id == case.earlier_handler_id:
        raise problems.SameHandler
    return replace(case, state="in_progress", handler_id=handler_id)


def ask_extension(case: Case, days: int, asked_by: str, dates: Dates) -> Case:
    """More time is asked for. Raises ExtensionsUsed, ExtensionTooLong or TermTooLong."""
    if case.extensions >= dates.rules.extensions_most(case.kind):
        raise problems.ExtensionsUsed
    if days > dates.rules.extension_days(case.kind):
        raise problems.ExtensionTooLong
    dates.longer(case, days)
    return replace(case, extension_asked_days=days, extension_asked_by=asked_by)


def grant_extension(case: Case, by: str, dates: Dates) -> Case:
    """More time. Raises OwnExtension for whoever asked, or TermTooLong."""
    if by == case.extension_asked_by:
        raise problems.OwnExtension
    days = case.extension_asked_days or 0
    longer = dates.longer(case, days)
    return replace(
        longer,
        extensions=case.extensions + 1,
        extended_days=case.extended_days + days,
        extension_asked_days=None,
        extension_asked_by=None,
    )


def refuse_extension(case: Case) -> Case:
    """No more time."""
    return replace(case, extension_asked_days=None, extension_asked_by=None)


def suspend(case: Case, until: date, dates: Dates) -> Case:
    """It rests until a day. Raises DateNotAhead, DateIsRestDay, or TermTooLong where its term could not hold that."""
    dates.ahead(until)
    if case.term_days is not None:
        rest = dates.calendar.working_days_between(dates.today, until)
        dates.due(case.term_from, case.term_days + rest, case.term_unit)
    return dates.aim_at(replace(case, state="suspended", suspended_on=dates.today), "resume", until)


def resume(case: Case, dates: Dates) -> Case:
    """It goes on, its term longer by the days that it rested; a date that the county set stays."""
    awake = replace(case, state="in_progress" if case.handler_id else "accepted", suspended_on=None)
    if case.term_days is not None:
        days = min(case.term_days + dates.rested(case), DAYS_MOST)
        awake = dates.term(awake, days, case.term_unit, case.term_from)
    return dates.aim_at_answer(awake)


def set_date(case: Case, day: date, dates: Dates) -> Case:
    """The county sets the date of the answer. Raises DateNotAhead or DateIsRestDay."""
    dates.ahead(day)
    fixed = replace(case, term_unit="fixed", term_days=None, due_on=day)
    return dates.aim_at(fixed, "answer", day) if case.next_step == "answer" else fixed


def move(case: Case, level: Level, dates: Dates) -> Case:
    """It is on another level, where the lead has a new term to answer; a petition's and the county's date stay."""
    moved = replace(case, level=level, blocked=False)
    days = dates.rules.on_level(level)
    if case.term_unit == "working":
        renewed = dates.term(moved, days, "working")
        if case.due_on is None or (renewed.due_on or case.due_on) > case.due_on:
            moved = renewed
    if case.next_step == "answer":
        if case.term_unit == "working":
            return dates.aim_at_answer(moved)
        return dates.aim(moved, "answer", days) if _is_late(case, dates) else moved
    if case.next_step in {"accept", "assign"} and case.next_days is not None and _is_late(case, dates):
        return dates.aim(moved, case.next_step, case.next_days, case.next_unit or "working")
    return moved


def _is_late(case: Case, dates: Dates) -> bool:
    return case.next_on is not None and dates.today > case.next_on


def answer(case: Case, now: datetime, dates: Dates) -> Case:
    """The lead answered: the citizen confirms, or is called back."""
    answered = replace(
        case,
        state="answered",
        holder="manager",
        answered_at=now,
        blocked=False,
        referred=False,
        referral_next_on=None,
        extension_asked_days=None,
        extension_asked_by=None,
        unanswered_calls=0,
        last_call_on=None,
    )
    return dates.aim(answered, "verify", dates.rules.verify(case.kind))


def close(case: Case, closing: Closing, now: datetime) -> Case:
    """It is over."""
    return replace(_ended(case), state="closed", closing=closing, closed_at=now)


def _ended(case: Case) -> Case:
    return replace(
        case,
        next_step=None,
        next_from=None,
        next_unit=None,
        next_days=None,
        next_on=None,
        amber_on=None,
        red_on=None,
        tentative=False,
        reminded=None,
        overdue_noted=False,
        suspended_on=None,
        blocked=False,
        referred=False,
        referral_next_on=None,
        extension_asked_days=None,
        extension_asked_by=None,
    )


def refuse(case: Case, dates: Dates) -> Case:
    """The citizen is not content: once the same level does it again, under another handler; then the supervisor."""
    refused = replace(case, refusals=case.refusals + 1, closing=None, closed_at=None)
    if refused.refusals > 1 or case.department_id is None:
        return to_supervisor(refused, dates)
    return again(refused, dates, dates.rules.again_days)


def again(case: Case, dates: Dates, days: int) -> Case:
    """It is done again, by somebody else."""
    reopened = replace(
        case,
        state="accepted",
        holder="department",
        earlier_handler_id=case.handler_id or case.earlier_handler_id,
        handler_id=None,
        answered_at=None,
        unanswered_calls=0,
        last_call_on=None,
        closing=None,
        closed_at=None,
    )
    return dates.aim_at_answer(dates.term(reopened, days, "working"))


def to_supervisor(case: Case, dates: Dates) -> Case:
    """The supervisor decides what becomes of it."""
    brought = replace(case, state="contested", holder="supervisor", suspended_on=None, answered_at=None)
    return dates.aim(brought, "review", dates.rules.review_days)


def reopen(case: Case, department_id: str | None, dates: Dates) -> Case:
    """The supervisor has it done again at its level. Raises DepartmentUnknown where nobody is named who does it."""
    department = department_id or case.department_id
    if department is None:
        raise problems.DepartmentUnknown
    if case.confidential and department == case.about_department_id:
        raise problems.DepartmentComplainedAbout
    return again(replace(case, department_id=department), dates, dates.rules.on_level(case.level))


def on_level(case: Case, level: Level) -> Case:
    """On a level, its clocks as they are."""
    return replace(case, level=level)


def above(level: Level) -> Level:
    """The next level of the ladder. Raises ActNotNow on the last one."""
    place = LEVELS.index(level) + 1
    if place >= len(LEVELS):
        raise problems.ActNotNow
    return LEVELS[place]


def unreached(case: Case, dates: Dates) -> tuple[Case, bool]:
    """A call-back was not answered; whether it was the last that had to be tried.

    Raises DateIsRestDay, or CalledToday for a second one on a day.
    """
    if not dates.calendar.works(dates.today):
        raise problems.DateIsRestDay
    if case.last_call_on == dates.today:
        raise problems.CalledToday
    tried = replace(case, unanswered_calls=case.unanswered_calls + 1, last_call_on=dates.today)
    return tried, tried.unanswered_calls >= UNANSWERED_MOST


def put_on_list(case: Case, reason: ListingReason, dates: Dates) -> Case:
    """It is watched publicly. Raises NotPublic or AlreadyListed."""
    if case.confidential:
        raise problems.NotPublic
    if case.listed_on is not None:
        raise problems.AlreadyListed
    return replace(case, listed_on=dates.today, listing_reason=reason, look_back_on=None)


def take_off_list(case: Case, look_back_on: date, dates: Dates) -> Case:
    """It was verified. Raises NotListed or NotVerified."""
    if case.listed_on is None:
        raise problems.NotListed
    if case.closing != "verified":
        raise problems.NotVerified
    return replace(
        case,
        listed_on=None,
        listing_reason=None,
        delisted_on=dates.today,
        look_back_on=look_back_on,
        times_overdue=0,
    )


def noted(case: Case, light: Light) -> Case | None:
    """What was told of how near its date is; None where that was told already, or there is nothing to tell.

    A date that the department let pass counts as overdue; one of the hall's or the supervisor's does not.
    """
    if light == "overdue" and not case.overdue_noted:
        counts = case.next_step in {"accept", "answer"}
        return replace(case, overdue_noted=True, times_overdue=case.times_overdue + counts)
    since = case.next_from
    if light == "red" and case.reminded != "red" and _is_news(case.red_on, since):
        return replace(case, reminded="red")
    if light == "amber" and case.reminded is None and _is_news(case.amber_on, since):
        return replace(case, reminded="amber")
    return None


def _is_news(turned_on: date | None, since: date | None) -> bool:
    """Whether a light turned after its clock began: who is given a day for something need not be reminded at once."""
    return turned_on is not None and since is not None and turned_on > since


def looked_back(case: Case) -> Case:
    """Its delisting was looked back at."""
    return replace(case, look_back_on=None)


def merge(case: Case, into: Case) -> Case:
    """It goes on as another case."""
    return replace(_ended(case), state="merged", merged_into=into.case_id, listed_on=None, listing_reason=None)


def raised_again(case: Case, merged: Case, *, same_person: bool) -> Case:
    """Another case was merged into it."""
    return replace(
        case,
        raisings=case.raisings + merged.raisings,
        same_person_raisings=case.same_person_raisings + (merged.same_person_raisings if same_person else 0),
        raised_on=min(case.raised_on, merged.raised_on),
    )
