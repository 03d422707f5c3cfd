"""The sheet as tables of plain values, in one language: what both files are made of.

A column says what its values are: `text`, `count`, `clock` (a time of this day) or `moment` (another day's, too).
Times are the county's, without a zone, for neither paper nor a spreadsheet has one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from services.queue.domain.people import visitor_of
from services.queue.domain.sheet import Language, Named, Sheet, SheetVisit, SheetWindow, tally
from services.queue.domain.windows import duty_state
from services.queue.sheets import words
from shared.privacy import Vault

Column = tuple[Named, Literal["text", "count", "clock", "moment"], int]
"""Its head, what its values are, and its width in characters."""
Table = dict[str, Any]

VISIT_COLUMNS: tuple[Column, ...] = (
    (words.NUMBER, "text", 7),
    (words.WINDOW, "count", 9),
    (words.SOURCE, "text", 10),
    (words.BOOKED_FOR, "clock", 8),
    (words.ARRIVED, "clock", 8),
    (words.CALLED, "clock", 8),
    (words.FINISHED, "clock", 10),
    (words.SURNAME, "text", 9),
    (words.PERSONS, "count", 9),
    (words.MATTERS, "text", 34),
    (words.RESULT, "text", 18),
    (words.RECEIVED_BY, "text", 12),
    (words.PROBLEMS, "count", 10),
    (words.SOLVED, "count", 9),
    (words.SUGGESTIONS, "count", 12),
)
FINDING_COLUMNS: tuple[Column, ...] = (
    (words.KIND, "text", 14),
    (words.WINDOW, "count", 9),
    (words.NOTED_AT, "clock", 8),
    (words.SETTLED, "text", 12),
)
WINDOW_COLUMNS: tuple[Column, ...] = (
    (words.WINDOW, "text", 9),
    (words.DEPARTMENT, "text", 22),
    (words.VISIT_COUNT, "count", 8),
    (words.PERSONS, "count", 9),
    *((each, "count", 10) for each in words.OUTCOMES.values()),
    (words.PROBLEMS, "count", 10),
    (words.SOLVED, "count", 9),
    (words.SUGGESTIONS, "count", 12),
    *((each, "count", 11) for each in words.RECEIVERS.values()),
    (words.ATTENDANCE, "text", 12),
    (words.CONFIRMED_BY, "text", 12),
    (words.CONFIRMED_AT, "moment", 19),
)


def lay_out(sheet: Sheet, vault: Vault, zone: ZoneInfo, language: Language) -> dict[str, Any]:
    """All that stands on the sheet. Raises UnreadableValue where a card's key is not there."""
    totals = sheet.totals.model_dump()
    return {
        "language": language,
        "title": f"{sheet.programme.of(language)} {words.TITLE.of(language)}",
        "instant": int(sheet.read_at.timestamp()),
        "date": sheet.date.isoformat(),
        "venue": sheet.venue.of(language),
        "made": [words.MADE.of(language), _local(sheet.read_at, zone)],
        "draft": words.DRAFT.of(language) if sheet.is_draft else None,
        "signatures": [
            [
                (words.SIGNED if each.reason is None else words.SIGNED_BECAUSE)
                .of(language)
                .format(version=each.version, by=each.by, reason=each.reason),
                _local(each.at, zone),
            ]
            for each in sheet.signatures
        ],
        "page": words.PAGE.of(language),
        "totals": {
            "title": words.TOTALS.of(language),
            "items": [[name.of(language), totals[key]] for key, name in words.TOTAL_NAMES.items()],
        },
        "windows": _windows(sheet, zone, language),
        "findings": _findings(sheet, zone, language),
        "visits": _visits(sheet, vault, zone, language),
        "nobody": words.NO_VISITS.of(language),
    }


def _table(title: Named, columns: Sequence[Column], rows: list[list[Any]], language: Language) -> Table:
    return {
        "title": title.of(language),
        "columns": [
            {"head": head.of(language), "kind": kind, "width": max(width, len(head.of(language)))}
            for head, kind, width in columns
        ],
        "rows": rows,
    }


