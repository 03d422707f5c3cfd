"""When a visitor is told, what of, and until when it is true."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from services.notifications import domain
from services.notifications.domain import Address, ProxyCard, Told, VisitorCard
from services.notifications.settings import NotificationsSettings
from shared.events.booking import Booking, BookingAgreed, BookingCancelled, BookingMade, BookingMoved

ZONE = ZoneInfo("Asia/Shanghai")


def at(text):
    """A clock time in the county."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


VISIT = at("2026-12-01T09:30")


def booking(**changes):
    known = {
        "booking_id": "b1",
        "session_id": "s1",
        "venue_id": "hall",
        "window_id": "w3",
        "department_id": "land",
        "matter_id": "house",
        "starts_at": VISIT,
        "ends_at": VISIT + timedelta(minutes=30),
        "party_size": 1,
        "channel": "online",
        "state": "confirmed",
        "booked_at": at("2026-11-23T10:00"),
    }
    return Booking(**{**known, **changes})


def told(kind="booked", *, version=1, starts_at=VISIT, window_id="w3", previous=None):
    return Told(kind, version, starts_at, window_id, previous)


def card(**changes):
    known = {"booking_id": "b1", "name": "王桂兰", "code": "4081 2736", "state": "confirmed", "version": 1}
    return VisitorCard(**{**known, **changes})


@pytest.mark.parametrize(
    ("now", "goes"),
    [
        ("2026-11-23T07:59:59", "2026-11-23T08:00"),
        ("2026-11-23T08:00", "2026-11-23T08:00"),
        ("2026-11-23T21:59:59", "2026-11-23T21:59:59"),
        ("2026-11-23T22:00", "2026-11-24T08:00"),
        ("2026-11-24T00:00", "2026-11-24T08:00"),
        ("2026-11-30T23:30", "2026-12-01T08:00"),
        ("2026-12-31T22:00", "2027-01-01T08:00"),
        ("2028-02-28T22:30", "2028-02-29T08:00"),
        ("2028-02-29T22:30", "2028-03-01T08:00"),
    ],
)
def test_nothing_goes_out_at_night(now, goes):
    far = told(starts_at=at("2029-01-01T09:00"))
    assert domain.may_go_at(far, at(now), ZONE) == at(goes)


@pytest.mark.parametrize("kind", ["booked", "cancelled", "reminder"])
def test_a_near_visit_alone_is_no_reason_to_wake_anybody(kind):
    assert domain.may_go_at(told(kind), at("2026-11-30T23:00"), ZONE) == at("2026-12-01T08:00")


@pytest.mark.parametrize("kind", ["moved", "session_cancelled"])
def test_a_move_or_cancellation_of_the_next_24_hours_is_told_at_night(kind):
    assert domain.may_go_at(told(kind), at("2026-11-30T23:00"), ZONE) == at("2026-11-30T23:00")
    assert domain.may_go_at(told(kind), at("2026-11-29T23:00"), ZONE) == at("2026-11-30T08:00"), "there is time"
    early = told(kind, starts_at=at("2026-12-01T07:00"))
    assert domain.may_go_at(early, at("2026-11-29T23:00"), ZONE) == at("2026-11-30T07:00"), "24 hours before"


def test_a_moved_visit_is_urgent_by_the_time_at_which_the_visitor_would_have_come():
    moved = told("moved", starts_at=VISIT + timedelta(days=10), previous=VISIT)
    assert domain.may_go_at(moved, at("2026-11-30T23:00"), ZONE) == at("2026-11-30T23:00")
    brought_forward = told("moved", starts_at=VISIT, previous=VISIT + timedelta(days=10))
    assert domain.may_go_at(brought_forward, at("2026-11-30T23:00"), ZONE) == at("2026-11-30T23:00")


@pytest.mark.parametrize(
    ("visit", "reminded"),
    [
        ("2026-12-01T09:30", "2026-11-30T18:00"),
        ("2027-01-01T09:00", "2026-12-31T18:00"),
        ("2028-03-01T09:00", "2028-02-29T18:00"),
        ("2027-03-01T09:00", "2027-02-28T18:00"),
        ("2026-12-01T00:10", "2026-11-30T18:00"),
    ],
)
def test_the_reminder_comes_the_evening_before(visit, reminded):
    assert domain.reminder_at(at(visit), ZONE) == at(reminded)


