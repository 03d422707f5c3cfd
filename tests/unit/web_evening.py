"""The end of a day on paper: what the queue would answer of it, and a form as it would be filled in."""

from shared.events.queue import Totals
from tests.unit.web_county import MATTER, NOW

TICKET = "0199aaaa-0000-7000-8000-000000000001"
NOTHING = dict.fromkeys(Totals.model_fields, 0)
EVENING = NOW.replace(hour=17, minute=30, second=0)
DAY = EVENING.date()


def window(**changes):
    figures = {"persons": 5, "visits": 3, "items": 3, "problems": 1, "solved": 1, "suggestions": 0}
    return {
        "window_id": "w3",
        "number": 3,
        "department_id": "land",
        "state": "closed",
        "confirmed_at": None,
        "confirmed_by": None,
        "needed": True,
        "window_version": 7,
        "figures": figures,
        **changes,
    }


def open_ticket(**changes):
    return {
        "ticket_id": TICKET,
        "number": "A012",
        "state": "waiting",
        "department_id": "land",
        "window_id": "w3",
        "arrived_at": EVENING.isoformat(),
        **changes,
    }


def closing(**changes):
    return {
        "session_id": "s1",
        "date": DAY.isoformat(),
        "version": 9,
        "now": EVENING.isoformat(),
        "closed_at": None,
        "windows": [window()],
        "open": [open_ticket()],
        "expected": 2,
        "totals": {**NOTHING, "persons": 5, "visits": 3, "on_paper": 1},
        "signed": [],
        **changes,
    }


def ready(**changes):
    confirmed = window(confirmed_at=EVENING.isoformat(), confirmed_by="李春燕", needed=False)
    return closing(windows=[confirmed], open=[], **changes)


def signed(*reasons, **changes):
    versions = [
        {"version": index, "signed_by": "王经理", "signed_at": EVENING.isoformat(), "reason": reason, "totals": NOTHING}
        for index, reason in enumerate((None, *reasons), 1)
    ]
    return ready(closed_at=EVENING.isoformat(), signed=versions, **changes)


def visit(**changes):
    return {
        "ticket_id": TICKET,
        "version": 4,
        "number": "A009",
        "source": "booking",
        "state": "finished",
        "closing": None,
        "department_id": "land",
        "window_id": "w3",
        "window_number": 3,
        "matter_ids": [MATTER],
        "persons": 1,
        "booked_for": None,
        "arrived_at": EVENING.isoformat(),
        "started_at": EVENING.isoformat(),
        "finished_at": EVENING.isoformat(),
        "received_by": "principal",
        "outcomes": [{"matter_id": MATTER, "kind": "incomplete"}],
        "problems": 1,
        "suggestions": 0,
        **changes,
    }


RECORDED = {"matter_id": MATTER, "kind": "incomplete", "said": "缺契税完税证明"}


def paper(**changes):
    return {
        "matter0": MATTER,
        "kind0": "handled",
        "persons": "2",
        "arrived": "09:10",
        "started": "09:20",
        "finished": "09:30",
        "received_by": "staff",
        **changes,
    }
