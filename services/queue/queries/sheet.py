"""The day's sheet as the tables have it, in one moment. Names stay encrypted here: whoever lays it out opens them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.queue.domain import problems
from services.queue.domain.sheet import (
    VISITS_MOST,
    Found,
    Named,
    Sheet,
    SheetFinding,
    SheetVisit,
    SheetWindow,
    Signature,
)
from services.queue.domain.tickets import Row
from services.queue.queries.hall import cards_of, session_row
from services.queue.sql import closings, days, sheets
from shared.database import Connection
from shared.events.queue import Totals
from shared.events.roster import Matter, Session, Venue


async def sheet(connection: Connection, session_id: str) -> Sheet:
    """All of a session's day; the transaction's first query. Raises SessionUnknown or SheetTooLarge."""
    await sheets.freeze(connection)
    row = await session_row(connection, session_id)
    tickets = await sheets.select_visits(connection, session_id, VISITS_MOST + 1)
    if len(tickets) > VISITS_MOST:
        raise problems.SheetTooLarge
    session = Session.model_validate_json(row["state"])
    state = await days.select_venue(connection, row["venue_id"])
    venue = Venue.model_validate_json(state) if state is not None else None
    # With the signature names are forgotten; the cards of bookings lie here a little longer, until they are swept up.
    cards = await cards_of(connection, tickets) if row["closed_at"] is None else {}
    there = {each["window_id"]: each for each in await closings.select_attendances(connection, session_id)}
    visits, found = await _visits(connection, session_id, tickets, cards)
    return Sheet(
        session_id=session_id,
        date=row["date"],
        programme=Named(session.programme_name_zh, session.programme_name_en),
        venue=Named(venue.name_zh, venue.name_en) if venue else Named("", ""),
        read_at=row["now"],
        visits=visits,
        windows=[
            _window(each, venue, found[each["window_id"]], there[each["window_id"]])
            for each in await days.select_windows(connection, session_id)
        ],
        findings=[
            SheetFinding(each["kind"], each["number"], each["noted_at"], each["settled"])
            for each in await sheets.select_findings(connection, session_id)
        ],
        matters=await _matters(connection, visits),
        totals=Totals(**await closings.count_totals(connection, session_id)),
        signatures=[
            Signature(each["version"], each["signed_by"], each["signed_at"], each["reason"])
            for each in await closings.select_closings(connection, session_id)
        ],
    )


async def _visits(
    connection: Connection, session_id: str, tickets: Sequence[Any], cards: Mapping[UUID, bytes | None]
) -> tuple[list[SheetVisit], dict[str, Found]]:
    outcomes: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for each in await sheets.select_outcome_kinds(connection, session_id):
        outcomes[each["ticket_id"]][each["matter_id"]] = each["kind"]
    of_ticket: dict[UUID, Found] = defaultdict(Found)
    of_window: dict[str, Found] = defaultdict(Found)
    for each in await sheets.count_remarks(connection, session_id):
        of_window[each["window_id"]] = _add(of_window[each["window_id"]], each)
        if each["ticket_id"] is not None:
            of_ticket[each["ticket_id"]] = _add(of_ticket[each["ticket_id"]], each)
    visits = [
        _visit(each, outcomes[each["ticket_id"]], of_ticket[each["ticket_id"]], cards.get(each["ticket_id"]))
        for each in tickets
    ]
    return visits, of_window


def _add(found: Found, row: Row) -> Found:
    return Found(found.problems + row["problems"], found.solved + row["solved"], found.suggestions + row["suggestions"])


def _visit(row: Row, outcomes: dict[str, Any], found: Found, card: bytes | None) -> SheetVisit:
    return SheetVisit(
        number=row["number"],
        window_id=row["at_window"] or row["bound_to"],
        window_number=row["window_number"],
        source=row["source"],
        booked_for=row["booked_for"],
        arrived_at=row["arrived_at"],
        called_at=row["called_at"],
        finished_at=row["finished_at"],
        card=card,
        persons=row["persons"],
        matter_ids=tuple(row["matter_ids"]),
        outcomes=outcomes,
        state=row["state"],
        closing=row["closing"],
        received_by=row["received_by"],
        problems=found.problems,
        solved=found.solved,
        suggestions=found.suggestions,
        counted=not row["delegation"],
    )


def _window(row: Row, venue: Venue | None, found: Found, there: Row) -> SheetWindow:
    names = {each.department_id: Named(each.name_zh, each.name_en) for each in (venue.departments if venue else ())}
    department = row["department_id"]
    return SheetWindow(
        window_id=row["window_id"],
        number=row["number"],
        department=names.get(department, Named(department, department)),
        role=row["role"],
        came=there["came"],
        substituted=there["substituted"],
        confirmed_by=row["confirmed_by"],
        confirmed_at=row["confirmed_at"],
        found=found,
    )


async def _matters(connection: Connection, visits: Sequence[SheetVisit]) -> dict[str, Named]:
    wanted = {each for visit in visits for each in visit.matter_ids}
    found = {
        each["matter_id"]: Matter.model_validate_json(each["state"])
        for each in await days.select_matters(connection, sorted(wanted))
    }
    return {
        each: Named(found[each].plain_name_zh, found[each].plain_name_en) if each in found else Named(each, each)
        for each in wanted
    }
