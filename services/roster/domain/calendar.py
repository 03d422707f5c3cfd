"""Which days are worked: China moves them, so a weekend can be worked and a weekday can be off.

A year is described by up to four layers, each replaced whole when it is imported again:
- `official`: the State Council's yearly notice (国务院办公厅关于部分节假日安排的通知).
- `county`: what the county itself decided for a year that has no official calendar yet.
- `seed`: the holidays that the law names (全国年节及纪念日放假办法), without any moved day.
- `county_days`: days that the county adds, such as a typhoon day.
The first of the first three that exists is the base; `county_days` lie over it, day by day. A year is
*known* once it has an official or a county calendar; with a seed alone it is a guess.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from typing import Annotated, Literal, Self

import chinese_calendar
from pydantic import Field, model_validator

from services.roster.domain.entry import Day, Entry, Line
from shared.calendar import DayKind, WorkingDays, is_weekend
from shared.events.roster import CalendarYear

CalendarKind = Literal["official", "county", "seed", "county_days"]

FIRST_YEAR, LAST_YEAR = 2000, 2100
_BASES: tuple[CalendarKind, ...] = ("official", "county", "seed")
_ONE_DAY = timedelta(days=1)

Days = Annotated[tuple[Day, ...], Field(max_length=200)]


class YearCalendar(Entry):
    """One layer of one year. Weekends need not be listed as rest days, but may be, as official notices do."""

    year: int = Field(ge=FIRST_YEAR, le=LAST_YEAR)
    kind: CalendarKind = "official"
    source: Line
    """Who says so: the notice's number, the county's decision, the library."""
    rest_days: Days = ()
    make_up_workdays: Days = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        days = self.days()
        wrong = [f"{day} is not in {self.year}" for day in days if day.year != self.year]
        wrong += [f"{day} stands twice" for day in dict.fromkeys(days) if days.count(day) > 1]
        if self.kind != "county_days":
            weekdays = [day for day in self.make_up_workdays if not is_weekend(day)]
            wrong += [f"{day} is no weekend, so it is worked anyway" for day in weekdays]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def days(self) -> tuple[date, ...]:
        """All days that the layer names."""
        return self.rest_days + self.make_up_workdays

    def same_as(self, other: "YearCalendar | None") -> bool:
        """Whether both say the same of each day; the order and the source do not matter."""
        return (
            other is not None
            and (self.year, self.kind) == (other.year, other.kind)
            and set(self.rest_days) == set(other.rest_days)
            and set(self.make_up_workdays) == set(other.make_up_workdays)
        )


class Calendar(WorkingDays):
    """Every day of the years that these layers describe. A year of which nothing is known has weekends only."""

    def __init__(self, layers: Iterable[YearCalendar]) -> None:
        super().__init__(merged(layers))


def merged(layers: Iterable[YearCalendar]) -> list[CalendarYear]:
    """What the layers come to, year by year: the base, and the county's days over it."""
    by_year: dict[int, dict[str, YearCalendar]] = {}
    for layer in layers:
        by_year.setdefault(layer.year, {})[layer.kind] = layer
    return [_merged(year, kinds) for year, kinds in sorted(by_year.items())]


def _merged(year: int, kinds: dict[str, YearCalendar]) -> CalendarYear:
    base = next((kinds[kind] for kind in _BASES if kind in kinds), None)
    special: dict[date, DayKind] = {}
    for each in (base, kinds.get("county_days")):
        if each is not None:
            special |= dict.fromkeys(each.rest_days, "rest_day")
            special |= {day: _worked(day) for day in each.make_up_workdays}
    return CalendarYear(
        year=year,
        status="known" if base is not None and base.kind != "seed" else "tentative",
        rest_days=tuple(sorted(day for day, kind in special.items() if kind == "rest_day")),
        make_up_workdays=tuple(sorted(day for day, kind in special.items() if kind == "make_up_workday")),
    )


def _worked(day: date) -> DayKind:
    return "make_up_workday" if is_weekend(day) else "workday"


@cache
def seed(year: int) -> YearCalendar:
    """What is known of `year` without asking anybody: the official days where the library has them, else a guess."""
    rest_days = sorted(day for day in chinese_calendar.constants.holidays if day.year == year)
    if rest_days:
        worked = sorted(day for day in chinese_calendar.constants.workdays if day.year == year)
        source = f"chinesecalendar {version('chinesecalendar')}"
        return YearCalendar(
            year=year, kind="official", source=source, rest_days=tuple(rest_days), make_up_workdays=tuple(worked)
        )
    import holidays  # noqa: PLC0415  (12 MB, and only where nobody knows the year)

    legal = tuple(sorted(day for day in holidays.country_holidays("CN", years=year) if day.year == year))
    source = f"holidays {version('holidays')}; the moved days are not known"
    return YearCalendar(year=year, kind="seed", source=source, rest_days=legal)


def missing(layers: Sequence[YearCalendar], first: int, last: int) -> list[YearCalendar]:
    """The seeds to add for `first` … `last`: for years of which nothing is known, and official ones learnt since."""
    known = {(layer.year, layer.kind): layer for layer in layers}
    found = []
    for year in range(max(first, FIRST_YEAR), min(last, LAST_YEAR) + 1):
        if (year, "official") in known or (year, "county") in known:
            continue
        fresh = seed(year)
        if not fresh.same_as(known.get((year, fresh.kind))):
            found.append(fresh)
    return found


def changed_days(before: Calendar, after: Calendar, years: Collection[int]) -> list[date]:
    """The days of `years` that are another kind of day afterwards."""
    days = (date(year, 1, 1) + count * _ONE_DAY for year in sorted(years) for count in range(366))
    return [day for day in days if day.year in years and before.kind(day) != after.kind(day)]
