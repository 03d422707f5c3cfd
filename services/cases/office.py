"""The office in which a verb happens: the county's time and calendar, who acts, and how a case is kept and told.

Commands act in it; queries ask it how a case is seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from services.cases.domain import problems
from services.cases.domain.case import By, Case
from services.cases.domain.dates import Dates
from services.cases.domain.may import Seen
from services.cases.domain.people import seal
from services.cases.domain.reach import Reach
from services.cases.domain.rules import Rules
from services.cases.sql import cases, pieces, projections
from shared.calendar import WorkingDays
from shared.database import Connection
from shared.events import cases as events
from shared.events.roster import CalendarYear, Venue
from shared.messaging import outbox
from shared.privacy import Vault


@dataclass(frozen=True)
class Office:
    """One transaction's view of the county, and whoever acts in it."""

    connection: Connection
    vault: Vault
    dates: Dates
    now: datetime
    by: By
    reach: Reach | None = None
    """Of staff; None of citizens and of what is done by rule."""

    @classmethod
    async def open(  # noqa: PLR0913  (what an office is made of)
        cls,
        connection: Connection,
        *,
        vault: Vault,
        rules: Rules,
        zone: ZoneInfo,
        by: By = "system",
        reach: Reach | None = None,
    ) -> Self:
        """The office of now."""
        now, years = await cases.now_and_years(connection)
        calendar = WorkingDays([CalendarYear.model_validate_json(each) for each in years])
        return cls(connection, vault, Dates(now.astimezone(zone).date(), calendar, rules, zone), now, by, reach)

    @property
    def today(self) -> date:
        """The county's date."""
        return self.dates.today

    @property
    def account_id(self) -> str:
        """Who acts; empty where no account does."""
        return self.reach.account_id if self.reach else ""

    async def lock(self, case_id: UUID) -> Case:
        """Lock a case. Raises CaseUnknown."""
        row = await cases.lock_case(self.connection, case_id)
        if row is None:
            raise problems.CaseUnknown
        return Case.of(row)

    async def seen(self, case: Case) -> Seen:
        """A case as whoever acts sees it. Raises CaseUnknown where they do not."""
        if self.reach is None:
            raise LookupError("nobody of the staff acts")
        return await seen(self.connection, case, self.reach, self.today)

    async def save(  # noqa: PLR0913  (what a line of the story is made of)
        self,
        case: Case,
        event: type[events.CaseEvent],
        *,
        why: str | None = None,
        words: str | None = None,
        on: date | None = None,
        department_id: str | None = None,
    ) -> Case:
        """Keep a case's new state, write the line of its story, and say so."""
        saved = await cases.update_case(self.connection, case, event.__name__)
        await self.tell(saved, event, why=why, words=words, on=on, department_id=department_id)
        return saved

    async def tell(  # noqa: PLR0913  (the same)
        self,
        case: Case,
        event: type[events.CaseEvent],
        *,
        why: str | None = None,
        words: str | None = None,
        on: date | None = None,
        department_id: str | None = None,
    ) -> None:
        """Write the line of the story of a state that was kept, and say so."""
        await cases.insert_step(
            self.connection,
            {
                "case_id": case.case_id,
                "version": case.version,
                "kind": kind_of(event),
                "at": self.now,
                "by_kind": self.by,
                "account_id": self.account_id or None,
                "department_id": department_id or case.department_id,
                "level": case.level,
                "why": why,
                "words": seal(words, self.vault),
                "on": on or case.next_on,
            },
        )
        (told,) = await public(self.connection, [case])
        await outbox.append(self.connection, event(version=case.version, case=told))

    async def department(self, venue_id: str, department_id: str) -> str:
        """A department that the hall has. Raises DepartmentUnknown."""
        found = await venues(self.connection)
        there = found.get(venue_id)
        if there is None or department_id not in {each.department_id for each in there.departments}:
            raise problems.DepartmentUnknown
        return department_id

    def acting_for(self, by: By) -> "Office":
        """The same office, where somebody else acts: what follows by rule from what a person did."""
        return replace(self, by=by, reach=self.reach if by == "staff" else None)


def kind_of(event: type[events.CaseEvent]) -> str:
    """How the story names an event: `CaseRaisedAgain` is `raised_again`."""
    name = event.__name__.removeprefix("Case")
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")


async def venues(connection: Connection) -> dict[str, Venue]:
    """The halls by id."""
    found = [Venue.model_validate_json(each) for each in await projections.select_venues(connection)]
    return {each.venue_id: each for each in found}


async def seen(connection: Connection, case: Case, reach: Reach, today: date) -> Seen:
    """A case as somebody of the staff sees it. Raises CaseUnknown where they do not."""
    parts = await pieces.select_parts(connection, [case.case_id])
    departments = {row["department_id"] for row in parts}
    if not reach.sees(case, departments):
        raise problems.CaseUnknown
    measures = await pieces.select_measures(connection, [case.case_id])
    return Seen(
        case=case,
        reach=reach,
        today=today,
        parts=departments,
        open_parts={row["department_id"] for row in parts if row["done_on"] is None},
        open_measures=any(row["done_on"] is None for row in measures),
    )


async def public(connection: Connection, found: Sequence[Case]) -> list[events.Case]:
    """Cases as events tell them, with their parts and promises, in their order."""
    ids = [each.case_id for each in found]
    parts = await pieces.select_parts(connection, ids)
    measures = await pieces.select_measures(connection, ids)
    return [
        case.public(
            [
                events.Part(
                    part_id=str(row["part_id"]),
                    department_id=row["department_id"],
                    due_on=row["due_on"],
                    done_on=row["done_on"],
                )
                for row in parts
                if row["case_id"] == case.case_id
            ],
            [
                events.Measure(
                    measure_id=str(row["measure_id"]),
                    beneficiary=row["beneficiary"],
                    due_on=row["due_on"],
                    done_on=row["done_on"],
                )
                for row in measures
                if row["case_id"] == case.case_id
            ],
        )
        for case in found
    ]
