"""What the queue answers on a service day, and what the day's pages make of it. Plain functions; no I/O.

Words such as a ticket's state are taken as they come: a newer queue may know more of them than these pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.web.languages import phrase
from shared.events.base import State

PRIORITIES = {
    "elderly": phrase("70 岁以上"),
    "veteran": phrase("军人、退役军人"),
    "disabled": phrase("残疾人"),
    "pregnant": phrase("孕妇"),
    "infant": phrase("带婴幼儿"),
    "visible_need": phrase("行动不便"),
}
"""Who is received ahead, and how it is said."""
KINDS = {
    "handled": phrase("办件"),
    "guided": phrase("指导"),
    "incomplete": phrase("一次性告知"),
    "declined": phrase("不予办理"),
}
"""What may come of a matter."""
ATTENDANCES = {
    "expected": phrase("还没到岗"),
    "present": phrase("在岗"),
    "away": phrase("离岗"),
    "left": phrase("今天已离开"),
    "absent": phrase("没有来"),
}
STATES = {"open": phrase("正在接待"), "paused": phrase("暂停叫号"), "closed": phrase("没有开窗")}
VERBS = {
    "call_next": phrase("叫号"),
    "call": phrase("叫号"),
    "recall": phrase("重呼"),
    "unanswered": phrase("过号"),
    "start": phrase("开始"),
    "hold": phrase("挂起"),
    "resume": phrase("继续办"),
    "transfer": phrase("转窗口"),
    "finish": phrase("办结"),
}
SETTLED = ("on_the_spot", "handed_on")
WISH_FIELDS = {"/last_bus_at": "last_bus", "/away_until": "away"}
TIME_PAST = phrase("请填今天还没到的时间")
EXPLAINED = ("incomplete", "declined")
"""Outcomes that the visitor is owed a word about."""


class Wishes(State):
    """What a visitor said of themselves."""

    last_bus_at: datetime | None = None
    fetch: bool = False
    away_until: datetime | None = None


class Group(State):
    """A group that comes by representatives, and the room that it was given."""

    ticket_id: str
    number: str
    persons: int
    representatives: int
    department_id: str
    state: str = ""
    room: str | None = None


class WindowBrief(State):
    """A window in the hall's overview."""

    window_id: str
    number: int
    department_id: str
    official_id: str | None = None
    substitute_id: str | None = None
    state: str
    attendance: str
    minutes_behind: int = 0
    at: str | None = None
    waiting: int = 0


class SessionToday(State):
    """A session that is held today."""

    session_id: str
    date: date
    programme_name_zh: str
    programme_name_en: str = ""
    windows: tuple[WindowBrief, ...] = ()
    groups: tuple[Group, ...] = ()


class Today(State):
    """The sessions of today."""

    items: tuple[SessionToday, ...]
    now: datetime


class Figures(State):
    """What was done so far."""

    persons: int = 0
    visits: int = 0
    items: int = 0
    problems: int = 0
    solved: int = 0
    suggestions: int = 0


class Call(State):
    """A call on the hall's screen."""

    number: str
    window_number: int
    called_at: datetime
    calls: int = 1


class Screen(State):
    """The hall's screen: the newest call first."""

    session_id: str
    now: datetime
    calls: tuple[Call, ...] = ()


class LinePlace(State):
    """A ticket in the line before the visitor's."""

    number: str
    state: str
    mine: bool = False


class Status(State):
    """A visitor's own ticket."""

    session_id: str
    now: datetime
    number: str
    state: str
    closing: str | None = None
    misses: int = 0
    booked_for: datetime | None = None
    department_id: str
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    representatives: int | None = None
    room: str | None = None
    wishes: Wishes = Wishes()
    window_number: int | None = None
    window_id: str | None = None
    attendance: str | None = None
    before: int | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    line: tuple[LinePlace, ...] = ()


class Ticket(State):
    """A ticket as the counter prints it."""

    ticket_id: str
    token: str
    number: str
    session_id: str
    state: str
    department_id: str
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    representatives: int | None = None
    delegation: bool = False
    priority: str | None = None
    window_number: int | None = None
    booked_for: datetime | None = None
    arrived_at: datetime
    before: int | None = None
    also: tuple["Ticket", ...] = ()
    """What the same person got at other departments."""


class Visitor(State):
    """Who comes, as the serving window sees it."""

    name: str | None = None
    surname: str | None = None
    document_last4: str | None = None
    note: str | None = None
    raised_before: bool | None = None
    by_proxy: bool = False


class Waits(State):
    """Somebody in the window's queue."""

    ticket_id: str
    number: str
    state: str
    source: str
    surname: str | None = None
    document_last4: str | None = None
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    representatives: int | None = None
    room: str | None = None
    delegation: bool = False
    wishes: Wishes = Wishes()
    priority: str | None = None
    booked_for: datetime | None = None
    arrived_at: datetime
    misses: int = 0


