"""Whether tables, events and the day's sheet agree with the ledger, to the last person; and how long people waited."""

import asyncio
import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from openpyxl import load_workbook

from shared.events.topics import DAYS, VISITS
from tests.bench.figures import Report, percentile
from tests.simulation.hall import Entry, Hall, Ledger

OVERTAKEN_AT_MOST = 2
DRAIN_SECONDS = 60.0
TICKETS = """
select ticket_id::text, number, department_id, state, closing, persons, overtaken, at_window, started_at, finished_at,
       array(select kind from outcome where outcome.ticket_id = ticket.ticket_id order by matter_id) as outcomes,
       (select count(*)::int from remark where remark.ticket_id = ticket.ticket_id) as remarks
from ticket
where session_id = $1
"""
ENDS = {"finished": ("finished", None), "unanswered": ("closed", "unanswered"), "left": ("closed", "left"),
        "unserved": ("closed", "unserved")}  # fmt: skip


async def check(report: Report, hall: Hall, queue_dsn: str, booking_dsn: str, bootstrap: str) -> None:
    """Compare everything with everything. What does not agree is kept in the report."""
    queue = await asyncpg.connect(queue_dsn, timeout=10, command_timeout=30)
    booking = await asyncpg.connect(booking_dsn, timeout=10, command_timeout=30)
    try:
        await _drained(queue)
        rows = {row["ticket_id"]: row for row in await queue.fetch(TICKETS, hall.session_id)}
        expected = _totals(hall.ledger)
        _tables(report, hall.ledger, rows)
        _order(report, rows)
        visits = await _last_states(bootstrap, VISITS.name)
        mine = {key: each["visit"] for key, each in visits.items() if each["visit"]["session_id"] == hall.session_id}
        _events(report, hall.ledger, rows, mine)
        closing = await hall.get(f"{hall.staff}/closing")
        days = await _last_states(bootstrap, DAYS.name)
        told = days.get(hall.session_id, {}).get("day", {}).get("totals", {})
        for name, totals in (("the closing", closing["totals"]), ("the day's event", told)):
            for word, count in expected.items():
                _same(report, f"{name}: {word}", totals.get(word), count)
        await _sheet(report, hall, rows)
        await _attendance(report, booking, hall)
        report.figure(
            "the day agrees",
            tickets=len(rows),
            events=len(mine),
            totals=expected,
            met=not report.wrong,
        )
    finally:
        await queue.close()
        await booking.close()


