"""Keeping what others said. The version replaced, 0 for the first, None where it was no news."""

from uuid import UUID

from services.cases.sql import intakes
from services.cases.sql import projections as sql
from shared.database import Connection
from shared.events.queue import Finding, Visit
from shared.events.roster import CalendarYear, Session, Venue


async def take_venue(connection: Connection, venue: Venue, version: int) -> int | None:
    """Keep a hall with its departments."""
    return await sql.upsert_venue(connection, venue.venue_id, version, venue.model_dump_json())


async def take_session(connection: Connection, session: Session, version: int) -> int | None:
    """Keep a session; those of the upper levels of the ladder are meetings."""
    return await sql.upsert_session(
        connection,
        session.session_id,
        version,
        venue_id=session.venue_id,
        day=session.date,
        level=session.level,
        status=session.status,
        state=session.model_dump_json(),
    )


async def take_calendar(connection: Connection, year: CalendarYear, version: int) -> int | None:
    """Keep which days of a year are worked; a worker counts the open cases by it."""
    return await sql.upsert_calendar(connection, year.year, version, year.model_dump_json())


async def take_visit(connection: Connection, visit: Visit, version: int) -> int | None:
    """Note what a visit handed on: problems that were not mended on the spot, and suggestions."""
    visit_id = UUID(visit.visit_id)
    replaced = await sql.see_visit(connection, visit_id, version)
    if replaced is None:
        return None
    found = [
        (UUID(each.remark_id), str(each.kind))
        for each in visit.remarks
        if each.kind == "suggestion" or each.settled == "handed_on"
    ]
    await intakes.withdraw(connection, visit_id, [origin for origin, _ in found])
    if found and visit.counted:
        await intakes.insert_intakes(
            connection,
            found,
            venue_id=visit.venue_id,
            session_id=visit.session_id,
            department_id=visit.department_id,
            visit_id=visit_id,
        )
    return replaced


async def take_finding(connection: Connection, finding: Finding, version: int) -> int | None:
    """Note what a director found and handed on; a decision is none."""
    replaced = await sql.see_finding(connection, UUID(finding.finding_id), version)
    if replaced is None:
        return None
    if finding.kind == "finding" and finding.settled == "handed_on":
        await intakes.insert_intakes(
            connection,
            [(UUID(finding.finding_id), "finding")],
            venue_id=finding.venue_id,
            session_id=finding.session_id,
            department_id=finding.department_id,
            visit_id=None,
        )
    return replaced
