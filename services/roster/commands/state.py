"""The current state of everything the roster tells of, for `republish`."""

from collections.abc import Sequence

from services.roster.sql import county as county_sql
from services.roster.sql import matters as matters_sql
from services.roster.sql import planning as planning_sql
from services.roster.sql import sessions as sessions_sql
from shared.database import Connection
from shared.events.base import Event
from shared.events.roster import MatterDescribed, MatterWithdrawn, VenueDescribed


async def state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """The last event of the venue, the matters, the years and the sessions of these ids, each row locked."""
    await county_sql.lock_venue(connection)
    venue = await county_sql.select_venue(connection)
    events: list[Event] = []
    if venue is not None and venue[0].venue_id in ids:
        events.append(VenueDescribed(version=venue[1], venue=venue[0]))
    for matter, version, last_event in await matters_sql.lock_matters(connection, ids):
        withdrawn = last_event == MatterWithdrawn.__name__
        events.append((MatterWithdrawn if withdrawn else MatterDescribed)(version=version, matter=matter))
    events += await planning_sql.lock_told_years(connection, ids)
    events += [planned.event() for planned in await sessions_sql.lock_sessions(connection, ids)]
    return events
