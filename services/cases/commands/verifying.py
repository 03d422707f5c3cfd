"""What ends a case, or opens it again: confirmation, refusal, call-backs, and the list that it stands on."""

from datetime import timedelta

from services.cases.domain import life
from services.cases.domain.case import Case
from services.cases.office import Office
from services.cases.sql import pieces
from shared.events import cases as events
from shared.events.cases import Closing, ListingReason


async def close(office: Office, case: Case, closing: Closing, why: str, words: str | None = None) -> Case:
    """It is over."""
    return await office.save(life.close(case, closing, office.now), events.CaseClosed, why=why, words=words)


async def refuse(office: Office, case: Case, words: str | None) -> Case:
    """The citizen is not content: it is done again by somebody else; the second time the supervisor decides."""
    refused = life.refuse(case, office.dates)
    why = "second" if refused.state == "contested" else "first"
    return await office.save(refused, events.CaseRefused, why=why, words=words)


async def call_back(office: Office, case: Case, result: str, words: str) -> Case:
    """A call-back (回访). The third that nobody answers closes the case as not reached (未联系上)."""
    account = office.account_id or None
    sealed = office.vault.encrypt(words, "cases.words")
    if result == "unanswered":
        tried, last = life.unreached(case, office.dates)
        await pieces.insert_call(office.connection, case.case_id, office.today, result, sealed, account, case.refusals)
        saved = await office.save(tried, events.CaseUnreached, words=words)
        return await close(office, saved, "not_reached", "not_reached") if last else saved
    await pieces.insert_call(office.connection, case.case_id, office.today, result, sealed, account, case.refusals)
    if result == "confirmed":
        return await close(office, case, "verified", "call_back", words)
    return await refuse(office, case, words)


async def put_on_list(office: Office, case: Case, reason: ListingReason, words: str | None = None) -> Case:
    """It is watched publicly (挂牌督办)."""
    listed = life.put_on_list(case, reason, office.dates)
    await pieces.open_listing(office.connection, case.case_id, office.today, reason)
    return await office.save(listed, events.CaseListed, why=reason, words=words, on=office.today)


async def take_off_list(office: Office, case: Case, words: str) -> Case:
    """It was verified (销号), and is looked back at."""
    back_on = office.today + timedelta(days=office.dates.rules.look_back_days)
    delisted = life.take_off_list(case, back_on, office.dates)
    await pieces.end_listing(office.connection, case.case_id, office.today, back_on)
    return await office.save(delisted, events.CaseDelisted, words=words, on=back_on)


async def look_back(office: Office, case: Case, words: str, *, passed: bool) -> Case:
    """Whether it stayed mended (回头看). Where it did not, it is done again and is on the list again."""
    await pieces.settle_listing(office.connection, case.case_id, passed=passed)
    looked = life.looked_back(case)
    if passed:
        return await office.save(looked, events.CaseLookedBack, why="passed", words=words, on=office.today)
    opened = life.reopen(looked, None, office.dates) if case.is_over else looked
    saved = await office.save(opened, events.CaseLookedBack, why="failed", words=words)
    return await put_on_list(office, saved, "look_back_failed")
