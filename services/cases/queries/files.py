"""All of a case, as staff see it."""

from uuid import UUID

import asyncpg

from services.cases.domain import may, problems, views
from services.cases.domain.case import Case
from services.cases.domain.may import Seen
from services.cases.domain.numbers import spoken
from services.cases.domain.people import open_words, person_of
from services.cases.domain.reach import Reach
from services.cases.office import seen as seen_by
from services.cases.queries.cards import Cards
from services.cases.sql import cases, meetings, pieces
from shared.database import Connection
from shared.privacy import Vault

STEPS_MOST = 1000
LINKS_MOST = 50


async def case_file(connection: Connection, reach: Reach, cards: Cards, case_id: UUID) -> views.CaseFile:
    """A case with its story, its parts and what can be done now. Raises CaseUnknown.

    Who raised it is named to the lead and to those over the hall; a helping department sees a masked name.
    """
    row = await cases.select_case(connection, case_id)
    if row is None:
        raise problems.CaseUnknown
    case = Case.of(row)
    seen = await seen_by(connection, case, reach, cards.today)
    vault = cards.vault
    whole = reach.leads(case) or reach.oversees(case)
    return views.CaseFile(
        card=cards.card(row),
        text=open_words(row["words"], vault),
        place=open_words(row["place"], vault),
        about=open_words(row["about"], vault),
        language=case.language,
        venue_id=case.venue_id,
        session_id=case.session_id,
        person=person_of(row["person"], vault, masked=not whole),
        term=views.Term(
            unit=case.term_unit,
            days=case.term_days,
            start=case.term_from,
            extended_days=case.extended_days,
            extensions=case.extensions,
        ),
        extension_asked=_asked(case, row, vault),
        referral=(
            views.Referral(body=open_words(row["referral_body"], vault), next_on=case.referral_next_on)
            if case.referral_next_on is not None
            else None
        ),
        parts=await _parts(connection, case, vault),
        measures=await _measures(connection, case, vault),
        calls=await _calls(connection, case, vault),
        listings=await _listings(connection, case),
        links=await _links(connection, seen),
        meetings=await _meetings(connection, case),
        story=await story(connection, case.case_id, vault),
        may=views.May(handle=may.possible(may.HANDLE, seen), oversee=may.possible(may.OVERSEE, seen)),
    )


async def done(connection: Connection, reach: Reach, cards: Cards, case_id: UUID) -> views.Done:
    """A case after somebody did something with it, who may not see it any more."""
    row = await cases.select_case(connection, case_id)
    if row is None:
        raise problems.CaseUnknown
    parts = await pieces.select_parts(connection, [case_id])
    sees = reach.sees(Case.of(row), {part["department_id"] for part in parts})
    return views.Done(card=cards.card(row), seen=sees)


async def require_seen(connection: Connection, reach: Reach, drawing: Cards, case_id: UUID) -> None:
    """Raises CaseUnknown where whoever asks does not see the case."""
    row = await cases.select_case(connection, case_id)
    if row is None:
        raise problems.CaseUnknown
    await seen_by(connection, Case.of(row), reach, drawing.today)


def _asked(case: Case, row: asyncpg.Record, vault: Vault) -> views.AskedExtension | None:
    if case.extension_asked_days is None:
        return None
    return views.AskedExtension(days=case.extension_asked_days, words=open_words(row["extension_words"], vault))


async def _parts(connection: Connection, case: Case, vault: Vault) -> tuple[views.PartView, ...]:
    return tuple(
        views.PartView(
            part_id=str(row["part_id"]),
            department_id=row["department_id"],
            words=open_words(row["words"], vault),
            due_on=row["due_on"],
            done_on=row["done_on"],
            done_words=open_words(row["done_words"], vault),
        )
        for row in await pieces.select_parts(connection, [case.case_id])
    )


async def _measures(connection: Connection, case: Case, vault: Vault) -> tuple[views.MeasureView, ...]:
    return tuple(
        views.MeasureView(
            measure_id=str(row["measure_id"]),
            beneficiary=row["beneficiary"],
            words=open_words(row["words"], vault),
            due_on=row["due_on"],
            done_on=row["done_on"],
            proof=open_words(row["proof"], vault),
        )
        for row in await pieces.select_measures(connection, [case.case_id])
    )


async def _calls(connection: Connection, case: Case, vault: Vault) -> tuple[views.CallView, ...]:
    return tuple(
        views.CallView(on=row["on"], result=row["result"], words=open_words(row["words"], vault))
        for row in await pieces.select_calls(connection, case.case_id)
    )


async def _listings(connection: Connection, case: Case) -> tuple[views.ListingView, ...]:
    return tuple(
        views.ListingView(
            listed_on=row["listed_on"],
            reason=row["reason"],
            delisted_on=row["delisted_on"],
            look_back_on=row["look_back_on"],
            passed=row["passed"],
        )
        for row in await pieces.select_listings(connection, case.case_id)
    )


async def _meetings(connection: Connection, case: Case) -> tuple[views.MeetingOfCase, ...]:
    return tuple(
        views.MeetingOfCase(session_id=row["session_id"], level=row["level"], date=row["date"], state=row["state"])
        for row in await meetings.select_of_case(connection, case.case_id, LINKS_MOST)
    )


async def _links(connection: Connection, seen: Seen) -> tuple[views.LinkView, ...]:
    """The other cases that whoever asks may see, too."""
    rows = await pieces.select_links(connection, seen.case.case_id, LINKS_MOST)
    parts = await pieces.select_parts(connection, [row["case_id"] for row in rows])
    helping: dict[UUID, set[str]] = {}
    for part in parts:
        helping.setdefault(part["case_id"], set()).add(part["department_id"])
    return tuple(
        views.LinkView(
            case_id=str(row["case_id"]),
            number=row["number"],
            spoken=spoken(row["number"]),
            relation=row["relation"],
        )
        for row in rows
        if seen.reach.sees(Case.of(row), helping.get(row["case_id"], set()))
    )


async def story(connection: Connection, case_id: UUID, vault: Vault) -> tuple[views.StepView, ...]:
    """Everything that happened, from the beginning."""
    return tuple(
        views.StepView(
            version=row["version"],
            kind=row["kind"],
            at=row["at"],
            by=row["by_kind"],
            account_id=row["account_id"],
            department_id=row["department_id"],
            level=row["level"],
            why=row["why"],
            words=open_words(row["words"], vault),
            on=row["on"],
        )
        for row in await cases.select_steps(connection, [case_id], STEPS_MOST)
    )
