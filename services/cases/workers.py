"""What happens because time goes by, or because others said something: intakes, reminders, climbing, recounting.

No rule sleeps: what is due is selected by the county's clock, and each case has a transaction of its own, in which it
is judged again under its lock; two processes that look at once do everything once. A case that cannot be judged is
logged and passed over: the others go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from services.cases import words
from services.cases.commands import intakes, meetings, retention, watching
from services.cases.domain.case import Case
from services.cases.domain.ladder import escalation, listing
from services.cases.domain.meetings import AHEAD_DAYS, MeetingUnknown
from services.cases.domain.problems import VenueUnknown
from services.cases.office import Office
from services.cases.queries.cards import dates_of_now
from services.cases.settings import CasesSettings
from services.cases.sql import cases, persons, projections
from services.cases.sql import intakes as waiting
from services.cases.sql import meetings as meetings_sql
from shared import tries
from shared.application import Runtime
from shared.database import PASSING_ERRORS, Connection, transaction
from shared.privacy import Vault
from shared.rights import retention as forgetting
from shared.rights.retention import Rule

logger = structlog.get_logger(__name__)

BATCH = 100
AWAY_SECONDS = 5.0


def _settings(runtime: Runtime) -> CasesSettings:
    settings = runtime.settings
    assert isinstance(settings, CasesSettings)  # noqa: S101  (what app.py built it with)
    return settings


async def _office(runtime: Runtime, connection: Connection) -> Office:
    settings = _settings(runtime)
    vault: Vault = runtime.parts["vault"]
    return await Office.open(connection, vault=vault, rules=settings.rules, zone=settings.zone)


async def watch(runtime: Runtime) -> None:
    """Look for ever."""
    while True:
        await look(runtime)
        await asyncio.sleep(_settings(runtime).look_seconds)


async def look(runtime: Runtime) -> None:
    """Do once all that is due now: count anew where the calendar changed, remind, resume, climb, list."""
    await recount(runtime)
    settings = _settings(runtime)
    passed_over: set[UUID] = set()
    while True:
        async with transaction(runtime.pool) as connection:
            dates = await dates_of_now(connection, settings.rules, settings.zone)
            due = await cases.select_due(connection, dates.today, BATCH + len(passed_over))
        left = [each for each in due if each not in passed_over]
        if not left:
            break
        for case_id in left:
            await _one(runtime, case_id, watching.look_at)
            passed_over.add(case_id)
    await _judge(runtime)
    await _prepare(runtime)


async def _prepare(runtime: Runtime) -> None:
    """Fill the agendas of the next meeting of each level by rule."""
    settings = _settings(runtime)
    async with transaction(runtime.pool) as connection:
        today = (await dates_of_now(connection, settings.rules, settings.zone)).today
        rows = await meetings_sql.select_sessions(connection, today, today + timedelta(days=AHEAD_DAYS), BATCH)
    waiting_for = [row for row in reversed(rows) if row["meeting_state"] == "preparing"]
    nearest = {(row["venue_id"], row["level"]): row["session_id"] for row in waiting_for}
    for session_id in nearest.values():
        try:
            async with transaction(runtime.pool) as connection:
                await meetings.prepare(await _office(runtime, connection), session_id)
        except MeetingUnknown:
            continue  # called off between the two transactions


async def _judge(runtime: Runtime) -> None:
    """Walk the open cases that a rule may take up the ladder or put on the list."""
    settings = _settings(runtime)
    after: UUID | None = None
    while True:
        async with transaction(runtime.pool) as connection:
            dates = await dates_of_now(connection, settings.rules, settings.zone)
            rows = await cases.select_to_judge(connection, dates.today, after, BATCH)
        for row in rows:
            case = Case.of(row)
            if escalation(case, row["helping"], dates) is not None or listing(case, dates) is not None:
                await _one(runtime, case.case_id, watching.look_at)
        if len(rows) < BATCH:
            return
        after = rows[-1]["case_id"]


async def recount(runtime: Runtime) -> None:
    """Count the terms of open cases anew, where a year's calendar changed since they were counted."""
    async with transaction(runtime.pool) as connection:
        changed = await projections.select_uncounted(connection)
    if not changed:
        return
    after: UUID | None = None
    while True:
        async with transaction(runtime.pool) as connection:
            found = await cases.select_counted(connection, after, BATCH)
        for case_id in found:
            await _one(runtime, case_id, watching.recount)
        if len(found) < BATCH:
            break
        after = found[-1]
    async with transaction(runtime.pool) as connection:
        for row in changed:
            await projections.mark_counted(connection, row["year"], row["version"])


async def _one(runtime: Runtime, case_id: UUID, judge: Callable[[Office, UUID], Awaitable[object]]) -> None:
    try:
        async with transaction(runtime.pool) as connection:
            await judge(await _office(runtime, connection), case_id)
    except PASSING_ERRORS:
        raise
    except Exception:
        logger.exception("case_not_judged", case_id=str(case_id))
        return
    runtime.published()


async def take_in(runtime: Runtime) -> None:
    """Make cases of what was handed on in the hall, for ever."""
    while True:
        if not await take_in_some(runtime):
            await asyncio.sleep(AWAY_SECONDS)


async def take_in_some(runtime: Runtime) -> bool:
    """Ask the queue for what waits, one batch, and register it; whether anything was done."""
    settings = _settings(runtime)
    async with transaction(runtime.pool) as connection:
        rows = await waiting.select_waiting(connection, settings.intake_delay_seconds, BATCH)
    if not rows:
        return False
    remarks = [str(row["origin_id"]) for row in rows if row["kind"] != "finding"]
    findings = [str(row["origin_id"]) for row in rows if row["kind"] == "finding"]
    said = await words.ask(runtime.http, settings, remarks, findings)
    if said is None:
        return False
    done = False
    for row in rows:
        try:
            async with transaction(runtime.pool) as connection:
                office = await _office(runtime, connection)
                await intakes.take_in(office, row["origin_id"], said.get(str(row["origin_id"])))
        except VenueUnknown:
            logger.info("intake_waits_for_hall", origin_id=str(row["origin_id"]))
            continue
        done = True
        runtime.published()
    return done


def rules(settings: CasesSettings) -> Sequence[Rule]:
    """What cases forget. Tries have a term of minutes, whatever the retention."""

    async def count_tries(connection: Connection, _: int) -> int:
        return await tries.count_over_tries(connection, settings.tries_window_minutes)

    async def forget_tries(connection: Connection, _: int, limit: int) -> int:
        return await tries.forget_tries(connection, settings.tries_window_minutes, limit)

    return (
        Rule("cases", persons.count_due, retention.forget_old),
        Rule("tries", count_tries, forget_tries),
    )


async def retain(runtime: Runtime) -> None:
    """Forget, once a day, for ever."""
    await forgetting.keep(runtime, rules(_settings(runtime)), runtime.settings.retention_days)
