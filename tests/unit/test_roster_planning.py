"""What has to change so that the sessions are what programmes, calendar and duties say."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.roster.domain.calendar import Calendar, YearCalendar, seed
from services.roster.domain.changes import cancel, move, settle
from services.roster.domain.duties import Official, Post, assign
from services.roster.domain.planning import confirmation, loosened, plan
from services.roster.domain.problems import (
    CalendarUnknown,
    ClashUnknown,
    DatePast,
    DateRests,
    SessionBegun,
    SessionIsCancelled,
)
from tests.integration.roster_county import at, by_rule_date, calendar, programme, roster

NOW = at("2026-09-01")


def carried_out(before, planned):
    """The roster once a plan is written down."""
    changed = {each.session.session_id: each for each in (*planned.marked, *planned.changed)}
    return replace(before, sessions={**before.sessions, **changed})


def planned(now=NOW, **parts):
    empty = roster(**parts)
    return carried_out(empty, plan(empty, now))


def one(held, rule_date):
    return by_rule_date(held.sessions)[date.fromisoformat(rule_date)]


def put(held, session):
    return replace(held, sessions={**held.sessions, session.session.session_id: session})


def told(found):
    return {each.rule_date.isoformat(): (each.event, str(each.to_date)) for each in found.report.changes}


def test_half_a_year_is_planned_with_hours_seats_and_duties():
    held = planned()
    assert min(by_rule_date(held.sessions)) == date(2026, 9, 1)
    assert max(by_rule_date(held.sessions)) == date(2027, 3, 1)
    first = one(held, "2026-10-01")
    assert (first.version, first.last_event) == (1, "SessionPlanned")
    session = first.session
    assert session.session_id == "hall.service-day.2026-10-01"
    assert (session.date, session.day_kind, session.status) == (date(2026, 10, 8), "workday", "planned")
    assert [(each.starts_at, each.ends_at) for each in session.opening] == [
        (at("2026-10-08", "09:00"), at("2026-10-08", "12:00")),
        (at("2026-10-08", "14:30"), at("2026-10-08", "17:00")),
    ]
    assert session.booking.release_at == at("2026-09-24", "08:30")
    assert session.booking.closes_at == at("2026-10-08", "16:30"), "when the last slot begins"
    assert session.booking.cancel_until == at("2026-10-07", "17:30")
    assert [(each.window_id, each.official_id, each.role) for each in session.duties] == [
        ("w3", "zhou", "principal"),
        ("w4", "he", "deputy"),
        ("w7", "wu", "principal"),
    ]
    assert {each.duty_id for each in session.duties} == {
        f"{session.session_id}.{window}" for window in ("w3", "w4", "w7")
    }


def test_a_vacant_post_is_a_gap_and_no_obstacle():
    (gap,) = plan(roster(), NOW).report.gaps
    assert (gap.window_id, gap.department_id, gap.role) == ("w1", "desk", "principal")


def test_nobody_is_put_at_a_window_without_a_duty():
    head = Official(official_id="a", name="甲", title_zh="", title_en="", department_id="x", head=True)
    duties, gaps = assign("s", [Post("w1", "x", None), Post("w2", "x", "deputy")], [head])
    assert duties == ()
    assert [gap.role for gap in gaps] == ["deputy"], "who has no deputy leaves a gap"


def test_planning_again_changes_nothing_today_or_on_any_later_day_but_what_comes_into_sight():
    held = planned()
    assert plan(held, NOW).report.changes == ()
    assert plan(held, NOW).marked == ()
    later = plan(held, at("2026-09-20"))
    assert told(later) == {"2027-03-11": ("SessionPlanned", "2027-03-11")}


@given(st.integers(0, 1100))
def test_planning_works_on_every_day_and_is_idempotent(days):
    now = at("2026-01-01") + timedelta(days=days)
    held = planned(now)
    assert plan(held, now).report.changes == ()
    dates = [each.session.date for each in held.sessions.values()]
    assert len(set(dates)) == len(dates)
    assert len(dates) >= 17


def test_on_the_29th_of_february_of_a_year_nobody_knows_everything_is_tentative():
    held = planned(at("2028-02-29"))
    assert {each.session.status for each in held.sessions.values()} == {"tentative"}
    assert max(by_rule_date(held.sessions)) == date(2028, 8, 21)


def test_a_session_of_today_is_planned_until_its_doors_open():
    # 21 November 2026 is a Saturday, so the session is on Monday the 23rd.
    assert one(planned(at("2026-11-23", "08:59")), "2026-11-21").session.date == date(2026, 11, 23)
    assert date(2026, 11, 21) not in by_rule_date(planned(at("2026-11-23", "09:00")).sessions)


def test_what_is_guessed_is_tentative_and_becomes_certain_where_its_calendar_is_learnt():
    held = planned(at("2026-11-23"))
    assert one(held, "2026-12-21").session.status == "planned"
    assert {each.session.status for day, each in by_rule_date(held.sessions).items() if day.year == 2027} == {
        "tentative"
    }
    assert one(held, "2027-01-01").session.date == date(2027, 1, 4)
    rest_days = [date(2027, 1, day) for day in (1, 2, 3, 4)]
    notice = YearCalendar(year=2027, source="a test", rest_days=rest_days)
    learnt = replace(held, calendar=Calendar([seed(2026), notice]))
    found = plan(learnt, at("2026-11-23"))
    assert told(found)["2027-01-01"] == ("SessionMoved", "2027-01-05")
    assert told(found)["2027-01-11"] == ("SessionPlanned", "2027-01-11")
    assert not found.report.disturbs, "nobody could rely on a guess"
    after = carried_out(learnt, found)
    moved = one(after, "2027-01-01")
    assert (moved.session.status, moved.session.reason, moved.version) == ("planned", "calendar", 2)
    assert plan(after, at("2026-11-23")).report.changes == ()


def typhoon(held, *days):
    layers = [seed(2026), seed(2027), YearCalendar(year=2026, kind="county_days", source="台风", rest_days=days)]
    return replace(held, calendar=Calendar(layers))


def test_a_typhoon_day_moves_the_session_it_falls_on_and_no_other():
    day = date(2026, 9, 11)
    held = typhoon(planned(), day)
    assert told(plan(held, NOW)) == {"2026-09-11": ("SessionAmended", "2026-09-11")}, "the day is told as it is"
    found = plan(held, NOW, "calendar", loosened(held, [day], ()))
    assert told(found) == {"2026-09-11": ("SessionMoved", "2026-09-14")}
    assert found.report.disturbs
    assert one(carried_out(held, found), "2026-09-11").session.reason == "calendar"


def test_planning_ahead_never_moves_what_is_certain():
    held = planned()
    # The day of the 11th becomes free again: the session displaced to it by hand stays where people know it.
    held = put(held, move(held, one(held, "2026-09-21"), date(2026, 9, 23), "official", rest_day=False, now=NOW))
    assert plan(held, NOW).report.changes == ()


def test_a_clash_is_told_with_what_may_be_done_and_a_decision_is_kept():
    held = planned()
    assert one(held, "2026-10-01").clash_with == "hall.service-day.2026-10-11"
    (clash,) = plan(held, NOW).report.clashes
    assert (clash.session_id, clash.working_days, clash.choice) == ("hall.service-day.2026-10-01", 3, None)
    assert clash.options == ("merge", "skip", "keep")
    kept = put(held, settle(one(held, "2026-10-01"), "keep", NOW))
    (clash,) = plan(kept, NOW).report.clashes
    assert clash.choice == "keep"
    skipped = settle(one(held, "2026-10-01"), "skip", NOW)
    assert (skipped.session.status, skipped.last_event, skipped.clash_choice) == (
        "cancelled",
        "SessionCancelled",
        "skip",
    )
    after = plan(put(held, skipped), NOW)
    assert after.report.changes == ()
    assert after.report.clashes == ()
    with pytest.raises(ClashUnknown):
        settle(one(held, "2026-09-21"), "merge", NOW)


def test_what_was_moved_by_hand_stays_whatever_the_calendar_says():
    held = planned()
    moved = move(held, one(held, "2026-09-11"), date(2026, 9, 14), "power", rest_day=False, now=NOW)
    assert (moved.version, moved.last_event, moved.pinned) == (2, "SessionMoved", True)
    assert (moved.session.date, moved.session.reason) == (date(2026, 9, 14), "power")
    assert moved.session.opening[0].starts_at == at("2026-09-14", "09:00")
    held = typhoon(put(held, moved), date(2026, 9, 14))
    found = plan(held, NOW, "calendar", loosened(held, [date(2026, 9, 14)], ()))
    assert told(found) == {"2026-09-11": ("SessionAmended", "2026-09-14")}
    assert found.report.on_rest_days == ("hall.service-day.2026-09-11",)


def test_released_seats_stay_released_when_the_session_moves():
    held = planned()
    session = one(held, "2026-09-11")
    assert session.session.booking.release_at == at("2026-08-28", "08:30")
    moved = move(held, session, date(2026, 9, 29), "weather", rest_day=False, now=NOW)
    assert moved.session.booking.release_at == at("2026-08-28", "08:30")
    assert moved.session.booking.cancel_until == at("2026-09-28", "17:30")
    later = move(held, one(held, "2026-10-21"), date(2026, 10, 30), "weather", rest_day=False, now=NOW)
    assert later.session.booking.release_at == at("2026-10-16", "08:30"), "what is not released follows its day"


@pytest.mark.parametrize(
    ("day", "problem"),
    [
        ("2026-09-13", DateRests),
        ("2026-08-31", DatePast),
        ("2027-03-01", CalendarUnknown),
        ("9999-12-31", CalendarUnknown),
    ],
)
def test_a_session_does_not_move_just_anywhere(day, problem):
    held = planned()
    with pytest.raises(problem):
        move(held, one(held, "2026-09-11"), date.fromisoformat(day), "other", rest_day=False, now=NOW)


def test_a_rest_day_may_be_meant_and_moving_to_the_same_day_is_nothing():
    held = planned()
    session = one(held, "2026-09-11")
    moved = move(held, session, date(2026, 9, 13), "other", rest_day=True, now=NOW)
    assert moved.session.day_kind == "rest_day"
    assert move(held, session, date(2026, 9, 11), "other", rest_day=False, now=NOW) is session


def test_a_session_is_called_off_until_it_is_over_and_only_once():
    held = planned()
    session = one(held, "2026-09-11")
    cancelled = cancel(session, "power", at("2026-09-11", "10:00"))
    assert (cancelled.session.status, cancelled.session.reason, cancelled.version) == ("cancelled", "power", 2)
    with pytest.raises(SessionBegun):
        cancel(session, "power", at("2026-09-11", "17:00"))
    with pytest.raises(SessionIsCancelled):
        cancel(cancelled, "power", NOW)
    with pytest.raises(SessionIsCancelled):
        move(held, cancelled, date(2026, 9, 14), "power", rest_day=False, now=NOW)
    with pytest.raises(SessionBegun):
        move(held, session, date(2026, 9, 14), "power", rest_day=False, now=at("2026-09-11", "09:00"))
    assert plan(put(held, cancelled), NOW).report.changes == (), "and is not planned again"


def test_another_head_is_said_of_every_coming_session_and_of_none_that_began():
    held = planned()
    officials = tuple(
        each.model_copy(update={"official_id": "new"}) if each.official_id == "zhou" else each
        for each in held.officials
    )
    found = plan(replace(held, officials=officials), at("2026-09-01", "09:00"))
    assert "2026-09-01" not in told(found)
    assert {event for event, _ in told(found).values()} == {"SessionAmended"}
    assert len(found.changed) == len(held.sessions) - 1
    assert all(each.version == 2 for each in found.changed)


def test_another_rule_cancels_what_it_no_longer_names_and_takes_it_back_with_the_old_one():
    held = planned()
    other = replace(held, programmes=(programme(rrule="FREQ=MONTHLY;BYMONTHDAY=1,15"),))
    kept = told(plan(other, NOW))
    assert "2026-09-11" not in kept, "planning ahead cancels no certain session"
    assert kept["2026-09-15"] == ("SessionPlanned", "2026-09-15")
    found = plan(other, NOW, "other", loosened(other, (), {"service-day"}))
    assert told(found)["2026-09-11"] == ("SessionCancelled", "None")
    assert told(found)["2026-09-15"] == ("SessionPlanned", "2026-09-15")
    assert "2026-10-01" not in told(found)
    after = carried_out(other, found)
    back = plan(replace(after, programmes=held.programmes), NOW, "other", loosened(after, (), {"service-day"}))
    assert told(back)["2026-09-11"] == ("SessionPlanned", "2026-09-11")
    assert one(carried_out(after, back), "2026-09-11").version == 3


def test_a_programme_that_is_gone_takes_its_coming_sessions_along():
    held = planned()
    found = plan(replace(held, programmes=(programme(id="another"),)), NOW)
    gone = [each for each in found.report.changes if each.programme_id == "service-day"]
    assert {each.event for each in gone} == {"SessionCancelled"}
    assert found.report.disturbs


def test_a_horizon_drawn_in_cancels_nothing():
    held = planned()
    assert plan(replace(held, programmes=(programme(planned_months_ahead=1),)), NOW).report.changes == ()


def test_a_confirmation_fits_one_difference_alone():
    held = planned()
    report = plan(replace(held, programmes=(programme(id="another"),)), NOW).report
    assert confirmation("pack", report) == confirmation("pack", report)
    assert confirmation("pack", report) != confirmation("other", report)
    fewer = report.model_copy(update={"changes": report.changes[1:]})
    assert confirmation("pack", report) != confirmation("pack", fewer)


def test_a_shift_into_the_past_leaves_the_session_on_its_day_and_says_so():
    backwards = programme(non_working_day="previous_working_day")
    held = planned(at("2026-09-10", "08:00"), programmes=(backwards,))
    days = date(2026, 9, 10), date(2026, 9, 11)
    held = typhoon(held, *days)
    found = plan(held, at("2026-09-10", "08:00"), "calendar", loosened(held, days, ()))
    assert told(found) == {"2026-09-11": ("SessionAmended", "2026-09-11")}
    assert found.report.on_rest_days == ("hall.service-day.2026-09-11",)


def test_seats_and_hours_follow_the_season():
    summer = {"from": "08:00", "to": "12:00", "season": {"months": [6, 7, 8, 9]}}
    held = planned(programmes=(programme(opening=[{"from": "09:00", "to": "12:00"}, summer]),))
    assert one(held, "2026-09-11").session.opening[0].starts_at == at("2026-09-11", "08:00")
    assert one(held, "2026-10-21").session.opening[0].starts_at == at("2026-10-21", "09:00")
    assert calendar(2026).works(date(2026, 9, 11))
