"""Days: when something is due, from when on it is amber or red, and counting it anew by another calendar.

A term in working days begins with the first working day after its start and ends on a working day; in calendar days
(petitions) it may end on any day. A date that the county set stays as it is.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from services.cases.domain import problems
from services.cases.domain.case import Case
from services.cases.domain.rules import Rules, Unit
from shared.calendar import Due, WorkingDays
from shared.events.cases import NextStep

AHEAD_MOST = timedelta(days=365)
"""No date that anybody sets lies further ahead."""
DAYS_MOST = 250
"""No term is longer, extensions and rests included: the calendar walks no further."""


@dataclass(frozen=True)
class Dates:
    """Today, by the county's clock, and the days that are worked."""

    today: date
    calendar: WorkingDays
    rules: Rules
    zone: ZoneInfo

    def due(self, start: date, days: int, unit: Unit) -> Due:
        """The last day of a term. Raises TermTooLong."""
        if days > DAYS_MOST:
            raise problems.TermTooLong
        if unit == "calendar":
            return Due(start + timedelta(days=days), tentative=False)
        try:
            return self.calendar.due(start, days)
        except ValueError:
            raise problems.TermTooLong from None

    def lights(self, start: date, end: date, unit: Unit) -> tuple[date, date]:
        """From when on a term is amber, and red: its last fifth, at least 2 days; its last tenth, at least 1."""
        days = max((end - start).days if unit == "calendar" else self.calendar.working_days_between(start, end), 1)
        amber, red = max(2, ceil(days * 0.2)), max(1, ceil(days * 0.1))
        return self._back(end, amber, unit), self._back(end, red, unit)

    def _back(self, end: date, days: int, unit: Unit) -> date:
        """The first of the last so many days of a term, its last one counted."""
        day, left = end, days - 1
        while left > 0 and (end - day).days < DAYS_MOST:
            day -= timedelta(days=1)
            left -= unit == "calendar" or self.calendar.works(day)
        return day

    def aim(self, case: Case, step: NextStep, days: int, unit: Unit = "working", start: date | None = None) -> Case:
        """What has to happen next, within so many days from `start`, or else from today. Raises TermTooLong."""
        start = start or self.today
        due = self.due(start, days, unit)
        return self._clocked(
            replace(case, next_step=step, next_from=start, next_unit=unit, next_days=days), due.day, due.tentative
        )

    def aim_at(self, case: Case, step: NextStep, day: date) -> Case:
        """What has to happen next, by a day that somebody set."""
        aimed = replace(case, next_step=step, next_from=self.today, next_unit="fixed", next_days=None)
        return self._clocked(aimed, day, tentative=not self.calendar.knows(day))

    def _clocked(self, case: Case, day: date, tentative: bool) -> Case:  # noqa: FBT001  (a pair that belongs together)
        unit = case.next_unit or "working"
        amber, red = self.lights(case.next_from or self.today, day, unit)
        return replace(
            case, next_on=day, amber_on=amber, red_on=red, tentative=tentative, reminded=None, overdue_noted=False
        )

    def term(self, case: Case, days: int, unit: Unit, start: date | None = None) -> Case:
        """A new term to answer, from `start` or else today. Raises TermTooLong."""
        start = start or self.today
        return replace(case, term_from=start, term_unit=unit, term_days=days, due_on=self.due(start, days, unit).day)

    def aim_at_answer(self, case: Case) -> Case:
        """The answer is next, by the case's term."""
        if case.term_days is None:
            return self.aim_at(case, "answer", case.due_on or self.today)
        return self.aim(case, "answer", case.term_days, case.term_unit, case.term_from)

    def longer(self, case: Case, days: int) -> Case:
        """The same term, so many of its days longer; the answer is next where it was. Raises TermTooLong."""
        if case.term_days is None:
            due = self.due(case.due_on or self.today, days, "working").day
            longer = replace(case, due_on=due)
        else:
            longer = self.term(case, case.term_days + days, case.term_unit, case.term_from)
        return self.aim_at_answer(longer) if case.next_step == "answer" else longer

    def rested(self, case: Case) -> int:
        """How many days of its term passed while it was suspended."""
        since = case.suspended_on or self.today
        if case.term_unit == "calendar":
            return max((self.today - since).days, 0)
        return self.calendar.working_days_between(since, self.today)

    def recount(self, case: Case) -> Case:
        """The same terms by another calendar. What did not move is as it was."""
        if case.next_step is None or case.next_from is None:
            return case
        recounted = case
        if case.term_days is not None and case.term_unit == "working":
            recounted = self.term(case, case.term_days, "working", case.term_from)
        if case.next_days is not None and case.next_unit == "working":
            recounted = self.aim(recounted, case.next_step, case.next_days, "working", case.next_from)
        same = replace(recounted, reminded=case.reminded, overdue_noted=case.overdue_noted)
        if (same.next_on, same.due_on) == (case.next_on, case.due_on):
            return same
        return recounted

    def days_left(self, case: Case) -> int | None:
        """Days until what is next, in the unit of its clock; negative where it is late."""
        if case.next_on is None:
            return None
        if case.next_unit == "calendar":
            return (case.next_on - self.today).days
        if case.next_on >= self.today:
            return self.calendar.working_days_between(self.today, case.next_on)
        return -self.calendar.working_days_between(case.next_on, self.today)

    def ahead(self, day: date, *, working: bool = True) -> date:
        """A day that somebody sets. Raises DateNotAhead, or DateIsRestDay where it has to be worked."""
        if not self.today < day <= self.today + AHEAD_MOST:
            raise problems.DateNotAhead
        if working and not self.calendar.works(day):
            raise problems.DateIsRestDay
        return day
