"""The words of the service day's pages, and how their forms are read. Plain functions; no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.web.hall import Status
from services.web.languages import phrase

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
UNMASKED_FOR = {
    "identity": phrase("核对证件"),
    "form": phrase("填表、录入系统"),
    "file": phrase("查找档案"),
    "certificate": phrase("开具证明"),
}
"""What a window needs a document's whole number for."""
SETTLED = {"on_the_spot": phrase("当场解决"), "handed_on": phrase("转为问题")}
CHOICES = {
    "deputy": phrase("留下，由顶班的接待"),
    "next_session": phrase("下次来，第一个办"),
    "written_issue": phrase("写下来，请局长回电"),
}
"""What may be chosen then."""
WISH_FIELDS = {"/last_bus_at": "last_bus", "/away_until": "away"}
TIME_PAST = phrase("请填今天还没到的时间")
MATTERS_MOST = 10
"""Matters of one visit, as many as the queue takes."""
EXPLAINED = ("incomplete", "declined")
"""Outcomes that the visitor is owed a word about."""


def minutes(since: datetime, now: datetime) -> int:
    """Whole minutes that have passed; never negative."""
    return max(0, (now - since) // timedelta(minutes=1))


MORNING = time(5)
"""Before any hall opens, and after each has closed."""


def seconds_until_morning(now: datetime, zone: ZoneInfo) -> int:
    """How long until the next morning, when a screen looks anew which day it is."""
    local = now.astimezone(zone)
    morning = datetime.combine(local.date() + timedelta(days=local.time() >= MORNING), MORNING, tzinfo=zone)
    return int((morning - now).total_seconds())


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
