"""Booking's rules: slots of a session, reasons for a refusal, what is shown of a booking, who shares a batch."""

import asyncio
import contextvars
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.booking.combiner import _Line, _Waiting
from services.booking.domain import problems
from services.booking.domain.bookings import (
    Booking,
    Person,
    check_agreeable,
    check_cancellable,
    check_correctable,
    surname,
    view,
)
from services.booking.domain.claims import Claim, Refusal, explain
from services.booking.domain.codes import make_code
from services.booking.domain.requests import Correction, Proxy
from services.booking.domain.sealing import person_lock
from services.booking.domain.slots import KnownSlot, compare_slots, plan_slots
from shared.visitors import Document
from tests.integration.booking_desk import at, duty, session

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def known(planned, *, taken=0):
    return [
        KnownSlot(number, each.window_id, each.department_id, each.starts_at, each.ends_at, taken)
        for number, each in enumerate(planned, 1)
    ]


def test_slots_fill_the_opening_and_never_the_rest():
    planned = plan_slots(session(opening=(("09:00", "10:10"), ("14:30", "15:00")), duties=(duty("w1", "land"),)))
    assert [each.starts_at for each in planned] == [at("09:00"), at("09:30"), at("14:30")]
    assert {(each.online, each.counter) for each in planned} == {(2, 1)}


def test_shares_never_exceed_the_capacity():
    for capacity, counter, walk_in, shares in (
        (3, 1, 0, (2, 1)),
        (3, 1, 2, (0, 1)),
        (2, 5, 5, (0, 2)),
        (1, 0, 3, (0, 0)),
    ):
        rules = {"capacity": capacity, "counter_seats": counter, "walk_in_seats": walk_in}
        planned = plan_slots(session(rules=rules))
        assert {(each.online, each.counter) for each in planned} == {shares}


def test_two_duties_at_one_window_make_its_slots_once():
    assert len(plan_slots(session(duties=(duty("w1", "land"), duty("w1", "land"))))) == 2


@pytest.mark.parametrize("changes", [{"status": "tentative"}, {"status": "cancelled"}, {"booking": None}])
def test_what_takes_no_bookings_has_no_slots(changes):
    assert plan_slots(session(**changes)) == []


def test_the_same_session_changes_nothing():
    there = known(plan_slots(session()))
    changes = compare_slots(there, session(), known_date=session().date, zone=ZONE)
    assert changes.added == changes.closed == ()
    assert [(each.slot_id, each.starts_at) for each in changes.kept] == [
        (each.slot_id, each.starts_at) for each in there
    ]


def test_a_moved_sessions_slots_are_the_same_slots():
    there = known(plan_slots(session()))
    changes = compare_slots(there, session(days=30), known_date=session().date, zone=ZONE)
    assert changes.added == changes.closed == ()
    assert [each.starts_at for each in changes.kept] == [each.starts_at + timedelta(days=30) for each in there]


def test_a_move_keeps_the_clock_time_where_clocks_change():
    zone = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 3, 28, 8, 0, tzinfo=UTC), datetime(2026, 3, 30, 7, 0, tzinfo=UTC)
    rules = {"slot_minutes": 60}
    one = session(date=before.date(), duties=(duty("w1", "land"),), rules=rules)
    one = one.model_copy(
        update={
            "opening": (
                one.opening[0].model_copy(update={"starts_at": before, "ends_at": before + timedelta(hours=1)}),
            )
        }
    )
    two = one.model_copy(
        update={
            "date": after.date(),
            "opening": (one.opening[0].model_copy(update={"starts_at": after, "ends_at": after + timedelta(hours=1)}),),
        }
    )
    changes = compare_slots(known(plan_slots(one)), two, known_date=before.date(), zone=zone)
    assert [each.starts_at for each in changes.kept] == [after]


