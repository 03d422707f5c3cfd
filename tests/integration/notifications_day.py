"""What the queue says on the day that the tests of notifications have in mind: a visit, and window 3."""

from shared.events import queue
from tests.integration.notifications_hall import VISIT, at

MORNING = at("2026-12-01T09:20")


def visit(what, version, **changes):
    """An event of a visit that came of a booking, in the state that it leaves."""
    states = {
        "CheckedIn": {"state": "waiting"},
        "Nearing": {"state": "waiting", "near": True},
        "Called": {"state": "called", "near": True, "window_id": "w3", "called_at": MORNING},
        "Unanswered": {"state": "waiting", "near": True, "misses": 1},
        "Started": {"state": "serving", "near": True, "window_id": "w3"},
        "Transferred": {"state": "waiting", "department_id": "health"},
        "Undone": {"state": "waiting", "near": True},
        "Closed": {"state": "closed", "closing": "left"},
    }
    known = {
        "visit_id": "t1",
        "session_id": "day",
        "venue_id": "hall",
        "number": "A012",
        "source": "booking",
        "booking_id": "b1",
        "department_id": "land",
        "matter_ids": ("house",),
        "persons": 1,
        "booked_for": VISIT,
        "arrived_at": MORNING,
    }
    event = getattr(queue, f"Visit{what}")
    return event(version=version, visit=queue.Visit(**{**known, **states[what], **changes}))


def window(event, version, **changes):
    """An event of window 3 on the day."""
    known = {
        "session_id": "day",
        "window_id": "w3",
        "venue_id": "hall",
        "date": VISIT.date(),
        "department_id": "land",
        "state": "open",
        "official_id": "zhou",
        "attendance": "present",
    }
    return event(version=version, window=queue.WindowDay(**{**known, **changes}))


def away(version, **changes):
    known = {"attendance": "away", "substitute_id": "he", "returns_at": at("2026-12-01T10:30")}
    return window(queue.AttendanceRecorded, version, **{**known, **changes})


def behind(version, minutes, **changes):
    return window(queue.WindowBehind, version, minutes_behind=minutes, **changes)
