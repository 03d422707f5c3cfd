"""On which dates the sessions of a programme are held."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.roster.domain.calendar import Calendar, YearCalendar
from services.roster.domain.placement import clashes, place
from tests.integration.roster_county import calendar, programme

YEAR = date(2026, 1, 1), date(2026, 12, 31)


def dates(placements):
    return {each.rule_date: each.date for each in placements.placed}


def in_year(placements):
    return {rule: day for rule, day in dates(placements).items() if YEAR[0] <= rule <= YEAR[1]}


def days_off(*days, year=2026):
    return Calendar([YearCalendar(year=year, source="a test", rest_days=days)])


def test_in_2026_fifteen_of_the_thirty_six_days_move():
    placed = in_year(place(programme(), calendar(), *YEAR))
    assert len(placed) == 36
    moved = {rule: day for rule, day in placed.items() if rule != day}
    assert len(moved) == 15
    assert moved[date(2026, 1, 1)] == date(2026, 1, 4), "a Sunday, but it is worked"
    assert moved[date(2026, 10, 1)] == date(2026, 10, 8)
    assert moved[date(2026, 2, 21)] == date(2026, 2, 24)
    assert moved[date(2026, 5, 1)] == date(2026, 5, 6)
    assert len(set(placed.values())) == 36


def test_after_national_day_two_sessions_come_close_and_it_is_said_of_the_one_shifted_further():
    placed = in_year(place(programme(), calendar(), *YEAR))
    found = clashes(calendar(), placed, placed)
    assert [(each.rule_date, each.other_rule_date, each.working_days) for each in found] == [
        (date(2026, 10, 1), date(2026, 10, 11), 3)
    ]
    assert clashes(calendar(), placed, set()) == [], "what a person put there is no clash"


@pytest.mark.parametrize(
    ("rule", "first_of_may", "first_of_october"),
    [
        ("next_working_day", date(2026, 5, 6), date(2026, 10, 8)),
        ("previous_working_day", date(2026, 4, 30), date(2026, 9, 30)),
        ("keep", date(2026, 5, 1), date(2026, 10, 1)),
        ("skip", None, None),
    ],
)
def test_each_rule_for_days_that_are_not_worked(rule, first_of_may, first_of_october):
    placed = in_year(place(programme(non_working_day=rule), calendar(), *YEAR))
    assert placed.get(date(2026, 5, 1)) == first_of_may
    assert placed.get(date(2026, 10, 1)) == first_of_october
    assert placed[date(2026, 1, 21)] == date(2026, 1, 21)


def test_a_shifted_session_goes_past_the_day_that_another_has_by_its_own_rule():
    # 8 June 2026 is a Monday; with a holiday from the 8th to the 10th it would land on the 11th.
    rule = programme(rrule="FREQ=MONTHLY;BYMONTHDAY=8,11")
    off = days_off(date(2026, 6, 8), date(2026, 6, 9), date(2026, 6, 10))
    placed = dates(place(rule, off, date(2026, 6, 1), date(2026, 6, 30)))
    assert placed[date(2026, 6, 11)] == date(2026, 6, 11), "people know the 11th"
    assert placed[date(2026, 6, 8)] == date(2026, 6, 12)
    found = clashes(off, {rule: day for rule, day in placed.items() if rule.month == 6}, placed)
    assert [(each.rule_date, each.working_days) for each in found] == [(date(2026, 6, 8), 1)]


def test_going_backwards_a_taken_day_is_passed_backwards():
    rule = programme(rrule="FREQ=MONTHLY;BYMONTHDAY=11,12", non_working_day="previous_working_day")
    placed = dates(place(rule, days_off(date(2026, 6, 12)), date(2026, 6, 1), date(2026, 6, 30)))
    assert placed[date(2026, 6, 11)] == date(2026, 6, 11)
    assert placed[date(2026, 6, 12)] == date(2026, 6, 10)


def test_two_shifted_onto_one_day_take_their_turn_by_rule_date():
    rule = programme(rrule="FREQ=MONTHLY;BYMONTHDAY=13,14")  # Saturday and Sunday in June 2026
    placed = dates(place(rule, days_off(), date(2026, 6, 1), date(2026, 6, 30)))
    assert (placed[date(2026, 6, 13)], placed[date(2026, 6, 14)]) == (date(2026, 6, 15), date(2026, 6, 16))


def test_a_day_set_by_hand_is_kept_before_all_others():
    fixed = {date(2026, 6, 1): date(2026, 6, 11)}
    placed = dates(place(programme(), days_off(), date(2026, 6, 1), date(2026, 6, 30), fixed=fixed))
    assert placed[date(2026, 6, 1)] == date(2026, 6, 11)
    assert placed[date(2026, 6, 11)] == date(2026, 6, 12)


def test_a_cancelled_session_frees_its_day():
    rule = programme(rrule="FREQ=MONTHLY;BYMONTHDAY=13,15")
    kept = dates(place(rule, days_off(), date(2026, 6, 1), date(2026, 6, 30)))
    assert kept[date(2026, 6, 13)] == date(2026, 6, 16)
    freed = place(rule, days_off(), date(2026, 6, 1), date(2026, 6, 30), cancelled=frozenset({date(2026, 6, 15)}))
    assert dates(freed)[date(2026, 6, 13)] == date(2026, 6, 15)
    assert date(2026, 6, 15) not in dates(freed)


def test_where_no_day_is_free_the_rule_date_is_told_and_nothing_runs_for_ever():
    daily = place(programme(rrule="FREQ=DAILY"), days_off(), date(2026, 3, 1), date(2026, 3, 31))
    assert date(2026, 3, 7) in daily.crowded_out, "a Saturday, and every working day has its own session"
    closed = days_off(*(date(2026, 6, 1) + timedelta(days=count) for count in range(100)))
    assert date(2026, 6, 1) in place(programme(), closed, date(2026, 6, 1), date(2026, 6, 30)).crowded_out


def test_what_lies_in_an_unknown_year_is_tentative():
    placed = place(programme(), calendar(2026, 2027), date(2026, 12, 1), date(2027, 1, 31)).placed
    assert {each.rule_date: each.tentative for each in placed if each.rule_date >= date(2026, 12, 1)} == {
        date(2026, 12, 1): False,
        date(2026, 12, 11): False,
        date(2026, 12, 21): False,
        date(2027, 1, 1): True,
        date(2027, 1, 11): True,
        date(2027, 1, 21): True,
    }


def test_a_shift_into_an_unknown_year_is_tentative():
    off = days_off(date(2026, 12, 31))
    rule = programme(rrule="FREQ=MONTHLY;BYMONTHDAY=31")
    (placed,) = (each for each in place(rule, off, *YEAR).placed if each.rule_date == date(2026, 12, 31))
    assert placed.date == date(2027, 1, 1)
    assert placed.tentative


def test_the_29th_of_february_comes_every_four_years():
    rule = programme(rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", starts_on="2024-01-01")
    placed = dates(place(rule, days_off(), date(2026, 1, 1), date(2033, 1, 1)))
    assert placed[date(2028, 2, 29)] == date(2028, 2, 29)
    assert date(2032, 2, 29) in placed


month_days = st.lists(st.integers(1, 28), min_size=1, max_size=8, unique=True)
rest = st.lists(st.integers(0, 364), max_size=60, unique=True)
rules = st.sampled_from(["next_working_day", "previous_working_day", "skip", "keep"])


@given(month_days, rest, rules, st.integers(0, 120))
def test_never_two_on_one_day_and_the_horizon_changes_nothing(month_days, rest, rule, further):
    held = programme(rrule=f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, month_days))}", non_working_day=rule)
    off = days_off(*(date(2026, 1, 1) + timedelta(days=each) for each in rest))
    near = place(held, off, date(2026, 3, 1), date(2026, 8, 31))
    far = place(held, off, date(2026, 3, 1), date(2026, 8, 31) + timedelta(days=further))
    placed = dates(near)
    assert len(set(placed.values())) == len(placed)
    assert {day: each for day, each in dates(far).items() if day <= date(2026, 8, 31)} == placed
    for rule_date, day in placed.items():
        if rule == "keep":
            assert day == rule_date
        else:
            assert off.works(day)
            assert rule_date == day or not off.works(rule_date)
            assert (day >= rule_date) if rule == "next_working_day" else (day <= rule_date)
    named = {day for day in held.occurrences(date(2026, 3, 1), date(2026, 8, 31)) if rule != "skip" or off.works(day)}
    assert named == {day for day in placed if day >= date(2026, 3, 1)} | set(near.crowded_out)
