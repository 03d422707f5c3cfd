"""Importing a programme pack: idempotent, and whole or not at all."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.roster.commands.calendars import Confirmed, news
from services.roster.commands.planning import carry_out, learn_calendars, roster
from services.roster.domain.calendar import Calendar, changed_days
from services.roster.domain.pack import Pack, PackMatter, PackVenue
from services.roster.domain.planning import PlanReport, confirmation, loosened, plan
from services.roster.domain.problems import ConfirmationNeeded, DifferenceChanged, VenueOther
from services.roster.domain.programme import Programme
from services.roster.sql import county as county_sql
from services.roster.sql import matters as matters_sql
from services.roster.sql import planning as planning_sql
from shared.database import Connection
from shared.events.roster import (
    Matter,
    MatterDescribed,
    MatterEvent,
    MatterWithdrawn,
    RequiredDocument,
    Venue,
    VenueDescribed,
)
from shared.messaging import outbox


class PackReport(BaseModel):
    """What an import changed. The same pack again changes nothing."""

    venue_changed: bool
    matters_described: tuple[str, ...]
    """Ids of the matters that are new or other than before."""
    matters_withdrawn: tuple[str, ...]
    matters_unchanged: int
    calendars: tuple[int, ...]
    """The years of which the pack's calendar is new."""
    plan: PlanReport


async def import_pack(
    connection: Connection, zone: ZoneInfo, now: datetime, pack: Pack, confirm: Confirmed = None
) -> PackReport:
    """Take over a pack without findings, and plan by it.

    Raises ConfirmationNeeded where certain sessions would move or fall and `confirm` is not the token of
    that difference, VenueOther where the installation runs another hall. Nothing is taken over then.
    """
    await planning_sql.lock_planning(connection)
    programmes_before = {each.id: each for each in await county_sql.select_programmes(connection)}
    calendars_before = await planning_sql.select_calendars(connection)
    venue_changed = await _save_county(connection, pack)
    described, withdrawn = await _save_matters(connection, pack.matters)
    layers = news(calendars_before, pack.calendars)
    await planning_sql.save_calendars(connection, layers)
    await learn_calendars(connection, zone, now)

    after = await roster(connection, zone, now)
    days = changed_days(Calendar(calendars_before), after.calendar, {each.year for each in layers})
    others = [each.id for each in after.programmes if _moves(programmes_before.get(each.id), each)]
    planned = plan(after, now, "calendar" if days else "other", loosened(after, days, others))
    if planned.report.disturbs:
        _insist(planned.report, confirm)
    await carry_out(connection, planned, zone, now)
    return PackReport(
        venue_changed=venue_changed,
        matters_described=described,
        matters_withdrawn=withdrawn,
        matters_unchanged=len(pack.matters) - len(described),
        calendars=tuple(each.year for each in layers),
        plan=planned.report,
    )


def _insist(report: PlanReport, confirm: Confirmed) -> None:
    token = confirmation("pack", report)
    if confirm is True or confirm == token:
        return
    raise (ConfirmationNeeded if confirm is None else DifferenceChanged)(token, report)


def _moves(before: Programme | None, after: Programme) -> bool:
    """Whether the programme may name other dates than before."""
    return before is not None and (
        (before.rrule, before.starts_on, before.non_working_day)
        != (after.rrule, after.starts_on, after.non_working_day)
    )


def _both(**names: Any) -> dict[str, str]:
    """`name={zh, en}` as `name_zh` and `name_en`."""
    return {f"{key}_{language}": getattr(words, language) for key, words in names.items() for language in ("zh", "en")}


async def _save_county(connection: Connection, pack: Pack) -> bool:
    """Enter venue, departments, officials, windows and programmes; whether the venue's told state changed."""
    assert pack.venue is not None  # noqa: S101  (a pack without findings has one)
    await county_sql.lock_venue(connection)
    before = await county_sql.select_venue(connection)
    if before is not None and before[0].venue_id != pack.venue.id:
        raise VenueOther
    await county_sql.save_departments(
        connection,
        [
            {"department_id": each.id, **_both(name=each.name), "general_desk": each.general_desk, "position": position}
            for position, each in enumerate(pack.departments)
        ],
    )
    await county_sql.save_officials(
        connection,
        [
            {
                "official_id": each.id,
                "name": each.name,
                **_both(title=each.title),
                "department_id": each.department,
                "head": each.head,
                "deputy_id": each.deputy,
                "position": position,
            }
            for position, each in enumerate(pack.officials)
        ],
    )
    await county_sql.save_windows(
        connection,
        [
            {
                "window_id": each.id,
                "number": each.number,
                "department_id": each.department,
                **_both(location=each.location),
                "duty": each.duty,
                "position": position,
            }
            for position, each in enumerate(pack.windows)
        ],
    )
    await county_sql.save_programmes(connection, pack.programmes)
    return await _save_venue(connection, pack.venue, before)


async def _save_venue(connection: Connection, venue: PackVenue, before: tuple[Venue, int] | None) -> bool:
    """Enter the hall, once its departments and windows are, where its told state is another; whether it is."""
    row: Mapping[str, Any] = {
        "venue_id": venue.id,
        **_both(name=venue.name, address=venue.address),
        "phone": venue.phone,
    }
    departments, windows = await county_sql.select_departments(connection), await county_sql.select_windows(connection)
    after = Venue(**row, departments=departments, windows=windows)
    known, version = before or (None, 0)
    if after == known:
        return False
    await county_sql.save_venue(connection, row, version + 1, VenueDescribed.__name__)
    await outbox.append(connection, VenueDescribed(version=version + 1, venue=after))
    return True


async def _save_matters(
    connection: Connection, wanted: Sequence[PackMatter]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Enter the matters, withdraw the others; the ids of both, as far as something changed."""
    known = {
        state.matter_id: (state, version, event) for state, version, event in await matters_sql.lock_matters(connection)
    }
    rows: list[dict[str, Any]] = []
    events: list[MatterEvent] = []
    for position, matter in enumerate(wanted):
        state, (before, version, last_event) = _matter(matter), known.get(matter.id, (None, 0, ""))
        if state != before:
            version, last_event = version + 1, MatterDescribed.__name__
            events.append(MatterDescribed(version=version, matter=state))
        rows.append(
            {
                **state.model_dump(mode="json"),
                "synonyms": [each for each in matter.synonyms if each],
                "common": matter.common,
                "position": position,
                "version": version,
                "last_event": last_event,
            }
        )
    named = {each.id for each in wanted}
    gone = [(state, version) for key, (state, version, _) in known.items() if key not in named and not state.withdrawn]
    await matters_sql.save_matters(connection, rows)
    await matters_sql.withdraw_matters(connection, [state.matter_id for state, _ in gone], MatterWithdrawn.__name__)
    described = tuple(each.subject for each in events)
    events += [
        MatterWithdrawn(version=version + 1, matter=state.model_copy(update={"withdrawn": True}))
        for state, version in gone
    ]
    await outbox.append(connection, *events)
    return described, tuple(state.matter_id for state, _ in gone)


def _matter(matter: PackMatter) -> Matter:
    return Matter(
        matter_id=matter.id,
        department_id=matter.department,
        **_both(name=matter.name, plain_name=matter.plain_name, online_guide=matter.online_guide),
        documents=tuple(RequiredDocument(**_both(name=each.name, note=each.note)) for each in matter.documents),
        statutory_days=matter.statutory_days,
        promised_days=matter.promised_days,
        visit=matter.visit,
        instant=matter.instant,
    )
