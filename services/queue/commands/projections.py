"""Keeping what others said. The version replaced, 0 for the first, None where it was no news."""

from collections.abc import Sequence

from services.queue.domain.tickets import letter
from services.queue.sql import days
from services.queue.sql.promises import upsert_calendar
from shared.database import Connection
from shared.events.booking import Booking
from shared.events.roster import CalendarYear, Matter, Session, Venue


async def take_venue(connection: Connection, venue: Venue, version: int) -> int | None:
    """Keep a hall's windows."""
    return await days.upsert_venue(connection, venue.venue_id, version, venue.model_dump_json())


async def take_matter(connection: Connection, matter: Matter, version: int) -> int | None:
    """Keep whose a matter is."""
    return await days.upsert_matter(connection, matter.matter_id, version, matter.model_dump_json())


async def take_session(connection: Connection, session: Session, version: int) -> int | None:
    """Keep a session, and make its windows what the roster says. What happens on site stays as it is."""
    replaced = await days.upsert_session(
        connection,
        session.session_id,
        version,
        venue_id=session.venue_id,
        day=session.date,
        status=session.status,
        state=session.model_dump_json(),
    )
    if replaced is None:
        return None
    await _arrange(connection, session)
    await days.count_change(connection, session.session_id)
    return replaced


async def _arrange(connection: Connection, session: Session) -> None:
    """The windows with a duty, and a letter for each department, in the order of its first window."""
    if not session.duties:
        return
    numbers = await _window_numbers(connection, session)
    await days.upsert_windows(
        connection,
        session.session_id,
        [
            (each.window_id, numbers[each.window_id], each.department_id, each.official_id, each.role)
            for each in session.duties
        ],
    )
    by_number = sorted(session.duties, key=lambda each: (numbers[each.window_id], each.window_id))
    departments = list(dict.fromkeys(each.department_id for each in by_number))
    known = {row["department_id"] for row in await days.select_series(connection, session.session_id)}
    new = [each for each in departments if each not in known]
    await days.insert_series(connection, session.session_id, _letters(new, len(known)))


def _letters(departments: Sequence[str], taken: int) -> list[tuple[str, str]]:
    return [(department, letter(taken + place)) for place, department in enumerate(departments)]


async def _window_numbers(connection: Connection, session: Session) -> dict[str, int]:
    """The number of each window on duty; where the hall is not known yet, its place among the duties."""
    state = await days.select_venue(connection, session.venue_id)
    known = {each.window_id: each.number for each in Venue.model_validate_json(state).windows} if state else {}
    return {each.window_id: known.get(each.window_id, place) for place, each in enumerate(session.duties, start=1)}


async def take_booking(connection: Connection, booking: Booking, version: int) -> int | None:
    """Keep a booking. A ticket that was taken for it goes on: who is here is here."""
    return await days.upsert_booking(
        connection,
        booking_id=booking.booking_id,
        version=version,
        session_id=booking.session_id,
        window_id=booking.window_id,
        department_id=booking.department_id,
        starts_at=booking.starts_at,
        state=booking.state,
        told=booking.model_dump_json(),
    )


async def take_calendar(connection: Connection, year: CalendarYear, version: int) -> int | None:
    """Keep which days of a year are worked. What is due already stays due: it was promised by what was known then."""
    return await upsert_calendar(connection, year.year, version, year.model_dump_json())