class AtWindow(State):
    """Whom the window has."""

    ticket_id: str
    number: str
    token: str
    state: str
    source: str
    visitor: Visitor = Visitor()
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    representatives: int | None = None
    room: str | None = None
    delegation: bool = False
    wishes: Wishes = Wishes()
    priority: str | None = None
    booked_for: datetime | None = None
    arrived_at: datetime
    called_at: datetime | None = None
    started_at: datetime | None = None
    calls: int = 0


class Desk(State):
    """A window with its queue."""

    session_id: str
    date: date
    window_version: int
    now: datetime
    window_id: str
    number: int
    department_id: str
    state: str
    pause_reason: str | None = None
    official_id: str | None = None
    attendance: str
    attended_at: datetime | None = None
    substitute_id: str | None = None
    returns_at: datetime | None = None
    minutes_behind: int = 0
    at: AtWindow | None = None
    waiting: tuple[Waits, ...] = ()
    held: tuple[Waits, ...] = ()
    unanswered: tuple[Waits, ...] = ()
    expected: int = 0
    figures: Figures = Figures()
    undo: str | None = None
    undo_until: datetime | None = None

    def can(self, verb: str) -> bool:
        """Whether a verb fits the window as it is; the queue has the last word."""
        state = self.at.state if self.at else None
        fitting = {
            "call-next": state is None and self.state == "open" and bool(self.waiting),
            "recall": state == "called",
            "unanswered": state == "called",
            "start": state == "called",
            "hold": state in ("called", "serving"),
            "transfer": state in ("called", "serving"),
            "finish": state == "serving",
        }
        return fitting[verb]

    @property
    def matter_ids(self) -> set[str]:
        """Every matter that the page names."""
        everybody = (*self.waiting, *self.held, *self.unanswered, *((self.at,) if self.at else ()))
        return {matter_id for each in everybody for matter_id in each.matter_ids}


class Outcome(State):
    """What came of a matter, as it is printed."""

    matter_id: str
    kind: str
    said: str | None = None


class Notice(State):
    """The one-off notice of a visit."""

    number: str
    session_id: str
    date: date
    window_number: int | None = None
    surname: str | None = None
    finished_at: datetime | None = None
    outcomes: tuple[Outcome, ...] = ()


def minutes(since: datetime, now: datetime) -> int:
    """Whole minutes that have passed; never negative."""
    return max(0, (now - since) // timedelta(minutes=1))


def moment_of(day: date, typed: str, zone: ZoneInfo) -> datetime | None:
    """A clock time of the day as a form sends it; None where there is none."""
    try:
        return datetime.combine(day, time.fromisoformat(typed), tzinfo=zone)
    except ValueError:
        return None


@dataclass
class Finish:
    """The outcome form: what is sent, and what is still to be mended, by field."""

    body: dict[str, Any]
    findings: dict[str, str] = field(default_factory=dict)


def finish_of(matter_ids: Sequence[str], form: Mapping[str, str]) -> Finish:
    """Read the outcome form. A problem or suggestion counts where something is written."""
    found = Finish({"outcomes": [], "problems": [], "suggestions": []})
    for index, matter_id in enumerate(matter_ids):
        kind, said = form.get(f"kind{index}", ""), form.get(f"said{index}", "")
        if kind not in KINDS:
            found.findings[f"kind{index}"] = phrase("办理结果还没选")
        elif kind in EXPLAINED and not said:
            found.findings[f"said{index}"] = phrase("请写清楚缺什么，或者为什么不办")
        found.body["outcomes"].append({"matter_id": matter_id, "kind": kind, "said": said or None})
    if problem := form.get("problem", ""):
        settled = form.get("settled", "")
        if settled not in SETTLED:
            found.findings["settled"] = phrase("问题是当场解决了，还是转出去？请选一个")
        found.body["problems"] = [{"text": problem, "settled": settled}]
    if suggestion := form.get("suggestion", ""):
        found.body["suggestions"] = [suggestion]
    return found


def wishes_shown(ticket: Status, zone: ZoneInfo) -> dict[str, str]:
    """What a visitor has said, as the form shows it."""
    said = ticket.wishes
    times = {"last_bus": said.last_bus_at, "away": said.away_until}
    shown = {name: f"{when.astimezone(zone):%H:%M}" if when else "" for name, when in times.items()}
    return {**shown, "fetch": "1" if said.fetch else ""}


def wishes_of(ticket: Status, form: Mapping[str, str], zone: ZoneInfo) -> tuple[dict[str, Any], dict[str, str]]:
    """What the queue is told, and what is to be mended first. What the form leaves as it was is not said again."""
    if form.get("back"):
        return {"away_until": None}, {}
    shown = wishes_shown(ticket, zone)
    body: dict[str, Any] = {"fetch": bool(form.get("fetch"))}
    findings = {}
    for member, name in (("last_bus_at", "last_bus"), ("away_until", "away")):
        typed = form.get(name, shown[name])
        if typed == shown[name]:
            continue
        moment = moment_of(ticket.now.astimezone(zone).date(), typed, zone)
        if typed and moment is None:
            findings[name] = phrase("时间写成 16:30 这样")
        body[member] = moment.isoformat() if moment else None
    return body, findings