def test_another_department_at_the_window_is_another_slot():
    there = known(plan_slots(session(duties=(duty("w1", "land"),))), taken=1)
    changes = compare_slots(there, session(duties=(duty("w1", "health"),)), known_date=session().date, zone=ZONE)
    assert changes.closed == (1, 2)
    assert {each.department_id for each in changes.added} == {"health"}


def claim(**changes):
    fields = {
        "slot_id": 1, "matter_id": "house", "channel": "online", "party_size": 1, "by_proxy": False, "language": "zh",
        "raised_before": None, "code": "0", "idempotency_key": "k", "body_hash": b"h", "document_type": "resident_id",
        "document_key": b"d" * 32, "person": True, "born_at": None, "document": b"", "name": b"", "phone": None,
        "email": None, "proxy": None, "note": None,
    }  # fmt: skip
    return Claim(**{**fields, **changes})


FACTS = Refusal(
    now=NOW,
    known_id=None,
    known_body_hash=None,
    slot_starts_at=NOW + timedelta(days=1),
    slot_department_id="land",
    status="planned",
    public=True,
    release_at=NOW - timedelta(days=1),
    closes_at=NOW + timedelta(days=1),
    party_size_max=5,
    matter_department_id="land",
    visit="needed",
    withdrawn=False,
    already_booked=False,
    overlaps=False,
    full=False,
)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"slot_starts_at": None, "full": True}, problems.SlotUnknown),
        ({"public": False}, problems.SlotUnknown),
        ({"matter_department_id": None}, problems.MatterUnknown),
        ({"withdrawn": True}, problems.MatterUnknown),
        ({"matter_department_id": "health", "full": True}, problems.SlotNotForMatter),
        ({"visit": "not_needed"}, problems.MatterNeedsNoVisit),
        ({"status": "tentative", "release_at": None}, problems.SessionNotReleased),
        ({"status": "cancelled"}, problems.SessionClosed),
        ({"release_at": None, "closes_at": None}, problems.SessionClosed),
        ({"release_at": NOW + timedelta(seconds=1)}, problems.SessionNotReleased),
        ({"slot_starts_at": NOW}, problems.SlotPast),
        ({"closes_at": NOW}, problems.SessionClosed),
        ({"already_booked": True, "overlaps": True, "full": True}, problems.SlotFull),
        ({"already_booked": True, "overlaps": True}, problems.AlreadyBooked),
        ({"overlaps": True}, problems.TimesOverlap),
        ({"release_at": NOW}, type(None)),
        ({}, type(None)),
    ],
)
def test_the_most_telling_reason_comes_first(facts, problem):
    assert type(explain(claim(), replace(FACTS, **facts))) is problem


def test_the_counter_serves_sessions_that_are_not_public():
    assert explain(claim(channel="counter"), replace(FACTS, public=False)) is None


def test_what_only_session_and_clock_can_judge_is_a_field_problem():
    for wrong, code in (
        (claim(party_size=6), "party_size_range"),
        (claim(born_at=NOW + timedelta(days=1)), "document_birth_ahead"),
    ):
        problem = explain(wrong, replace(FACTS, full=True))
        assert isinstance(problem, problems.InvalidRequest)
        assert [each.code for each in problem.errors] == [code]


BOOKING = Booking(
    booking_id=UUID(int=1), version=1, slot_id=1, seat=1, session_id="s", venue_id="hall", window_id="w1",
    department_id="land", matter_id="house", starts_at=NOW + timedelta(2), ends_at=NOW + timedelta(2.1),
    channel="online", party_size=1, by_proxy=False, language="zh", raised_before=None, state="confirmed", reason=None,
    booked_at=NOW, cancelled_at=None, cancel_until=NOW + timedelta(days=1), code="12345674",
)  # fmt: skip


