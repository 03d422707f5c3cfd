"""A case for whoever raised it, the public list, and all that is held of a person."""

import hmac
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.cases.domain import problems, requests, views
from services.cases.domain.case import Case
from services.cases.domain.following import TOLD, WORDED, replies
from services.cases.domain.numbers import spoken
from services.cases.domain.people import digits_key, open_words, person_of
from services.cases.queries.files import STEPS_MOST
from services.cases.sql import cases, lists, projections
from services.cases.sql import persons as sql
from shared.database import Connection, county_now
from shared.events.roster import Department, Venue
from shared.privacy import Vault
from shared.rights.requests import BOOKINGS_MOST, ExportAnswer, ExportSection, PersonOrder
from shared.visitors import takes_texts

OWN_MOST = 50
WATCHED_MOST = 500

Departments = dict[tuple[str, str | None], Department]


async def opened(connection: Connection, key: requests.Opens, vault: Vault) -> UUID:
    """The case that a number and four characters open. Raises CaseUnknown for either; the work is the same."""
    row = await cases.select_by_number(connection, key.number)
    shown = digits_key(key.number, key.digits, vault)
    keys: Sequence[bytes] = row["digits_keys"] if row is not None else [bytes(len(shown))]
    opens = [hmac.compare_digest(each, shown) for each in keys]
    if row is None or not any(opens):
        raise problems.CaseUnknown
    case_id: UUID = row["case_id"]
    return case_id


async def require_own(connection: Connection, case_id: UUID, account_id: UUID) -> UUID:
    """The case, if it was raised with this account. Raises CaseUnknown."""
    row = await cases.select_case(connection, case_id)
    if row is None or row["account_id"] != account_id:
        raise problems.CaseUnknown
    return case_id


async def citizen_case(connection: Connection, case_id: UUID, vault: Vault, zone: ZoneInfo) -> views.CitizenCase:
    """One case. Raises CaseUnknown."""
    row = await cases.select_case(connection, case_id)
    if row is None:
        raise problems.CaseUnknown
    (shown,) = await _citizen_cases(connection, [row], vault, zone)
    return shown


async def own_cases(connection: Connection, account_id: UUID, vault: Vault, zone: ZoneInfo) -> views.CitizenCases:
    """What somebody raised with their account, the newest first."""
    rows = await cases.select_of_account(connection, account_id, OWN_MOST)
    return views.CitizenCases(items=tuple(await _citizen_cases(connection, rows, vault, zone)))


async def _citizen_cases(
    connection: Connection, rows: Sequence[asyncpg.Record], vault: Vault, zone: ZoneInfo
) -> list[views.CitizenCase]:
    departments = await _departments(connection)
    steps = await cases.select_steps(connection, [row["case_id"] for row in rows], STEPS_MOST * max(len(rows), 1))
    return [
        _citizen_case(row, [step for step in steps if step["case_id"] == row["case_id"]], departments, vault, zone)
        for row in rows
    ]


def _citizen_case(
    row: asyncpg.Record, steps: Sequence[asyncpg.Record], departments: Departments, vault: Vault, zone: ZoneInfo
) -> views.CitizenCase:
    case = Case.of(row)
    held = departments.get((case.venue_id, case.department_id)) if case.holder == "department" else None
    lines = [_line(step, case, departments, vault, zone) for step in steps if _is_told(step)]
    return views.CitizenCase(
        case_id=str(case.case_id),
        number=case.number,
        spoken=spoken(case.number),
        kind=case.kind,
        title=open_words(row["title"], vault),
        state=case.state,
        level=case.level,
        holder=case.holder,
        department_zh=held.name_zh if held else None,
        department_en=held.name_en if held else None,
        next_step=case.next_step,
        next_on=case.next_on,
        registered_on=_day(case.registered_at, zone),
        closing=case.closing,
        version=case.version,
        answers=tuple(
            views.Answer(
                on=line.on, words=line.words, department_zh=line.department_zh, department_en=line.department_en
            )
            for line in lines
            if line.kind == "answered"
        ),
        story=tuple(lines),
        may=replies(case),
    )