def _visits(sheet: Sheet, vault: Vault, zone: ZoneInfo, language: Language) -> Table:
    """Surnames have a column while the cards are there; with the signature it goes."""
    rows = [_visit(each, sheet, vault, zone, language) for each in sheet.visits]
    columns = list(VISIT_COLUMNS)
    at = [head for head, _, _ in columns].index(words.SURNAME)
    if not any(row[at] for row in rows):
        del columns[at]
        for row in rows:
            del row[at]
    return _table(words.VISITS, columns, rows, language)


def _findings(sheet: Sheet, zone: ZoneInfo, language: Language) -> Table:
    rows = [
        [
            words.FINDING_KINDS[each.kind].of(language),
            each.window_number,
            _local(each.noted_at, zone),
            words.SETTLEMENTS[each.settled].of(language) if each.settled else None,
        ]
        for each in sheet.findings
    ]
    return _table(words.FINDINGS, FINDING_COLUMNS, rows, language)


def _visit(visit: SheetVisit, sheet: Sheet, vault: Vault, zone: ZoneInfo, language: Language) -> list[Any]:
    return [
        visit.number,
        visit.window_number,
        (words.SOURCES[visit.source] if visit.counted else words.DELEGATION).of(language),
        _local(visit.booked_for, zone),
        _local(visit.arrived_at, zone),
        _local(visit.called_at, zone),
        _local(visit.finished_at, zone),
        visitor_of(visit.card, vault).surname,
        visit.persons,
        _joined([sheet.matters[each] for each in visit.matter_ids], language),
        _result(visit, language),
        words.RECEIVERS[visit.received_by].of(language) if visit.received_by else None,
        visit.problems,
        visit.solved,
        visit.suggestions,
    ]


def _result(visit: SheetVisit, language: Language) -> str:
    """Of a finished visit what came of each matter, in their order; else why, or how far it is."""
    if visit.state == "finished":
        kinds = [visit.outcomes[each] for each in visit.matter_ids if each in visit.outcomes]
        return _joined([words.OUTCOMES[each] for each in kinds], language)
    if visit.closing is not None:
        return words.CLOSINGS[visit.closing].of(language)
    return words.STATES[visit.state].of(language)


def _joined(names: Sequence[Named], language: Language) -> str:
    return ("; " if language == "en" else "；").join(each.of(language) for each in names)


def _windows(sheet: Sheet, zone: ZoneInfo, language: Language) -> Table:
    rows = [_window(each, sheet, zone, language) for each in sheet.windows]
    counts = range(2, 2 + sum(kind == "count" for _, kind, _ in WINDOW_COLUMNS))
    whole = [sum(row[column] for row in rows) for column in counts]
    rows.append([words.WHOLE_DAY.of(language), None, *whole, None, None, None])
    return _table(words.WINDOWS, WINDOW_COLUMNS, rows, language)


def _window(window: SheetWindow, sheet: Sheet, zone: ZoneInfo, language: Language) -> list[Any]:
    did = tally(sheet.visits, window.window_id)
    return [
        str(window.number),
        window.department.of(language),
        did.visits,
        did.persons,
        *did.outcomes.values(),
        window.found.problems,
        window.found.solved,
        window.found.suggestions,
        *did.received.values(),
        _duty(window, language),
        window.confirmed_by,
        _local(window.confirmed_at, zone),
    ]


def _duty(window: SheetWindow, language: Language) -> str:
    """Whether the official came, or who sat in: the same rule by which the totals count."""
    said = words.PRINCIPALS if window.role == "principal" else words.DEPUTIES
    too = words.SUBSTITUTED_TOO.of(language) if window.came and window.substituted else ""
    return said[duty_state(window.came, window.substituted)].of(language) + too


def _local(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """Whole seconds, as the county's clocks showed them."""
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0).isoformat() if moment else None
