"""The hall as it is: its windows, who is here, and what everybody may see of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.queue.domain import problems, views
from services.queue.domain.estimates import minutes_behind
from services.queue.domain.lines import Present, at_window, queue_of
from services.queue.domain.tickets import ENDED, Ticket
from services.queue.domain.windows import WindowDay
from services.queue.sql import cards, closings, days, tickets
from shared.database import Connection, county_now
from shared.events.roster import Session

CALLS = 6
"""Rows of the hall's screen."""
EARLIER = 6
"""Sessions before today that are still at hand: two months of one programme."""


@dataclass(frozen=True)
class Hall:
    """A session as one transaction sees it, without its lock."""

    connection: Connection
    session_id: str
    date: date
    now: datetime
    changes: int
    closed_at: datetime | None
    windows: Mapping[str, WindowDay]
    rows: Sequence[asyncpg.Record]
    """The tickets of who is here, with their cards."""

    @classmethod
    async def see(cls, connection: Connection, session_id: str) -> Self:
        """Look at a session. Raises SessionUnknown."""
        row = await session_row(connection, session_id)
        windows = await days.select_windows(connection, session_id)
        return cls(
            connection=connection,
            session_id=session_id,
            date=row["date"],
            now=row["now"],
            changes=row["changes"],
            closed_at=row["closed_at"],
            windows={each["window_id"]: WindowDay.of(each) for each in windows},
            rows=await tickets.select_present(connection, session_id),
        )

    @property
    def present(self) -> list[Present]:
        """Everybody who is here."""
        return [Present.of(each) for each in self.rows]

    def where(self, ticket: Ticket) -> WindowDay | None:
        """Where to go with a ticket: where it is, else the only window that may call it."""
        known = self.windows.get(ticket.at_window or ticket.bound_to or "")
        if known is not None:
            return known
        of_department = [each for each in self.windows.values() if each.department_id == ticket.department_id]
        return of_department[0] if len(of_department) == 1 else None

    def briefs(self) -> list[views.WindowBrief]:
        """Each window in a line."""
        present = self.present
        return [_brief(each, present, self.now) for each in self.windows.values()]

    def groups(self) -> list[views.Group]:
        """Large groups that are here, by arrival."""
        return [
            views.Group(
                ticket_id=str(ticket.ticket_id),
                number=ticket.number,
                persons=ticket.persons,
                representatives=ticket.representatives,
                delegation=ticket.delegation,
                department_id=ticket.department_id,
                state=ticket.state,
                room=ticket.room,
            )
            for ticket in (each.ticket for each in self.present)
            if ticket.is_large and ticket.state not in ENDED
        ]

    async def figures(self, window_id: str | None) -> views.Figures:
        """What was done so far, at one window or at all."""
        return await figures(self.connection, self.session_id, window_id)


async def held_today(connection: Connection, zone: ZoneInfo) -> list[str]:
    """The ids of the sessions that are held today."""
    day = (await county_now(connection)).astimezone(zone).date()
    return [row["session_id"] for row in await days.select_sessions_of(connection, day)]


async def today(connection: Connection, zone: ZoneInfo) -> views.TodayView:
    """The sessions that are held today, with their windows."""
    now = await county_now(connection)
    day = now.astimezone(zone).date()
    items = []
    for row in await days.select_sessions_of(connection, day):
        session = Session.model_validate_json(row["state"])
        seen = await Hall.see(connection, session.session_id)
        items.append(
            views.SessionToday(
                session_id=session.session_id,
                date=session.date,
                programme_name_zh=session.programme_name_zh,
                programme_name_en=session.programme_name_en,
                windows=seen.briefs(),
                groups=seen.groups(),
            )
        )
    earlier = [_earlier(row) for row in await closings.select_earlier(connection, day, EARLIER)]
    return views.TodayView(items=items, earlier=earlier, now=now)


async def venue_today(connection: Connection, venue_id: str, zone: ZoneInfo) -> views.VenueToday:
    """The sessions that are held in a venue today; none also in a venue that is not known."""
    now = await county_now(connection)
    rows = await days.select_sessions_of(connection, now.astimezone(zone).date())
    held = [Session.model_validate_json(row["state"]) for row in rows]
    return views.VenueToday(session_ids=[each.session_id for each in held if each.venue_id == venue_id], now=now)


def _earlier(row: asyncpg.Record) -> views.SessionEarlier:
    session = Session.model_validate_json(row["state"])
    return views.SessionEarlier(
        session_id=session.session_id,
        date=session.date,
        programme_name_zh=session.programme_name_zh,
        programme_name_en=session.programme_name_en,
        closed_at=row["closed_at"],
    )


async def hall(connection: Connection, session_id: str) -> views.HallView:
    """All windows of a session. Raises SessionUnknown."""
    seen = await Hall.see(connection, session_id)
    return views.HallView(
        session_id=session_id,
        version=seen.changes,
        now=seen.now,
        closed_at=seen.closed_at,
        windows=seen.briefs(),
        figures=await seen.figures(None),
    )


async def screen(connection: Connection, session_id: str) -> views.ScreenView:
    """The last calls, the newest first. Raises SessionUnknown."""
    row = await session_row(connection, session_id)
    return views.ScreenView(
        session_id=session_id,
        version=row["changes"],
        now=row["now"],
        calls=[views.Call(**each) for each in await tickets.select_called(connection, session_id, CALLS)],
    )


async def session_row(connection: Connection, session_id: str) -> asyncpg.Record:
    """The row of a session that is held. Raises SessionUnknown."""
    row = await days.select_session(connection, session_id)
    if row is None or not row["held"]:
        raise problems.SessionUnknown
    return row


async def figures(connection: Connection, session_id: str, window_id: str | None) -> views.Figures:
    """What was done so far, at one window or at all."""
    return views.Figures(**await tickets.select_figures(connection, session_id, window_id))


async def cards_of(connection: Connection, rows: Iterable[asyncpg.Record]) -> Mapping[UUID, bytes | None]:
    """The card of each ticket: its own, else the booking's, which may have come later."""
    rows = list(rows)
    wanted = [row["booking_id"] for row in rows if row["card"] is None and row["booking_id"] is not None]
    later = {row["booking_id"]: row["card"] for row in await cards.select_cards(connection, wanted)} if wanted else {}
    return {row["ticket_id"]: row["card"] or later.get(row["booking_id"]) for row in rows}


def _brief(window: WindowDay, present: Sequence[Present], now: datetime) -> views.WindowBrief:
    at = at_window(present, window.window_id)
    queue = queue_of(present, window)
    return views.WindowBrief(
        window_id=window.window_id,
        number=window.number,
        department_id=window.department_id,
        official_id=window.official_id,
        substitute_id=window.substitute_id,
        state=window.state,
        attendance=window.attendance,
        minutes_behind=minutes_behind(now, [each.waiting() for each in queue]),
        at=at.number if at else None,
        waiting=len(queue),
    )


def wishes(ticket: Ticket, now: datetime) -> views.Wishes:
    """What a visitor said of themselves, as it stands now."""
    away = ticket.away_until is not None and ticket.away_until > now
    return views.Wishes(
        last_bus_at=ticket.last_bus_at, fetch=ticket.to_fetch, away_until=ticket.away_until if away else None
    )
