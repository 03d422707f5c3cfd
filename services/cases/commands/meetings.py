"""What is done in a joint review or frontline supervision, each act a story; `do` is the one way in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from services.cases.domain import life, meetings, problems
from services.cases.domain.case import Case
from services.cases.domain.meetings import MAY, MeetingState
from services.cases.domain.people import seal
from services.cases.office import Office
from services.cases.sql import cases, pieces
from services.cases.sql import meetings as sql
from shared.events import cases as events
from shared.events.cases import Level
from shared.events.roster import Session

DECIDABLE = ("registered", "returned", "accepted", "in_progress", "suspended")


@dataclass(frozen=True)
class Meeting:
    """A meeting whose row is locked."""

    session_id: str
    venue_id: str
    level: Level
    date: date
    state: MeetingState
    version: int


async def lock(office: Office, session_id: str) -> Meeting:
    """Lock a meeting, which begins to be prepared with the first thing done in it. Raises MeetingUnknown."""
    session = await sql.select_session(office.connection, session_id)
    if session is None:
        raise meetings.MeetingUnknown
    if await sql.select(office.connection, session_id) is None:
        await sql.ensure(office.connection, session_id, session["venue_id"], session["level"])
        for duty in Session.model_validate_json(session["state"]).duties:
            await sql.upsert_attendance(
                office.connection, session_id, duty.official_id, duty.department_id, "expected", None
            )
    row = await sql.lock(office.connection, session_id)
    if row is None:
        raise meetings.MeetingUnknown
    return Meeting(session_id, row["venue_id"], row["level"], session["date"], row["state"], row["version"])


async def do(office: Office, session_id: str, wish: meetings.MeetingAct) -> None:
    """Do something in a meeting as it was seen.

    Raises MeetingUnknown, MeetingMovedOn, MeetingActNotNow, and what the act itself says. Version 0 is that of a
    meeting in which nothing was done yet.
    """
    known = await sql.select(office.connection, session_id)
    meeting = await lock(office, session_id)
    if wish.version != (meeting.version if known is not None else 0):
        raise meetings.MeetingMovedOn
    if wish.act not in MAY[meeting.state]:
        raise meetings.MeetingActNotNow
    act: Callable[[Office, Meeting, Any], Awaitable[None]] = ACTS[wish.act]
    await act(office, meeting, wish)
    await sql.count_change(office.connection, session_id)


async def prepare(office: Office, session_id: str) -> int:
    """Fill an agenda by rule: what came to the level and was not decided there; how many items were added."""
    meeting = await lock(office, session_id)
    if meeting.state != "preparing":
        return 0
    due = await sql.select_due(office.connection, session_id, meeting.venue_id, meeting.level, meetings.ITEMS_MOST)
    for row in due:
        await sql.insert_item(office.connection, session_id, row["case_id"], row["why"])
    if due:
        await sql.count_change(office.connection, session_id)
    return len(due)


async def add(office: Office, meeting: Meeting, wish: meetings.Add) -> None:
    """A case is put on the agenda by hand; where it is on another level, it comes to this one."""
    row = await cases.lock_case(office.connection, wish.case_id)
    if row is None:
        raise problems.OtherUnknown
    case = Case.of(row)
    await office.seen(case)
    if case.confidential or case.state not in DECIDABLE or case.venue_id != meeting.venue_id:
        raise meetings.CaseNotForMeeting
    if len(await sql.select_items(office.connection, meeting.session_id)) >= meetings.ITEMS_MOST:
        raise problems.TooMany
    if not await sql.insert_item(office.connection, meeting.session_id, wish.case_id, "by_hand"):
        raise meetings.AlreadyOnAgenda
    if case.level != meeting.level and case.state != "suspended":
        moved = life.move(case, meeting.level, office.dates)
        await office.save(moved, events.CaseEscalated, why="by_hand")


async def remove(office: Office, meeting: Meeting, wish: meetings.Remove) -> None:
    """An item is taken off. Raises ItemUnknown, also for one that is decided."""
    if not await sql.remove_item(office.connection, meeting.session_id, wish.item_id):
        raise meetings.ItemUnknown


async def attend(office: Office, meeting: Meeting, wish: meetings.Attend) -> None:
    """Who was there."""
    department = wish.department_id and await office.department(meeting.venue_id, wish.department_id)
    await sql.upsert_attendance(
        office.connection, meeting.session_id, wish.official_id, department, wish.status, wish.substitute_id
    )


async def begin(office: Office, meeting: Meeting, _: meetings.Open) -> None:
    """The meeting begins. Raises MeetingNotToday before its day."""
    if office.today < meeting.date:
        raise meetings.MeetingNotToday
    await sql.set_state(office.connection, meeting.session_id, "open")


async def decide(office: Office, meeting: Meeting, wish: meetings.Decide) -> None:
    """What is decided becomes a step of the case, with unit, person and day.

    The lead gets the day as its term; another department a part, or the lead where there is none yet.
    """
    case_id = await _case_of(office, meeting, wish.item_id)
    case = await office.lock(case_id)
    if case.state not in DECIDABLE:
        raise meetings.CaseNotForMeeting
    if len(await _decisions_of(office, meeting, wish.item_id)) >= meetings.DECISIONS_MOST:
        raise problems.TooMany
    named = await office.department(meeting.venue_id, wish.department_id)
    day = office.dates.ahead(wish.due_on)
    words = seal(wish.words, office.vault)
    await sql.insert_decision(office.connection, wish.item_id, words, named, wish.official_id, day)
    decided = await _take_effect(office, case, named, day, words)
    await office.save(decided, events.CaseDecided, words=wish.words, on=day, department_id=named)


async def _take_effect(office: Office, case: Case, named: str, day: date, words: bytes | None) -> Case:
    if case.state == "suspended":
        case = life.resume(case, office.dates)
    if case.department_id not in {None, named}:
        await pieces.insert_part(office.connection, case.case_id, named, words, office.today, day)
        return replace(case, blocked=False)
    if case.state in {"registered", "returned"}:
        case = replace(case, department_id=named, holder="department", state="accepted")
        case = office.dates.aim_at_answer(case)
    return replace(life.set_date(case, day, office.dates), blocked=False)


async def postpone(office: Office, meeting: Meeting, wish: meetings.Postpone) -> None:
    """An item waits for the next meeting."""
    await _case_of(office, meeting, wish.item_id)
    await sql.postpone_item(office.connection, wish.item_id, seal(wish.words, office.vault))


async def record(office: Office, meeting: Meeting, wish: meetings.RecordVisit) -> None:
    """What the deputy county head saw on the spot. Raises MeetingActNotNow at a joint review."""
    if meeting.level != "supervision":
        raise meetings.MeetingActNotNow
    await _case_of(office, meeting, wish.item_id)
    await sql.record_visit(office.connection, wish.item_id, seal(wish.words, office.vault))


async def close(office: Office, meeting: Meeting, _: meetings.CloseMeeting) -> None:
    """The meeting ends. Raises ItemsOpen, or VisitMissing where the spot was decided on and not recorded."""
    decided = {row["item_id"] for row in await sql.select_decisions(office.connection, meeting.session_id)}
    for item in await sql.select_items(office.connection, meeting.session_id):
        if item["item_id"] not in decided and item["item_postponed_at"] is None:
            raise meetings.ItemsOpen
        if meeting.level == "supervision" and item["item_id"] in decided and item["item_record"] is None:
            raise meetings.VisitMissing
    await sql.set_state(office.connection, meeting.session_id, "closed")


async def reopen(office: Office, meeting: Meeting, _: meetings.Reopen) -> None:
    """The minutes are put right."""
    await sql.set_state(office.connection, meeting.session_id, "open")


async def _case_of(office: Office, meeting: Meeting, item_id: UUID) -> UUID:
    for item in await sql.select_items(office.connection, meeting.session_id):
        if item["item_id"] == item_id:
            case_id: UUID = item["case_id"]
            return case_id
    raise meetings.ItemUnknown


async def _decisions_of(office: Office, meeting: Meeting, item_id: UUID) -> list[object]:
    rows = await sql.select_decisions(office.connection, meeting.session_id)
    return [row for row in rows if row["item_id"] == item_id]


ACTS: dict[str, Callable[[Office, Meeting, Any], Awaitable[None]]] = {
    "add": add,
    "remove": remove,
    "attend": attend,
    "open": begin,
    "decide": decide,
    "postpone": postpone,
    "record": record,
    "close": close,
    "reopen": reopen,
}
