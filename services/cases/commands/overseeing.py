"""What the hall's manager, the deputy county head and the supervisor do with a case; `do` is the one way in."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from services.cases.commands import handling, verifying
from services.cases.domain import life, may, problems, requests
from services.cases.domain.case import Case
from services.cases.domain.ladder import is_supervisors
from services.cases.domain.rules import RETURNS_MOST
from services.cases.office import Office
from services.cases.sql import cases, pieces
from shared.events import cases as events


async def do(office: Office, case_id: UUID, wish: requests.Overseeing) -> Case:
    """Do something with a case as it was seen; raises as `handling.do`."""
    if isinstance(wish, requests.Merge | requests.Link):
        await _lock_both(office, case_id, wish)
    case = await office.lock(case_id)
    seen = await office.seen(case)
    may.check(may.OVERSEE, wish.act, seen)
    if wish.version != case.version:
        raise problems.CaseMovedOn
    act: Callable[[Office, Case, Any], Awaitable[Case]] = ACTS[wish.act]
    return await act(office, case, wish)


async def _lock_both(office: Office, case_id: UUID, wish: requests.Merge | requests.Link) -> None:
    """Both cases, in the order of their ids, so that two who merge them at once do not wait for each other."""
    other = wish.into if isinstance(wish, requests.Merge) else wish.with_id
    if other == case_id:
        raise problems.MergedIntoItself
    await cases.lock_states(office.connection, [case_id, other])


async def assign(office: Office, case: Case, wish: requests.Assign) -> Case:
    """It is this department's."""
    named = await office.department(case.venue_id, wish.department_id)
    binding = case.returns >= RETURNS_MOST
    why = "binding" if binding else f"by_{case.holder}" if case.holder != "department" else "by_manager"
    assigned = life.assign(case, named, office.dates)
    return await office.save(assigned, events.CaseAssigned, why=why, words=wish.words)


async def grant_extension(office: Office, case: Case, _: requests.GrantExtension) -> Case:
    """More time is approved, by somebody else than whoever asked."""
    longer = life.grant_extension(case, office.account_id, office.dates)
    return await office.save(longer, events.CaseExtended, on=longer.due_on)


async def refuse_extension(office: Office, case: Case, wish: requests.RefuseExtension) -> Case:
    """More time is refused."""
    return await office.save(life.refuse_extension(case), events.ExtensionRefused, words=wish.words)


async def set_date(office: Office, case: Case, wish: requests.SetDate) -> Case:
    """The county sets the date of the answer."""
    fixed = life.set_date(case, wish.due_on, office.dates)
    return await office.save(fixed, events.CaseDateSet, words=wish.words, on=wish.due_on)


async def move(office: Office, case: Case, wish: requests.Move) -> Case:
    """It goes to another level of the ladder, which is no staircase."""
    if wish.level == case.level:
        raise problems.ActNotNow
    moved = life.move(case, wish.level, office.dates)
    return await office.save(moved, events.CaseEscalated, why="by_hand", words=wish.words)


async def put_on_list(office: Office, case: Case, wish: requests.List) -> Case:
    """It is listed by hand."""
    return await verifying.put_on_list(office, case, "by_hand", wish.words)


async def take_off_list(office: Office, case: Case, wish: requests.Delist) -> Case:
    """It is delisted."""
    return await verifying.take_off_list(office, case, wish.words)


async def look_back(office: Office, case: Case, wish: requests.LookBack) -> Case:
    """Somebody looked whether it stayed mended."""
    return await verifying.look_back(office, case, wish.words, passed=wish.passed)


async def call_back(office: Office, case: Case, wish: requests.CallBack) -> Case:
    """Somebody called back."""
    if case.is_over and wish.result == "unanswered":
        raise problems.ActNotNow
    return await verifying.call_back(office, case, wish.result, wish.words)


async def review(office: Office, case: Case, wish: requests.Review) -> Case:
    """The supervisor decides: it is done again at its level, or on the next one."""
    department = await office.department(case.venue_id, wish.department_id) if wish.department_id else None
    level = life.above(case.level) if wish.decision == "move_up" else case.level
    reopened = life.reopen(life.on_level(case, level), department, office.dates)
    why = "moved_up" if wish.decision == "move_up" else "reopened"
    return await office.save(reopened, events.CaseReopened, why=why, words=wish.words)


async def close(office: Office, case: Case, wish: requests.Close) -> Case:
    """The supervisor closes it, with reason and remedy."""
    return await verifying.close(office, case, "by_supervisor", "by_supervisor", f"{wish.words}\n{wish.remedy}")


async def merge(office: Office, case: Case, wish: requests.Merge) -> Case:
    """It goes on as another case, which has been raised once more. Raises OtherUnknown."""
    row = await cases.lock_case(office.connection, wish.into)
    if row is None:
        raise problems.OtherUnknown
    into = Case.of(row)
    await office.seen(into)
    if into.is_over or into.confidential or into.venue_id != case.venue_id:
        raise problems.OtherUnknown
    own = await cases.select_case(office.connection, case.case_id)
    same_person = own is not None and any(
        own[key] is not None and own[key] == row[key] for key in ("person_key", "phone_key")
    )
    if case.listed_on is not None:
        await pieces.end_listing(office.connection, case.case_id, office.today, None)
    merged = await office.save(life.merge(case, into), events.CaseMerged, words=wish.words)
    raised = life.raised_again(into, case, same_person=same_person)
    raised = await office.save(raised, events.CaseRaisedAgain, words=wish.words)
    if case.listed_on is not None and case.listing_reason is not None and raised.listed_on is None:
        # What is watched stays watched: nobody gets off the list by being merged.
        raised = await verifying.put_on_list(office.acting_for("system"), raised, case.listing_reason)
    if is_supervisors(raised, office.dates):
        brought = life.to_supervisor(raised, office.dates)
        await office.acting_for("system").save(brought, events.CaseAssigned, why="third_raising")
    return merged


async def link(office: Office, case: Case, wish: requests.Link) -> Case:
    """It has to do with another case. Raises OtherUnknown."""
    row = await cases.select_case(office.connection, wish.with_id)
    if row is None or row["confidential"]:
        raise problems.OtherUnknown
    await office.seen(Case.of(row))
    await pieces.insert_link(office.connection, case.case_id, wish.with_id)
    return await office.save(case, events.CaseAdded, why="linked")


ACTS: dict[str, Callable[[Office, Case, Any], Awaitable[Case]]] = {
    "assign": assign,
    "grant_extension": grant_extension,
    "refuse_extension": refuse_extension,
    "set_date": set_date,
    "move": move,
    "list": put_on_list,
    "delist": take_off_list,
    "look_back": look_back,
    "call_back": call_back,
    "review": review,
    "close": close,
    "merge": merge,
    "link": link,
    "note": handling.note,
    "keep_measure": handling.keep_measure,
}
