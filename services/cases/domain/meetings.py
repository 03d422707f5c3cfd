"""Meetings of the ladder's upper levels: what is sent, shown and can go wrong, and what they take on by rule."""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.cases.domain.views import CaseCard, View
from shared.events.cases import Level
from shared.problems import Problem
from shared.visitors import Body
from shared.words import Day, Identifier, Text

Why = Literal["blocked", "overdue", "several_departments", "by_hand", "postponed"]
MeetingState = Literal["preparing", "open", "closed"]
Status = Literal["expected", "present", "absent", "substituted"]
ITEMS_MOST: Final = 100
DECISIONS_MOST: Final = 20
AHEAD_DAYS: Final = 21
"""From so many days before it a meeting's agenda is filled by rule."""
OfficialId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class MeetingUnknown(Problem):
    """No such meeting, or one that is not held."""

    status = 404
    code = "meeting_unknown"
    title = "There is no such meeting."


class MeetingMovedOn(Problem):
    """Somebody did something meanwhile: look at it again, then decide."""

    status = 409
    code = "meeting_moved_on"
    title = "The meeting has moved on."


class MeetingActNotNow(Problem):
    """The meeting is not where that can be done."""

    status = 409
    code = "meeting_act_not_now"
    title = "That cannot be done with the meeting as it stands."


class MeetingNotToday(Problem):
    """It is opened on its day, or afterwards."""

    status = 409
    code = "meeting_not_today"
    title = "The meeting is held on another day."


class ItemUnknown(Problem):
    """The agenda has no such item."""

    status = 404
    code = "item_unknown"
    title = "The agenda has no such item."


class AlreadyOnAgenda(Problem):
    """The case is on the agenda."""

    status = 409
    code = "already_on_agenda"
    title = "The case is on the agenda already."


class ItemsOpen(Problem):
    """An item is neither decided nor postponed."""

    status = 409
    code = "items_open"
    title = "An item is neither decided nor postponed yet."


class VisitMissing(Problem):
    """What is decided on the spot has a record of what was seen there."""

    status = 409
    code = "visit_missing"
    title = "An item has no record of the visit to the spot."


class CaseNotForMeeting(Problem):
    """The case is over, rests, is another hall's, or is a complaint about a person."""

    status = 422
    code = "case_not_for_meeting"
    title = "This case cannot be on the agenda."


class _Act(Body):
    version: Annotated[int, Field(ge=0)]


class Add(_Act):
    """A case is put on the agenda by hand, and comes to this level."""

    act: Literal["add"]
    case_id: UUID


class Remove(_Act):
    """An item is taken off the agenda."""

    act: Literal["remove"]
    item_id: UUID


class Attend(_Act):
    """Who was there."""

    act: Literal["attend"]
    official_id: OfficialId
    status: Status
    substitute_id: OfficialId | None = None
    department_id: Identifier | None = None

    @model_validator(mode="after")
    def _substitute_named(self) -> "Attend":
        if (self.status == "substituted") != (self.substitute_id is not None):
            raise PydanticCustomError("substitute_named", "a substitute is named where somebody was substituted")
        return self


class Open(_Act):
    """The meeting begins."""

    act: Literal["open"]


class Decide(_Act):
    """What is decided of an item: who does what by when."""

    act: Literal["decide"]
    item_id: UUID
    words: Text
    department_id: Identifier
    official_id: OfficialId | None = None
    due_on: Day


class Postpone(_Act):
    """An item waits for the next meeting."""

    act: Literal["postpone"]
    item_id: UUID
    words: Text


class RecordVisit(_Act):
    """What the deputy county head saw on the spot."""

    act: Literal["record"]
    item_id: UUID
    words: Text


class CloseMeeting(_Act):
    """The meeting ends; its minutes have a version."""

    act: Literal["close"]


class Reopen(_Act):
    """The minutes are put right: what is closed after it is their next version."""

    act: Literal["reopen"]


MeetingAct = Annotated[
    Add | Remove | Attend | Open | Decide | Postpone | RecordVisit | CloseMeeting | Reopen, Field(discriminator="act")
]


class MeetingCard(View):
    """A meeting in a list."""

    session_id: str
    programme_zh: str
    programme_en: str
    level: Level
    date: date
    venue_id: str
    state: MeetingState
    items: int


class Meetings(View):
    """Those of lately and to come, by date."""

    today: date
    items: tuple[MeetingCard, ...]


class DecisionView(View):
    """Who does what by when."""

    decision_id: str
    words: str | None
    department_id: str
    official_id: str | None
    due_on: date


class ItemView(View):
    """An item of the agenda."""

    item_id: str
    card: CaseCard
    position: int
    why: Why
    postponed: str | None
    decisions: tuple[DecisionView, ...]
    record: str | None


class AttendanceView(View):
    """Who was expected, and who came."""

    official_id: str
    department_id: str | None
    status: Status
    substitute_id: str | None


class MeetingView(View):
    """A meeting with its agenda, attendance and decisions."""

    session_id: str
    programme_zh: str
    programme_en: str
    level: Level
    date: date
    venue_id: str
    state: MeetingState
    minutes_version: int
    version: int
    items: tuple[ItemView, ...]
    attendance: tuple[AttendanceView, ...]
    may: tuple[str, ...]


MAY: Final[dict[MeetingState, tuple[str, ...]]] = {
    "preparing": ("add", "remove", "attend", "open"),
    "open": ("add", "remove", "attend", "decide", "postpone", "record", "close"),
    "closed": ("reopen",),
}
