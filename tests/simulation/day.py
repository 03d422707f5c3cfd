"""The simulated day from the first booking to the signature."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import httpx

from tests.simulation.clock import Clock, put
from tests.simulation.hall import BOOKING, ROSTER, Hall, Refused
from tests.simulation.people import Person, crowd
from tests.simulation.windows import Window

BEFORE = timedelta(minutes=20)
"""The doors open so long before the first slot."""
AT_ONCE = 8
"""People who book at the same time."""
CARD_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """What the day is made of."""

    session_id: str
    starts_at: datetime
    ends_at: datetime
    windows: Sequence[Mapping[str, Any]]
    """The duties of the roster."""
    matters: Mapping[str, Sequence[str]]
    """Of each department, those that need a visit."""


async def plan_of(hall: Hall) -> Plan:
    """The first session that can be booked, with its windows and their matters. LookupError where none is yet."""
    shown = await hall.get(f"{ROSTER}/matters", limit="500")
    matters: dict[str, list[str]] = {}
    for each in shown["items"]:
        if each["visit"] == "needed":
            matters.setdefault(each["department_id"], []).append(each["matter_id"])
    first = [ids[0] for ids in matters.values()][:1]
    sessions = (await hall.get(f"{BOOKING}/sessions", matter_id=first[0]))["items"] if first else []
    bookable = [each["session_id"] for each in sessions if each["state"] == "open" and each["free"]]
    if not bookable:
        raise LookupError("no session can be booked")
    session_id = bookable[0]
    session = await hall.get(f"{ROSTER}/sessions/{session_id}")
    received = {each["department_id"] for each in session["duties"]}
    return Plan(
        session_id=session_id,
        starts_at=datetime.fromisoformat(session["opening"][0]["starts_at"]),
        ends_at=datetime.fromisoformat(session["opening"][-1]["ends_at"]),
        windows=session["duties"],
        matters={department: ids for department, ids in matters.items() if department in received},
    )


async def is_planned(hall: Hall) -> bool:
    """Whether booking has heard of the sessions and of all their matters."""
    try:
        plan = await plan_of(hall)
        hall.session_id = plan.session_id
        await hall.offers(plan.matters)
    except (Refused, LookupError, httpx.HTTPError):
        return False
    return True


async def book(hall: Hall, plan: Plan, seed: int, visitors: int) -> list[Person]:
    """Everybody of the day; those with a booking have it now."""
    people = crowd(seed, visitors, await hall.offers(plan.matters), plan.matters, plan.ends_at)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(person: Person) -> None:
        async with gate:
            await hall.book(person)

    async with asyncio.TaskGroup() as group:
        for each in people:
            group.create_task(one(each))
    return people


async def hold(hall: Hall, plan: Plan, people: Sequence[Person], owner_dsns: Sequence[str], speed: float) -> Clock:
    """The day itself, by the fast clock, until the manager has signed."""
    clock = await put(owner_dsns, plan.starts_at - BEFORE, speed)
    await _cards_are_here(hall, plan, people)
    officials = (await hall.get(f"{ROSTER}/staff/officials"))["items"]
    async with hall.listening(), asyncio.TaskGroup() as group:
        for number, duty in enumerate(plan.windows):
            group.create_task(_window(hall, clock, plan, duty, officials, number).work(plan.ends_at))
        for person in people:
            if person.arrives_at is not None:
                group.create_task(_come(hall, clock, person))
    hall.ledger.no_shows = sum(len(each.booked) for each in people if each.arrives_at is None)
    await _close(hall)
    return clock


def _window(  # noqa: PLR0917  (what a window is made of)
    hall: Hall, clock: Clock, plan: Plan, duty: Mapping[str, Any], officials: Sequence[Mapping[str, Any]], number: int
) -> Window:
    deputies = [
        each["official_id"]
        for each in officials
        if each["department_id"] == duty["department_id"] and each["official_id"] != duty["official_id"]
    ]
    leaves = plan.starts_at + timedelta(minutes=100)
    return Window(
        hall=hall,
        clock=clock,
        chance=Random(number),  # noqa: S311  (a crowd, no secret)
        window_id=duty["window_id"],
        department_id=duty["department_id"],
        official_id=duty["official_id"],
        deputy_id=deputies[0] if deputies else None,
        away=(leaves, leaves + timedelta(hours=1)) if number % 5 == 0 else None,
    )


async def _cards_are_here(hall: Hall, plan: Plan, people: Sequence[Person]) -> None:
    """Wait until the hall knows who comes: every booking can be checked in by its code from now on."""
    wanted = sum(len(each.booked) for each in people)
    deadline = asyncio.get_running_loop().time() + CARD_SECONDS
    while True:
        shown = await hall.get(f"{hall.staff}/closing")
        if shown["expected"] == wanted:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"the queue knows of {shown['expected']} of {wanted} bookings of {plan.session_id}")
        await asyncio.sleep(0.5)


async def _come(hall: Hall, clock: Clock, person: Person) -> None:
    """Come, take a place, and go home once patience is at its end."""
    assert person.arrives_at is not None
    await clock.until(person.arrives_at)
    if person.booked:
        entries = await _check_in(hall, person)
    else:
        department = person.taken_for or next(iter(person.matters))
        own = person.matters.get(department)
        matter = own or await _a_matter(hall, department)
        entries = [await hall.walk_in(person, matter)]
    if person.patience is not None:
        await clock.wait(person.patience.total_seconds())
        for each in entries:
            if each.state == "waiting":
                await hall.leave(each)


async def _check_in(hall: Hall, person: Person) -> Any:
    """At the counter; again where the card of the booking has not come yet, as the counter would."""
    for _ in range(20):
        try:
            return await hall.check_in(person)
        except Refused as refused:
            if refused.code != "booking_unknown":
                raise
            await asyncio.sleep(0.5)
    return await hall.check_in(person)


async def _a_matter(hall: Hall, department_id: str) -> str:
    shown = await hall.get(f"{ROSTER}/matters", department_id=department_id, limit="500")
    matter: str = next(each["matter_id"] for each in shown["items"] if each["department_id"] == department_id)
    return matter


async def _close(hall: Hall) -> None:
    """The end of the day: what is open gets its reason, and the manager signs."""
    shown = await hall.get(f"{hall.staff}/closing")
    for each in shown["open"]:
        await hall.post(f"{hall.staff}/tickets/{each['ticket_id']}/close", {"reason": "unserved"})
        hall.ledger.entries[each["ticket_id"]].state = "unserved"
    await hall.post(f"{hall.staff}/closing", {"by": "大厅主任"})
