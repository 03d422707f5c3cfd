"""Terms in working days: over National Day, over a year's end that nobody knows yet, and in general."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.roster.domain.calendar import YearCalendar, merged, seed
from shared.calendar import DAYS_MOST, WorkingDays
from shared.events.roster import CalendarYear

YEAR_2026 = merged([seed(2026)])


def due(after, working_days=3, years=YEAR_2026):
    found = WorkingDays(years).due(date.fromisoformat(after), working_days)
    return found.day.isoformat(), found.tentative


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-12-11", "2026-12-16"),  # a Friday
        ("2026-09-29", "2026-10-09"),  # 30 September, then 8 and 9 October
        ("2026-09-30", "2026-10-10"),  # 8, 9 and Saturday the 10th, which is made up
        ("2026-10-08", "2026-10-12"),  # 9, Saturday 10 and Monday 12
        ("2026-02-13", "2026-02-25"),  # Saturday 14 is worked, then the Spring Festival
    ],
)
def test_a_term_over_the_holidays_of_2026(after, expected):
    assert due(after) == (expected, False)


def test_a_year_that_nobody_knows_makes_the_day_tentative():
    assert due("2026-12-28") == ("2026-12-31", False)
    assert due("2026-12-30") == ("2027-01-04", True), "weekends only, where nothing at all is known"
    guess = merged([seed(2026), seed(2027)])
    assert due("2026-12-30", years=guess) == ("2027-01-05", True), "the first of January is off by the law"
    known = [*YEAR_2026, CalendarYear(year=2027, status="known", rest_days=(date(2027, 1, 1), date(2027, 1, 4)))]
    assert due("2026-12-30", years=known) == ("2027-01-06", False)
    assert due("2026-12-30", years=()) == ("2027-01-04", True)


def test_the_countys_own_days_count():
    typhoon = YearCalendar(year=2026, kind="county_days", source="a test", rest_days=(date(2026, 12, 14),))
    worked = YearCalendar(year=2026, kind="county_days", source="a test", make_up_workdays=(date(2026, 10, 1),))
    assert due("2026-12-11", years=merged([seed(2026), typhoon])) == ("2026-12-17", False)
    assert due("2026-09-29", years=merged([seed(2026), worked])) == ("2026-10-08", False)


def test_a_calendar_without_working_days_is_not_walked_for_ever():
    never = [
        CalendarYear(
            year=year,
            status="known",
            rest_days=tuple(date(year, 1, 1) + timedelta(days=count) for count in range(365)),
        )
        for year in (2026, 2027)
    ]
    with pytest.raises(ValueError, match=f"within {DAYS_MOST} days"):
        due("2026-01-01", years=never)
    with pytest.raises(ValueError, match="at least one"):
        due("2026-01-01", 0)


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
YEARS = st.lists(
    st.builds(
        lambda year, known, days, worked: CalendarYear(
            year=year,
            status="known" if known else "tentative",
            rest_days=tuple(each.replace(year=year) for each in days if (each.month, each.day) != (2, 29)),
            make_up_workdays=tuple(each.replace(year=year) for each in worked if each.replace(year=year) not in days),
        ),
        st.sampled_from([2026, 2027, 2028]),
        st.booleans(),
        st.frozensets(DAYS, max_size=30),
        st.frozensets(DAYS, max_size=10),
    ),
    unique_by=lambda each: each.year,
)


@given(YEARS, DAYS, st.integers(1, 30))
def test_the_last_day_of_a_term_is_never_a_day_off_and_is_the_right_one(years, after, working_days):
    calendar = WorkingDays(years)
    found = calendar.due(after, working_days)
    assert calendar.works(found.day)
    assert calendar.working_days_between(after, found.day) == working_days
    known = {each.year for each in years if each.status == "known"}
    walked = {after.year, found.day.year} if after + timedelta(days=1) <= date(after.year, 12, 31) else {found.day.year}
    assert found.tentative == (not walked <= known)


@given(YEARS, DAYS)
def test_a_longer_term_ends_later(years, after):
    calendar = WorkingDays(years)
    ends = [calendar.due(after, count).day for count in range(1, 8)]
    assert ends == sorted(set(ends))
