"""Who is called next at one window, and how many are before somebody.

It is one order over the people who wait, made anew at every call and never stored. The caller has chosen the
tickets that the window may call: its department's, bound to this window or to none. The county's rules on who is
called, in order of force:

1. Who is being called or served at another window is skipped, and so is who said that they are away for a while,
   until they come back or the time that they named is over. That is no absence: the place is kept, and they
   stand where they stood when they come back. While they are away they hold nobody up and are not overtaken.
2. Who did not answer a call was put back behind others, and waits until so many have been called. If nobody else
   can be called they are called at once, whoever has the fewest still to wait for first.
3. Priority goes ahead at any time, early or late; but nobody present is overtaken by it more than twice. Somebody
   with priority is called past those before them only if each of these was overtaken fewer than two times. Among
   people with priority the order of the rules below holds. Next come those who were promised the first place, by
   arrival and whenever they come: before everybody but priority, which may overtake them twice, too.
4. The plain order: booked people who were on time, once their time has come, by booked time and then arrival; then
   walk-ins by arrival; then booked people whose time has not come, by booked time and then arrival, so that they
   are called early where nobody else waits. Two minutes are tolerated on either side of the booked time.
5. Who came later than that goes behind everybody on time who is booked within the hour from their arrival, be the
   time come or not, and otherwise counts as a walk-in of that instant. The first outweighs the second: who waits
   for somebody whose time has not come is passed by walk-ins who came later.

Arrival and then the ticket's id break ties, so that the order is total and the same wherever it is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

TOLERANCE = timedelta(minutes=2)
"""How far from the booked time somebody is still on time, and how long before it their time has come."""
LATE_BEHIND = timedelta(hours=1)
"""Who is late goes behind those on time who are booked up to so long after the late one's arrival."""
OVERTAKEN_AT_MOST = 2
"""How often people with priority are called past one person: the county's rule on the green channel."""

_PROMISED, _DUE, _WALK_IN, _NOT_DUE = range(4)
"""The groups of the plain order, the first called first."""

_Place = tuple[int, datetime, bool, datetime, UUID]
"""The group, the time that counts in it, whether it is behind all of that time, then what breaks ties."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who has checked in and waits for this window."""

    ticket_id: UUID
    arrived_at: datetime
    """The check-in. A ticket that was transferred or recalled keeps its own."""
    booked_for: datetime | None
    """The start of the booked slot; None for a walk-in."""
    priority: bool
    overtaken: int
    """How often somebody with priority was called past it."""
    behind: int
    """So many others have to be called first: more than 0 after a call that was not answered."""
    elsewhere: bool
    """Whether the person is being called or served at another window now."""
    away: bool = False
    """Whether they said that they are away for a while, and the time that they named is not over."""
    first_next: bool = False
    """Whether the first place was promised, because the director had left when it was their turn."""

    @property
    def late(self) -> bool:
        """Whether a booked person checked in after the booked time and the tolerance."""
        return self.booked_for is not None and self.arrived_at > self.booked_for + TOLERANCE


@dataclass(frozen=True, slots=True)
class Next:
    """Whom to call, and what that does to those who wait on."""

    ticket_id: UUID
    overtaken: tuple[UUID, ...]
    """Who is passed over by priority with this call, in plain order: the caller counts it for each."""


def next_ticket(waiting: Sequence[Waiting], now: datetime) -> Next | None:
    """Whom the window calls now; None if everybody is elsewhere or away, or nobody waits.

    The caller then adds one to `overtaken` of those named, takes one from `behind` of everybody else who has
    any, and takes the called one out.
    """
    callable_now, _ = _by_turn(_here(waiting))
    order = _plain_order(callable_now, now)
    if not order:
        return None
    at = _called(order)
    return Next(order[at].ticket_id, tuple(each.ticket_id for each in order[:at]))


def line(waiting: Sequence[Waiting], now: datetime) -> list[UUID]:
    """Everybody in the order in which they would be called if nobody came, nobody left and no time passed.

    It is what repeated calls of `next_ticket` would give, with the caller's counting in between. Those who are
    elsewhere or away come last, in plain order, for nobody knows when they will be back.
    """
    line_up: list[UUID] = []
    callable_now, put_back = _by_turn(_here(waiting))
    order = _plain_order(callable_now, now)
    while order:
        at = _called(order)
        called = order.pop(at)
        line_up.append(called.ticket_id)
        order[:at] = [replace(each, overtaken=each.overtaken + 1) for each in order[:at]]
        # Sorting at every call would cost most of the time. The order can only change where somebody comes back
        # into it, or where priority takes one away whom late people stood behind, walk-ins still before both.
        if put_back or (at and _not_due(called, now)):
            callable_now, put_back = _by_turn([_one_fewer_before(each) for each in (*order, *put_back)])
            order = _plain_order(callable_now, now)
    away = _plain_order([each for each in waiting if not _is_here(each)], now)
    return line_up + [each.ticket_id for each in away]


def _here(waiting: Sequence[Waiting]) -> list[Waiting]:
    """Rule 1: everybody who can be called."""
    return [each for each in waiting if _is_here(each)]


def _is_here(waiting: Waiting) -> bool:
    """Rule 1: neither at another window nor away for a while."""
    return not (waiting.elsewhere or waiting.away)


def _by_turn(here: Sequence[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Rule 2: who may be called, and who has to let others be called first."""
    fewest = min((each.behind for each in here), default=0)
    return [each for each in here if each.behind == fewest], [each for each in here if each.behind > fewest]


def _one_fewer_before(waiting: Waiting) -> Waiting:
    """Rule 2: the same person after another was called."""
    return replace(waiting, behind=waiting.behind - 1) if waiting.behind else waiting


def _called(order: Sequence[Waiting]) -> int:
    """Rule 3: where in the plain order the one to be called stands; everybody before is overtaken by priority.

    None of these has priority, for the one called past them is the first who has.
    """
    at = next((at for at, each in enumerate(order) if each.priority), 0)
    return at if all(each.overtaken < OVERTAKEN_AT_MOST for each in order[:at]) else 0


def _plain_order(people: Sequence[Waiting], now: datetime) -> list[Waiting]:
    """Rules 4 and 5: the order without priority."""
    not_due = [each.booked_for for each in people if each.booked_for is not None and _not_due(each, now)]
    first_not_due = min(not_due, default=None)
    return sorted(people, key=lambda each: _place(each, now, first_not_due))


def _place(waiting: Waiting, now: datetime, first_not_due: datetime | None) -> _Place:
    """Where somebody stands. `first_not_due` is the earliest booked time that has not come, of those on time."""
    arrived_at, booked_for, ticket_id = waiting.arrived_at, waiting.booked_for, waiting.ticket_id
    if waiting.first_next:  # rule 3
        return _PROMISED, arrived_at, False, arrived_at, ticket_id
    if booked_for is None:  # rule 4
        return _WALK_IN, arrived_at, False, arrived_at, ticket_id
    if not waiting.late:
        return _NOT_DUE if _not_due(waiting, now) else _DUE, booked_for, False, arrived_at, ticket_id
    within = arrived_at + LATE_BEHIND  # rule 5
    if first_not_due is not None and first_not_due <= within:
        return _NOT_DUE, within, True, arrived_at, ticket_id
    return _WALK_IN, arrived_at, False, arrived_at, ticket_id


def _not_due(waiting: Waiting, now: datetime) -> bool:
    """Rule 4: whether somebody on time has to wait for the booked time; who was promised the first place has not."""
    if waiting.booked_for is None or waiting.first_next or waiting.late:
        return False
    return now < waiting.booked_for - TOLERANCE
