"""On which date each session of a programme is held.

The rule (its shift is how terms that end on a rest day run on to the next working day, 民法典 第二百零三条):
1. The recurrence names rule dates. One that is not worked is shifted as the programme says; make-up
   workdays count as worked.
2. Two sessions of one programme and venue never share a date. Whoever stands on its own rule date keeps
   it, for that is the date people know (1, 11, 21); dates set by hand are kept before all others. A shifted
   session that finds its date taken goes on, in the direction of its shift, to the next working day that
   is free, in the order of the rule dates.
3. A shifted session that lands on, or within `CLASH_WORKING_DAYS` working days of, another is a clash: the
   manager may merge it into the other, skip it, or keep it. Until somebody decides it is kept. A pair is
   told once, of the one that was shifted further.
4. Where no free day is found within 31 days the rule date is reported as crowded out, and not held.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.roster.domain.calendar import Calendar
from services.roster.domain.programme import Programme
from shared.calendar import DayKind

CLASH_WORKING_DAYS = 3
SEARCH_DAYS = 31
"""How far a session is shifted at most; no stretch of rest days is longer."""
MARGIN = timedelta(days=2 * SEARCH_DAYS)
"""Rule dates this far outside the planned range still matter: they may take, or be shifted onto, its days."""

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Placement:
    """The date of the session that belongs to a rule date."""

    rule_date: date
    date: date
    day_kind: DayKind
    tentative: bool
    """A year that was looked at has no calendar yet."""

    @property
    def shifted(self) -> bool:
        """Whether it is held on another date than the rule names."""
        return self.date != self.rule_date


@dataclass(frozen=True)
class Clash:
    """Two sessions close to each other, because `rule_date` was shifted."""

    rule_date: date
    other_rule_date: date
    working_days: int
    """From the earlier of both to the later."""


@dataclass(frozen=True)
class Placements:
    """What became of each rule date, in their order."""

    placed: tuple[Placement, ...]
    crowded_out: tuple[date, ...] = ()


def place(  # noqa: PLR0913  (a programme, its days, and what is settled already)
    programme: Programme,
    calendar: Calendar,
    first: date,
    last: date,
    *,
    fixed: Mapping[date, date] | None = None,
    cancelled: frozenset[date] = frozenset(),
) -> Placements:
    """Place the rule dates from `first - MARGIN` to `last`.

    `fixed`: date by rule date of the sessions that stay where they are, whatever the rule says now.
    `cancelled`: rule dates that are not held; their days are free for others.
    """
    fixed = fixed or {}
    named = [each for each in programme.occurrences(first - MARGIN, last + MARGIN) if each not in cancelled]
    dates: dict[date, date] = dict(fixed)
    taken = set(fixed.values())
    waiting = []
    for rule_date in named:
        if rule_date in fixed:
            continue
        stands = programme.non_working_day == "keep" or calendar.works(rule_date)
        if stands and rule_date not in taken:
            dates[rule_date] = rule_date
            taken.add(rule_date)
        elif stands or programme.non_working_day != "skip":
            waiting.append(rule_date)
    crowded_out = []
    step = -1 if programme.non_working_day == "previous_working_day" else 1
    for rule_date in waiting:
        free = _free_working_day(calendar, rule_date, taken, step)
        if free is None:
            crowded_out.append(rule_date)
        else:
            dates[rule_date] = free
            taken.add(free)
    return Placements(
        placed=tuple(
            _placement(calendar, rule_date, dates[rule_date]) for rule_date in sorted(dates) if rule_date <= last
        ),
        crowded_out=tuple(each for each in crowded_out if first <= each <= last),
    )


def _placement(calendar: Calendar, rule_date: date, day: date) -> Placement:
    tentative = not (calendar.knows(rule_date) and calendar.knows(day))
    return Placement(rule_date=rule_date, date=day, day_kind=calendar.kind(day), tentative=tentative)


def _free_working_day(calendar: Calendar, rule_date: date, taken: set[date], step: int) -> date | None:
    """The first working day from `rule_date` on that no other session has; None where there is none in reach."""
    for count in range(SEARCH_DAYS + 1):
        day = rule_date + step * count * _ONE_DAY
        if day not in taken and calendar.works(day):
            return day
    return None


def clashes(calendar: Calendar, dates: Mapping[date, date], movable: Collection[date]) -> list[Clash]:
    """The pairs that stand too close because one of them was shifted.

    `dates`: date by rule date. `movable`: the rule dates that a shift, and no person, put where they are.
    """
    ordered = sorted(dates, key=lambda each: dates[each])
    found = []
    for earlier, later in pairwise(ordered):
        distance = calendar.working_days_between(dates[earlier], dates[later])
        shifted = [each for each in (earlier, later) if each in movable and dates[each] != each]
        if distance > CLASH_WORKING_DAYS or not shifted:
            continue
        furthest = max(shifted, key=lambda each: (abs((dates[each] - each).days), -each.toordinal()))
        found.append(Clash(furthest, later if furthest is earlier else earlier, distance))
    return found