def test_the_countys_day_is_not_utcs():
    assert domain.county_date(datetime(2026, 12, 31, 16, 30, tzinfo=UTC), ZONE) == date(2027, 1, 1)


def plan(event, now, kind=None, previous=None):
    kind = kind or domain.kind_of(event)
    what = told(kind, starts_at=event.booking.starts_at, previous=previous) if kind else None
    return {(each.kind, each.recipient): each.due_at for each in domain.planned(event, what, at(now), ZONE)}


def test_a_booking_is_told_now_and_reminded_of():
    made = BookingMade(version=1, booking=booking())
    assert plan(made, "2026-11-23T10:00") == {
        ("booked", "visitor"): at("2026-11-23T10:00"),
        ("reminder", "visitor"): at("2026-11-30T18:00"),
    }
    assert plan(made, "2026-11-23T23:00")["booked", "visitor"] == at("2026-11-24T08:00")


def test_who_books_after_the_evening_needs_no_reminder():
    made = BookingMade(version=1, booking=booking())
    assert set(plan(made, "2026-11-30T17:59")) == {("booked", "visitor"), ("reminder", "visitor")}
    assert set(plan(made, "2026-11-30T18:00")) == {("booked", "visitor")}
    assert set(plan(made, "2026-12-01T08:30")) == {("booked", "visitor")}


def test_nothing_is_told_of_a_visit_whose_time_has_come():
    made = BookingMade(version=1, booking=booking())
    assert plan(made, "2026-12-01T09:30") == {}
    gone = BookingCancelled(version=2, booking=booking(state="cancelled", reason="session_cancelled"))
    assert plan(gone, "2027-06-01T09:00") == {}


def test_who_booked_for_somebody_is_told_too():
    made = BookingMade(version=1, booking=booking(by_proxy=True))
    assert set(plan(made, "2026-11-23T10:00")) == {
        (kind, who) for kind in ("booked", "reminder") for who in ("visitor", "proxy")
    }


def test_each_event_makes_its_own_thing_known():
    moved = BookingMoved(version=2, booking=booking(state="to_confirm", reason="session_moved"))
    assert set(plan(moved, "2026-11-23T10:00")) == {("moved", "visitor"), ("reminder", "visitor")}
    agreed = BookingAgreed(version=3, booking=booking())
    assert set(plan(agreed, "2026-11-23T10:00")) == {("reminder", "visitor")}
    for reason, kind in {
        "visitor": "cancelled",
        "session_cancelled": "session_cancelled",
        "window_closed": "session_cancelled",
        "session_moved": "session_cancelled",
    }.items():
        gone = BookingCancelled(version=2, booking=booking(state="cancelled", reason=reason))
        assert set(plan(gone, "2026-11-23T10:00")) == {(kind, "visitor")}


LATER = VISIT + timedelta(days=1)


@pytest.mark.parametrize(
    ("message", "now", "version", "true"),
    [
        (told("booked"), booking(), 1, True),
        (told("booked"), booking(state="cancelled"), 2, False),
        (told("booked"), booking(state="to_confirm", starts_at=LATER), 2, False),
        (told("booked"), booking(window_id="w4"), 2, False),
        (told("moved", version=2), booking(state="to_confirm"), 2, True),
        (told("moved", version=2), booking(state="confirmed"), 2, True),
        (told("moved", version=2), booking(state="confirmed"), 3, False),
        (told("moved", version=2), booking(state="to_confirm", starts_at=LATER), 3, False),
        (told("moved", version=2), booking(state="cancelled"), 3, False),
        (told("reminder"), booking(), 3, True),
        (told("reminder"), booking(state="to_confirm"), 3, True),
        (told("reminder"), booking(state="to_confirm", starts_at=LATER), 2, False),
        (told("reminder"), booking(state="cancelled"), 2, False),
        (told("cancelled", version=2), booking(state="cancelled"), 2, True),
        (told("session_cancelled", version=2), booking(state="cancelled"), 5, True),
    ],
)
def test_what_is_true_and_what_no_longer_is(message, now, version, true):
    assert domain.still_true(message, now, version) is true


