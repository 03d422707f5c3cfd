"""The forms by which staff do something with a case: which fields each act has, and what is typed into them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from services.web.cases import (
    BENEFICIARIES,
    DECISIONS,
    KINDS,
    LEVELS,
    LINE_CHARACTERS,
    PASSED,
    RESULTS,
    TEXT_CHARACTERS,
    TITLE_CHARACTERS,
)
from services.web.forms import has_controls, whole_number
from services.web.languages import phrase
from shared.problems import FieldProblem

Kind = Literal["text", "line", "day", "days", "department", "official", "choice", "number"]
DAYS_MOST: Final = 60


@dataclass(frozen=True)
class Field:
    """A field of an act's form."""

    name: str
    kind: Kind
    label: str
    hint: str = ""
    options: Mapping[str, str] | None = None
    needed: bool = True


@dataclass(frozen=True)
class Act:
    """Something that can be done with a case, as a form."""

    name: str
    heading: str
    button: str
    fields: tuple[Field, ...] = ()
    stops: bool = False
    """Whether it ends or stops something: its button says so by its colour."""


def _words(label: str, hint: str = "", name: str = "words") -> Field:
    return Field(name, "text", label, hint)


def _department(label: str, *, needed: bool = True) -> Field:
    return Field("department_id", "department", label, needed=needed)


ACTS: Final = {
    each.name: each
    for each in (
        Act("accept", phrase("受理"), phrase("受理")),
        Act("take", phrase("我来办"), phrase("我来办")),
        Act("answer", phrase("答复"), phrase("发出答复"), (
            _words(phrase("怎么办的，结果怎样"), phrase("群众会看到，请用平常的话写")),
        )),
        Act("return", phrase("不归我们，退回"), phrase("退回"), (
            _department(phrase("应该归哪个部门")), _words(phrase("为什么")),
        ), stops=True),
        Act("give_part", phrase("请别的部门协办"), phrase("请他们办"), (
            _department(phrase("请哪个部门")), _words(phrase("请他们办什么")),
            Field("due_on", "day", phrase("哪天办好")),
        )),
        Act("ask_extension", phrase("申请延期"), phrase("申请"), (
            Field("days", "days", phrase("要延几天"), phrase("最多延两次，要有人批准")), _words(phrase("为什么")),
        )),
        Act("suspend", phrase("中止办理"), phrase("中止"), (
            Field("until", "day", phrase("中止到哪天")), _words(phrase("等什么"), phrase("群众会看到")),
        ), stops=True),
        Act("resume", phrase("恢复办理"), phrase("恢复办理")),
        Act("refer", phrase("报请上级"), phrase("记下"), (
            Field("body", "line", phrase("报给谁")), Field("next_on", "day", phrase("下一次问结果的日子")),
            _words(phrase("请示什么"), phrase("群众会看到；期限照走")),
        )),
        Act("block", phrase("我们自己办不动"), phrase("报告办不动"), (
            _words(phrase("卡在哪里"), phrase("会按规则升一级，几个部门一起定")),
        )),
        Act("promise_measure", phrase("答应跟踪帮扶"), phrase("记下"), (
            Field("beneficiary", "choice", phrase("帮谁"), options=BENEFICIARIES),
            _words(phrase("答应了什么"), phrase("群众会看到")), Field("due_on", "day", phrase("哪天兑现")),
        )),
        Act("note", phrase("加一条说明"), phrase("加上"), (_words(phrase("说明"), phrase("只有工作人员看得到")),)),
        Act("assign", phrase("指派部门"), phrase("指派"), (
            _department(phrase("归哪个部门")), _words(phrase("为什么")),
        )),
        Act("call_back", phrase("回访"), phrase("记下回访"), (
            Field("result", "choice", phrase("结果"), options=RESULTS),
            _words(phrase("怎么说的"), phrase("什么时候打给谁，对方怎么说")),
        )),
        Act("grant_extension", phrase("同意延期"), phrase("同意")),
        Act("refuse_extension", phrase("不同意延期"), phrase("不同意"), (_words(phrase("为什么")),), stops=True),
        Act("set_date", phrase("定答复日期"), phrase("定下"), (
            Field("due_on", "day", phrase("哪天答复")), _words(phrase("为什么")),
        )),
        Act("move", phrase("调整层级"), phrase("调整"), (
            Field("level", "choice", phrase("到哪一级"), options=LEVELS), _words(phrase("为什么")),
        )),
        Act("list", phrase("挂牌督办"), phrase("挂牌"), (
            _words(phrase("为什么"), phrase("公开的只有部门、种类和多久了")),
        )),
        Act("delist", phrase("销号"), phrase("销号"), (_words(phrase("怎么核实的")),)),
        Act("look_back", phrase("回头看"), phrase("记下"), (
            Field("passed", "choice", phrase("看下来"), options=PASSED), _words(phrase("看到什么")),
        )),
        Act("review", phrase("复查复核"), phrase("定下"), (
            Field("decision", "choice", phrase("怎么办"), options=DECISIONS),
            _department(phrase("换哪个部门办"), needed=False), _words(phrase("为什么")),
        )),
        Act("merge", phrase("并入另一件"), phrase("并案"), (
            Field("into", "number", phrase("另一件的编号"), phrase("10 位数字")),
        ), stops=True),
        Act("link", phrase("和另一件有关"), phrase("记下"), (
            Field("with", "number", phrase("另一件的编号"), phrase("10 位数字")),
        )),
        Act("close", phrase("督查办结"), phrase("办结"), (
            _words(phrase("为什么这样办结"), phrase("群众会看到")),
            _words(phrase("群众还能怎么办"), phrase("比如向法院起诉，写明找谁"), "remedy"),
        ), stops=True),
        Act("end_part", phrase("协办完成"), phrase("办好了"), (_words(phrase("怎么办的")),)),
        Act("keep_measure", phrase("帮扶兑现"), phrase("兑现了"), (
            _words(phrase("凭什么说兑现了"), phrase("比如签收单、照片存在哪里")),
        )),
    )
}  # fmt: skip
IN_PLACE: Final = ("end_part", "keep_measure")
"""What is done where the part or promise stands."""
OVERSEEN: Final = frozenset({
    "assign", "grant_extension", "refuse_extension", "set_date", "move", "list", "delist", "look_back", "call_back",
    "review", "close", "merge", "link",
})  # fmt: skip

