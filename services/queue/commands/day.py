"""The day that a verb happens in: locked, with what every verb does to it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from services.queue.domain import problems
from services.queue.domain.lines import Present, places_of_all
from services.queue.domain.tickets import NEAR, Ticket
from services.queue.domain.windows import WindowDay
from services.queue.sql import days, steps, tickets
from shared.database import Connection, constraints
from shared.events import queue as events
from shared.messaging import outbox

SNAPSHOT = TypeAdapter(Ticket)
CONFLICTS = {
    "ticket_window_has_one": problems.WindowBusy,
    "ticket_person_at_one_window": problems.PersonElsewhere,
    "ticket_booking_once": problems.TicketMovedOn,
}


@dataclass(frozen=True)
class Day:
    """A session of which the caller's transaction holds the lock."""

    connection: Connection
    session_id: str
    venue_id: str
    date: date
    now: datetime
    zone: ZoneInfo
    closed_at: datetime | None

    @classmethod
    async def lock(
        cls, connection: Connection, session_id: str, zone: ZoneInfo, *, check_in: bool = False, closed: bool = False
    ) -> Self:
        """Lock a session. Raises SessionUnknown, DayClosed unless `closed` is no matter, or SessionNotToday.

        Who checks in comes on the day; what was begun may be ended after midnight, and once the session is called off.
        """
        row = await days.lock_session(connection, session_id)
        if row is None or not row["held"] or (check_in and row["status"] != "planned"):
            raise problems.SessionUnknown
        if row["closed_at"] is not None and not closed:
            raise problems.DayClosed
        today = row["now"].astimezone(zone).date()
        if row["date"] > today or (check_in and row["date"] != today):
            raise problems.SessionNotToday
        return cls(connection, session_id, row["venue_id"], row["date"], row["now"], zone, row["closed_at"])

    @classmethod
    async def lock_of(cls, connection: Connection, token: str, zone: ZoneInfo) -> tuple[Self, Ticket]:
        """Lock the session of the ticket that a visitor's page opens. Raises TicketUnknown, and what `lock` raises."""
        found = await tickets.select_by_token(connection, token)
        if found is None:
            raise problems.TicketUnknown
        day = await cls.lock(connection, found["session_id"], zone)
        return day, await day.ticket(found["ticket_id"])

    async def windows(self) -> dict[str, WindowDay]:
        """The session's windows by id."""
        rows = await days.select_windows(self.connection, self.session_id)
        return {row["window_id"]: WindowDay.of(row) for row in rows}

    async def window(self, window_id: str) -> WindowDay:
        """One window. Raises WindowUnknown."""
        found = (await self.windows()).get(window_id)
        if found is None:
            raise problems.WindowUnknown
        return found

    async def binding(self, window_id: str | None, department_id: str) -> str | None:
        """The only window that may call whoever waits for `window_id` from now on; None: any of the department.

        A window that has closed for today calls nobody; where another of the department receives, it may. One that
        has not opened yet keeps who waits for it.
        """
        if window_id is None or window_id not in await steps.select_closed(self.connection, self.session_id):
            return window_id
        windows = (await self.windows()).values()
        receives = any(each.department_id == department_id and each.state != "closed" for each in windows)
        return None if receives else window_id

    async def present(self) -> list[Present]:
        """Everybody who is here."""
        rows = await tickets.select_present(self.connection, self.session_id)
        return [Present.of(row) for row in rows]

    async def ticket(self, ticket_id: UUID) -> Ticket:
        """One ticket. Raises TicketUnknown."""
        row = await tickets.select_ticket(self.connection, self.session_id, ticket_id)
        if row is None:
            raise problems.TicketUnknown
        return Ticket.of(row)

    async def save(
        self,
        ticket: Ticket,
        event: type[events.VisitEvent],
        outcomes: tuple[events.Outcome, ...] = (),
        remarks: tuple[events.Remark, ...] = (),
    ) -> Ticket:
        """Keep a ticket's new state and say so. Raises WindowBusy or PersonElsewhere.

        Of a visitor who was forgotten nothing is told any more: a day that is signed late has its figures all the same.
        """
        with constraints(CONFLICTS):
            saved = await tickets.update_ticket(self.connection, ticket, event.__name__)
        if saved.forgotten_at is not None:
            return saved
        visit = saved.public(outcomes, remarks)
        await outbox.append(self.connection, event(version=saved.version, visit=visit))
        return saved

    async def save_window(self, window: WindowDay, event: type[events.WindowEvent]) -> WindowDay:
        """Keep a window's new state and say so."""
        saved = await days.update_window(self.connection, window, event.__name__)
        await outbox.append(
            self.connection, event(version=saved.version, window=saved.public(self.venue_id, self.date))
        )
        return saved

    async def step(
        self,
        window_id: str,
        verb: str,
        *,
        before: Ticket | None = None,
        after: Ticket | None = None,
        counted: str = "{}",
    ) -> int:
        """Record a verb at a window."""
        return await steps.insert_step(
            self.connection,
            session_id=self.session_id,
            window_id=window_id,
            ticket_id=after.ticket_id if after else None,
            verb=verb,
            taken_at=self.now,
            before=SNAPSHOT.dump_json(before).decode() if before else None,
            ticket_version=after.version if after else None,
            counted=counted,
        )

    async def end(self) -> None:
        """What every verb does last: tell those whose turn is near, and count the change."""
        await self._tell_nearing()
        await days.count_change(self.connection, self.session_id)

    async def _tell_nearing(self) -> None:
        """Say once of each who waits that at most three are before it now."""
        present = await self.present()
        waiting = [each for each in present if each.ticket.state == "waiting" and not each.ticket.near]
        if not waiting:
            return
        places = places_of_all(present, tuple((await self.windows()).values()), self.now)
        for each in waiting:
            ticket = each.ticket
            before = places[ticket.ticket_id]
            if before is not None and before <= NEAR:
                await self.save(replace(ticket, near=True), events.VisitNearing)
