"""Importing working-day calendars: first the difference is shown, and only its confirmation changes anything."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.roster.commands.planning import carry_out, learn_calendars, roster
from services.roster.domain.calendar import Calendar, CalendarKind, YearCalendar, changed_days
from services.roster.domain.planning import PlanReport, confirmation, loosened, plan
from services.roster.domain.problems import DifferenceChanged
from services.roster.sql import planning as planning_sql
from shared.calendar import DayKind
from shared.database import Connection

Confirmed = str | Literal[True] | None
"""The token of the difference that was shown; True where the caller shows and confirms in one go."""


class DayChange(BaseModel):
    """A day that becomes another kind of day."""

    day: date
    before: DayKind
    after: DayKind


class CalendarEntry(BaseModel):
    """A layer that is imported."""

    year: int
    kind: CalendarKind
    source: str


class CalendarReport(BaseModel):
    """The difference that calendars make, and whether it was carried out."""

    confirmed: bool
    confirm: str
    """The token that confirms exactly this difference."""
    calendars: tuple[CalendarEntry, ...]
    days: tuple[DayChange, ...]
    plan: PlanReport


async def import_calendars(
    connection: Connection, zone: ZoneInfo, now: datetime, layers: Sequence[YearCalendar], confirm: Confirmed = None
) -> CalendarReport:
    """Show what `layers` change, and carry it out if `confirm` is the token of just that. DifferenceChanged if not."""
    await planning_sql.lock_planning(connection)
    await learn_calendars(connection, zone, now)
    before = await planning_sql.select_calendars(connection)
    after = overlaid(before, layers)
    now_planned = await roster(connection, zone, now, layers=after)
    days = changed_days(Calendar(before), now_planned.calendar, {each.year for each in layers})
    planned = plan(now_planned, now, "calendar", loosened(now_planned, days, ()))
    token = confirmation([each.model_dump(mode="json") for each in layers], planned.report)
    # Sent again after it was carried out, a confirmation finds nothing left to do.
    done = not days and not planned.report.changes and not news(before, layers)
    confirmed = confirm is True or confirm == token or (confirm is not None and done)
    if confirm is not None and not confirmed:
        raise DifferenceChanged(token, planned.report)
    if confirmed:
        await planning_sql.save_calendars(connection, layers)
        await carry_out(connection, planned, zone, now)
    old = Calendar(before)
    return CalendarReport(
        confirmed=confirmed,
        confirm=token,
        calendars=tuple(CalendarEntry(year=each.year, kind=each.kind, source=each.source) for each in layers),
        days=tuple(DayChange(day=day, before=old.kind(day), after=now_planned.calendar.kind(day)) for day in days),
        plan=planned.report,
    )


def news(before: Sequence[YearCalendar], layers: Sequence[YearCalendar]) -> list[YearCalendar]:
    """The `layers` that say something else than `before`."""
    known = {(each.year, each.kind): each for each in before}
    return [each for each in layers if not each.same_as(known.get((each.year, each.kind)))]


def overlaid(before: Sequence[YearCalendar], layers: Sequence[YearCalendar]) -> list[YearCalendar]:
    """`before` with `layers` in place of the same ones."""
    return list({(each.year, each.kind): each for each in (*before, *layers)}.values())
