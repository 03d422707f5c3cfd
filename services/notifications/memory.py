"""The roster as it was last read: sessions, venues and matters, each parsed once a version.

They change a few times a year and are needed for every message. What a claim shows to be newer is read again. A
state that cannot be read is not there, nor the older one: only the messages that need it fail by it.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

import asyncpg
import structlog
from pydantic import ValidationError

from services.notifications.sql import projections
from shared.database import Connection
from shared.events.base import State
from shared.events.roster import Matter, Session, Venue

logger = structlog.get_logger(__name__)

MOST = 1_000
"""States of one sort; where there are more, all are forgotten before the next batch."""

Kept = TypeVar("Kept", bound=State)
Select = Callable[[Connection, Sequence[str]], Awaitable[list[asyncpg.Record]]]


class Memory(Generic[Kept]):
    """States of one sort, by id."""

    def __init__(self, state: type[Kept], select: Select) -> None:
        self._state = state
        self._select = select
        self._kept: dict[str, tuple[int, Kept]] = {}

    async def refresh(self, connection: Connection, wanted: Iterable[tuple[str, int | None]]) -> None:
        """Read what is newer than what is kept: pairs of id and version, None where there is no such state."""
        if len(self._kept) > MOST:
            self._kept.clear()  # before looking, so that nothing of this batch is forgotten
        stale = {each for each, version in wanted if version is not None and self._version(each) < version}
        if not stale:
            return
        for row in await self._select(connection, list(stale)):
            self._kept.pop(row["id"], None)
            try:
                self._kept[row["id"]] = (row["version"], self._state.model_validate_json(row["state"]))
            except ValidationError:
                logger.exception("state_unreadable", state=self._state.__name__, id=row["id"])

    def _version(self, each: str) -> int:
        return self._kept[each][0] if each in self._kept else 0

    def __getitem__(self, each: str) -> Kept:
        return self._kept[each][1]


class Roster:
    """What messages need to know of the roster."""

    def __init__(self) -> None:
        self.sessions = Memory(Session, projections.select_sessions)
        self.venues = Memory(Venue, projections.select_venues)
        self.matters = Memory(Matter, projections.select_matters)

    async def refresh(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> None:
        """Know what the claimed messages `rows` need, at least as new as they were claimed with."""
        await self.sessions.refresh(connection, ((row["session_id"], row["session_version"]) for row in rows))
        await self.venues.refresh(connection, ((row["venue_id"], row["venue_version"]) for row in rows))
        await self.matters.refresh(connection, ((row["matter_id"], row["matter_version"]) for row in rows))
