"""The current state of cases, for `republish`."""

from collections.abc import Sequence

from services.cases.domain.case import Case
from services.cases.office import public
from services.cases.sql import cases
from shared.database import Connection
from shared.events import cases as events
from shared.events.base import Event
from shared.messaging.republish import uuids

BY_NAME = {each.__name__: each for each in events.EVENTS}


async def state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """The last event of each of these cases, its row locked. Nothing in it names a person, forgotten or not."""
    found = [Case.of(row) for row in await cases.lock_states(connection, uuids(ids))]
    told = await public(connection, found)
    return [BY_NAME[case.last_event](version=case.version, case=state) for case, state in zip(found, told, strict=True)]
