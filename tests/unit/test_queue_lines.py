"""The places of everybody, told at once, are those told one by one."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.queue.domain.lines import Present, places_before, places_of_all
from services.queue.domain.tickets import Ticket
from services.queue.domain.windows import WindowDay

NOW = datetime(2026, 12, 11, 2, 0, tzinfo=UTC)


def window(window_id: str, department_id: str, state: str) -> WindowDay:
    return WindowDay(
        "day", window_id, 1, "", 1, department_id, None, "principal", state, None, "expected", None, None, None, 0,
    )  # type: ignore[arg-type]  # fmt: skip


def somebody(chance: random.Random, serial: int) -> Present:
    arrived_at = NOW - timedelta(minutes=chance.randrange(60))
    ticket = Ticket(
        ticket_id=UUID(int=serial), version=1, last_event="", session_id="day", venue_id="hall", number=f"A{serial:03}",
        token="", source="walk_in", booking_id=None, department_id=chance.choice(("land", "health")),
        bound_to=chance.choice((None, None, "w1", "w3")), at_window=None, matter_ids=("house",), persons=1,
        priority=chance.choice((None, None, "elderly")), language="zh",
        state=chance.choice(("waiting", "waiting", "waiting", "held")), closing=None, misses=0,
        behind=chance.choice((0, 0, 0, 1, 2)), overtaken=chance.randrange(3), near=False, calls=0,
        booked_for=chance.choice((None, NOW, NOW + timedelta(minutes=30))), arrived_at=arrived_at, called_at=None,
        started_at=None, finished_at=None, received_by=None, official_id=None,
    )  # fmt: skip
    return Present(ticket, elsewhere=chance.random() < 0.1, away=chance.random() < 0.2)


@pytest.mark.parametrize("seed", range(20))
def test_the_places_of_all_are_the_places_of_each(seed: int):
    chance = random.Random(seed)  # noqa: S311  (not for secrets)
    present = [somebody(chance, serial) for serial in range(1, 25)]
    states = [chance.choice(("open", "paused", "closed")) for _ in range(3)]
    windows = [window(*each) for each in zip(("w1", "w2", "w3"), ("land", "land", "health"), states, strict=True)]
    places = places_of_all(present, windows, NOW)
    for each in present:
        ticket = each.ticket
        assert places.get(ticket.ticket_id) == places_before(present, windows, ticket, NOW)
