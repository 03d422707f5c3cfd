"""What staff see: the board of the ladder, lists, a department's desk, and one's own cases."""

from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.cases.domain import views
from services.cases.domain.numbers import DIGITS
from services.cases.domain.people import open_words
from services.cases.domain.reach import Reach
from services.cases.domain.search import normal, wanted
from services.cases.queries import meetings
from services.cases.queries.cards import Cards
from services.cases.sql import cases, lists, projections
from services.cases.sql.lists import Wanted
from shared.database import Connection
from shared.events.cases import Level
from shared.events.roster import Venue

ON_BOARD = 30
AT_DESK = 100
LIKELY_MOST = 10
COUNT_MOST = 1000
AT_WORK = ("accepted", "in_progress", "suspended")


async def board(connection: Connection, reach: Reach, cards: Cards) -> views.Board:
    """The ladder at one glance: how many on each level, what is most urgent, the listed and the late."""
    scope, today = reach.scope, cards.today
    counted = await lists.count_board(connection, scope, today)
    levels: dict[Level, tuple[views.CaseCard, ...]] = {}
    for level in ("window", "joint_review", "supervision"):
        rows = await lists.select_page(connection, scope, Wanted(level=level), today, None, ON_BOARD)
        levels[level] = cards.all(rows)
    listed = await lists.select_page(connection, scope, Wanted(state="all", listed=True), today, None, ON_BOARD)
    late = await lists.select_page(connection, scope, Wanted(light="overdue"), today, None, ON_BOARD)
    return views.Board(
        today=today,
        counts=views.Counts(**{name: counted[name] for name in views.Counts.model_fields}),
        level_counts={
            "window": counted["at_window"],
            "joint_review": counted["joint_review"],
            "supervision": counted["supervision"],
        },
        levels=levels,
        listed=cards.all(listed),
        late=cards.all(late),
        meetings=await meetings.ahead(connection, cards),
    )


async def page(  # noqa: PLR0913  (what a page is made of)
    connection: Connection,
    reach: Reach,
    cards: Cards,
    wish: Wanted,
    *,
    query: str | None,
    after: tuple[date | datetime, UUID] | None,
    limit: int,
) -> views.CardPage:
    """A page of the cases that somebody looks for: by number, or by words of titles and departments."""
    asked = await _looked_for(connection, cards, wish, query)
    if asked is None:
        return views.CardPage(items=(), next=None, total=0, more=False)
    rows = await lists.select_page(connection, reach.scope, asked, cards.today, after, limit + 1)
    total = await lists.count(connection, reach.scope, asked, cards.today, COUNT_MOST + 1)
    shown = rows[:limit]
    return views.CardPage(
        items=cards.all(shown),
        next=_mark(shown[-1], asked) if len(rows) > limit else None,
        total=min(total, COUNT_MOST),
        more=total > COUNT_MOST,
    )


def _mark(row: asyncpg.Record, asked: Wanted) -> str:
    at = row["next_on"] if asked.state == "open" else row["registered_at"]
    return f"{at.isoformat()}~{row['case_id']}"


def parse_mark(mark: str, state: str) -> tuple[date | datetime, UUID]:
    """Where a page begins. ValueError for what is no mark."""
    at, _, case_id = mark.partition("~")
    moment: date | datetime = date.fromisoformat(at) if state == "open" else datetime.fromisoformat(at)
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise ValueError(mark)
    return moment, UUID(case_id)


async def _looked_for(connection: Connection, cards: Cards, wish: Wanted, query: str | None) -> Wanted | None:
    """What is looked for by `query`; None where nothing can be found by it."""
    if not query or not query.strip():
        return wish
    plain = normal(query)
    if not plain:
        return None
    if len(plain) == DIGITS and plain.isascii() and plain.isdigit():
        return wish._replace(number=plain)
    venues = [Venue.model_validate_json(each) for each in await projections.select_venues(connection)]
    named = {
        each.department_id
        for venue in venues
        for each in venue.departments
        if plain in normal(each.name_zh) or plain in normal(each.name_en)
    }
    return wish._replace(tokens=wanted(query, cards.vault), named=sorted(named))


async def department_desk(connection: Connection, reach: Reach, cards: Cards) -> views.DepartmentDesk:
    """What the departments of whoever asks have to do."""
    scope, departments = reach.scope, reach.departments
    to_accept = await lists.select_desk(connection, scope, departments, ["registered"], AT_DESK)
    in_hand = await lists.select_desk(connection, scope, departments, AT_WORK, AT_DESK)
    answered = await lists.select_desk(connection, scope, departments, ["answered", "contested"], AT_DESK)
    parts = await lists.select_parts(connection, scope, departments, AT_DESK)
    measures = await lists.select_measures(connection, scope, departments, AT_DESK)
    return views.DepartmentDesk(
        today=cards.today,
        departments=tuple(departments or ()),
        to_accept=cards.all(row for row in to_accept if row["holder"] == "department"),
        in_hand=cards.all(in_hand),
        answered=cards.all(answered),
        parts=tuple(
            views.PartToDo(
                card=cards.card(row),
                part=views.PartView(
                    part_id=str(row["part_id"]),
                    department_id=row["part_department_id"],
                    words=open_words(row["part_words"], cards.vault),
                    due_on=row["part_due_on"],
                    done_on=None,
                    done_words=None,
                ),
            )
            for row in parts
        ),
        measures=tuple(
            views.MeasureToDo(
                card=cards.card(row),
                measure=views.MeasureView(
                    measure_id=str(row["measure_id"]),
                    beneficiary=row["measure_beneficiary"],
                    words=open_words(row["measure_words"], cards.vault),
                    due_on=row["measure_due_on"],
                    done_on=None,
                    proof=None,
                ),
            )
            for row in measures
        ),
    )


async def own(connection: Connection, reach: Reach, cards: Cards) -> views.OwnCards:
    """What is in one's own charge, by its next date."""
    asked = Wanted(handler_id=reach.account_id)
    rows = await lists.select_page(connection, reach.scope, asked, cards.today, None, AT_DESK)
    return views.OwnCards(today=cards.today, items=cards.all(rows))


async def likely(connection: Connection, reach: Reach, cards: Cards, case_id: UUID) -> views.Cards:
    """Open cases that are likely the same as one: a person decides. The one has to be seen already."""
    row = await cases.select_case(connection, case_id)
    if row is None or row["confidential"] or not row["tokens"]:
        return views.Cards(items=())
    found = await lists.select_likely(
        connection, reach.scope, case_id, row["tokens"], (row["person_key"], row["phone_key"]), LIKELY_MOST
    )
    return views.Cards(items=cards.all(each for each in found if not each["confidential"]))
