"""What the counter and the windows send, validated field by field."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from services.queue.domain.tickets import Choice, Priority
from shared.documents import DocumentType, canonical_number
from shared.events.queue import OutcomeKind, ReceivedBy
from shared.words import Identifier, Line, Text, clean

MATTERS_MOST = 10
UnmaskReason = Literal["identity", "form", "file", "certificate"]
"""Why a window needs a document's whole number: to compare it with the document, to fill in a form or the trade's own
system, to find the file, or to make out a paper."""
RoomName = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(clean)]
Persons = Annotated[int, Field(strict=True, ge=1, le=200)]


def _of_this_age(moment: datetime) -> datetime:
    """No time at either end of what a computer can count: in another zone it would be no time at all."""
    if not 1900 <= moment.year <= 2200:  # noqa: PLR2004  (any century around ours)
        raise PydanticCustomError("time_impossible", "nobody means this time")
    return moment


Moment = Annotated[datetime, AfterValidator(_of_this_age)]


PHONE_DIGITS_LEAST = 5


def _dialable(phone: str) -> str:
    """A phone of any kind, mobile, landline or foreign: digits, and what stands between them."""
    if sum(each.isascii() and each.isdigit() for each in phone) < PHONE_DIGITS_LEAST or any(
        each not in "0123456789+-() 转,#*" for each in phone
    ):
        raise PydanticCustomError("phone_unreadable", "this is no phone number")
    return phone


Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(clean), AfterValidator(_dialable)]


class Body(BaseModel):
    """A request's body. Unknown members are refused: a misspelt one would be lost without a word."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(Body):
    """What shows who somebody is, as it is read or typed. Codes of its errors: those of `shared.documents`."""

    kind: DocumentType
    number: Annotated[str, StringConstraints(max_length=40)]

    @field_validator("number")
    @classmethod
    def _canonical(cls, number: str, info: ValidationInfo) -> str:
        # Without a kind the kind's own error is told, and the number cannot be judged.
        return canonical_number(info.data["kind"], number) if "kind" in info.data else number


class CheckIn(Body):
    """Somebody with a booking is here.

    The booking's code as it is typed or scanned, the person's document, or the booking's id from the day's list.
    The document is used to find the person's bookings and kept nowhere.
    """

    code: Annotated[str, StringConstraints(min_length=8, max_length=20)] | None = None
    document: Document | None = None
    booking_id: UUID | None = None
    persons: Persons | None = None
    """How many came; as booked, unless said."""
    priority: Priority | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "CheckIn":
        if [self.code, self.document, self.booking_id].count(None) != 2:  # noqa: PLR2004  (all but one)
            raise PydanticCustomError("one_of", "say either the code, the document or the booking's id")
        return self


class WalkIn(Body):
    """Somebody without a booking takes a ticket. Advice needs no document and no name."""

    matter_ids: Annotated[list[Identifier], Field(min_length=1, max_length=MATTERS_MOST)]
    persons: Persons = 1
    priority: Priority | None = None
    name: Line | None = None
    language: Literal["zh", "en"] = "zh"
    delegation: bool = False
    """A delegation or inspection: received like others, counted nowhere."""


class Room(Body):
    """The room that a group is given; none takes it back."""

    room: RoomName | None


class Wishes(Body):
    """What visitors say of themselves: what is not named stays as it was, null takes it back."""

    last_bus_at: Moment | None = None
    fetch: bool = False
    """Deaf or frail: staff come and fetch them."""
    away_until: Moment | None = None
    """Away for a while: passed over until then, and the place is kept."""

    @model_validator(mode="after")
    def _zoned(self) -> "Wishes":
        if any(each is not None and each.tzinfo is None for each in (self.last_bus_at, self.away_until)):
            raise PydanticCustomError("time_zone_missing", "a time needs a time zone")
        return self


class AtVersion(Body):
    """The window's state that the page showed: a verb of an old page is refused, and no click counts twice."""

    version: Annotated[int, Field(strict=True, ge=0)]


class OfTicket(AtVersion):
    """A verb about one ticket."""

    ticket_id: UUID


class Unmask(Body):
    """The key that shows the number of a document: of whom, and what for."""

    ticket_id: UUID
    reason: UnmaskReason


class Pause(AtVersion):
    """Not calling for a while."""

    reason: Line


class Transfer(AtVersion):
    """To another window, or to whichever window of a department is free."""

    window_id: Identifier | None = None
    department_id: Identifier | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Transfer":
        if (self.window_id is None) == (self.department_id is None):
            raise PydanticCustomError("one_of", "say either the window or the department")
        return self


class MatterOutcome(Body):
    """What came of one matter. Incomplete says what is missing, all of it at once; declined says why."""

    matter_id: Identifier
    kind: OutcomeKind
    said: Text | None = None
    """What the visitor is told; for `incomplete` what is missing, for `declined` the reason."""

    @model_validator(mode="after")
    def _explained(self) -> "MatterOutcome":
        if self.kind in ("incomplete", "declined") and self.said is None:
            raise PydanticCustomError("outcome_explained", "say what is missing, or why it is declined")
        return self