def test_the_card_must_bear_the_message_out():
    assert domain.agrees(told("booked"), card())
    assert domain.agrees(told("reminder"), card(state="to_confirm"))
    assert not domain.agrees(told("booked"), card(state="cancelled"))
    assert domain.agrees(told("session_cancelled"), card(state="cancelled"))
    assert not domain.agrees(told("cancelled"), card(state="confirmed"))


def test_what_is_prepared_holds_for_a_minute_but_not_into_the_night_nor_past_the_visit():
    assert domain.good_until(told(), at("2026-11-23T10:00"), ZONE) == at("2026-11-23T10:01")
    assert domain.good_until(told(), at("2026-11-23T21:59:30"), ZONE) == at("2026-11-23T22:00")
    assert domain.good_until(told(), at("2026-12-01T09:29:30"), ZONE) == VISIT
    urgent = told("moved", version=2)
    assert domain.good_until(urgent, at("2026-11-30T21:59:30"), ZONE) == at("2026-11-30T22:00:30")
    assert domain.good_until(urgent, at("2026-11-30T23:00"), ZONE) == at("2026-11-30T23:01")
    assert domain.good_until(told("moved", version=2, starts_at=LATER), at("2026-11-29T21:59:30"), ZONE) == at(
        "2026-11-29T22:00"
    )


def test_five_tries_further_and_further_apart():
    now = at("2026-11-23T10:00")
    waits = [domain.next_try(attempts, now) for attempts in range(1, 6)]
    minutes = [(each - now).total_seconds() / 60 if each else None for each in waits]
    assert minutes == [1, 5, 30, 120, None]
    assert domain.next_try(50, now) is None


def test_what_is_missing_is_asked_for_again_soon_and_then_every_quarter_minute():
    now = at("2026-11-23T10:00")
    waits = [(domain.next_preparation(number, now) - now).total_seconds() for number in (0, 1, 2, 5, 6, 7, 5000)]
    assert waits == [0.25, 0.5, 1, 8, 15, 15, 15]


@pytest.mark.parametrize(
    ("known", "recipient", "mail", "goes"),
    [
        (card(email="a@b.cn", phone="139"), "visitor", True, Address("email", "a@b.cn")),
        (card(email="a@b.cn", phone="139"), "visitor", False, Address("console", "139")),
        (card(phone="139"), "visitor", True, Address("console", "139")),
        (card(email="a@b.cn"), "visitor", False, "no_address"),
        (card(phone="0816", phone_takes_texts=False), "visitor", True, "no_address"),
        (card(phone="0816", phone_takes_texts=False, email="a@b.cn"), "visitor", True, Address("email", "a@b.cn")),
        (card(), "visitor", True, "no_address"),
        (card(), "proxy", True, "no_proxy_phone"),
        (card(proxy=ProxyCard(name="李四")), "proxy", True, "no_proxy_phone"),
        (card(proxy=ProxyCard(name="李四", phone="138")), "proxy", True, Address("console", "138")),
        (card(proxy=ProxyCard(name="李四", phone="138")), "visitor", True, "told_through_proxy"),
        (card(phone="138", proxy=ProxyCard(name="李四", phone="138")), "visitor", True, "told_through_proxy"),
        (card(phone="139", proxy=ProxyCard(name="李四", phone="138")), "visitor", True, Address("console", "139")),
        (card(email="a@b.cn", proxy=ProxyCard(name="李", phone="1")), "visitor", True, Address("email", "a@b.cn")),
    ],
)
def test_where_a_message_goes(known, recipient, mail, goes):
    assert domain.address(known, recipient, mail=mail) == goes


def test_lists_do_not_show_addresses():
    assert domain.mask_address("guilan.wang@example.cn") == "g***@example.cn"
    assert domain.mask_address("13912345678") == "*********78"


SECRETS = {"service_secret": "s" * 32, "operator_secret": "o" * 32}


def test_a_mail_server_without_a_sender_stops_the_start():
    with pytest.raises(ValidationError, match="SMTP_SENDER"):
        NotificationsSettings(**SECRETS, smtp_host="mail.example.cn")


def test_a_password_never_travels_in_the_clear():
    mail = {"smtp_host": "mail.example.cn", "smtp_sender": "fuwuri@example.cn", "smtp_user": "fuwuri"}
    assert NotificationsSettings(**SECRETS, **mail).mail
    with pytest.raises(ValidationError, match="in the clear"):
        NotificationsSettings(**SECRETS, **mail, smtp_security="none")
