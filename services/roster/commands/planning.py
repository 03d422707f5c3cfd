"""Planning ahead: idempotent, run after each import and once on each of the county's days."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.roster.domain.calendar import Calendar, YearCalendar, merged, missing
from services.roster.domain.placement import MARGIN
from services.roster.domain.planning import Plan, PlanReport, Roster, plan
from services.roster.domain.problems import RosterEmpty, SessionDateTaken
from services.roster.sql import county as county_sql
from services.roster.sql import planning as planning_sql
from services.roster.sql import sessions as sessions_sql
from shared.database import Connection, constraints
from shared.events.roster import CalendarAdopted
from shared.messaging import outbox


async def plan_ahead(connection: Connection, zone: ZoneInfo, now: datetime) -> PlanReport:
    """Plan what is to be planned. Run again, it finds nothing to do. Raises RosterEmpty before the first pack."""
    await planning_sql.lock_planning(connection)
    await learn_calendars(connection, zone, now)
    planned = plan(await roster(connection, zone, now), now)
    await carry_out(connection, planned, zone, now)
    return planned.report


async def plan_if_new_day(connection: Connection, zone: ZoneInfo, now: datetime) -> PlanReport | None:
    """Plan ahead where that was not done on the county's date yet; None where it was, or there is no pack."""
    today = now.astimezone(zone).date()
    if await planning_sql.select_planned_on(connection) == today or await county_sql.select_venue(connection) is None:
        return None
    return await plan_ahead(connection, zone, now)


async def learn_calendars(connection: Connection, zone: ZoneInfo, now: datetime) -> None:
    """Enter what the libraries know of the years that planning looks at and nobody has entered."""
    today = now.astimezone(zone).date()
    layers = await planning_sql.select_calendars(connection)
    last = max((each.horizon(today) for each in await county_sql.select_programmes(connection)), default=today)
    # The first look into the libraries may take half a second; the loop goes on serving meanwhile.
    news = await asyncio.to_thread(missing, layers, (today - MARGIN).year, (last + MARGIN).year)
    await planning_sql.save_calendars(connection, news)


async def roster(
    connection: Connection, zone: ZoneInfo, now: datetime, layers: Sequence[YearCalendar] | None = None
) -> Roster:
    """All that planning looks at, the sessions locked. `layers`: in place of the calendar that is entered."""
    venue = await county_sql.select_venue(connection)
    if venue is None:
        raise RosterEmpty
    today = now.astimezone(zone).date()
    return Roster(
        venue_id=venue[0].venue_id,
        posts=await county_sql.select_posts(connection),
        officials=await county_sql.select_officials(connection),
        programmes=await county_sql.select_programmes(connection),
        calendar=Calendar(layers if layers is not None else await planning_sql.select_calendars(connection)),
        sessions=await sessions_sql.lock_sessions_since(connection, today, today - MARGIN),
        zone=zone,
    )


async def carry_out(connection: Connection, planned: Plan, zone: ZoneInfo, now: datetime) -> None:
    """Write down what was planned, and say it."""
    if planned.changed:
        with constraints({"session_date_taken": SessionDateTaken}):
            await sessions_sql.save_sessions(connection, planned.changed)
        await outbox.append(connection, *(each.event() for each in planned.changed))
    for marked in planned.marked:
        await sessions_sql.mark_clash(connection, marked.session.session_id, marked.clash_with, marked.clash_choice)
    await _tell_calendars(connection)
    await planning_sql.mark_planned(connection, now.astimezone(zone).date())


async def tell_calendars(connection: Connection) -> int:
    """Tell of each year whose working days are others than were told, or were never told; how many there were.

    Whoever changes calendars does so themselves. It is run at each start, for an installation that entered its
    calendars before anybody listened.
    """
    await planning_sql.lock_planning(connection)
    return await _tell_calendars(connection)


async def _tell_calendars(connection: Connection) -> int:
    told = await planning_sql.select_told_years(connection)
    changed = [each for each in merged(await planning_sql.select_calendars(connection)) if told.get(each.year) != each]
    for each in changed:
        version = await planning_sql.save_told_year(connection, each)
        await outbox.append(connection, CalendarAdopted(version=version, calendar=each))
    return len(changed)
