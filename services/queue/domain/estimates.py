"""How long one waits, as a range that can be said aloud, and how far a window is behind its bookings.

It is told from how long this window's services of today took, and from nothing else: a director settles what a
clerk cannot, so other days and other windows say little. Too few services say nothing, and then nothing is told.
It is a forecast, not a promise: who is called earlier or later has lost no place.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.queue.domain.order import TOLERANCE, Waiting

SERVICES_AT_LEAST = 3
"""With fewer finished services today nothing is told."""
STEP = timedelta(minutes=5)
"""What is told is rounded to this, outwards, and is never narrower."""
SPREAD = 1.25
"""The longest wait told is at least so many times the shortest, however alike today's services were."""
LATE_MINUTES = 30
"""A window that is more than so many minutes behind tells those who wait and those who are still at home."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Range:
    """Between which instants somebody will probably be called."""

    earliest: datetime
    """On a full five minutes, or `now` itself, which means at any moment."""
    latest: datetime
    """On a full five minutes."""


def expected(  # noqa: PLR0913  (what a window knows of its day)
    now: datetime,
    *,
    before: int,
    windows: int,
    service_seconds: Sequence[float],
    serving_since: datetime | None,
    booked_for: datetime | None = None,
) -> Range | None:
    """When somebody will probably be called; None where there is too little to say, or no window serves.

    `before` is how many will be called first, without whoever is being served. `windows` is how many open windows
    share them. `service_seconds` are the finished services of today, and `serving_since` is when the service began
    that has lasted the longest of those going on; None if a window is free.

    The shortest wait takes the lower quartile of the services for each person, the longest the upper one: first
    the rest of the service that goes on, which is nothing once it has lasted that long, then those before, spread
    over the windows. Who is booked is not told an earlier time than their time comes while others are before them,
    for walk-ins still to arrive would go first.
    """
    if len(service_seconds) < SERVICES_AT_LEAST or windows < 1:
        return None
    served = (now - serving_since).total_seconds() if serving_since is not None else None
    lower, _, upper = statistics.quantiles(service_seconds, n=4, method="inclusive")
    shortest = _wait(lower, before / windows, served)
    longest = max(_wait(upper, before / windows, served), shortest * SPREAD)
    soonest = now + shortest
    if booked_for is not None and before > 0:
        soonest = max(soonest, booked_for - TOLERANCE)
    return Range(
        earliest=max(now, _rounded_down(soonest)),
        latest=_rounded_up(max(now + longest, soonest + STEP)),
    )


def minutes_behind(now: datetime, waiting: Sequence[Waiting]) -> int:
    """How many full minutes a window is behind: the longest that somebody waits past their booked time.

    Only people count for whom the window could be blamed: booked, on time, not at another window, not away by their
    own word, and not put back after a call that they did not answer. 0 if there are none. Compare it with LATE_MINUTES.
    """
    past = [
        now - each.booked_for
        for each in waiting
        if each.booked_for is not None and not (each.late or each.elsewhere or each.away or each.behind)
    ]
    return max([0, *(wait // timedelta(minutes=1) for wait in past)])


def _wait(seconds: float, turns: float, served: float | None) -> timedelta:
    """How long until a window is free after so many turns, if each service takes so many seconds."""
    rest = max(seconds - served, 0) if served is not None else 0
    return timedelta(seconds=rest + seconds * turns)


def _rounded_down(moment: datetime) -> datetime:
    """The last full step up to the moment."""
    return moment - (moment - _EPOCH) % STEP


def _rounded_up(moment: datetime) -> datetime:
    """The first full step from the moment on."""
    return moment + (_EPOCH - moment) % STEP
