"""A ticket: a place in the day's queue, and the visit that it becomes.

Each verb is one function from a ticket to the ticket after it; which row that is, and who else is touched, is the
commands' business. Times are instants; `now` is passed in.
"""

import secrets
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal, Protocol, Self
from uuid import UUID

from services.queue.domain import problems
from services.queue.domain.order import Waiting
from shared.events import queue as events

State = Literal["waiting", "called", "serving", "held", "finished", "closed"]
Closing = Literal["unanswered", "left", "unserved", "next_session", "written_issue"]
Choice = Literal["deputy", "next_session", "written_issue"]
"""What a visitor may choose once the director is gone: to stay, or one of two ends with a promise."""
Source = Literal["booking", "walk_in", "paper"]
Priority = Literal["veteran", "elderly", "pregnant", "disabled", "infant", "visible_need"]
"""Who is received ahead: the county's green channel."""

PUT_BACK = 2
"""Behind so many others goes who did not answer a call, and so often; after that the ticket is closed."""
REPRESENTATIVES = 5
"""A larger group comes to the window by so many; all of it is counted."""
NEAR = 3
"""Who has so many before them, or fewer, is told that it is their turn soon."""
AT_A_WINDOW: tuple[State, ...] = ("called", "serving")
UNDOABLE = frozenset({"call_next", "call", "recall", "unanswered", "start", "hold", "resume", "transfer", "finish"})
"""The verbs that can be taken back."""
ENDED: tuple[State, ...] = ("finished", "closed")
GONE: tuple[Closing, ...] = ("left", "unanswered")
"""The ends after which somebody may be back."""


class Row(Protocol):
    """Whatever has columns by name."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of a column."""
        ...


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket without anything that names its visitor."""

    ticket_id: UUID
    version: int
    last_event: str
    session_id: str
    venue_id: str
    number: str
    token: str
    """Unguessable: opens the visitor's own page."""
    source: Source
    booking_id: UUID | None
    department_id: str
    bound_to: str | None
    """The only window that may call it; None: any of the department."""
    at_window: str | None
    """Where it is called, served or held."""
    matter_ids: tuple[str, ...]
    persons: int
    priority: Priority | None
    language: Literal["zh", "en"]
    state: State
    closing: Closing | None
    misses: int
    behind: int
    overtaken: int
    near: bool
    calls: int
    """How often it was called in a row by the window that has it."""
    booked_for: datetime | None
    arrived_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    received_by: events.ReceivedBy | None
    official_id: str | None
    stays: bool = False
    """Told that the director is gone, they chose to be received by whoever sits in."""
    first_next: bool = False
    """They were promised the first place of today, for the director had gone when it was their turn."""
    delegation: bool = False
    """A delegation or inspection: received like others, counted nowhere."""
    room: str | None = None
    """Given to a group by the hall's manager."""
    last_bus_at: datetime | None = None
    """What the visitor said: this and the next two never end in an event, and no verb but `started` changes them."""
    to_fetch: bool = False
    """Deaf or frail: somebody goes and fetches them."""
    away_until: datetime | None = None
    """Passed over until then, unless they are back before."""
    forgotten_at: datetime | None = None
    """When what named the visitor was taken out; nothing is told of the ticket from then on."""

    @classmethod
    def of(cls, row: Row) -> Self:
        """From a row that may have further columns."""
        return cls(**{**{name: row[name] for name in TICKET_FIELDS}, "matter_ids": tuple(row["matter_ids"])})

    @property
    def is_at_a_window(self) -> bool:
        """Whether a window has it: called or being received."""
        return self.state in AT_A_WINDOW

    @property
    def representatives(self) -> int | None:
        """How many of a group come to the window; None where all of them do, as a delegation does."""
        return REPRESENTATIVES if self.is_large and not self.delegation else None

    @property
    def is_large(self) -> bool:
        """Whether they are so many that the hall's manager gives them a room."""
        return self.persons > REPRESENTATIVES

    def waiting(self, *, elsewhere: bool, away: bool = False) -> Waiting:
        """As the order of the queue sees it."""
        return Waiting(
            ticket_id=self.ticket_id,
            arrived_at=self.arrived_at,
            booked_for=self.booked_for,
            priority=self.priority is not None,
            overtaken=self.overtaken,
            behind=self.behind,
            elsewhere=elsewhere,
            first_next=self.first_next,
            away=away,
        )

    def public(
        self, outcomes: tuple[events.Outcome, ...] = (), remarks: tuple[events.Remark, ...] = ()
    ) -> events.Visit:
        """The state as events tell it."""
        return events.Visit(
            visit_id=str(self.ticket_id),
            session_id=self.session_id,
            venue_id=self.venue_id,
            number=self.number,
            source=self.source,
            booking_id=str(self.booking_id) if self.booking_id else None,
            department_id=self.department_id,
            window_id=self.at_window or self.bound_to,
            matter_ids=self.matter_ids,
            persons=self.persons,
            counted=not self.delegation,
            priority=self.priority is not None,
            language=self.language,
            state=self.state,
            closing=self.closing,
            misses=self.misses,
            near=self.near,
            booked_for=self.booked_for,
            arrived_at=self.arrived_at,
            called_at=self.called_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            received_by=self.received_by,
            official_id=self.official_id,
            outcomes=outcomes,
            remarks=remarks,
        )


