"""What the service of cases would answer the pages."""

from datetime import timedelta
from typing import Any

from tests.unit.web_county import NOW

TODAY = NOW.date()
TITLE = "<i>村道路灯</i>坏了三个月"


def card(**changes: Any) -> dict[str, Any]:
    return {
        "case_id": "c1",
        "number": "4081273652",
        "spoken": "40812 73652",
        "kind": "problem",
        "source": "online",
        "title": TITLE,
        "level": "window",
        "state": "registered",
        "holder": "department",
        "department_id": "land",
        "handler_id": None,
        "light": "green",
        "next_step": "accept",
        "next_on": str(TODAY + timedelta(days=3)),
        "due_on": str(TODAY + timedelta(days=14)),
        "days_left": 3,
        "listed": False,
        "blocked": False,
        "confidential": False,
        "raisings": 1,
        "registered_on": str(TODAY),
        "closing": None,
        "version": 4,
        **changes,
    }


def step(kind: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "version": version,
        "kind": kind,
        "at": NOW.isoformat(),
        "by": "staff",
        "account_id": "a1",
        "department_id": "land",
        "level": "window",
        "why": None,
        "words": None,
        "on": None,
        **changes,
    }


def case_file(*may: str, oversee: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    shown = {
        "card": card(**changes.pop("card", {})),
        "text": "老人晚上<b>不敢出门</b>",
        "place": None,
        "about": None,
        "language": "zh",
        "venue_id": "hall",
        "session_id": None,
        "person": {"name": "王桂兰", "phone": "+8613800002741", "masked": False},
        "term": {"unit": "working", "days": 10, "start": str(TODAY), "extended_days": 0, "extensions": 0},
        "story": [step("registered")],
        "may": {"handle": list(may), "oversee": list(oversee)},
    }
    return {**shown, **changes}


def citizen_case(**changes: Any) -> dict[str, Any]:
    return {
        "case_id": "c1",
        "number": "4081273652",
        "spoken": "40812 73652",
        "kind": "problem",
        "title": TITLE,
        "state": "answered",
        "level": "window",
        "holder": "manager",
        "department_zh": None,
        "department_en": None,
        "next_step": "verify",
        "next_on": str(TODAY + timedelta(days=3)),
        "registered_on": str(TODAY),
        "closing": None,
        "version": 4,
        "answers": [{"on": str(TODAY), "words": "灯修好了", "department_zh": "自然资源局", "department_en": "Land"}],
        "story": [
            {"on": str(TODAY), "kind": kind, "why": None, "level": "window", "department_zh": "自然资源局",
             "department_en": "Land", "words": None}
            for kind in ("registered", "accepted", "answered")
        ],
        "may": ["confirm", "refuse", "add"],
        **changes,
    }  # fmt: skip
