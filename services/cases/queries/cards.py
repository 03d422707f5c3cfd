"""A case as lists show it."""

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

import asyncpg

from services.cases.domain.case import Case
from services.cases.domain.dates import Dates
from services.cases.domain.numbers import spoken
from services.cases.domain.people import open_words
from services.cases.domain.rules import Rules
from services.cases.domain.views import CaseCard
from services.cases.sql import cases
from shared.calendar import WorkingDays
from shared.database import Connection
from shared.events.roster import CalendarYear
from shared.privacy import Vault


class Cards:
    """Draws cards, by the calendar of one moment."""

    def __init__(self, dates: Dates, vault: Vault) -> None:
        self.dates = dates
        self.vault = vault

    @property
    def today(self) -> date:
        """The county's date."""
        return self.dates.today

    def card(self, row: asyncpg.Record) -> CaseCard:
        """One card."""
        case = Case.of(row)
        return CaseCard(
            case_id=str(case.case_id),
            number=case.number,
            spoken=spoken(case.number),
            kind=case.kind,
            source=case.source,
            title=open_words(row["title"], self.vault),
            level=case.level,
            state=case.state,
            holder=case.holder,
            department_id=case.department_id,
            handler_id=case.handler_id,
            light=case.light(self.today),
            next_step=case.next_step,
            next_on=case.next_on,
            due_on=case.due_on,
            days_left=self.dates.days_left(case),
            tentative=case.tentative,
            listed=case.listed_on is not None,
            blocked=case.blocked,
            confidential=case.confidential,
            raisings=case.raisings,
            registered_on=self.day(case),
            closing=case.closing,
            version=case.version,
        )

    def day(self, case: Case) -> date:
        """On which day of the county it was registered."""
        return case.registered_at.astimezone(self.dates.zone).date()

    def all(self, rows: Iterable[asyncpg.Record]) -> tuple[CaseCard, ...]:
        """Many."""
        return tuple(self.card(row) for row in rows)


async def cards_of_now(connection: Connection, rules: Rules, zone: ZoneInfo, vault: Vault) -> Cards:
    """Cards by the county's clock and calendar of now."""
    return Cards(await dates_of_now(connection, rules, zone), vault)


async def dates_of_now(connection: Connection, rules: Rules, zone: ZoneInfo) -> Dates:
    """The county's date and calendar of now."""
    now, years = await cases.now_and_years(connection)
    calendar = WorkingDays([CalendarYear.model_validate_json(each) for each in years])
    return Dates(now.astimezone(zone).date(), calendar, rules, zone)
