"""Which days are worked, by what the roster says of each year: plain rules, without I/O, for whoever counts days.

China moves working days: a weekend can be worked and a weekday can be off. A year of which nothing is known has
weekends only, and whatever is counted through it is tentative: the State Council names the days of a year in the
autumn before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from shared.events.roster import CalendarYear

DayKind = Literal["workday", "make_up_workday", "rest_day"]

DAYS_MOST = 400
"""No term is counted further: a calendar that calls every day off is a mistake, and must not be walked for ever."""
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """A day by which something is to be done."""

    day: date
    tentative: bool
    """Whether it was counted through a year whose official calendar is not known yet, so that it may move."""


class WorkingDays:
    """Every day of the years it is made of. A year of which nothing is known has weekends only."""

    def __init__(self, years: Iterable[CalendarYear]) -> None:
        self._special: dict[date, DayKind] = {}
        self._known: set[int] = set()
        for each in years:
            if each.status == "known":
                self._known.add(each.year)
            self._special |= dict.fromkeys(each.rest_days, "rest_day")
            self._special |= dict.fromkeys(each.make_up_workdays, "make_up_workday")

    def knows(self, day: date) -> bool:
        """Whether the year of `day` has an official or a county calendar."""
        return day.year in self._known

    def kind(self, day: date) -> DayKind:
        """What `day` is."""
        return self._special.get(day) or ("rest_day" if is_weekend(day) else "workday")

    def works(self, day: date) -> bool:
        """Whether `day` is worked."""
        return self.kind(day) != "rest_day"

    def working_days_between(self, earlier: date, later: date) -> int:
        """How many working days after `earlier` `later` comes, itself counted if it is worked."""
        days = (earlier + count * _ONE_DAY for count in range(1, (later - earlier).days + 1))
        return sum(self.works(day) for day in days)

    def due(self, after: date, working_days: int) -> Due:
        """The so-manieth working day after `after`, which is not counted itself. ValueError past DAYS_MOST days."""
        if working_days < 1:
            raise ValueError("a term has at least one working day")
        left, tentative = working_days, False
        for count in range(1, DAYS_MOST + 1):
            day = after + count * _ONE_DAY
            tentative = tentative or not self.knows(day)
            left -= self.works(day)
            if left == 0:
                return Due(day, tentative)
        raise ValueError(f"no {working_days} working days within {DAYS_MOST} days after {after}")


def is_weekend(day: date) -> bool:
    """Whether `day` is a Saturday or a Sunday, which says nothing of whether it is worked."""
    return day.weekday() >= _SATURDAY
