"""The agenda and the minutes on A4: laid out here, typeset by typst in a process of its own.

What is given to the child is a paper as JSON, whose texts are data to typst: never code. One at a time, within
`SECONDS`, which is less than the gateway waits.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from services.cases.domain.meetings import ItemView, MeetingView
from shared import apart
from shared.problems import Problem

SECONDS = 25.0
"""For waiting and making together."""
Kind = Literal["agenda", "minutes"]
Language = Literal["zh", "en"]

WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "agenda": "议程", "minutes": "纪要", "draft": "草稿", "version": "第 {0} 版",
        "page": "第 {page} 页, 共 {pages} 页",
        "number": "编号", "lead": "牵头", "why": "上会原因", "due": "期限", "decision": "决定",
        "unit": "责任单位",
        "person": "责任人", "by": "完成时限", "postponed": "下次再议", "record": "现场情况", "attendance": "出席",
        "nothing": "没有议题。", "forgotten": "内容已按规定删去", "none": "还没有定",
        "overdue": "超期", "blocked": "办不动", "postponed_why": "上次没议完",
        "several_departments": "涉及几个部门", "by_hand": "领导提出", "present": "到会", "absent": "缺席",
        "substituted": "{0} 代", "expected": "应到", "signature": "主持人签字:",
    },
    "en": {
        "agenda": "Agenda", "minutes": "Minutes", "draft": "Draft", "version": "Version {0}",
        "page": "Page {page} of {pages}", "number": "Number", "lead": "Lead", "why": "Why here", "due": "Due",
        "decision": "Decision", "unit": "Unit", "person": "Person", "by": "By", "postponed": "Postponed",
        "record": "Seen on the spot", "attendance": "Attendance", "nothing": "There are no items.",
        "postponed_why": "Postponed last time",
        "forgotten": "Deleted after its term", "none": "Not decided yet", "overdue": "Overdue", "blocked": "Blocked",
        "several_departments": "Several departments", "by_hand": "By hand", "present": "present", "absent": "absent",
        "substituted": "substituted by {0}", "expected": "expected", "signature": "Signed by the chair:",
    },
}  # fmt: skip


class PaperUnavailable(Problem):
    """The paper was not made in time."""

    status = 503
    code = "paper_unavailable"
    title = "The paper cannot be made just now."


class Press:
    """Makes papers, one after the other."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def make(self, paper: dict[str, Any]) -> bytes:
        """The paper as PDF. Raises PaperUnavailable where it was not made in time."""
        work = json.dumps(paper, ensure_ascii=False).encode()
        try:
            async with asyncio.timeout(SECONDS), self._turn:
                return await apart.run("services.cases.papers.child", work=work, seconds=SECONDS)
        except (TimeoutError, apart.NotMade):
            raise PaperUnavailable(headers={"Retry-After": "5"}) from None


def lay_out(
    meeting: MeetingView, kind: Kind, language: Language, departments: Mapping[str, str], day: str
) -> dict[str, Any]:
    """The paper's texts; `departments`: their names, `day`: the date as people write it."""
    words = WORDS[language]
    title = meeting.programme_zh if language == "zh" else meeting.programme_en
    final = meeting.state == "closed"
    state = words["version"].format(meeting.minutes_version) if final else words["draft"]
    return {
        "language": language,
        "title": f"{title} {words[kind]}",
        "day": day,
        "state": state if kind == "minutes" else "",
        "page": words["page"],
        "nothing": "" if meeting.items else words["nothing"],
        "items": [_item(each, kind, words, departments) for each in meeting.items],
        "attendance_title": words["attendance"] if kind == "minutes" and meeting.attendance else "",
        "attendance": [
            [each.official_id, words[each.status].format(each.substitute_id or "")] for each in meeting.attendance
        ],
        "signature": words["signature"] if kind == "minutes" else "",
    }


def _item(item: ItemView, kind: Kind, words: Mapping[str, str], departments: Mapping[str, str]) -> dict[str, Any]:
    card = item.card
    lead = departments.get(card.department_id or "", card.department_id or words["none"])
    why = words["postponed_why" if item.why == "postponed" else item.why]
    lines = [
        [words["number"], card.spoken],
        [words["lead"], lead],
        [words["why"], why],
    ]
    if card.due_on is not None:
        lines.append([words["due"], _day(card.due_on)])
    if kind == "minutes":
        for each in item.decisions:
            lines.append([words["decision"], each.words or words["forgotten"]])
            lines.append([words["unit"], departments.get(each.department_id, each.department_id)])
            if each.official_id:
                lines.append([words["person"], each.official_id])
            lines.append([words["by"], _day(each.due_on)])
        if item.postponed is not None:
            lines.append([words["postponed"], item.postponed or words["forgotten"]])
        if item.record:
            lines.append([words["record"], item.record])
        if not item.decisions and item.postponed is None:
            lines.append([words["decision"], words["none"]])
    return {"title": card.title or words["forgotten"], "lines": lines}


def _day(day: date) -> str:
    return day.isoformat()
