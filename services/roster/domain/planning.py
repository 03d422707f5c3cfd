"""What has to change so that the sessions are what programmes, calendar and duties say.

`plan` compares and changes nothing; run again on its own result it finds nothing to do. What it leaves alone:
- a session that has begun or is past;
- the date of a certain session, unless it is `loose`: its calendar days or its programme's rule are changed by an
  import, which somebody has confirmed. Planning ahead day by day moves tentative sessions alone;
- the date of a session that was moved by hand (`pinned`), always;
- a session that was cancelled by hand: it is never planned again. One that was cancelled only because the rule
  no longer named its date (`retired`) comes back with the rule.
Seats that are released stay released: a moved session keeps its release instant once that has passed.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.roster.domain.calendar import Calendar
from services.roster.domain.duties import Gap, Official, Post, assign
from services.roster.domain.placement import Placement, clashes, place
from services.roster.domain.programme import Programme
from shared.events.roster import (
    BookingRules,
    Session,
    SessionAmended,
    SessionCancelled,
    SessionEvent,
    SessionMoved,
    SessionPlanned,
)

Reason = Literal["calendar", "weather", "power", "official", "other"]
ClashChoice = Literal["merge", "skip", "keep"]
CLASH_CHOICES: tuple[ClashChoice, ...] = ("merge", "skip", "keep")


@dataclass(frozen=True)
class Planned:
    """A session as the roster keeps it."""

    session: Session
    version: int
    last_event: str
    """Class name of the event that said this version."""
    pinned: bool = False
    retired: bool = False
    clash_with: str | None = None
    clash_choice: ClashChoice | None = None

    def changed(self, event: type[SessionEvent], session: Session, **marks: Any) -> "Planned":
        """The next version, as `event` will say it."""
        return replace(self, session=session, version=self.version + 1, last_event=event.__name__, **marks)

    def begun(self, now: datetime) -> bool:
        """Whether its doors have opened."""
        return self.session.opening[0].starts_at <= now

    def event(self) -> SessionEvent:
        """The event that said this version."""
        kinds: tuple[type[SessionEvent], ...] = (SessionPlanned, SessionAmended, SessionMoved, SessionCancelled)
        kind = {each.__name__: each for each in kinds}[self.last_event]
        return kind(version=self.version, session=self.session)


@dataclass(frozen=True)
class Roster:
    """All that planning looks at. `sessions` by id: at least those that are not past."""

    venue_id: str
    posts: tuple[Post, ...]
    officials: tuple[Official, ...]
    programmes: tuple[Programme, ...]
    calendar: Calendar
    sessions: Mapping[str, Planned]
    zone: ZoneInfo


class SessionChange(BaseModel):
    """What happens to one session. A date is null where there is, or was, no session."""

    session_id: str
    programme_id: str
    rule_date: date
    event: Literal["SessionPlanned", "SessionAmended", "SessionMoved", "SessionCancelled"]
    from_date: date | None
    from_status: Literal["tentative", "planned", "cancelled"] | None
    to_date: date | None
    to_status: Literal["tentative", "planned", "cancelled"]
    version: int

    @property
    def disturbs(self) -> bool:
        """Whether people may have relied on what it was."""
        return self.from_status == "planned" and self.event in {"SessionMoved", "SessionCancelled"}


class ClashReport(BaseModel):
    """Two sessions that a shift brought together, and what may be done."""

    session_id: str
    rule_date: date
    other_session_id: str
    other_date: date
    date: date
    working_days: int
    options: tuple[ClashChoice, ...] = CLASH_CHOICES
    choice: ClashChoice | None
    """None: nobody has decided, and both are held."""


class RuleDate(BaseModel):
    """A date that a programme names, and no session is held for."""

    programme_id: str
    rule_date: date


class PlanReport(BaseModel):
    """What planning did, or would do, and what somebody should look at."""

    changes: tuple[SessionChange, ...]
    clashes: tuple[ClashReport, ...]
    gaps: tuple[Gap, ...]
    """Posts that nobody can fill."""
    crowded_out: tuple[RuleDate, ...]
    """No free day was found for them."""
    on_rest_days: tuple[str, ...]
    """Ids of coming sessions that stand on a rest day, by hand or because there was no way to move them."""

    @property
    def disturbs(self) -> bool:
        """Whether a certain session would move or fall."""
        return any(each.disturbs for each in self.changes)


@dataclass(frozen=True)
class Plan:
    """The new versions, the sessions whose clash is another now, and the report."""

    changed: tuple[Planned, ...]
    marked: tuple[Planned, ...]
    report: PlanReport


def session_id(venue_id: str, programme_id: str, rule_date: date) -> str:
    """The id of a session: the same whenever, and on whatever database, it is planned."""
    return f"{venue_id}.{programme_id}.{rule_date.isoformat()}"


def confirmation(subject: Any, report: PlanReport) -> str:
    """A token for exactly this change: it no longer fits once the subject or any of the sessions is another."""
    changes = [each.model_dump(mode="json") for each in report.changes]
    canonical = json.dumps([subject, changes], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def loosened(roster: Roster, days: Collection[date], programme_ids: Collection[str]) -> frozenset[str]:
    """The ids of the sessions whose date may change when `days` are worked or rested anew, or rules are others."""
    return frozenset(
        key
        for key, known in roster.sessions.items()
        if known.session.programme_id in programme_ids
        or any(_between(known.session.rule_date, known.session.date, day) for day in days)
    )


def _between(one: date, other: date, day: date) -> bool:
    return min(one, other) <= day <= max(one, other)


def plan(roster: Roster, now: datetime, reason: Reason = "calendar", loose: Collection[str] = ()) -> Plan:
    """Work out the changes. `reason` is why sessions move or fall, as far as they do; `loose` are ids."""
    active = {programme.id for programme in roster.programmes}
    current = {
        key: _retired(known, "other")
        for key, known in roster.sessions.items()
        if known.session.programme_id not in active and _alive(known) and not known.begun(now)
    }
    crowded_out: list[RuleDate] = []
    for programme in roster.programmes:
        own, crowded = _plan_programme(roster, programme, now, reason, loose)
        current |= {known.session.session_id: known for known in own}
        crowded_out += [RuleDate(programme_id=programme.id, rule_date=day) for day in crowded]
    marks = _marks(roster.calendar, [known for known in current.values() if not known.begun(now)])
    final = {key: _marked(known, marks.get(key)) for key, known in current.items()}
    changed = tuple(final[key] for key, known in current.items() if known is not roster.sessions.get(key))
    return Plan(
        changed=changed,
        marked=tuple(each for key, each in final.items() if each is not current[key] and each not in changed),
        report=PlanReport(
            changes=tuple(_change(roster.sessions.get(each.session.session_id), each) for each in changed),
            clashes=tuple(_clash_reports(roster.calendar, final)),
            gaps=_gaps(roster),
            crowded_out=tuple(crowded_out),
            on_rest_days=tuple(sorted(key for key, each in final.items() if _on_rest_day(each, now))),
        ),
    )


def _plan_programme(
    roster: Roster, programme: Programme, now: datetime, reason: Reason, loose: Collection[str]
) -> tuple[list[Planned], tuple[date, ...]]:
    """The programme's sessions as they should be, those to be cancelled included, and what was crowded out."""
    today = now.astimezone(roster.zone).date()
    own = {
        known.session.rule_date: known
        for known in roster.sessions.values()
        if known.session.programme_id == programme.id
    }
    alive = {day: known for day, known in own.items() if _alive(known)}
    placements = place(
        programme,
        roster.calendar,
        today,
        # A horizon that was drawn in does not cancel what was planned beyond it.
        max([programme.horizon(today), *alive]),
        fixed={day: known.session.date for day, known in alive.items() if _fixed(known, now, loose)},
        cancelled=frozenset(day for day, known in own.items() if not _alive(known) and not known.retired),
    )
    found = []
    for placement in placements.placed:
        before = own.get(placement.rule_date)
        after = _placed(roster, programme, placement, before, now)
        if after is not None:
            found.append(_next(before, after, reason))
    named = {each.rule_date for each in placements.placed}
    fallen = [_retired(known, reason) for day, known in alive.items() if day not in named and not known.begun(now)]
    return found + fallen, placements.crowded_out


