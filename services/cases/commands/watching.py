"""What time makes of cases: reminders, overdue, climbing, listing, resuming, and counting anew by another calendar.

Nothing sleeps: a worker asks again and again what is due; each case is judged again under its lock, in a transaction of
its own, so that two processes that look at once do everything once.
"""

from uuid import UUID

import structlog

from services.cases.commands import verifying
from services.cases.domain import ladder, life, problems
from services.cases.domain.case import Case
from services.cases.office import Office
from services.cases.sql import pieces
from shared.events import cases as events

logger = structlog.get_logger(__name__)


async def look_at(office: Office, case_id: UUID) -> None:
    """Do all that time has made due with one case."""
    case = await office.lock(case_id)
    if case.is_over:
        return
    case = await _resume(office, case)
    case = await _remind(office, case)
    case = await _climb(office, case)
    reason = ladder.listing(case, office.dates)
    if reason is not None:
        await verifying.put_on_list(office, case, reason)


async def _resume(office: Office, case: Case) -> Case:
    if case.state != "suspended" or case.next_on is None or office.today <= case.next_on:
        return case
    return await office.save(life.resume(case, office.dates), events.CaseResumed, why="rest_over")


async def _remind(office: Office, case: Case) -> Case:
    light = case.light(office.today)
    noted = life.noted(case, light)
    if noted is None:
        return case
    event = events.CaseOverdue if light == "overdue" else events.CaseReminded
    return await office.save(noted, event, why=None if light == "overdue" else light)


async def _climb(office: Office, case: Case) -> Case:
    parts = await pieces.select_parts(office.connection, [case.case_id])
    helping = len({row["department_id"] for row in parts if row["done_on"] is None})
    climbs = ladder.escalation(case, helping, office.dates)
    if climbs is None:
        return case
    return await office.save(life.move(case, climbs.level, office.dates), events.CaseEscalated, why=climbs.why)


async def recount(office: Office, case_id: UUID) -> bool:
    """Count the terms of a case by the calendar as it is now; whether anything moved."""
    case = await office.lock(case_id)
    try:
        recounted = office.dates.recount(case)
    except problems.TermTooLong:
        logger.warning("case_not_recounted", case_id=str(case_id))
        return False
    if recounted == case:
        return False
    await office.save(recounted, events.CaseRecounted, why="calendar")
    return True
