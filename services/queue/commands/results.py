"""What comes of a visit: an outcome for each matter, and what was found. Its words are encrypted and stay here."""

from collections.abc import Sequence

from services.queue.commands.day import Day
from services.queue.domain import problems, requests
from services.queue.domain.people import SAID_PURPOSE
from services.queue.domain.tickets import Ticket
from services.queue.sql import days
from services.queue.sql import tickets as sql
from shared.database import Connection
from shared.events import queue as events
from shared.privacy import Vault

Results = tuple[tuple[events.Outcome, ...], tuple[events.Remark, ...]]


async def keep_outcomes(
    day: Day, ticket: Ticket, outcomes: Sequence[requests.MatterOutcome], vault: Vault
) -> tuple[events.Outcome, ...]:
    """Keep what came of each matter; as events tell it. Raises MatterUnknown for one that nobody knows.

    What the visitor came for is taken as it is: a booking may be told before its matter is.
    """
    added = {each.matter_id for each in outcomes} - set(ticket.matter_ids)
    if len(await days.select_matters(day.connection, sorted(added))) != len(added):
        raise problems.MatterUnknown
    await sql.insert_outcomes(
        day.connection,
        ticket.ticket_id,
        [
            (each.matter_id, each.kind, vault.encrypt(each.said, SAID_PURPOSE) if each.said is not None else None)
            for each in outcomes
        ],
    )
    return tuple(events.Outcome(matter_id=each.matter_id, kind=each.kind) for each in outcomes)


async def keep_remarks(
    day: Day, ticket: Ticket, window_id: str, wish: requests.Finish | requests.PaperVisit, vault: Vault
) -> tuple[events.Remark, ...]:
    """Keep the problems and suggestions of a visit; as events tell them."""
    found: list[tuple[str, str | None, bytes]] = [
        ("problem", each.settled, vault.encrypt(each.text, SAID_PURPOSE)) for each in wish.problems
    ]
    found += [("suggestion", None, vault.encrypt(each, SAID_PURPOSE)) for each in wish.suggestions]
    rows = await sql.insert_remarks(day.connection, day.session_id, window_id, ticket.ticket_id, day.now, found)
    return tuple(
        events.Remark(remark_id=str(row["remark_id"]), kind=row["kind"], settled=row["settled"]) for row in rows
    )


async def results_of(connection: Connection, tickets: Sequence[Ticket]) -> list[Results]:
    """What came of tickets, in their order, as events tell it."""
    ids = [each.ticket_id for each in tickets]
    outcomes = await sql.select_outcomes(connection, ids)
    remarks = await sql.select_remarks(connection, ids)
    return [
        (
            tuple(
                events.Outcome(matter_id=row["matter_id"], kind=row["kind"])
                for row in outcomes
                if row["ticket_id"] == ticket_id
            ),
            tuple(
                events.Remark(remark_id=str(row["remark_id"]), kind=row["kind"], settled=row["settled"])
                for row in remarks
                if row["ticket_id"] == ticket_id
            ),
        )
        for ticket_id in ids
    ]
