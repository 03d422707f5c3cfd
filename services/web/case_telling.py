"""What citizens type when they raise a case or answer to one, and in which words its story is told to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.web.cases import LINE_CHARACTERS, TEXT_CHARACTERS, TITLE_CHARACTERS
from services.web.forms import has_controls
from services.web.languages import phrase
from shared.notices import CURRENT
from shared.problems import FieldProblem

KINDS: Final = {
    "problem": phrase("有件事办不成、不合理"),
    "suggestion": phrase("有个建议"),
    "complaint": phrase("投诉"),
    "petition": phrase("信访"),
}
STORY: Final = {
    "registered": phrase("登记好了"),
    "assigned": phrase("交给%(department)s办"),
    "accepted": phrase("%(department)s受理了"),
    "returned": phrase("说应该归%(department)s，重新指派"),
    "taken": phrase("有专人在办"),
    "added": phrase("补充了内容"),
    "extended": phrase("批准多用几天"),
    "suspended": phrase("先停一停"),
    "resumed": phrase("继续办"),
    "referred": phrase("向上级请示了"),
    "date_set": phrase("县里定了答复的日子"),
    "recounted": phrase("放假安排变了，期限跟着变"),
    "part_given": phrase("请%(department)s一起办"),
    "escalated": phrase("升到%(level)s"),
    "decided": phrase("会上定了怎么办"),
    "answered": phrase("%(department)s答复了"),
    "refused": phrase("说没有办好，重新办"),
    "unreached": phrase("打电话没联系上您"),
    "reopened": phrase("督查要求重新办"),
    "closed": phrase("办结了"),
    "merged": phrase("和同样的一件并在一起办"),
    "raised_again": phrase("又有人反映同一件"),
    "listed": phrase("挂牌督办，公开盯着办"),
    "delisted": phrase("核实办好，销号"),
    "looked_back": phrase("回头看"),
    "measure_promised": phrase("答应了帮扶"),
    "measure_kept": phrase("帮扶兑现了"),
}
UNNAMED: Final = phrase("牵头部门")
STATES: Final = {
    "registered": phrase("等部门受理"),
    "returned": phrase("正在找负责的部门"),
    "accepted": phrase("受理了"),
    "in_progress": phrase("正在办"),
    "suspended": phrase("先停一停"),
    "answered": phrase("答复了，请您看看办好没有"),
    "contested": phrase("督查正在复查"),
    "closed": phrase("办结了"),
    "merged": phrase("和同样的一件并在一起办"),
}
NEXT: Final = {
    "accept": phrase("最晚这天受理"),
    "assign": phrase("最晚这天找到负责的部门"),
    "answer": phrase("最晚这天答复您"),
    "resume": phrase("这天继续办"),
    "verify": phrase("这天以前请您说办好没有，或者等我们回访"),
    "review": phrase("最晚这天督查定下怎么办"),
}
LEVELS: Final = ("window", "joint_review", "supervision")
LABELS: Final = {
    "kind": phrase("要说的是"),
    "title": phrase("一句话说清"),
    "text": phrase("详细说说"),
    "place": phrase("在哪里"),
    "department_id": phrase("归哪个部门"),
    "about": phrase("投诉谁"),
    "about_department_id": phrase("他在哪个部门"),
    "name": phrase("您的姓名"),
    "phone": phrase("您的电话"),
    "raised_before": phrase("以前的编号"),
    "number": phrase("编号"),
    "digits": phrase("最后四位"),
    "words": phrase("想说的话"),
    "agreed": phrase("怎样保护您的信息"),
}
FINDINGS: Final = {
    "missing": phrase("还没填"),
    "text_empty": phrase("还没填"),
    "words_needed": phrase("还没填，请写哪里没办好，或者要补充什么"),
    "text_control_character": phrase("里面有看不见的字符，请删掉重新输入"),
    "string_too_long": phrase("太长了，请写短一些"),
    "string_too_short": phrase("还没填"),
    "choice_missing": phrase("请选一个"),
    "phone_or_document": phrase("还没填，以后查进度、给您回话都要用"),
    "phone_invalid": phrase("这个号码打不通，请核对，座机要加区号，国外的号码前面加 + 和国家代码"),
    "phone_area": phrase("座机少了区号，请把区号写在号码前面"),
    "phone_region": phrase("这个号码不属于任何国家或地区，国外的号码前面加 + 和国家代码"),
    "name_characters": phrase("这不像姓名，请写您的姓名"),
    "department_unknown": phrase("没有这个部门，请从列表里选"),
    "raised_before_unknown": phrase("没有找到，请核对编号；要用当时留的电话。想不起来就空着"),
    "code_format": phrase("编号是 10 位数字，请核对"),
    "code_check_character": phrase("编号有一位不对，请再核对一遍"),
    "digits_format": phrase("请填电话或者证件的最后四位"),
    "not_agreed": phrase("请先看一看怎样保护您的信息，再打勾"),
}
UNKNOWN_FINDING: Final = phrase("这一项不对，请核对后重新填写")
AT: Final = {
    "department_unknown": "department_id",
    "raised_before_unknown": "raised_before",
    "code_format": "number",
    "code_check_character": "number",
    "digits_format": "digits",
}
NUMBER_CHARACTERS: Final = 20
DIGITS_CHARACTERS: Final = 8
NAME_CHARACTERS: Final = 60
PHONE_CHARACTERS: Final = 40
LONGEST: Final = {
    "title": TITLE_CHARACTERS,
    "text": TEXT_CHARACTERS,
    "place": LINE_CHARACTERS,
    "about": LINE_CHARACTERS,
    "name": NAME_CHARACTERS,
    "phone": PHONE_CHARACTERS,
    "raised_before": PHONE_CHARACTERS,
    "words": TEXT_CHARACTERS,
}
NEEDED: Final = ("title", "text", "name")


@dataclass
class Told:
    """A form that was read: what is asked for, and what is wrong, as codes by field."""

    body: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)


def read_new(form: Mapping[str, str], departments: Iterable[str], language: str) -> Told:
    """A case that somebody raises."""
    told, known = Told(), set(departments)
    typed = {name: value for name, value in form.items() if value}
    about = typed.get("about_person") == "yes"
    if typed.get("kind") not in KINDS:
        told.findings["kind"] = "choice_missing"
    for name, most in LONGEST.items():
        code = _finding(typed.get(name, ""), most, needed=name in NEEDED)
        if code:
            told.findings[name] = code
    for name in ("department_id", "about_department_id"):
        if name in typed and typed[name] not in known:
            told.findings[name] = "department_unknown"
    if "phone" not in typed:
        told.findings["phone"] = "phone_or_document"
    if typed.get("agreed") != CURRENT.version:
        told.findings["agreed"] = "not_agreed"
    plain = ("kind", "title", "text", "place", "department_id", "raised_before")
    told.body = {name: typed[name] for name in plain if name in typed}
    told.body |= {"about_person": about, "language": language, "privacy_version": CURRENT.version}
    if about:
        told.body |= {name: typed[name] for name in ("about", "about_department_id") if name in typed}
    told.body["person"] = {name: typed[name] for name in ("name", "phone") if name in typed}
    told.findings = in_order(told.findings)
    return told


def read_reply(form: Mapping[str, str], version: int) -> Told:
    """What somebody says to their case."""
    reply, words = form.get("reply", ""), form.get("words", "")
    told = Told({"reply": reply, "version": version})
    if reply not in {"confirm", "refuse", "add"}:
        told.findings["words"] = "choice_missing"
        return told
    code = _finding(words, TEXT_CHARACTERS, needed=reply != "confirm")
    if code:
        told.findings["words"] = "words_needed" if code == "missing" else code
    elif words:
        told.body["words"] = words
    return told


def _finding(typed: str, most: int, *, needed: bool) -> str:
    if not typed:
        return "missing" if needed else ""
    if has_controls(typed):
        return "text_control_character"
    return "string_too_long" if len(typed) > most else ""


def refused_fields(code: str, errors: Iterable[FieldProblem]) -> dict[str, str]:
    """What the service found wrong, at the fields of a form; empty where it belongs to none."""
    found: dict[str, str] = {}
    for each in errors:
        last = each.pointer.strip("/").split("/")[-1]
        name = AT.get(each.code) or ("phone" if last in {"person", "document"} else last)
        if name in LABELS:
            found[name] = each.code
    if code in AT:
        found[AT[code]] = code
    return in_order(found)


def in_order(found: Mapping[str, str]) -> dict[str, str]:
    """In the order of the form."""
    return {name: found[name] for name in LABELS if name in found}


def finding(code: str) -> str:
    """What is said of a finding."""
    return FINDINGS.get(code, UNKNOWN_FINDING)