FINDINGS: Final = {
    "missing": phrase("还没填"),
    "text_empty": phrase("还没填"),
    "text_control_character": phrase("里面有看不见的字符，请删掉重新输入"),
    "string_too_long": phrase("太长了，请写短一些"),
    "string_too_short": phrase("还没填"),
    "day_unreadable": phrase("请选一个日子"),
    "days_range": phrase("请写 1 到 60 的天数"),
    "choice_missing": phrase("请选一个"),
    "code_format": phrase("编号是 10 位数字，请核对"),
    "code_check_character": phrase("编号有一位不对，请再核对一遍"),
    "other_case_unknown": phrase("没有这个编号的没办结的问题"),
    "department_unknown": phrase("请从列表里选一个部门"),
    "same_department": phrase("已经是这个部门了，请另选"),
    "department_complained_about": phrase("投诉的就是这个部门的人，不能交给它"),
    "date_not_ahead": phrase("日子要在今天以后，一年以内"),
    "date_is_rest_day": phrase("那天放假，请选工作日"),
    "extension_too_long": phrase("一次延不了这么多天"),
    "term_too_long": phrase("期限太长了"),
    "merge_into_itself": phrase("这是同一件，请写另一件的编号"),
    "official_unknown": phrase("请从列表里选一位"),
    "substitute_named": phrase("有人代，才选谁代的"),
    "already_on_agenda": phrase("已经在议程上了"),
    "case_not_for_meeting": phrase("这一件不能上会：办结了、中止着，或者是投诉人的"),
    "raised_before_unknown": phrase("没有这个人、这个编号的问题，请核对编号和电话"),
    "name_characters": phrase("这不像姓名，请再看看"),
    "phone_invalid": phrase("这个号码打不通，请核对，座机要加区号"),
    "phone_area": phrase("座机少了区号，请把区号写在号码前面"),
    "phone_region": phrase("这个号码不属于任何国家或地区，请核对"),
}
UNKNOWN_FINDING: Final = phrase("这一项不对，请核对后重新填写")
AT: Final = {
    "department_unknown": "department_id",
    "same_department": "department_id",
    "department_complained_about": "department_id",
    "extension_too_long": "days",
    "merge_into_itself": "into",
    "other_case_unknown": "into",
}
"""At which field of a form a refusal belongs; those of days belong to whichever day the form has."""


@dataclass
class Read:
    """A form that was read: what is asked for, and what is wrong, as codes by field."""

    body: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)


