"""What a person does to one session: move it, cancel it, or decide a clash."""

from dataclasses import replace
from datetime import date, datetime

from services.roster.domain.placement import Placement
from services.roster.domain.planning import ClashChoice, Planned, Reason, Roster, session_at
from services.roster.domain.problems import (
    CalendarUnknown,
    ClashUnknown,
    DatePast,
    DateRests,
    SessionBegun,
    SessionIsCancelled,
)
from shared.events.roster import SessionCancelled, SessionMoved


def move(  # noqa: PLR0913  (who, where to, why)
    roster: Roster, known: Planned, day: date, reason: Reason, *, rest_day: bool, now: datetime
) -> Planned:
    """`known` on another day, where it stays whatever the calendar says later. Moved to where it is: unchanged.

    `rest_day` says that a rest day is meant. Seats that are released stay released.
    """
    if known.session.status == "cancelled":
        raise SessionIsCancelled
    if known.begun(now):
        raise SessionBegun
    if day == known.session.date:
        return known
    if not roster.calendar.knows(day):
        raise CalendarUnknown
    if not roster.calendar.works(day) and not rest_day:
        raise DateRests
    programme = next(each for each in roster.programmes if each.id == known.session.programme_id)
    if programme.hours(day, roster.zone)[0].starts_at <= now:
        raise DatePast
    placement = Placement(known.session.rule_date, day, roster.calendar.kind(day), tentative=False)
    session = session_at(roster, programme, placement, known, now).model_copy(update={"reason": reason})
    return known.changed(SessionMoved, session, pinned=True, clash_with=None, clash_choice=None)


def cancel(known: Planned, reason: Reason, now: datetime) -> Planned:
    """`known` called off; also while it is being held, for the lights may go out at ten."""
    if known.session.status == "cancelled":
        raise SessionIsCancelled
    if known.session.opening[-1].ends_at <= now:
        raise SessionBegun
    session = known.session.model_copy(update={"status": "cancelled", "reason": reason})
    return known.changed(SessionCancelled, session)


def settle(known: Planned, choice: ClashChoice, now: datetime) -> Planned:
    """The clash decided. Merged or skipped, the session is cancelled; merged, the one beside it stands for both."""
    if known.session.status == "cancelled":
        raise SessionIsCancelled
    if known.clash_with is None:
        raise ClashUnknown
    decided = replace(known, clash_choice=choice)
    if choice == "keep":
        return decided
    if known.begun(now):
        raise SessionBegun
    return cancel(decided, "calendar", now)