def _alive(known: Planned) -> bool:
    return known.session.status != "cancelled"


def _fixed(known: Planned, now: datetime, loose: Collection[str]) -> bool:
    certain = known.session.status == "planned" and known.session.session_id not in loose
    return certain or known.pinned or known.begun(now)


def _on_rest_day(known: Planned, now: datetime) -> bool:
    return _alive(known) and known.session.day_kind == "rest_day" and not known.begun(now)


def _retired(known: Planned, reason: Reason) -> Planned:
    session = known.session.model_copy(update={"status": "cancelled", "reason": reason})
    return known.changed(SessionCancelled, session, retired=True)


def _gaps(roster: Roster) -> tuple[Gap, ...]:
    if all(programme.hosts != "department_heads" for programme in roster.programmes):
        return ()
    return assign("", roster.posts, roster.officials)[1]


def _placed(
    roster: Roster, programme: Programme, placement: Placement, before: Planned | None, now: datetime
) -> Planned | Session | None:
    """The session as it should be: `before` itself where it is left alone, None where none is to be planned."""
    if before is not None and _alive(before) and before.begun(now):
        return before
    if programme.hours(placement.date, roster.zone)[0].starts_at <= now:
        if before is None or not _alive(before):
            return None
        # The shift leads into the past; better on its old day, and reported, than nowhere.
        day = before.session.date
        placement = replace(placement, date=day, day_kind=roster.calendar.kind(day))
    return session_at(roster, programme, placement, before, now)


