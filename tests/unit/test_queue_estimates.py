"""When somebody will probably be called, and how far a window is behind."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.queue.domain.estimates import LATE_MINUTES, Range, expected, minutes_behind
from services.queue.domain.order import Waiting

NINE = datetime(2026, 1, 4, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
MINUTE = timedelta(minutes=1)
TEN_EACH = (600, 600, 600)
EIGHT_TO_TWENTY = (8 * 60, 10 * 60, 12 * 60, 16 * 60, 20 * 60)
"""Quartiles of ten and of sixteen minutes."""


def at(clock):
    hour, minute = clock.split(":")
    return NINE.replace(hour=int(hour), minute=int(minute))


def told(clock, services=EIGHT_TO_TWENTY, *, before=3, windows=1, since=None, booked=None):
    found = expected(
        at(clock),
        before=before,
        windows=windows,
        service_seconds=services,
        serving_since=at(since) if since else None,
        booked_for=at(booked) if booked else None,
    )
    return found and (f"{found.earliest:%H:%M}", f"{found.latest:%H:%M}")


def waits(came, booked=None, **changes):
    usual = {"priority": False, "overtaken": 0, "behind": 0, "elsewhere": False}
    return Waiting(UUID(int=1), at(came), at(booked) if booked else None, **(usual | changes))


def test_two_services_say_too_little_and_three_are_enough():
    assert told("10:00", TEN_EACH[:2]) is None
    assert told("10:00", TEN_EACH) is not None


def test_nothing_is_told_while_no_window_serves():
    assert told("10:00", windows=0) is None


def test_the_quartiles_of_today_make_the_range():
    assert told("10:00", before=3) == ("10:30", "10:50"), "30 to 48 minutes"


def test_a_range_is_a_quarter_wider_than_its_earliest_at_least():
    assert told("10:00", TEN_EACH, before=8) == ("11:20", "11:40")


def test_windows_share_those_who_are_before():
    assert told("10:00", before=6, windows=2) == told("10:00", before=3)


def test_what_the_one_being_served_has_had_is_taken_off_and_no_more():
    assert told("10:00", TEN_EACH, before=2, since="10:00") == ("10:30", "10:40")
    assert told("10:00", TEN_EACH, before=2, since="09:55") == ("10:25", "10:35"), "5 and 20 minutes"
    assert told("10:00", TEN_EACH, before=2, since="09:00") == told("10:00", TEN_EACH, before=2)


def test_the_next_one_is_told_that_it_may_be_at_any_moment():
    assert told("10:03", before=0) == ("10:03", "10:10")


def test_who_is_booked_is_not_told_an_earlier_time_than_theirs_while_others_are_before():
    assert told("09:00", TEN_EACH, before=1) == ("09:10", "09:15")
    assert told("09:00", TEN_EACH, before=1, booked="10:32") == ("10:30", "10:35")
    assert told("09:00", TEN_EACH, before=0, booked="10:32") == ("09:00", "09:05"), "alone, one is called early"
    assert told("10:00", TEN_EACH, before=3, booked="09:00") == told("10:00", TEN_EACH, before=3)


@st.composite
def days(draw):
    """What a window knows of some day, as the arguments of `expected`."""
    now = NINE + timedelta(microseconds=draw(st.integers(0, 8 * 3600 * 10**6)))
    served, booked = draw(st.none() | st.integers(0, 120)), draw(st.none() | st.integers(-120, 240))
    return {
        "now": now,
        "before": draw(st.integers(0, 60)),
        "windows": draw(st.integers(1, 8)),
        "service_seconds": draw(st.lists(st.floats(0, 4 * 3600), min_size=3, max_size=30)),
        "serving_since": None if served is None else now - served * MINUTE,
        "booked_for": None if booked is None else now + booked * MINUTE,
    }


@given(days())
def test_no_range_is_past_or_empty_and_all_are_on_full_five_minutes(day):
    found = expected(**day)
    assert day["now"] <= found.earliest < found.latest
    assert found.latest - day["now"] >= 5 * MINUTE, "nobody is told a time that is over when they read it"
    for moment in {found.earliest, found.latest} - {day["now"]}:
        assert moment.minute % 5 == moment.second == moment.microsecond == 0


@given(days())
def test_more_before_are_never_a_shorter_wait_and_more_windows_never_a_longer_one(day):
    found = expected(**day)
    more = expected(**day | {"before": day["before"] + 1})
    shared = expected(**day | {"windows": day["windows"] + 1})
    assert shared.earliest <= found.earliest <= more.earliest
    assert shared.latest <= found.latest <= more.latest


@given(st.lists(st.integers(1, 3600), min_size=3, max_size=30), st.integers(0, 20))
def test_half_of_todays_services_lie_within_the_range(services, before):
    found = expected(NINE, before=before, windows=1, service_seconds=services, serving_since=None)
    middle = sorted(services)[len(services) // 2]
    assert found.earliest <= NINE + timedelta(seconds=middle * before) <= found.latest


def test_a_range_keeps_the_zone_of_the_clock():
    found = expected(NINE, before=1, windows=1, service_seconds=TEN_EACH, serving_since=None)
    assert found == Range(at("09:10"), at("09:15"))
    assert found.earliest.tzinfo is found.latest.tzinfo is NINE.tzinfo


def test_a_window_is_as_far_behind_as_its_longest_wait_past_a_booked_time():
    waiting = [waits("08:50", booked="09:00"), waits("09:20", booked="09:20"), waits("09:10")]
    assert minutes_behind(at("09:31"), waiting) == LATE_MINUTES + 1
    assert minutes_behind(at("09:31") - timedelta(seconds=1), waiting) == LATE_MINUTES


@pytest.mark.parametrize(
    "waiting",
    [
        [],
        [waits("08:00")],
        [waits("09:10", booked="09:00")],
        [waits("08:50", booked="09:00", elsewhere=True)],
        [waits("08:50", booked="09:00", behind=1)],
        [waits("08:50", booked="10:30")],
    ],
    ids=["nobody", "a walk-in", "late themselves", "elsewhere", "did not answer", "not yet due"],
)
def test_a_window_is_not_behind_for_what_is_not_its_doing(waiting):
    assert minutes_behind(at("10:00"), waiting) == 0