def _each_matter_once(outcomes: list[MatterOutcome]) -> list[MatterOutcome]:
    if len({each.matter_id for each in outcomes}) != len(outcomes):
        raise PydanticCustomError("matter_twice", "each matter has one outcome")
    return outcomes


Outcomes = Annotated[
    list[MatterOutcome], Field(min_length=1, max_length=MATTERS_MOST), AfterValidator(_each_matter_once)
]
"""What came of a visit: of each of its matters once."""


class Problem(Body):
    """Something that hurts, found in the visit."""

    text: Text
    settled: Literal["on_the_spot", "handed_on"]


class Finish(AtVersion):
    """The end of a visit: an outcome for each matter, and what was found besides."""

    outcomes: Outcomes
    problems: Annotated[list[Problem], Field(max_length=20)] = []
    suggestions: Annotated[list[Text], Field(max_length=20)] = []


class Attend(AtVersion):
    """The official came, is called away, left for the day, or never came."""

    attendance: Literal["present", "away", "left", "absent"]
    substitute_id: Identifier | None = None
    returns_at: Moment | None = None
    reason: Line | None = None
    """Why they are not there; it is kept with the attendance and told to nobody outside."""

    @model_validator(mode="after")
    def _told(self) -> "Attend":
        if self.attendance != "present" and self.reason is None:
            raise PydanticCustomError("reason_missing", "say why")
        if self.returns_at is not None and self.returns_at.tzinfo is None:
            raise PydanticCustomError("time_zone_missing", "a time needs a time zone")
        return self


class Confirm(AtVersion):
    """A window confirms what it recorded today."""

    by: Line


class CloseTicket(Body):
    """Why a ticket ends without an outcome. What a visitor writes down, with a phone, is their own choice: `Choose`."""

    reason: Literal["left", "unserved", "next_session"]


class Sign(Body):
    """The manager signs the day."""

    by: Line


class Correction(Body):
    """What is put right of a finished visit after the day was signed."""

    by: Line
    reason: Line
    persons: Persons | None = None
    outcomes: Outcomes | None = None
    version: Annotated[int, Field(strict=True, ge=1)] | None = None
    """The visit's, as the page showed it: what another has put right meanwhile is not overwritten. None: as it is."""


class PaperVisit(Body):
    """A visit that was written on paper while the system was away, with its true times."""

    window_id: Identifier
    outcomes: Outcomes
    persons: Persons = 1
    name: Line | None = None
    booking_id: UUID | None = None
    code: Annotated[str, StringConstraints(min_length=8, max_length=20)] | None = None
    """Of a booking, as it stands on the paper; instead of its id."""
    arrived_at: Moment
    started_at: Moment
    finished_at: Moment
    received_by: ReceivedBy
    problems: Annotated[list[Problem], Field(max_length=20)] = []
    suggestions: Annotated[list[Text], Field(max_length=20)] = []

    @model_validator(mode="after")
    def _in_order(self) -> "PaperVisit":
        times = (self.arrived_at, self.started_at, self.finished_at)
        if any(each.tzinfo is None for each in times):
            raise PydanticCustomError("time_zone_missing", "a time needs a time zone")
        if not self.arrived_at <= self.started_at <= self.finished_at:
            raise PydanticCustomError("times_backwards", "a visit arrives, begins and ends, in this order")
        return self

    @model_validator(mode="after")
    def _one_booking(self) -> "PaperVisit":
        if self.code is not None and self.booking_id is not None:
            raise PydanticCustomError("one_of", "say either the code or the booking's id")
        return self


class Choose(Body):
    """What a visitor chose whose director is gone. Only who writes something down has something to send."""

    choice: Choice
    text: Text | None = None
    phone: Phone | None = None
    """Where the director calls; needed where no booking tells it."""

    @model_validator(mode="after")
    def _written(self) -> "Choose":
        if self.choice == "written_issue" and self.text is None:
            raise PydanticCustomError("issue_missing", "write down what it is about")
        if self.choice != "written_issue" and (self.text is not None or self.phone is not None):
            raise PydanticCustomError("issue_unused", "only a written issue has a text and a phone")
        return self


class FirstPlace(Body):
    """The old ticket that proves a promise of the first place, where no document does."""

    number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{1,2}[0-9]{3}$")]
    date: date


class KeptPromise(Body):
    """The director has called: who it was, and what was said."""

    by: Line
    said: Text


class NoteFinding(Body):
    """What a director found without a visitor."""

    text: Text
    settled: Literal["on_the_spot", "handed_on"]


class MakeDecision(Body):
    """What a director decided: what, for which cases it holds, and on what it rests."""

    text: Text
    scope: Text
    basis: Text | None = None