def _next(before: Planned | None, after: Planned | Session, reason: Reason) -> Planned:
    """The version that `after` makes, and the event that says it; `before` itself where nothing changed."""
    if isinstance(after, Planned):
        return after
    if before is None:
        return Planned(session=after, version=1, last_event=SessionPlanned.__name__)
    old = before.session
    if after == old:
        return before
    if old.status == "cancelled":
        return before.changed(SessionPlanned, after.model_copy(update={"reason": None}), retired=False, pinned=False)
    if after.date != old.date:
        return before.changed(SessionMoved, after.model_copy(update={"reason": reason}))
    certain = old.status == "tentative" and after.status == "planned"
    return before.changed(SessionPlanned if certain else SessionAmended, after)


def session_at(
    roster: Roster, programme: Programme, placement: Placement, before: Planned | None, now: datetime
) -> Session:
    """The session that `programme` holds at `placement`; `before` is what it was."""
    key = session_id(roster.venue_id, programme.id, placement.rule_date)
    if programme.hosts == "department_heads":
        duties = assign(key, roster.posts, roster.officials)[0]
    else:
        duties = before.session.duties if before is not None else ()
    return Session(
        session_id=key,
        programme_id=programme.id,
        programme_name_zh=programme.name.zh,
        programme_name_en=programme.name.en,
        venue_id=roster.venue_id,
        rule_date=placement.rule_date,
        date=placement.date,
        day_kind=placement.day_kind,
        status="tentative" if placement.tentative else "planned",
        public=programme.public,
        opening=programme.hours(placement.date, roster.zone),
        duties=duties,
        booking=_still_released(programme.seats(placement.date, roster.zone), before, now),
        reason=before.session.reason if before is not None else None,
        level=programme.level,
    )


def _still_released(rules: BookingRules | None, before: Planned | None, now: datetime) -> BookingRules | None:
    """`rules`, with the release instant of before where that has passed: what is released is not taken back."""
    if rules is None or before is None or before.session.booking is None or before.session.status != "planned":
        return rules
    released_at = before.session.booking.release_at
    return rules.model_copy(update={"release_at": released_at}) if released_at <= now else rules


def _marks(calendar: Calendar, coming: Iterable[Planned]) -> dict[str, str]:
    """Per session that clashes, with which: the nearest of its programme. Guessed dates clash with nothing yet."""
    by_programme: dict[str, dict[date, Planned]] = {}
    for known in coming:
        if known.session.status == "planned":
            by_programme.setdefault(known.session.programme_id, {})[known.session.rule_date] = known
    marks: dict[str, str] = {}
    for own in by_programme.values():
        dates = {day: known.session.date for day, known in own.items()}
        movable = {day for day, known in own.items() if not known.pinned}
        for clash in sorted(clashes(calendar, dates, movable), key=lambda each: each.working_days):
            key = own[clash.rule_date].session.session_id
            marks.setdefault(key, own[clash.other_rule_date].session.session_id)
    return marks


def _marked(known: Planned, clash_with: str | None) -> Planned:
    """`known` with that clash; a decision is forgotten with the clash that it was made about."""
    if not _alive(known) or known.clash_with == clash_with:
        return known
    return replace(known, clash_with=clash_with, clash_choice=None)


def _change(before: Planned | None, after: Planned) -> SessionChange:
    old = before.session if before is not None else None
    return SessionChange(
        session_id=after.session.session_id,
        programme_id=after.session.programme_id,
        rule_date=after.session.rule_date,
        event=after.last_event,
        from_date=old.date if old is not None else None,
        from_status=old.status if old is not None else None,
        to_date=after.session.date if _alive(after) else None,
        to_status=after.session.status,
        version=after.version,
    )


def _clash_reports(calendar: Calendar, final: Mapping[str, Planned]) -> Iterable[ClashReport]:
    for key, known in sorted(final.items()):
        other = final.get(known.clash_with or "")
        if not _alive(known) or other is None or not _alive(other):
            continue
        earlier, later = sorted((known.session.date, other.session.date))
        yield ClashReport(
            session_id=key,
            date=known.session.date,
            rule_date=known.session.rule_date,
            other_session_id=other.session.session_id,
            other_date=other.session.date,
            working_days=calendar.working_days_between(earlier, later),
            choice=known.clash_choice,
        )
