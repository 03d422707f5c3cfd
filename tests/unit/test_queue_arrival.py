"""Who is received ahead by age, who is away for a while, and how many of a group come to the window."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from services.queue.domain.estimates import minutes_behind
from services.queue.domain.order import Waiting, line, next_ticket
from services.queue.domain.people import is_elderly
from services.queue.domain.requests import CheckIn, Wishes

NINE = datetime(2026, 1, 4, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("born", "today", "elderly"),
    [
        (date(1956, 12, 1), date(2026, 12, 1), True),
        (date(1956, 12, 2), date(2026, 12, 1), False),
        (date(1956, 2, 29), date(2026, 2, 28), False),
        (date(1956, 2, 29), date(2026, 3, 1), True),
        (date(1880, 1, 1), date(2026, 12, 1), True),
        (None, date(2026, 12, 1), False),
    ],
)
def test_priority_begins_on_the_seventieth_birthday(born, today, elderly):
    assert is_elderly(born, today) is elderly


def waits(number, minute, **changes):
    usual = {"priority": False, "overtaken": 0, "behind": 0, "elsewhere": False}
    return Waiting(UUID(int=number), NINE + timedelta(minutes=minute), None, **(usual | changes))


def test_who_is_away_is_passed_over_without_being_overtaken_and_keeps_the_place():
    waiting = [waits(1, 0, away=True), waits(2, 5), waits(3, 10, priority=True)]
    assert [each.int for each in line(waiting, NINE)] == [3, 2, 1]
    assert next_ticket(waiting, NINE).overtaken == (UUID(int=2),)
    assert next_ticket(waiting[:1], NINE) is None
    back = [replace(waiting[0], away=False), waiting[1]]
    assert [each.int for each in line(back, NINE)] == [1, 2]


def test_nobody_can_blame_the_window_for_who_is_away():
    booked = replace(waits(1, 0), booked_for=NINE)
    assert minutes_behind(NINE + timedelta(minutes=40), [booked]) == 40
    assert minutes_behind(NINE + timedelta(minutes=40), [replace(booked, away=True)]) == 0


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"kind": "resident_id", "number": "11010519491231002X"}, ""),
        ({"kind": "resident_id", "number": " 11010519491231002x"}, ""),
        ({"kind": "resident_id", "number": "110105194912310021"}, "document_check_character"),
        ({"kind": "resident_id", "number": "1101051949123100"}, "document_format"),
        ({"kind": "library_card", "number": "11010519491231002X"}, "literal_error"),
    ],
)
def test_a_document_is_read_by_the_rules_of_booking(document, code):
    if not code:
        assert CheckIn.model_validate({"document": document}).document.number == "11010519491231002X"
        return
    with pytest.raises(ValidationError) as refused:
        CheckIn.model_validate({"document": document})
    assert [each["type"] for each in refused.value.errors()] == [code]


def test_a_wish_without_a_zone_is_refused():
    with pytest.raises(ValidationError, match="time zone"):
        Wishes.model_validate({"last_bus_at": "2026-01-04T16:00:00"})