def waits(report: Report, entries: Sequence[Entry]) -> None:
    """How long each class waited in minutes of the day: from arrival, or from the booked time where that is later."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for each in entries:
        if each.called_at is None:
            continue
        since = (
            max(each.arrived_at, each.booked_for)
            if each.person.kind == "booked_on_time" and each.booked_for
            else each.arrived_at
        )
        by_kind[each.person.kind].append(max(timedelta(), each.called_at - since) / timedelta(minutes=1))
    for kind, minutes in sorted(by_kind.items()):
        report.figure(
            f"wait, {kind}",
            people=len(minutes),
            p50_minutes=percentile(minutes, 0.5),
            p90_minutes=percentile(minutes, 0.9),
            max_minutes=max(minutes),
        )


def _totals(ledger: Ledger) -> Mapping[str, int]:
    """What the day came to, by the ledger."""
    done = [each for each in ledger.entries.values() if each.state == "finished"]
    outcomes = Counter(each.outcome for each in done)
    return {
        "visits": len(done),
        "persons": sum(each.person.persons for each in done),
        "booked": sum(each.booked_for is not None for each in done),
        "walk_ins": sum(each.booked_for is None for each in done),
        **{kind: outcomes[kind] for kind in ("handled", "guided", "incomplete", "declined")},
        "problems": sum(each.problem is not None for each in done),
        "solved": sum(each.problem == "on_the_spot" for each in done),
        "suggestions": sum(each.suggestion for each in done),
        "unserved": len(ledger.entries) - len(done),
        "no_shows": ledger.no_shows,
    }


def _same(report: Report, what: str, seen: Any, expected: Any) -> None:
    report.check(right=seen == expected, otherwise=f"{what}: {seen!r}, where the ledger says {expected!r}")


def _tables(report: Report, ledger: Ledger, rows: Mapping[str, asyncpg.Record]) -> None:
    _same(report, "tickets", rows.keys(), ledger.entries.keys())
    for ticket_id, entry in ledger.entries.items():
        row = rows[ticket_id]
        _same(report, f"{entry.number}: number", row["number"], entry.number)
        _same(report, f"{entry.number}: end", (row["state"], row["closing"]), ENDS.get(entry.state))
        _same(report, f"{entry.number}: persons", row["persons"], entry.person.persons)
        _same(report, f"{entry.number}: outcomes", row["outcomes"], [entry.outcome] if entry.outcome else [])
        remarks = (entry.problem is not None) + entry.suggestion
        _same(report, f"{entry.number}: problems and suggestions", row["remarks"], remarks)


def _order(report: Report, rows: Mapping[str, asyncpg.Record]) -> None:
    """Numbers without gaps, windows with one visitor at a time, nobody overtaken by priority more than twice."""
    serials: dict[str, list[int]] = defaultdict(list)
    served: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    for row in rows.values():
        serials[row["number"][:-3]].append(int(row["number"][-3:]))
        if row["state"] == "finished":
            served[row["at_window"]].append((row["started_at"], row["finished_at"]))
    for letter, numbers in serials.items():
        _same(report, f"numbers of {letter}", sorted(numbers), list(range(1, len(numbers) + 1)))
    overtaken = Counter(row["overtaken"] for row in rows.values())
    report.figure("overtaken by priority", times={str(times): overtaken[times] for times in sorted(overtaken)})
    report.check(
        right=max(overtaken, default=0) <= OVERTAKEN_AT_MOST, otherwise=f"overtaken by priority: {dict(overtaken)}"
    )


def _events(
    report: Report, ledger: Ledger, rows: Mapping[str, asyncpg.Record], visits: Mapping[str, Mapping[str, Any]]
) -> None:
    absent = {key for key, visit in visits.items() if visit["state"] == "no_show"}
    _same(report, "events: no-shows", len(absent), ledger.no_shows)
    _same(report, "events: visits", visits.keys() - absent, rows.keys())
    for ticket_id, row in rows.items():
        visit = visits.get(ticket_id, {})
        seen = (visit.get("number"), visit.get("state"), visit.get("closing"), visit.get("persons"))
        _same(report, f"events: {row['number']}", seen, (row["number"], row["state"], row["closing"], row["persons"]))
        kinds = [each["kind"] for each in visit.get("outcomes", ())]
        if row["state"] == "finished":
            _same(report, f"events: {row['number']} outcomes", kinds, list(row["outcomes"]))
            _same(report, f"events: {row['number']} remarks", len(visit.get("remarks", ())), row["remarks"])


async def _sheet(report: Report, hall: Hall, rows: Mapping[str, asyncpg.Record]) -> None:
    """Each ticket stands once in the day's sheet."""
    answer = await hall.http.get(f"{hall.staff}/sheet.xlsx")
    if not report.check(right=answer.is_success, otherwise=f"the day's sheet: {answer.status_code}"):
        return
    book = await asyncio.to_thread(load_workbook, io.BytesIO(answer.content))
    cells = [str(cell) for sheet in book for line in sheet.iter_rows(values_only=True) for cell in line if cell]
    seen = Counter(cells)
    for row in rows.values():
        _same(report, f"the day's sheet: {row['number']}", seen[row["number"]], 1)


async def _attendance(report: Report, booking: asyncpg.Connection, hall: Hall) -> None:
    """Booking knows who came: as many as checked in with a booking, and as many who did not."""
    came = sum(each.booked_for is not None for each in hall.ledger.entries.values())
    deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
    while True:
        rows = await booking.fetch(
            "select came, count(*)::int as bookings from attendance join booking using (booking_id)"
            " where session_id = $1 group by came",
            hall.session_id,
        )
        seen = {row["came"]: row["bookings"] for row in rows}
        if seen.get(True, 0) == came and seen.get(False, 0) == hall.ledger.no_shows:
            return
        if asyncio.get_running_loop().time() > deadline:
            _same(report, "booking's attendance", seen, {True: came, False: hall.ledger.no_shows})
            return
        await asyncio.sleep(0.5)


async def _drained(queue: asyncpg.Connection) -> None:
    """Wait until everything that was said is on Kafka."""
    deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
    while await queue.fetchval("select count(*) from outbox where published_at is null"):
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError("events that nobody publishes")
        await asyncio.sleep(0.2)


async def _last_states(bootstrap: str, topic: str) -> Mapping[str, Any]:
    """The last event of each key on a topic, from its very beginning."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        parts = list(consumer.assignment())
        ends = await consumer.end_offsets(parts)
        last: dict[str, Any] = {}
        for each in parts:
            while await consumer.position(each) < ends[each]:
                _keep(last, await consumer.getmany(timeout_ms=500))
        return last
    finally:
        await consumer.stop()


def _keep(last: dict[str, Any], found: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> None:
    for records in found.values():
        for record in records:
            if record.key is not None and record.value is not None:
                last[record.key.decode()] = json.loads(record.value)
