"""What the lead and its helpers do with a case, each act a story; `do` is the one way in."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.cases.domain import life, may, problems, requests
from services.cases.domain.case import Case
from services.cases.domain.people import seal
from services.cases.office import Office
from services.cases.sql import cases, pieces
from shared.events import cases as events

PIECES_MOST = 20
"""Parts of a case, and promises."""
NOTES_MOST = 200


async def do(office: Office, case_id: UUID, wish: requests.Handling) -> Case:
    """Do something with a case as it was seen.

    Raises CaseUnknown, CaseMovedOn, AccessDenied, ActNotNow, and what the act itself says.
    """
    case = await office.lock(case_id)
    seen = await office.seen(case)
    may.check(may.HANDLE, wish.act, seen)
    if wish.version != case.version:
        raise problems.CaseMovedOn
    act: Callable[[Office, Case, Any], Awaitable[Case]] = ACTS[wish.act]
    return await act(office, case, wish)


async def accept(office: Office, case: Case, _: requests.Accept) -> Case:
    """The lead accepts it."""
    return await office.save(life.accept(case, office.dates), events.CaseAccepted)


async def give_back(office: Office, case: Case, wish: requests.GiveBack) -> Case:
    """It is another department's, which is named."""
    named = await office.department(case.venue_id, wish.department_id)
    returned = life.give_back(case, named, office.dates)
    return await office.save(returned, events.CaseReturned, words=wish.words, department_id=named)


async def take(office: Office, case: Case, _: requests.Take) -> Case:
    """Whoever acts is in charge of it."""
    return await office.save(life.take(case, office.account_id), events.CaseTaken)


async def hand_to(office: Office, case: Case, wish: requests.HandTo) -> Case:
    """The head of the department names who is in charge."""
    return await office.save(life.take(case, wish.handler_id), events.CaseTaken, why="handed_over")


async def ask_extension(office: Office, case: Case, wish: requests.AskExtension) -> Case:
    """More time is asked for; somebody over the hall approves it."""
    asked = life.ask_extension(case, wish.days, office.account_id, office.dates)
    await cases.seal_beside(office.connection, case.case_id, "extension_words", seal(wish.words, office.vault))
    return await office.save(asked, events.ExtensionAsked, words=wish.words)


async def suspend(office: Office, case: Case, wish: requests.Suspend) -> Case:
    """It rests."""
    rested = life.suspend(case, wish.until, office.dates)
    return await office.save(rested, events.CaseSuspended, words=wish.words)


async def resume(office: Office, case: Case, wish: requests.Resume) -> Case:
    """It goes on."""
    return await office.save(life.resume(case, office.dates), events.CaseResumed, words=wish.words)


async def refer(office: Office, case: Case, wish: requests.Refer) -> Case:
    """It is reported to a body above, whose next date is kept; its clock runs on."""
    day = office.dates.ahead(wish.next_on, working=False)
    await cases.seal_beside(office.connection, case.case_id, "referral_body", seal(wish.body, office.vault))
    referred = replace(case, referred=True, referral_next_on=day)
    return await office.save(referred, events.CaseReferred, words=f"{wish.body}:{wish.words}", on=day)


async def block(office: Office, case: Case, wish: requests.Block) -> Case:
    """The lead cannot go on alone; the rule takes it up the ladder."""
    return await office.save(replace(case, blocked=True), events.CaseBlocked, words=wish.words)


async def answer(office: Office, case: Case, wish: requests.GiveAnswer) -> Case:
    """What was done, or why it is so. Raises PartsOpen while a helping department has not done its part."""
    parts = await pieces.select_parts(office.connection, [case.case_id])
    if any(row["done_on"] is None for row in parts):
        raise problems.PartsOpen
    return await office.save(life.answer(case, office.now, office.dates), events.CaseAnswered, words=wish.words)


async def give_part(office: Office, case: Case, wish: requests.GivePart) -> Case:
    """A helping department gets a part. Raises SameDepartment, DepartmentComplainedAbout or TooMany."""
    named = await office.department(case.venue_id, wish.department_id)
    parts = await pieces.select_parts(office.connection, [case.case_id])
    open_parts = {row["department_id"] for row in parts if row["done_on"] is None}
    if named == case.department_id or named in open_parts:
        raise problems.SameDepartment
    if case.confidential and named == case.about_department_id:
        raise problems.DepartmentComplainedAbout
    if len(parts) >= PIECES_MOST:
        raise problems.TooMany
    day = office.dates.ahead(wish.due_on)
    words = seal(wish.words, office.vault)
    await pieces.insert_part(office.connection, case.case_id, named, words, office.today, day)
    return await office.save(case, events.PartGiven, words=wish.words, on=day, department_id=named)


async def end_part(office: Office, case: Case, wish: requests.EndPart) -> Case:
    """A helping department did its part. Raises PartUnknown, also for another department's."""
    parts = await pieces.select_parts(office.connection, [case.case_id])
    theirs = [row for row in parts if row["part_id"] == wish.part_id and row["done_on"] is None]
    if not theirs or office.reach is None or not office.reach.helps(case, [theirs[0]["department_id"]]):
        raise problems.PartUnknown
    words = seal(wish.words, office.vault)
    whose = await pieces.end_part(office.connection, case.case_id, wish.part_id, office.today, words)
    return await office.save(case, events.PartDone, words=wish.words, department_id=whose)


async def promise_measure(office: Office, case: Case, wish: requests.PromiseMeasure) -> Case:
    """Something is promised to a household or firm. Raises TooMany."""
    if len(await pieces.select_measures(office.connection, [case.case_id])) >= PIECES_MOST:
        raise problems.TooMany
    day = office.dates.ahead(wish.due_on)
    words = seal(wish.words, office.vault)
    await pieces.insert_measure(office.connection, case.case_id, wish.beneficiary, words, day)
    return await office.save(case, events.MeasurePromised, words=wish.words, on=day)


async def keep_measure(office: Office, case: Case, wish: requests.KeepMeasure) -> Case:
    """A promise was kept, with its proof. Raises MeasureUnknown."""
    proof = seal(wish.words, office.vault)
    if not await pieces.keep_measure(office.connection, case.case_id, wish.measure_id, office.today, proof):
        raise problems.MeasureUnknown
    return await office.save(case, events.MeasureKept, words=wish.words, on=office.today)


async def note(office: Office, case: Case, wish: requests.Note) -> Case:
    """Something to be known of it. Raises TooMany."""
    if await cases.count_notes(office.connection, case.case_id) >= NOTES_MOST:
        raise problems.TooMany
    return await office.save(case, events.CaseAdded, words=wish.words)


ACTS: dict[str, Callable[[Office, Case, Any], Awaitable[Case]]] = {
    "accept": accept,
    "return": give_back,
    "take": take,
    "hand_to": hand_to,
    "ask_extension": ask_extension,
    "suspend": suspend,
    "resume": resume,
    "refer": refer,
    "block": block,
    "answer": answer,
    "give_part": give_part,
    "end_part": end_part,
    "promise_measure": promise_measure,
    "keep_measure": keep_measure,
    "note": note,
}
