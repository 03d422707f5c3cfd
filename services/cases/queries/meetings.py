"""Meetings as they are listed and shown."""

from datetime import timedelta

import asyncpg

from services.cases.domain import meetings, views
from services.cases.domain.case import Case
from services.cases.domain.meetings import MAY
from services.cases.domain.people import open_words
from services.cases.domain.reach import Reach
from services.cases.queries.cards import Cards
from services.cases.sql import meetings as sql
from shared.database import Connection
from shared.events.roster import Session

LISTED = 60
PAST = timedelta(days=120)
FUTURE = timedelta(days=200)


async def listed(connection: Connection, cards: Cards) -> meetings.Meetings:
    """Those of the last months and to come, by date."""
    rows = await sql.select_sessions(connection, cards.today - PAST, cards.today + FUTURE, LISTED)
    return meetings.Meetings(today=cards.today, items=tuple(_card(row) for row in rows))


async def ahead(connection: Connection, cards: Cards) -> tuple[views.MeetingAhead, ...]:
    """The next ones."""
    rows = await sql.select_sessions(connection, cards.today, cards.today + FUTURE, 4)
    return tuple(
        views.MeetingAhead(
            session_id=each.session_id,
            programme_zh=each.programme_zh,
            programme_en=each.programme_en,
            level=each.level,
            date=each.date,
            items=each.items,
        )
        for each in map(_card, rows)
    )


def _card(row: asyncpg.Record) -> meetings.MeetingCard:
    session = Session.model_validate_json(row["state"])
    return meetings.MeetingCard(
        session_id=row["session_id"],
        programme_zh=session.programme_name_zh,
        programme_en=session.programme_name_en,
        level=row["level"],
        date=row["date"],
        venue_id=row["venue_id"],
        state=row["meeting_state"],
        items=row["items"],
    )


async def meeting(
    connection: Connection, reach: Reach, cards: Cards, session_id: str, *, runs: bool
) -> meetings.MeetingView:
    """One meeting. `runs`: whether whoever asks may do something in it. Raises MeetingUnknown.

    Items are shown to those who see their case; whoever runs the meeting sees all of them.
    """
    row = await sql.select_session(connection, session_id)
    if row is None:
        raise meetings.MeetingUnknown
    session = Session.model_validate_json(row["state"])
    known = await sql.select(connection, session_id)
    state: meetings.MeetingState = known["state"] if known is not None else "preparing"
    items = await sql.select_items(connection, session_id)
    decided = await sql.select_decisions(connection, session_id)
    return meetings.MeetingView(
        session_id=session_id,
        programme_zh=session.programme_name_zh,
        programme_en=session.programme_name_en,
        level=row["level"],
        date=row["date"],
        venue_id=row["venue_id"],
        state=state,
        minutes_version=known["minutes_version"] if known is not None else 0,
        version=known["version"] if known is not None else 0,
        items=tuple(
            _item(each, theirs, cards)
            for each in items
            for theirs in [[one for one in decided if one["item_id"] == each["item_id"]]]
            if runs or reach.sees(Case.of(each), {one["department_id"] for one in theirs})
        ),
        attendance=tuple(
            meetings.AttendanceView(
                official_id=each["official_id"],
                department_id=each["department_id"],
                status=each["status"],
                substitute_id=each["substitute_id"],
            )
            for each in await sql.select_attendance(connection, session_id)
        ),
        may=tuple(act for act in MAY[state] if act != "record" or row["level"] == "supervision") if runs else (),
    )


def _item(row: asyncpg.Record, decided: list[asyncpg.Record], cards: Cards) -> meetings.ItemView:
    return meetings.ItemView(
        item_id=str(row["item_id"]),
        card=cards.card(row),
        position=row["item_position"],
        why=row["item_why"],
        postponed=(open_words(row["item_words"], cards.vault) or "") if row["item_postponed_at"] else None,
        decisions=tuple(
            meetings.DecisionView(
                decision_id=str(each["decision_id"]),
                words=open_words(each["words"], cards.vault),
                department_id=each["department_id"],
                official_id=each["official_id"],
                due_on=each["due_on"],
            )
            for each in decided
        ),
        record=open_words(row["item_record"], cards.vault),
    )
