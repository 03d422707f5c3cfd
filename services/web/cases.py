"""Cases as the pages see them: what the service answers, and its words."""

from datetime import date, datetime
from typing import Final

from services.web.languages import phrase
from shared.events.base import State

TITLE_CHARACTERS: Final = 60
LINE_CHARACTERS: Final = 200
TEXT_CHARACTERS: Final = 2000

KINDS: Final = {
    "problem": phrase("问题"),
    "suggestion": phrase("建议"),
    "complaint": phrase("投诉"),
    "petition": phrase("信访"),
    "bad_rating": phrase("差评"),
}
LEVELS: Final = {
    "window": phrase("窗口"),
    "joint_review": phrase("联审会商"),
    "supervision": phrase("一线督办"),
}
SOURCES: Final = {
    "visit": phrase("窗口接待"),
    "finding": phrase("局长发现"),
    "online": phrase("网上反映"),
    "counter": phrase("柜台登记"),
    "phone": phrase("电话登记"),
}
STATES: Final = {
    "registered": phrase("等受理"),
    "returned": phrase("等指派"),
    "accepted": phrase("已受理"),
    "in_progress": phrase("在办"),
    "suspended": phrase("中止"),
    "answered": phrase("已答复，等核实"),
    "contested": phrase("等复查复核"),
    "closed": phrase("办结"),
    "merged": phrase("已并案"),
}
NEXT: Final = {
    "accept": phrase("受理"),
    "assign": phrase("指派"),
    "answer": phrase("答复"),
    "resume": phrase("恢复办理"),
    "verify": phrase("核实"),
    "review": phrase("复查复核"),
}
CLOSINGS: Final = {
    "verified": phrase("核实办结"),
    "not_reached": phrase("未联系上"),
    "by_supervisor": phrase("督查办结"),
}
LIGHTS: Final = {
    "overdue": phrase("超期"),
    "red": phrase("快到期"),
    "amber": phrase("临期"),
    "green": phrase("不急"),
    "paused": phrase("中止"),
    "over": phrase("结束了"),
}
BENEFICIARIES: Final = {"household": phrase("群众家庭"), "firm": phrase("企业")}
RESULTS: Final = {
    "confirmed": phrase("认可，办好了"),
    "refused": phrase("不认可"),
    "unanswered": phrase("没联系上"),
}
DECISIONS: Final = {"reopen": phrase("发回重办"), "move_up": phrase("升一级办")}
PASSED: Final = {"yes": phrase("没有反弹"), "no": phrase("又出问题了")}
LISTED: Final = {
    "overdue_twice": phrase("两次超期"),
    "old_and_repeated": phrase("三年以上，反复反映"),
    "look_back_failed": phrase("回头看没过"),
    "by_hand": phrase("领导决定"),
}
BY: Final = {"citizen": phrase("群众"), "staff": phrase("工作人员"), "system": phrase("系统按规则")}
RELATIONS: Final = {
    "merged_into": phrase("并入了"),
    "merged_from": phrase("并进来的"),
    "linked": phrase("有关联的"),
}
STORY: Final = {
    "registered": phrase("登记"),
    "assigned": phrase("指派"),
    "accepted": phrase("受理"),
    "returned": phrase("退回，说应该是这个部门"),
    "taken": phrase("有人接手"),
    "added": phrase("补充"),
    "extension_asked": phrase("申请延期"),
    "extended": phrase("同意延期"),
    "extension_refused": phrase("不同意延期"),
    "suspended": phrase("中止办理"),
    "resumed": phrase("恢复办理"),
    "referred": phrase("报请上级"),
    "blocked": phrase("报告办不动"),
    "date_set": phrase("县里定了答复日期"),
    "recounted": phrase("日历变了，重新算期限"),
    "part_given": phrase("请协办"),
    "part_done": phrase("协办完成"),
    "reminded": phrase("提醒"),
    "overdue": phrase("超期"),
    "escalated": phrase("调整层级"),
    "decided": phrase("会上决定"),
    "answered": phrase("答复"),
    "refused": phrase("群众不认可"),
    "unreached": phrase("回访没联系上"),
    "reopened": phrase("督查要求重办"),
    "closed": phrase("办结"),
    "merged": phrase("并入另一件"),
    "raised_again": phrase("又有人反映，并进来一件"),
    "listed": phrase("挂牌督办"),
    "delisted": phrase("销号"),
    "looked_back": phrase("回头看"),
    "measure_promised": phrase("答应帮扶"),
    "measure_kept": phrase("帮扶兑现"),
}
WHY: Final = {
    **LISTED,
    "overdue": phrase("超期"),
    "blocked": phrase("牵头部门办不动"),
    "several_departments": phrase("涉及几个部门"),
    "decided": phrase("会上定的"),
    "confirmed": phrase("群众认可"),
    "call_back": phrase("回访核实"),
    "not_reached": phrase("三次没联系上"),
    "by_supervisor": phrase("督查决定"),
    "by_manager": phrase("值班经理指派"),
    "binding": phrase("退回两次，不再退"),
    "third_raising": phrase("同一个人第三次反映"),
    "first": phrase("第一次，换人重办"),
    "second": phrase("第二次，交督查"),
    "calendar": phrase("放假安排变了"),
    "amber": phrase("临期"),
    "red": phrase("快到期"),
    "passed": phrase("没有反弹"),
    "failed": phrase("又出问题了"),
    "handed_over": phrase("部门指定"),
    "rest_over": phrase("中止到期"),
    "moved_up": phrase("升一级"),
    "reopened": phrase("本级重办"),
    "linked": phrase("记下关联"),
}


