"""What the queue answers of a day's end, and what the pages make of it. Plain functions; no I/O.

Words such as a ticket's state are taken as they come: a newer queue may know more of them than these pages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.web.day import MATTERS_MOST, finish_of, moment_of
from services.web.forms import has_controls, whole_number
from services.web.hall import Figures, Outcome
from services.web.languages import phrase
from services.web.refusals import Refusal, Way
from shared.events.base import State
from shared.events.queue import Totals
from shared.problems import FieldProblem

REASONS = {
    "left": phrase("走了"),
    "unserved": phrase("没办成"),
    "next_session": phrase("下次优先"),
}
"""Why a ticket may be ended without an outcome. Whoever is to be called back has to write down what about, and where
they are called: that is chosen at the window or on their own page, while they wait."""
CLOSINGS = {**REASONS, "written_issue": phrase("写下来，请局长回电"), "unanswered": phrase("叫了没人")}
TICKET_STATES = {
    "waiting": phrase("在等"),
    "called": phrase("叫了号，还没到窗口"),
    "serving": phrase("正在办"),
    "held": phrase("挂起"),
    "finished": phrase("办结"),
    "closed": phrase("没有结果"),
}
SOURCES = {"booking": phrase("预约"), "walk_in": phrase("现场取号"), "paper": phrase("补录")}
RECEIVED_BY = {"principal": phrase("局长本人"), "substitute": phrase("副职或替班的领导"), "staff": phrase("工作人员")}

PAPER_ROWS = 3
"""Matters that a paper visit's form has room for."""
PERSONS_MOST = 200
LINE_CHARACTERS = 200
CODE_DIGITS = 8
TIMES = ("arrived", "started", "finished")
UNTIMED = {
    "arrived": phrase("还没填几点来的，要填几点几分，比如 09:30"),
    "started": phrase("还没填几点开始办，要填几点几分，比如 09:35"),
    "finished": phrase("还没填几点办完，要填几点几分，比如 09:50"),
}
BACKWARDS = {
    "started": phrase("开始办的时间比来的时间还早"),
    "finished": phrase("办完的时间比开始办的时间还早"),
}
UPCOMING = {
    "arrived": phrase("来的时间还没有到"),
    "started": phrase("开始办的时间还没有到"),
    "finished": phrase("办完的时间还没有到"),
}

WINDOW_OPEN = Refusal(phrase("窗口还开着"), phrase("先停窗，再确认。窗口有人的，先办结、挂起或者转走。"), Way.AGAIN)
AWAY_AT_END = Refusal(
    phrase("系统现在连不上，不知道办成了没有"),
    phrase("您填的都还在。过一会儿点“再试一次”，点几次也只算一次。"),
    Way.AGAIN,
)
CORRECTED_MEANWHILE = Refusal(
    phrase("这次接待刚刚有人更正过"), phrase("下面是现在的记录，您填的还在。请核对以后再提交一次。"), Way.AGAIN
)


class ClosingWindow(State):
    """A window at the end of the day."""

    window_id: str
    number: int
    department_id: str
    state: str
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    needed: bool = False
    role: str = "principal"
    came: bool = False
    """Whether the official on duty was there."""
    substituted: bool = False
    window_version: int
    figures: Figures = Figures()

    @property
    def took_part(self) -> bool:
        """Whether it did anything on the day, so that its confirmation counts."""
        return self.needed or self.confirmed_at is not None


class OpenTicket(State):
    """A ticket without an end."""

    ticket_id: str
    number: str
    state: str
    department_id: str
    window_id: str | None = None
    arrived_at: datetime


class Signed(State):
    """A version of the day's closing."""

    version: int
    signed_by: str
    signed_at: datetime
    reason: str | None = None
    totals: Totals


