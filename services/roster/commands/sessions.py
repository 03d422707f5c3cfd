"""Moving and cancelling a session, and deciding a clash: one command each, told by one event."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.roster.commands.planning import roster
from services.roster.domain import changes
from services.roster.domain.planning import ClashChoice, Planned, Reason
from services.roster.domain.problems import SessionDateTaken, SessionUnknown
from services.roster.sql import planning as planning_sql
from services.roster.sql import sessions as sessions_sql
from shared.database import Connection, constraints
from shared.messaging import outbox


async def move_session(  # noqa: PLR0913  (when, which, where to, why)
    connection: Connection,
    zone: ZoneInfo,
    now: datetime,
    session_id: str,
    *,
    day: date,
    reason: Reason,
    rest_day: bool = False,
) -> Planned:
    """Move a session to `day`; those booked are told by who hears the event. Where it is already: nothing happens."""
    known = await _locked(connection, session_id)
    planning = await roster(connection, zone, now)
    return await _say(connection, known, changes.move(planning, known, day, reason, rest_day=rest_day, now=now))


async def cancel_session(connection: Connection, now: datetime, session_id: str, reason: Reason) -> Planned:
    """Call a session off."""
    known = await _locked(connection, session_id)
    return await _say(connection, known, changes.cancel(known, reason, now))


async def settle_clash(connection: Connection, now: datetime, session_id: str, choice: ClashChoice) -> Planned:
    """Decide what becomes of a session that was shifted next to another."""
    known = await _locked(connection, session_id)
    settled = changes.settle(known, choice, now)
    if settled.version == known.version:
        await sessions_sql.mark_clash(connection, session_id, settled.clash_with, settled.clash_choice)
        return settled
    return await _say(connection, known, settled)


async def _locked(connection: Connection, session_id: str) -> Planned:
    await planning_sql.lock_planning(connection)
    found = await sessions_sql.lock_sessions(connection, [session_id])
    if not found:
        raise SessionUnknown
    return found[0]


async def _say(connection: Connection, before: Planned, after: Planned) -> Planned:
    if after is not before:
        with constraints({"session_date_taken": SessionDateTaken}):
            await sessions_sql.save_sessions(connection, [after])
        await outbox.append(connection, after.event())
    return after