def _is_told(step: asyncpg.Record) -> bool:
    return step["kind"] in TOLD or step["by_kind"] == "citizen"


def _line(
    step: asyncpg.Record, case: Case, departments: Departments, vault: Vault, zone: ZoneInfo
) -> views.CitizenStep:
    there = departments.get((case.venue_id, step["department_id"]))
    noted = step["kind"] == "closed" and step["why"] != "by_supervisor"  # what a call-back's caller wrote down
    theirs = (step["kind"] in WORDED and not noted) or step["by_kind"] == "citizen"
    return views.CitizenStep(
        on=_day(step["at"], zone),
        kind=step["kind"],
        why=step["why"],
        level=step["level"],
        department_zh=there.name_zh if there else None,
        department_en=there.name_en if there else None,
        words=open_words(step["words"], vault) if theirs else None,
    )


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


async def _departments(connection: Connection) -> Departments:
    venues = [Venue.model_validate_json(each) for each in await projections.select_venues(connection)]
    return {(venue.venue_id, each.department_id): each for venue in venues for each in venue.departments}


async def watched(connection: Connection, zone: ZoneInfo) -> views.WatchedList:
    """The public list: department, kind and age, and nothing else."""
    today = (await county_now(connection)).astimezone(zone).date()
    departments = await _departments(connection)
    found = []
    for row in await lists.select_watched(connection, WATCHED_MOST):
        there = departments.get((row["venue_id"], row["department_id"]))
        found.append(
            views.Watched(
                department_id=row["department_id"],
                department_zh=there.name_zh if there else None,
                department_en=there.name_en if there else None,
                kind=row["kind"],
                listed_on=row["listed_on"],
                days=max((today - row["raised_on"]).days, 0),
            )
        )
    return views.WatchedList(items=tuple(found))


async def cards(connection: Connection, case_ids: Sequence[UUID], vault: Vault) -> views.RaiserCards:
    """Who raised cases; those of which nobody is known are left out."""
    found = []
    for row in await cases.select_many(connection, case_ids):
        person = person_of(row["person"], vault, masked=False)
        if person is not None:
            found.append(
                views.RaiserCard(
                    case_id=str(row["case_id"]),
                    spoken=spoken(row["number"]),
                    name=person.name,
                    phone=person.phone,
                    phone_takes_texts=person.phone is not None and takes_texts(person.phone),
                )
            )
    return views.RaiserCards(items=tuple(found))


async def export(connection: Connection, order: PersonOrder, vault: Vault, zone: ZoneInfo) -> ExportAnswer:
    """All that is held of somebody: their cases, with what they wrote and what was answered."""
    rows = await sql.lock_of_person(connection, order.keys, order.account_id, BOOKINGS_MOST)
    shown = await _citizen_cases(connection, rows, vault, zone)
    items = [_exported(row, each, vault) for row, each in zip(rows, shown, strict=True)]
    return ExportAnswer(service="cases", sections=[ExportSection(name="cases", items=items)])


def _exported(row: asyncpg.Record, case: views.CitizenCase, vault: Vault) -> dict[str, Any]:
    person = person_of(row["person"], vault, masked=False)
    item: dict[str, Any] = {
        "number": case.spoken,
        "kind": case.kind,
        "title": case.title,
        "text": open_words(row["words"], vault),
        "place": open_words(row["place"], vault),
        "about": open_words(row["about"], vault),
        "registered_at": row["registered_at"].isoformat(),
        "state": case.state,
        "answer": "\n".join(each.words for each in case.answers if each.words) or None,
        "said": "\n".join(each.words for each in case.story if each.words and each.kind in {"added", "refused"})
        or None,
        "name": person.name if person else None,
        "phone": person.phone if person else None,
    }
    return {name: value for name, value in item.items() if value is not None}