class CaseCard(State):
    """A case in a list."""

    case_id: str
    number: str
    spoken: str
    kind: str
    source: str = ""
    title: str | None = None
    level: str
    state: str
    holder: str
    department_id: str | None = None
    handler_id: str | None = None
    light: str
    next_step: str | None = None
    next_on: date | None = None
    due_on: date | None = None
    days_left: int | None = None
    tentative: bool = False
    listed: bool = False
    blocked: bool = False
    confidential: bool = False
    raisings: int = 1
    registered_on: date
    closing: str | None = None
    version: int


class Cards(State):
    """Some cases."""

    items: tuple[CaseCard, ...]


class CardPage(Cards):
    """A page of a list."""

    next: str | None = None
    total: int
    more: bool = False


class OwnCards(Cards):
    """Those in one's own charge."""

    today: date


class Counts(State):
    """How many open cases there are."""

    open: int
    amber: int
    red: int
    overdue: int
    listed: int
    contested: int
    unassigned: int


class MeetingAhead(State):
    """A joint review or frontline supervision to come."""

    session_id: str
    programme_zh: str
    programme_en: str
    level: str
    date: date
    items: int


class Board(State):
    """The ladder at one glance."""

    today: date
    counts: Counts
    level_counts: dict[str, int]
    levels: dict[str, tuple[CaseCard, ...]]
    listed: tuple[CaseCard, ...]
    late: tuple[CaseCard, ...]
    meetings: tuple[MeetingAhead, ...] = ()


class PartShown(State):
    """A helping department's part."""

    part_id: str
    department_id: str
    words: str | None = None
    due_on: date
    done_on: date | None = None
    done_words: str | None = None


class MeasureShown(State):
    """Something promised to a household or firm."""

    measure_id: str
    beneficiary: str
    words: str | None = None
    due_on: date
    done_on: date | None = None
    proof: str | None = None


class PartToDo(State):
    """A part of somebody else's case."""

    card: CaseCard
    part: PartShown


class MeasureToDo(State):
    """A promise to keep."""

    card: CaseCard
    measure: MeasureShown


class DepartmentDesk(State):
    """What a department has to do."""

    today: date
    departments: tuple[str, ...] = ()
    to_accept: tuple[CaseCard, ...]
    in_hand: tuple[CaseCard, ...]
    answered: tuple[CaseCard, ...]
    parts: tuple[PartToDo, ...]
    measures: tuple[MeasureToDo, ...]


class PersonShown(State):
    """Who raised it."""

    name: str | None = None
    phone: str | None = None
    masked: bool = True


class Term(State):
    """By when it has to be answered."""

    unit: str
    days: int | None = None
    start: date
    extended_days: int = 0
    extensions: int = 0


class AskedExtension(State):
    """More time that somebody asked for."""

    days: int
    words: str | None = None


class Referral(State):
    """What a body above was asked."""

    body: str | None = None
    next_on: date


class CallShown(State):
    """A call-back."""

    on: date
    result: str
    words: str | None = None


class ListingShown(State):
    """A stretch on the watched list."""

    listed_on: date
    reason: str
    delisted_on: date | None = None
    look_back_on: date | None = None
    passed: bool | None = None


class LinkShown(State):
    """Another case that has to do with it."""

    case_id: str
    number: str
    spoken: str
    relation: str


class StepShown(State):
    """A line of the story."""

    version: int
    kind: str
    at: datetime
    by: str
    account_id: str | None = None
    department_id: str | None = None
    level: str
    why: str | None = None
    words: str | None = None
    on: date | None = None


class MeetingOfCase(State):
    """A meeting on whose agenda it is."""

    session_id: str
    level: str
    date: date
    state: str


class May(State):
    """What whoever asks can do with it now."""

    handle: tuple[str, ...] = ()
    oversee: tuple[str, ...] = ()


class CaseFile(State):
    """All of a case."""

    card: CaseCard
    text: str | None = None
    place: str | None = None
    about: str | None = None
    language: str = "zh"
    venue_id: str = ""
    session_id: str | None = None
    person: PersonShown | None = None
    term: Term
    extension_asked: AskedExtension | None = None
    referral: Referral | None = None
    parts: tuple[PartShown, ...] = ()
    measures: tuple[MeasureShown, ...] = ()
    calls: tuple[CallShown, ...] = ()
    listings: tuple[ListingShown, ...] = ()
    links: tuple[LinkShown, ...] = ()
    meetings: tuple[MeetingOfCase, ...] = ()
    story: tuple[StepShown, ...] = ()
    may: May = May()


class Done(State):
    """What an act came to."""

    card: CaseCard
    seen: bool = True