def read_act(act: Act, form: Mapping[str, str], departments: Iterable[str]) -> Read:
    """What a form asks for. Numbers of other cases are the route's to find."""
    read = Read({"act": act.name, "version": whole_number(form.get("version", "")) or 0})
    for each in act.fields:
        typed = form.get(each.name, "")
        if not typed and not each.needed:
            continue
        code = finding_of(each, typed, departments)
        if code:
            read.findings[each.name] = code
        else:
            read.body[each.name] = _value(each, typed)
    for name in ("part_id", "measure_id"):
        if form.get(name):
            read.body[name] = form[name]
    return read


def finding_of(each: Field, typed: str, departments: Iterable[str] = ()) -> str:
    """What is wrong with what was typed; empty where nothing is."""
    if each.kind in {"text", "line"}:
        return text_finding(typed, TEXT_CHARACTERS if each.kind == "text" else LINE_CHARACTERS)
    if each.kind == "day":
        return "" if day_of(typed) else "day_unreadable"
    if each.kind == "days":
        return "" if 1 <= (whole_number(typed) or 0) <= DAYS_MOST else "days_range"
    if each.kind in {"department", "official"}:
        return "" if typed in set(departments) else f"{each.kind}_unknown"
    if each.kind == "choice":
        return "" if typed in (each.options or {}) else "choice_missing"
    return "" if typed else "missing"


def text_finding(typed: str, most: int) -> str:
    """What is wrong with a text that has to be there."""
    if not typed:
        return "missing"
    if has_controls(typed):
        return "text_control_character"
    return "string_too_long" if len(typed) > most else ""


def day_of(typed: str) -> date | None:
    """A day as a browser sends it."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _value(each: Field, typed: str) -> Any:
    if each.kind == "days":
        return whole_number(typed)
    if each.name == "passed":
        return typed == "yes"
    return typed


def refused_findings(act: Act, code: str, errors: Iterable[FieldProblem]) -> dict[str, str]:
    """What the service found wrong, at the fields of the form; empty where it belongs to none."""
    names = [each.name for each in act.fields]
    found = {name: each.code for each in errors for name in [each.pointer.strip("/").split("/")[-1]] if name in names}
    if found:
        return found
    if code in {"date_not_ahead", "date_is_rest_day", "term_too_long"}:
        return {each.name: code for each in act.fields if each.kind in {"day", "days"}}
    if AT.get(code) in names:
        return {AT[code]: code}
    if code in {"other_case_unknown", "merge_into_itself"}:
        return {each.name: code for each in act.fields if each.kind == "number"}
    return {}


def finding(code: str) -> str:
    """What is said of a finding."""
    return FINDINGS.get(code, UNKNOWN_FINDING)


NEW_AT: Final = {
    "person": "name",
    "document": "phone",
    "department_unknown": "department_id",
    "raised_before_unknown": "raised_before",
}


def read_new(form: Mapping[str, str], departments: Iterable[str], venue_id: str, language: str) -> Read:
    """What is written down of somebody at the counter or the phone."""
    known, read = set(departments), Read()
    typed = {name: value for name, value in form.items() if value}
    about = typed.get("about_person") == "yes"
    read.body = {
        "source": typed.get("source", ""),
        "kind": typed.get("kind", ""),
        "venue_id": venue_id,
        "about_person": about,
        "language": language,
        **{name: typed[name] for name in ("title", "text", "place", "department_id", "raised_before") if name in typed},
    }
    if about:
        read.body |= {name: typed[name] for name in ("about", "about_department_id") if name in typed}
    if typed.get("name") or typed.get("phone"):
        read.body["person"] = {name: typed[name] for name in ("name", "phone") if name in typed}
    checks = {"title": TITLE_CHARACTERS, "text": TEXT_CHARACTERS}
    for name, most in checks.items():
        code = text_finding(typed.get(name, ""), most)
        if code:
            read.findings[name] = code
    for name in ("department_id", "about_department_id"):
        if name in typed and typed[name] not in known:
            read.findings[name] = "department_unknown"
    if typed.get("phone") and not typed.get("name"):
        read.findings["name"] = "missing"
    for name, options in (("source", ("counter", "phone")), ("kind", KINDS)):
        if typed.get(name) not in options:
            read.findings[name] = "choice_missing"
    return read


def refused_new(code: str, errors: Iterable[FieldProblem]) -> dict[str, str]:
    """What the service found wrong, at the fields of that form."""
    found = {}
    for each in errors:
        last = each.pointer.strip("/").split("/")[-1]
        found[NEW_AT.get(last, last)] = each.code
    if code in NEW_AT:
        found[NEW_AT[code]] = code
    return found
