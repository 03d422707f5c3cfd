"""What is read from the forms of a day's end, and what is wrong with them."""

from datetime import datetime, time, timedelta

import pytest

from services.web.closing import Outcome, Visit, correction_of, paper_visit_of, refused_fields
from shared.problems import FieldProblem
from tests.unit.web_county import MATTER, ZONE
from tests.unit.web_evening import DAY, EVENING, RECORDED, paper, visit


def read_paper(**changes):
    return paper_visit_of(paper(**changes), DAY, EVENING, ZONE)


def test_a_paper_is_read_whole():
    rest = {
        "matter2": "other",
        "kind2": "declined",
        "said2": "不归县里管",
        "suggestion": "放个凳子",
        "code": "4081 2736",
    }
    read = read_paper(**rest, problem="排两次队", settled="on_the_spot", name="王桂兰")
    assert read.findings == {}
    at = datetime.combine(DAY, time(9, 10), tzinfo=ZONE)
    assert read.body == {
        "outcomes": [
            {"matter_id": MATTER, "kind": "handled", "said": None},
            {"matter_id": "other", "kind": "declined", "said": "不归县里管"},
        ],
        "persons": 2,
        "name": "王桂兰",
        "code": "40812736",
        "arrived_at": at.isoformat(),
        "started_at": (at + timedelta(minutes=10)).isoformat(),
        "finished_at": (at + timedelta(minutes=20)).isoformat(),
        "received_by": "staff",
        "problems": [{"text": "排两次队", "settled": "on_the_spot"}],
        "suggestions": ["放个凳子"],
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"matter0": ""}, "matter0"),
        ({"matter0": "", "kind0": ""}, "matter0"),
        ({"kind1": "handled"}, "matter1"),
        ({"said2": "缺证明"}, "matter2"),
        ({"matter1": MATTER, "kind1": "guided"}, "matter1"),
        ({"kind0": ""}, "kind0"),
        ({"kind0": "incomplete"}, "said0"),
        ({"matter2": "other", "kind2": "declined"}, "said2"),
        ({"started": "09:05"}, "started"),
        ({"finished": "09:15"}, "finished"),
        ({"finished": "17:31"}, "finished"),
        ({"arrived": ""}, "arrived"),
        ({"arrived": "nine"}, "arrived"),
        ({"arrived": "25:00"}, "arrived"),
        ({"persons": "0"}, "persons"),
        ({"persons": "201"}, "persons"),
        ({"persons": "一"}, "persons"),
        ({"code": "1234"}, "code"),
        ({"code": "1234567x"}, "code"),
        ({"received_by": ""}, "received_by"),
        ({"problem": "排两次队"}, "settled"),
    ],
)
def test_what_is_wrong_on_a_paper_is_said_at_its_field(changes, field):
    assert list(read_paper(**changes).findings) == [field]


def test_equal_times_are_in_order():
    assert read_paper(arrived="09:20", started="09:20", finished="09:20").findings == {}


@pytest.mark.parametrize(
    ("pointer", "code", "field"),
    [
        ("/arrived_at", "times_elsewhere", "finished"),
        ("/name", "text_control_character", "name"),
        ("/outcomes/1/said", "string_too_long", "said2"),
        ("/problems/0/text", "string_too_long", "problem"),
    ],
)
def test_what_the_queue_finds_is_said_at_its_field(pointer, code, field):
    form = paper(matter2="other", kind2="guided", said2="", name="王", problem="", settled="")
    read = paper_visit_of(form, DAY, EVENING, ZONE)
    assert list(refused_fields([FieldProblem(pointer=pointer, code=code, detail="")], read, form)) == [field]


def read_correction(**typed):
    form = {"persons": "1", "matter0": MATTER, "kind0": "incomplete", "said0": RECORDED["said"], "version": "4"}
    form |= {"reason": "记错了", "by": "王经理"}
    return correction_of({**form, **typed}, Visit.model_validate(visit()), [Outcome.model_validate(RECORDED)])


def test_only_what_differs_is_corrected():
    base = {"version": 4, "reason": "记错了", "by": "王经理"}
    assert read_correction(persons="3").body == {**base, "persons": 3, "outcomes": None}
    outcome = {"matter_id": MATTER, "kind": "handled", "said": None}
    assert read_correction(kind0="handled", said0="").body == {**base, "persons": None, "outcomes": [outcome]}
    assert list(read_correction().findings) == ["persons"]
    assert list(read_correction(persons="3", by="", reason="").findings) == ["reason", "by"]
    assert list(read_correction(said0="").findings) == ["said0"]