class Closing(State):
    """The end of the day: what is still to be done, and what was signed."""

    session_id: str
    date: date
    now: datetime
    closed_at: datetime | None = None
    windows: tuple[ClosingWindow, ...] = ()
    open: tuple[OpenTicket, ...] = ()
    expected: int = 0
    totals: Totals
    signed: tuple[Signed, ...] = ()

    @property
    def unconfirmed(self) -> tuple[ClosingWindow, ...]:
        """Windows that have to confirm still."""
        return tuple(each for each in self.windows if each.needed)

    @property
    def can_be_signed(self) -> bool:
        """Whether nothing is missing but the signature; the queue has the last word."""
        return self.closed_at is None and not self.unconfirmed and not self.open

    def window(self, window_id: str) -> ClosingWindow | None:
        """A window of the day."""
        return next((each for each in self.windows if each.window_id == window_id), None)


class Visit(State):
    """A visit of the day, without anything of who came."""

    ticket_id: str
    version: int
    number: str
    source: str
    state: str
    closing: str | None = None
    department_id: str
    window_id: str | None = None
    window_number: int | None = None
    matter_ids: tuple[str, ...] = ()
    persons: int = 1
    delegation: bool = False
    """Received like others, counted nowhere."""
    booked_for: datetime | None = None
    arrived_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    received_by: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    problems: int = 0
    suggestions: int = 0


class Visits(State):
    """The visits of a day by number, a stretch at a time."""

    session_id: str
    date: date
    now: datetime
    closed_at: datetime | None = None
    items: tuple[Visit, ...] = ()
    more: bool = False

    @property
    def matter_ids(self) -> set[str]:
        """Every matter that the list names."""
        return {matter_id for each in self.items for matter_id in each.matter_ids}


@dataclass
class Read:
    """A form: what is sent, and what is still to be mended, by field."""

    body: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)
    rows: tuple[int, ...] = ()
    """Which row of the form each outcome of the body stands in."""


def line(found: Read, form: Mapping[str, str], name: str, missing: str) -> str:
    """A text of one line that has to be there."""
    typed = form.get(name, "")
    if not typed:
        found.findings[name] = missing
    elif has_controls(typed):
        found.findings[name] = phrase("里面有看不见的字符，请删掉重新输入")
    elif len(typed) > LINE_CHARACTERS:
        found.findings[name] = phrase("太长了，请写短一些")
    return typed


def persons(found: Read, form: Mapping[str, str]) -> int | None:
    """How many came."""
    count = whole_number(form.get("persons", ""))
    if count is None or not 1 <= count <= PERSONS_MOST:
        found.findings["persons"] = phrase("人数要填 1 到 200 的数字")
        return None
    return count


def outcomes(found: Read, rows: Iterable[tuple[int, str]], form: Mapping[str, str]) -> list[dict[str, Any]]:
    """What came of the matters of a form's rows, each with its `kind` and `said`."""
    results: list[dict[str, Any]] = []
    seen: set[str] = set()
    for index, matter_id in rows:
        one = finish_of([matter_id], {"kind0": form.get(f"kind{index}", ""), "said0": form.get(f"said{index}", "")})
        found.findings |= {f"{name.removesuffix('0')}{index}": said for name, said in one.findings.items()}
        if matter_id in seen:
            found.findings[f"matter{index}"] = phrase("这件事上面已经填过了")
        seen.add(matter_id)
        results += one.body["outcomes"]
    return results


def paper_visit_of(form: Mapping[str, str], day: date, now: datetime, zone: ZoneInfo) -> Read:
    """Read the form for a visit that was written on paper. Times are clock times of the session's day."""
    found = Read()
    rows = []
    for index in range(PAPER_ROWS):
        if form.get(f"matter{index}"):
            rows.append((index, form[f"matter{index}"]))
        elif form.get(f"kind{index}") or form.get(f"said{index}"):
            found.findings[f"matter{index}"] = phrase("填了结果，还要选是哪件事")
    if not rows and not found.findings:
        found.findings["matter0"] = phrase("还没选办什么事")
    found.rows = tuple(index for index, _ in rows)
    found.body = {
        "outcomes": outcomes(found, rows, form),
        "persons": persons(found, form),
        "name": form.get("name") or None,
        "code": _code(found, form),
        **_times(found, form, day, now, zone),
        "received_by": form.get("received_by", ""),
    }
    if form.get("received_by", "") not in RECEIVED_BY:
        found.findings["received_by"] = phrase("还没选是谁接待的")
    remarks = finish_of([], form)
    found.body |= {"problems": remarks.body["problems"], "suggestions": remarks.body["suggestions"]}
    found.findings |= remarks.findings
    return found


