"""How a session's rules become slots, and which slots stay when the session changes.

A slot is told by its window, its department and its clock time in the county's zone: so the slots of a moved
session are the same slots on another date, and whoever has a seat keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.events.roster import Session


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A slot as the session's rules want it."""

    window_id: str
    department_id: str
    starts_at: datetime
    ends_at: datetime
    online: int
    counter: int


@dataclass(frozen=True, slots=True)
class KnownSlot:
    """A slot as it stands in the table."""

    slot_id: int
    window_id: str
    department_id: str
    starts_at: datetime
    ends_at: datetime
    taken: int


@dataclass(frozen=True, slots=True)
class KeptSlot:
    """What a standing slot becomes: another time, other shares."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime
    online: int
    counter: int


@dataclass(frozen=True, slots=True)
class SlotChanges:
    """What has to be done to a session's slots."""

    added: tuple[PlannedSlot, ...]
    kept: tuple[KeptSlot, ...]
    closed: tuple[int, ...]
    """Nobody receives there any more: what is booked there is cancelled."""


def plan_slots(session: Session) -> list[PlannedSlot]:
    """The slots of every window on duty. None for a session that takes no bookings or is not certain."""
    rules = session.booking
    if rules is None or session.status != "planned":
        return []
    length = timedelta(minutes=rules.slot_minutes)
    counter = min(rules.counter_seats, rules.capacity)
    online = max(rules.capacity - counter - rules.walk_in_seats, 0)
    windows = sorted({(duty.window_id, duty.department_id) for duty in session.duties})
    found = []
    for window_id, department_id in windows:
        for period in session.opening:
            starts_at = period.starts_at
            while starts_at + length <= period.ends_at:  # a rest shorter than a slot is not sold
                found.append(PlannedSlot(window_id, department_id, starts_at, starts_at + length, online, counter))
                starts_at += length
    return found


def compare_slots(known: Sequence[KnownSlot], session: Session, *, known_date: date, zone: ZoneInfo) -> SlotChanges:
    """What turns `known`, made when the session was on `known_date`, into what `session` says now.

    A slot that the rules no longer make stays, sold to nobody further, while somebody has a seat in it
    and its window still receives at that time; else it is closed.
    """
    planned = {_name(each, session.date, zone): each for each in plan_slots(session)}
    shift = session.date - known_date
    kept, closed = [], []
    for slot in known:
        wanted = planned.pop(_name(slot, known_date, zone), None)
        if wanted is not None:
            kept.append(KeptSlot(slot.slot_id, wanted.starts_at, wanted.ends_at, wanted.online, wanted.counter))
            continue
        starts_at, ends_at = (_shifted(each, shift, zone) for each in (slot.starts_at, slot.ends_at))
        if slot.taken and _receives(session, slot, starts_at, ends_at):
            kept.append(KeptSlot(slot.slot_id, starts_at, ends_at, 0, 0))
        else:
            closed.append(slot.slot_id)
    return SlotChanges(tuple(planned.values()), tuple(kept), tuple(closed))


def departments(session: Session) -> list[str]:
    """The departments that receive in the session."""
    return sorted({duty.department_id for duty in session.duties})


def _name(slot: PlannedSlot | KnownSlot, day: date, zone: ZoneInfo) -> tuple[str, str, int, time]:
    local = slot.starts_at.astimezone(zone)
    return slot.window_id, slot.department_id, (local.date() - day).days, local.time()


def _shifted(at: datetime, shift: timedelta, zone: ZoneInfo) -> datetime:
    """The same clock time on another date, also across a change of the clock."""
    return at.astimezone(zone) + shift


def _receives(session: Session, slot: KnownSlot, starts_at: datetime, ends_at: datetime) -> bool:
    on_duty = (slot.window_id, slot.department_id) in {(duty.window_id, duty.department_id) for duty in session.duties}
    open_then = any(period.starts_at <= starts_at and ends_at <= period.ends_at for period in session.opening)
    return session.status != "cancelled" and session.booking is not None and on_duty and open_then
