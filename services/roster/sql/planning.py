"""The row that changes of the plan wait for, and the calendar's layers."""

from collections.abc import Sequence
from datetime import date

from services.roster.domain.calendar import YearCalendar
from shared.database import Connection
from shared.events.roster import CalendarAdopted, CalendarYear


async def lock_planning(connection: Connection) -> None:
    """Wait for whoever changes packs, calendars or sessions."""
    await connection.execute("select from planning for update")


async def select_planned_on(connection: Connection) -> date | None:
    """The county's date of the last planning ahead."""
    found: date | None = await connection.fetchval("select planned_on from planning")
    return found


async def mark_planned(connection: Connection, day: date) -> None:
    """Remember that the sessions were planned ahead on `day`."""
    await connection.execute("update planning set planned_on = $1", day)


async def select_calendars(connection: Connection) -> list[YearCalendar]:
    """Every layer of every year."""
    found = await connection.fetch(
        "select year, kind, source, rest_days, make_up_workdays from calendar order by year, kind"
    )
    return [YearCalendar.model_validate(dict(each)) for each in found]


async def save_calendars(connection: Connection, layers: Sequence[YearCalendar]) -> None:
    """Enter layers, each in place of the same one of its year."""
    await connection.executemany(
        """
        insert into calendar (year, kind, source, rest_days, make_up_workdays) values ($1, $2, $3, $4, $5)
        on conflict (year, kind) do update
        set source = excluded.source, rest_days = excluded.rest_days,
            make_up_workdays = excluded.make_up_workdays, imported_at = excluded.imported_at
        """,
        [(each.year, each.kind, each.source, each.rest_days, each.make_up_workdays) for each in layers],
    )


async def select_told_years(connection: Connection) -> dict[int, CalendarYear]:
    """The years that were told of, as they were told last."""
    found = await connection.fetch("select year, state from calendar_year")
    return {each["year"]: CalendarYear.model_validate_json(each["state"]) for each in found}


async def save_told_year(connection: Connection, state: CalendarYear) -> int:
    """Keep what is told of a year from now on, the row locked; its version."""
    version: int = await connection.fetchval(
        """
        insert into calendar_year (year, version, state) values ($1, 1, $2)
        on conflict (year) do update set version = calendar_year.version + 1, state = excluded.state
        returning version
        """,
        state.year,
        state.model_dump_json(),
    )
    return version


async def lock_told_years(connection: Connection, ids: Sequence[str]) -> list[CalendarAdopted]:
    """The last event of the years of these ids, each locked."""
    found = await connection.fetch(
        "select version, state from calendar_year where year::text = any($1::text[]) order by year for update",
        list(ids),
    )
    return [
        CalendarAdopted(version=each["version"], calendar=CalendarYear.model_validate_json(each["state"]))
        for each in found
    ]