def _code(found: Read, form: Mapping[str, str]) -> str | None:
    typed = form.get("code", "")
    digits = "".join(each for each in typed if not each.isspace() and each != "-")
    if digits and not (digits.isascii() and digits.isdecimal() and len(digits) == CODE_DIGITS):
        found.findings["code"] = phrase("预约码是 8 位数字，请核对")
    return digits or None


def _times(found: Read, form: Mapping[str, str], day: date, now: datetime, zone: ZoneInfo) -> dict[str, str | None]:
    moments = {name: moment_of(day, form.get(name, ""), zone) for name in TIMES}
    before: datetime | None = None
    for name, moment in moments.items():
        if moment is None:
            found.findings[name] = UNTIMED[name]
            continue
        if before is not None and moment < before:
            found.findings[name] = BACKWARDS[name]
        elif moment > now:
            found.findings[name] = UPCOMING[name]
        before = moment
    return {f"{name}_at": moment.isoformat() if moment else None for name, moment in moments.items()}


def correction_of(form: Mapping[str, str], visit: Visit, recorded: Iterable[Outcome]) -> Read:
    """Read the form that puts a visit right: only what differs from the record is sent."""
    found = Read()
    count = persons(found, form)
    kept = {each.matter_id: (each.kind, each.said) for each in recorded}
    rows = [(index, form[f"matter{index}"]) for index in range(MATTERS_MOST) if form.get(f"matter{index}") in kept]
    found.rows = tuple(index for index, _ in rows)
    results = outcomes(found, rows, form)
    changed = any(kept[each["matter_id"]] != (each["kind"], each["said"]) for each in results)
    found.body = {
        "persons": count if count != visit.persons else None,
        "outcomes": results if changed else None,
        "version": whole_number(form.get("version", "")),
    }
    if not found.findings and not changed and count == visit.persons:
        found.findings["persons"] = phrase("人数和结果都还和原来一样，没有可更正的")
    found.body["reason"] = line(found, form, "reason", phrase("请写一句为什么"))
    found.body["by"] = line(found, form, "by", phrase("请写是谁更正的"))
    return found


OF_CODE = {
    "booking_unknown": phrase("今天没有这个预约码，请照着纸上再核对一遍"),
    "ticket_moved_on": phrase("这个预约今天已经取过号，不用再补录"),
}
"""What a refusal means for the booking code on the paper."""
PLACES = {
    "arrived_at": "arrived",
    "started_at": "started",
    "finished_at": "finished",
    "booking_id": "code",
    "problems": "problem",
    "suggestions": "suggestion",
}
FIELDS = {"matter_id": "matter", "kind": "kind", "said": "said"}


def refused_fields(errors: Iterable[FieldProblem], read: Read, names: Iterable[str]) -> dict[str, str]:
    """The queue's own findings by the form's fields; those that belong to none are left out."""
    known = set(names)
    found = {}
    for each in errors:
        first, *rest = each.pointer.strip("/").split("/")
        name = PLACES.get(first, first)
        if first == "outcomes" and rest and rest[0].isdecimal() and int(rest[0]) < len(read.rows):
            name = FIELDS.get(rest[-1], "said") + str(read.rows[int(rest[0])])
        if each.code == "times_elsewhere":
            name = "finished"
        if name in known:
            found[name] = SAID.get(each.code, phrase("这一项不对，请核对后重新填写"))
    return found


SAID = {
    "times_elsewhere": phrase("这几个时间不都在当天，或者还没有到"),
    "text_control_character": phrase("里面有看不见的字符，请删掉重新输入"),
    "string_too_long": phrase("太长了，请写短一些"),
}
