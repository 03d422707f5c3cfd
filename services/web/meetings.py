"""Joint reviews and frontline supervisions as the pages see them: what is answered, its words, and the forms."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from services.web.case_forms import Act, Field, Read, finding_of
from services.web.cases import CaseCard
from services.web.forms import whole_number
from services.web.languages import phrase
from shared.events.base import State
from shared.problems import FieldProblem

STATES: Final = {"preparing": phrase("在准备"), "open": phrase("正在开"), "closed": phrase("开完了")}
WHY: Final = {
    "blocked": phrase("牵头部门办不动"),
    "overdue": phrase("超期"),
    "several_departments": phrase("涉及几个部门"),
    "by_hand": phrase("领导提出"),
    "postponed": phrase("上次没议完"),
}
STATUSES: Final = {
    "expected": phrase("应到"),
    "present": phrase("到会"),
    "absent": phrase("缺席"),
    "substituted": phrase("有人代"),
}
ATTENDED: Final = {name: word for name, word in STATUSES.items() if name != "expected"}

ACTS: Final = {
    each.name: each
    for each in (
        Act("open", phrase("开会"), phrase("现在开会")),
        Act("close", phrase("会议结束"), phrase("会开完了，定纪要"), stops=True),
        Act("reopen", phrase("更正纪要"), phrase("打开来更正"), stops=True),
        Act("add", phrase("加一件"), phrase("加进议程"), (
            Field("case_id", "number", phrase("问题的编号"), phrase("10 位数字")),
        )),
        Act("attend", phrase("记出席"), phrase("记下"), (
            Field("official_id", "official", phrase("哪位领导")),
            Field("status", "choice", phrase("到会没有"), options=ATTENDED),
            Field("substitute_id", "official", phrase("谁代的"), phrase("有人代才选"), needed=False),
        )),
        Act("decide", phrase("定下来"), phrase("记下决定"), (
            Field("words", "text", phrase("决定怎么办")),
            Field("department_id", "department", phrase("责任单位")),
            Field("official_id", "official", phrase("责任人"), needed=False),
            Field("due_on", "day", phrase("哪天办好")),
        )),
        Act("postpone", phrase("下次再议"), phrase("推到下次"), (Field("words", "text", phrase("为什么")),)),
        Act("record", phrase("现场情况"), phrase("记下现场情况"), (
            Field("words", "text", phrase("在现场看到什么")),
        )),
        Act("remove", phrase("移出议程"), phrase("移出议程"), stops=True),
    )
}  # fmt: skip
OF_ITEM: Final = ("decide", "postpone", "record", "remove")
"""What is done with one item of the agenda."""


class MeetingCard(State):
    """A meeting in a list."""

    session_id: str
    programme_zh: str
    programme_en: str
    level: str
    date: date
    venue_id: str = ""
    state: str
    items: int


class Meetings(State):
    """Those of lately and to come, by date."""

    today: date
    items: tuple[MeetingCard, ...]


class DecisionShown(State):
    """Who does what by when."""

    decision_id: str
    words: str | None = None
    department_id: str
    official_id: str | None = None
    due_on: date


class ItemShown(State):
    """An item of the agenda."""

    item_id: str
    card: CaseCard
    position: int
    why: str
    postponed: str | None = None
    decisions: tuple[DecisionShown, ...] = ()
    record: str | None = None


class AttendanceShown(State):
    """Who was expected, and who came."""

    official_id: str
    department_id: str | None = None
    status: str
    substitute_id: str | None = None


class MeetingShown(State):
    """A meeting with its agenda, attendance and decisions."""

    session_id: str
    programme_zh: str
    programme_en: str
    level: str
    date: date
    venue_id: str = ""
    state: str
    minutes_version: int = 0
    version: int
    items: tuple[ItemShown, ...] = ()
    attendance: tuple[AttendanceShown, ...] = ()
    may: tuple[str, ...] = ()


def read_act(act: Act, form: Mapping[str, str], departments: Iterable[str], officials: Iterable[str]) -> Read:
    """What a form asks for. The number of a case is the route's to find."""
    read = Read({"act": act.name, "version": whole_number(form.get("version", "")) or 0})
    if act.name in OF_ITEM:
        read.body["item_id"] = form.get("item_id", "")
    for each in act.fields:
        typed = form.get(each.name, "")
        if not typed and not each.needed:
            continue
        known = officials if each.kind == "official" else departments
        code = finding_of(each, typed, known)
        if code:
            read.findings[each.name] = code
        else:
            read.body[each.name] = typed
    if act.name == "attend" and (read.body.get("status") == "substituted") != ("substitute_id" in read.body):
        read.findings["substitute_id"] = "substitute_named"
    return read


def refused_findings(act: Act, code: str, errors: Iterable[FieldProblem]) -> dict[str, str]:
    """What the service found wrong, at the fields of the form; empty where it belongs to none."""
    names = [each.name for each in act.fields]
    found = {name: each.code for each in errors for name in [each.pointer.strip("/").split("/")[-1]] if name in names}
    if found:
        return found
    at: dict[str, Any] = {
        "date_not_ahead": "due_on",
        "date_is_rest_day": "due_on",
        "department_unknown": "department_id",
        "already_on_agenda": "case_id",
        "case_not_for_meeting": "case_id",
        "other_case_unknown": "case_id",
    }
    return {at[code]: code} if at.get(code) in names else {}