TICKET_FIELDS = tuple(field.name for field in fields(Ticket))


def repeated(row: Row, session_id: str, source: Source, digest: bytes) -> Ticket:
    """The ticket of a request that is sent again with its key. Raises IdempotencyKeyReused for another request.

    The request is compared as it was sent: what came up at the window or was put right since is no difference.
    """
    if (row["session_id"], row["source"], row["request_digest"]) != (session_id, source, digest):
        raise problems.IdempotencyKeyReused
    return Ticket.of(row)


def called(ticket: Ticket, window_id: str, now: datetime) -> Ticket:
    """Called to a window: from the queue, from a hold, or after it was closed for not answering."""
    callable_now = ticket.state in ("waiting", "held") or (ticket.state == "closed" and ticket.closing == "unanswered")
    if not callable_now:
        raise problems.TicketMovedOn
    return replace(
        ticket, state="called", closing=None, at_window=window_id, called_at=now, calls=1, behind=0, near=True
    )


def recalled(ticket: Ticket, now: datetime) -> Ticket:
    """Called once more."""
    _expect(ticket, "called")
    return replace(ticket, called_at=now, calls=ticket.calls + 1)


def unanswered(ticket: Ticket) -> Ticket:
    """Nobody came: back behind two others, twice; the third time it is closed, and can still be called by hand."""
    _expect(ticket, "called")
    missed = replace(ticket, misses=ticket.misses + 1, at_window=None)
    if missed.misses > PUT_BACK:
        return replace(missed, state="closed", closing="unanswered")
    return replace(missed, state="waiting", behind=PUT_BACK)


def started(ticket: Ticket, now: datetime, received_by: events.ReceivedBy, official_id: str | None) -> Ticket:
    """Received; by whom is fixed now, for the official may be called away in the middle. Who stands there is back."""
    _expect(ticket, "called")
    return replace(
        ticket, state="serving", started_at=now, received_by=received_by, official_id=official_id, away_until=None
    )


def held(ticket: Ticket) -> Ticket:
    """Interrupted, at the window that has it; place and times stay."""
    _expect(ticket, *AT_A_WINDOW)
    return replace(ticket, state="held")


def resumed(ticket: Ticket, window_id: str, now: datetime) -> Ticket:
    """Back at the window that held it, and received at once: they stand there."""
    _expect(ticket, "held")
    if ticket.at_window != window_id:
        raise problems.TicketMovedOn
    if ticket.started_at is None:
        return replace(ticket, state="called", called_at=now, calls=1)
    return replace(ticket, state="serving")


def transferred(ticket: Ticket, department_id: str, bound_to: str | None) -> Ticket:
    """Given to another window or department: waits there, with its number and its place."""
    _expect(ticket, "waiting", "held", *AT_A_WINDOW)
    return replace(
        ticket,
        state="waiting",
        department_id=department_id,
        bound_to=bound_to,
        at_window=None,
        behind=0,
        near=False,
        started_at=None,
        received_by=None,
        official_id=None,
    )


def finished(ticket: Ticket, now: datetime, matter_ids: tuple[str, ...]) -> Ticket:
    """Each matter has an outcome; matters that came up at the window are counted, too."""
    _expect(ticket, "serving")
    if not set(ticket.matter_ids) <= set(matter_ids):
        raise problems.OutcomeMissing
    return replace(ticket, state="finished", finished_at=now, matter_ids=matter_ids)


def closed(ticket: Ticket, reason: Closing) -> Ticket:
    """Ended without an outcome."""
    if ticket.state in ENDED:
        raise problems.TicketMovedOn
    return replace(ticket, state="closed", closing=reason, at_window=None, received_by=None, official_id=None)


def back(ticket: Ticket, now: datetime) -> Ticket:
    """Here again after they had gone: waits as whoever comes now. Calls in vain are not forgotten."""
    return replace(
        ticket,
        state="waiting",
        closing=None,
        at_window=None,
        behind=0,
        arrived_at=now,
        misses=min(ticket.misses, PUT_BACK),
    )


def _expect(ticket: Ticket, *states: State) -> None:
    if ticket.state not in states:
        raise problems.TicketMovedOn


def make_token() -> str:
    """What opens a visitor's own page: 128 bits that nobody guesses."""
    return secrets.token_urlsafe(16)


LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which are read as digits."""


def letter(position: int) -> str:
    """The letter of a session's n-th department, counted from 0; a large hall's later ones have two."""
    first, last = divmod(position, len(LETTERS))
    return (LETTERS[first - 1] if first else "") + LETTERS[last]


def number(letter_: str, serial: int) -> str:
    """A ticket's number, such as A012. Raises NumbersExhausted past 999."""
    if serial > 999:  # noqa: PLR2004  (three digits)
        raise problems.NumbersExhausted
    return f"{letter_}{serial:03}"
