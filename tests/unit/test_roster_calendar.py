"""Which days are worked, and what a calendar may say."""

from datetime import date, timedelta

import holidays
import pytest
from pydantic import ValidationError

from services.roster.domain.calendar import Calendar, YearCalendar, changed_days, missing, seed
from tests.integration.roster_county import calendar


def official(year, rest_days=(), make_up_workdays=(), kind="official"):
    return YearCalendar(year=year, kind=kind, source="a test", rest_days=rest_days, make_up_workdays=make_up_workdays)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-01-01", "rest_day"),
        ("2026-01-02", "rest_day"),
        ("2026-01-04", "make_up_workday"),
        ("2026-01-05", "workday"),
        ("2026-02-28", "make_up_workday"),
        ("2026-10-07", "rest_day"),
        ("2026-10-08", "workday"),
        ("2026-10-10", "make_up_workday"),
        ("2026-10-11", "rest_day"),
    ],
)
def test_the_days_of_2026_are_those_of_the_notice(day, kind):
    assert calendar(2026).kind(date.fromisoformat(day)) == kind


def test_two_libraries_agree_on_2026():
    ours, other = calendar(2026), holidays.country_holidays("CN", years=2026)
    days = [date(2026, 1, 1) + timedelta(days=count) for count in range(365)]
    assert [day for day in days if ours.works(day) != other.is_working_day(day)] == []


def test_a_year_that_no_library_knows_is_a_guess_with_the_holidays_of_the_law():
    assert seed(2026).kind == "official"
    guess = seed(2027)
    assert guess.kind == "seed"
    assert date(2027, 2, 6) in guess.rest_days
    assert guess.make_up_workdays == ()
    assert not Calendar([guess]).knows(date(2027, 5, 1))
    assert Calendar([seed(2026)]).knows(date(2026, 5, 1))


def test_a_year_without_any_layer_has_weekends():
    nothing = Calendar([])
    assert nothing.kind(date(2040, 2, 29)) == "workday"
    assert nothing.kind(date(2040, 3, 3)) == "rest_day"
    assert not nothing.knows(date(2040, 2, 29))


def test_an_official_calendar_replaces_the_countys_own_and_extra_days_lie_over_both():
    days = date(2027, 3, 1), date(2027, 3, 2), date(2027, 8, 5)
    county = official(2027, rest_days=days[:1], kind="county")
    typhoon = official(2027, rest_days=days[2:], kind="county_days")
    assert [Calendar([county, typhoon]).works(day) for day in days] == [False, True, False]
    notice = official(2027, rest_days=days[1:2])
    assert [Calendar([typhoon, notice, county]).works(day) for day in days] == [True, False, False]
    assert Calendar([county]).knows(days[0])
    assert not Calendar([typhoon]).knows(days[0]), "a typhoon day does not tell the rest of the year"


def test_the_county_may_work_on_an_official_rest_day():
    worked = official(2026, make_up_workdays=(date(2026, 10, 1),), kind="county_days")
    assert Calendar([seed(2026), worked]).kind(date(2026, 10, 1)) == "workday"


@pytest.mark.parametrize(
    ("rest_days", "make_up_workdays", "said"),
    [
        (["2026-12-31"], [], "2026-12-31 is not in 2027"),
        (["2027-05-01", "2027-05-01"], [], "2027-05-01 stands twice"),
        (["2027-05-01"], ["2027-05-01"], "2027-05-01 stands twice"),
        ([], ["2027-05-03"], "2027-05-03 is no weekend"),
        ([20270501], [], "must be a date such as"),
        (["20270501"], [], "must be a date such as"),
        (["2027-02-29"], [], "date"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(rest_days, make_up_workdays, said):
    with pytest.raises(ValidationError, match=said):
        official(2027, rest_days, make_up_workdays)


def test_working_days_are_counted_with_those_made_up():
    days = calendar(2026)
    assert days.working_days_between(date(2026, 10, 8), date(2026, 10, 12)) == 3, "9, Saturday 10 and 12 October"
    assert days.working_days_between(date(2026, 10, 8), date(2026, 10, 8)) == 0


def test_years_are_learnt_once_and_never_over_what_somebody_entered():
    assert [(each.year, each.kind) for each in missing([], 2026, 2027)] == [(2026, "official"), (2027, "seed")]
    assert missing(missing([], 2026, 2027), 2026, 2027) == []
    assert missing([official(2026), official(2027, kind="county")], 2026, 2027) == []
    learnt = missing([official(2026, kind="seed")], 2026, 2026)
    assert [each.kind for each in learnt] == ["official"], "a guess gives way once the library knows the year"


def test_changed_days_are_those_of_another_kind():
    before = Calendar([official(2028, rest_days=[date(2028, 1, 3)])])
    after = Calendar([official(2028, rest_days=[date(2028, 2, 29)], make_up_workdays=[date(2028, 12, 31)])])
    assert changed_days(before, after, {2028}) == [date(2028, 1, 3), date(2028, 2, 29), date(2028, 12, 31)]
