"""The day's sheet: what is printed and filed of a day. No document number, no words of a visitor, no full name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.queue.domain.tickets import Closing, Source, State
from shared.events.queue import OutcomeKind, ReceivedBy, Totals

VISITS_MOST = 5_000
"""A sheet holds so many visits; the largest hall has some hundreds."""

Language = Literal["zh", "en"]
Kind = Literal["pdf", "xlsx"]


@dataclass(frozen=True, slots=True)
class Named:
    """A name in both languages."""

    zh: str
    en: str

    def of(self, language: Language) -> str:
        """The name in a language, else in the other one."""
        return (self.en or self.zh) if language == "en" else (self.zh or self.en)


@dataclass(frozen=True, slots=True)
class SheetVisit:
    """One ticket of the day."""

    number: str
    window_id: str | None
    window_number: int | None
    source: Source
    booked_for: datetime | None
    arrived_at: datetime
    called_at: datetime | None
    finished_at: datetime | None
    card: bytes | None
    """Encrypted, and there until the day is signed."""
    persons: int
    matter_ids: tuple[str, ...]
    outcomes: dict[str, OutcomeKind]
    """By matter."""
    state: State
    closing: Closing | None
    received_by: ReceivedBy | None
    problems: int
    solved: int
    """Of the problems, on the spot."""
    suggestions: int
    counted: bool
    """A delegation stands in the sheet, too, and is counted nowhere."""


@dataclass(frozen=True, slots=True)
class Found:
    """Problems and suggestions of one window, with a visitor or without one."""

    problems: int = 0
    solved: int = 0
    suggestions: int = 0


@dataclass(frozen=True, slots=True)
class SheetWindow:
    """A window at the end of the day."""

    window_id: str
    number: int
    department: Named
    role: Literal["principal", "deputy"]
    """Of the official on duty."""
    came: bool
    """The official on duty was there, be it for a while."""
    substituted: bool
    """Another sat in for them, be it for a while."""
    confirmed_by: str | None
    confirmed_at: datetime | None
    found: Found


@dataclass(frozen=True, slots=True)
class SheetFinding:
    """What a director found or decided without a visitor, without a word of it."""

    kind: Literal["finding", "decision"]
    window_number: int
    noted_at: datetime
    settled: Literal["on_the_spot", "handed_on"] | None


@dataclass(frozen=True, slots=True)
class Signature:
    """A version of the day's closing."""

    version: int
    by: str
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """All of a day, read in one moment."""

    session_id: str
    date: date
    programme: Named
    venue: Named
    read_at: datetime
    visits: Sequence[SheetVisit]
    windows: Sequence[SheetWindow]
    findings: Sequence[SheetFinding]
    matters: dict[str, Named]
    totals: Totals
    signatures: Sequence[Signature]

    @property
    def is_draft(self) -> bool:
        """Nobody has signed it yet."""
        return not self.signatures


@dataclass(frozen=True, slots=True)
class Tally:
    """What a window did: of the visits that it finished."""

    visits: int
    persons: int
    outcomes: dict[OutcomeKind, int]
    received: dict[ReceivedBy, int]


def tally(visits: Iterable[SheetVisit], window_id: str) -> Tally:
    """Count what a window finished."""
    done = [each for each in visits if each.counted and each.state == "finished" and each.window_id == window_id]
    outcomes: dict[OutcomeKind, int] = {"handled": 0, "guided": 0, "incomplete": 0, "declined": 0}
    received: dict[ReceivedBy, int] = {"principal": 0, "substitute": 0, "staff": 0}
    for each in done:
        for kind in each.outcomes.values():
            outcomes[kind] += 1
        if each.received_by is not None:
            received[each.received_by] += 1
    return Tally(len(done), sum(each.persons for each in done), outcomes, received)
