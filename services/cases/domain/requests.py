"""What citizens and staff send, validated field by field."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.cases.domain.numbers import parse_digits, parse_number
from shared.documents import is_person
from shared.events.cases import CaseKind, Level
from shared.visitors import Body, Document, Name, Phone
from shared.words import Day, Identifier, Line, Text, clean

Title = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(clean)]
Number = Annotated[str, StringConstraints(max_length=40), AfterValidator(parse_number)]
Digits = Annotated[str, StringConstraints(max_length=20), AfterValidator(parse_digits)]
Language = Literal["zh", "en"]
Kind = Literal["problem", "suggestion", "complaint", "petition"]


class Raiser(Body):
    """Whoever raises a case."""

    name: Name
    phone: Phone | None = None
    document: Document | None = None

    @model_validator(mode="after")
    def _a_person(self) -> "Raiser":
        if self.document is not None and not is_person(self.document.type):
            raise PydanticCustomError("document_of_person", "a person's own document")
        return self


class Raise(Body):
    """A case as a citizen tells it."""

    kind: Kind
    title: Title
    text: Text
    place: Line | None = None
    department_id: Identifier | None = None
    """None of whoever does not know whose it is: the manager finds out."""
    about_person: bool = False
    """A complaint about a person: the supervisor's alone."""
    about: Line | None = None
    about_department_id: Identifier | None = None
    raised_before: Number | None = None
    person: Raiser
    language: Language = "zh"
    privacy_version: Annotated[str, StringConstraints(max_length=40)] | None = None

    @model_validator(mode="after")
    def _can_be_opened(self) -> "Raise":
        if self.person.phone is None and self.person.document is None:
            raise PydanticCustomError("phone_or_document", "a phone or a document, by which the case is opened again")
        return self


class Enter(Body):
    """A case as staff write it down at the counter or the phone."""

    source: Literal["counter", "phone"]
    kind: CaseKind
    title: Title
    text: Text
    venue_id: Identifier
    place: Line | None = None
    department_id: Identifier | None = None
    about_person: bool = False
    about: Line | None = None
    about_department_id: Identifier | None = None
    about_official_id: Identifier | None = None
    raised_before: Number | None = None
    raised_on: Day | None = None
    """Since when people complain of it, where that is long ago."""
    person: Raiser | None = None
    fixed_on: Day | None = None
    """A date that the county set for the answer."""
    language: Language = "zh"


class Opens(Body):
    """What opens a case: its number and the last four of the phone or document."""

    number: Number
    digits: Digits


class ReplyWords(Body):
    """What whoever raised it says to it."""

    reply: Literal["confirm", "refuse", "add"]
    words: Text | None = None
    version: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _with_words(self) -> "ReplyWords":
        if self.reply != "confirm" and self.words is None:
            raise PydanticCustomError("words_needed", "say what is still wrong, or what is to be added")
        return self


class Reply(ReplyWords, Opens):
    """The same with what opens the case."""


class Act(Body):
    """Something that staff do with a case as they saw it."""

    version: Annotated[int, Field(ge=1)]


class Accept(Act):
    """The lead accepts it."""

    act: Literal["accept"]


class GiveBack(Act):
    """It is another department's."""

    act: Literal["return"]
    department_id: Identifier
    words: Text


class Take(Act):
    """I am in charge of it now."""

    act: Literal["take"]


class HandTo(Act):
    """Somebody else of the department is in charge of it."""

    act: Literal["hand_to"]
    handler_id: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class AskExtension(Act):
    """More time is needed."""

    act: Literal["ask_extension"]
    days: Annotated[int, Field(ge=1, le=60)]
    words: Text


class Suspend(Act):
    """It rests until a day."""

    act: Literal["suspend"]
    until: Day
    words: Text


class Resume(Act):
    """It goes on."""

    act: Literal["resume"]
    words: Text | None = None


class Refer(Act):
    """It is reported to a body above (报请), while its clock runs on."""

    act: Literal["refer"]
    body: Line
    next_on: Day
    words: Text


class Block(Act):
    """The lead cannot go on alone."""

    act: Literal["block"]
    words: Text


class GiveAnswer(Act):
    """What was done, or why it is so."""

    act: Literal["answer"]
    words: Text


class GivePart(Act):
    """A helping department's part."""

    act: Literal["give_part"]
    department_id: Identifier
    words: Text
    due_on: Day


class EndPart(Act):
    """The part is done."""

    act: Literal["end_part"]
    part_id: UUID
    words: Text


class PromiseMeasure(Act):
    """Something is promised to a household or firm."""

    act: Literal["promise_measure"]
    beneficiary: Literal["household", "firm"]
    words: Text
    due_on: Day


class KeepMeasure(Act):
    """A promise was kept, with proof."""

    act: Literal["keep_measure"]
    measure_id: UUID
    words: Text


class Note(Act):
    """Something to be known of it."""

    act: Literal["note"]
    words: Text


class Assign(Act):
    """It is this department's."""

    act: Literal["assign"]
    department_id: Identifier
    words: Text


class GrantExtension(Act):
    """More time is approved."""

    act: Literal["grant_extension"]


class RefuseExtension(Act):
    """More time is refused."""

    act: Literal["refuse_extension"]
    words: Text


class SetDate(Act):
    """The county sets the date of the answer."""

    act: Literal["set_date"]
    due_on: Day
    words: Text


class Move(Act):
    """It goes to another level of the ladder."""

    act: Literal["move"]
    level: Level
    words: Text


class List(Act):
    """It is put on the watched list by hand (挂牌督办)."""

    act: Literal["list"]
    words: Text


class Delist(Act):
    """It is taken off the list (销号)."""

    act: Literal["delist"]
    words: Text


class LookBack(Act):
    """Whether it stayed mended (回头看)."""

    act: Literal["look_back"]
    passed: bool
    words: Text


class CallBack(Act):
    """A call-back (回访) and what came of it."""

    act: Literal["call_back"]
    result: Literal["confirmed", "refused", "unanswered"]
    words: Text


class Review(Act):
    """The supervisor's decision on what was refused twice (复查复核)."""

    act: Literal["review"]
    decision: Literal["reopen", "move_up"]
    department_id: Identifier | None = None
    words: Text


class Close(Act):
    """The supervisor closes it, with a written reason and what remedy is left."""

    act: Literal["close"]
    words: Text
    remedy: Text


class Merge(Act):
    """It is the same as another case, and goes on as that."""

    act: Literal["merge"]
    into: UUID
    words: Text | None = None


class Link(Act):
    """It has to do with another case."""

    act: Literal["link"]
    with_id: Annotated[UUID, Field(alias="with")]


Handling = Annotated[
    Accept
    | GiveBack
    | Take
    | HandTo
    | AskExtension
    | Suspend
    | Resume
    | Refer
    | Block
    | GiveAnswer
    | GivePart
    | EndPart
    | PromiseMeasure
    | KeepMeasure
    | Note,
    Field(discriminator="act"),
]
"""What the lead, or a helping department, does."""
Overseeing = Annotated[
    Assign
    | GrantExtension
    | RefuseExtension
    | SetDate
    | Move
    | List
    | Delist
    | LookBack
    | CallBack
    | Review
    | Close
    | Merge
    | Link
    | KeepMeasure
    | Note,
    Field(discriminator="act"),
]
"""What the hall's manager, the deputy county head or the supervisor does."""