def test_until_when_a_booking_can_be_cancelled():
    check_cancellable(BOOKING, NOW + timedelta(days=1))
    with pytest.raises(problems.CancelTooLate):
        check_cancellable(BOOKING, NOW + timedelta(days=1, seconds=1))
    moved = replace(BOOKING, state="to_confirm")
    check_cancellable(moved, NOW + timedelta(days=2))
    with pytest.raises(problems.CancelTooLate):
        check_cancellable(moved, NOW + timedelta(days=2, seconds=1))
    with pytest.raises(problems.CancelTooLate):
        check_cancellable(replace(BOOKING, cancel_until=None), NOW + timedelta(days=3))
    with pytest.raises(problems.BookingAlreadyCancelled):
        check_cancellable(replace(BOOKING, state="cancelled"), NOW)


def test_what_can_be_agreed_to():
    assert not check_agreeable(BOOKING, NOW + timedelta(days=9))
    assert check_agreeable(replace(BOOKING, state="to_confirm"), NOW)
    with pytest.raises(problems.SlotPast):
        check_agreeable(replace(BOOKING, state="to_confirm"), BOOKING.starts_at)
    with pytest.raises(problems.BookingAlreadyCancelled):
        check_agreeable(replace(BOOKING, state="cancelled"), NOW)


def test_whoever_is_born_today_in_the_county_is_born():
    """At half past midnight in China it is still yesterday in UTC, which nobody here goes by."""
    now = datetime(2026, 11, 30, 0, 30, tzinfo=ZONE).astimezone(UTC)
    born_today = Document(type="resident_id", number="11010520261130001X")
    wish = Correction(code=make_code(), digits="0000", document=born_today)
    check_correctable(BOOKING, wish, now, ZONE)
    with pytest.raises(problems.InvalidRequest) as refused:
        check_correctable(BOOKING, wish, now - timedelta(hours=1), ZONE)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [
        ("/document/number", "document_birth_ahead")
    ]


def test_a_view_shows_no_number_whole():
    person = Person(
        "欧阳修竹", "resident_id", "11010519491231002X", None, None, Proxy(name="李", phone="13800138000"), None
    )
    shown = view(BOOKING, person)
    assert (shown.surname, shown.name_masked) == ("欧阳", "欧***")
    assert shown.document_masked == "1*************002X"
    assert shown.phone_masked == "+*********8000", "the helper's, where the visitor has none"
    assert person.opened_by("002X")
    assert person.opened_by("8000")
    assert not person.opened_by("0000")
    assert not Person("王", None, None, None, None, None, None).opened_by("0000")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("王桂兰", "王"),
        ("欧阳修", "欧阳"),
        ("欧阳", "欧"),
        ("司马相如", "司马"),
        ("John Smith", "John"),
        ("阿依古丽·买买提", "阿"),
        ("李", "李"),
    ],
)
def test_surnames(name, expected):
    assert surname(name) == expected


async def test_no_key_and_no_person_is_twice_in_a_batch():
    line, loop = _Line(), asyncio.get_running_loop()

    def wait(**changes):
        each = _Waiting(claim(**changes), loop.create_future(), contextvars.copy_context(), 0.0)
        line.waiting.append(each)
        return each

    one = wait(idempotency_key="1", document_key=b"a")
    same_key = wait(idempotency_key="1", document_key=b"b")
    same_person = wait(idempotency_key="2", document_key=b"a")
    counter = wait(idempotency_key="3", document_key=b"c", channel="counter")
    gone = wait(idempotency_key="4", document_key=b"d")
    gone.answer.cancel()
    nobody = wait(idempotency_key="5", document_key=None)
    nobody_else = wait(idempotency_key="6", document_key=None)
    assert line.take(64) == [one, nobody, nobody_else]
    assert line.take(64) == [same_key, same_person]
    assert line.take(64) == [counter]
    assert line.take(64) == []


def test_a_persons_lock_is_what_the_statement_makes_of_the_same_key():
    assert person_lock(bytes.fromhex("8000000000000001") + b"x" * 24) == -(2**63) + 1
    assert person_lock(bytes.fromhex("0000000000000102") + b"x" * 24) == 258
