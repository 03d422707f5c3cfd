"""What the services' audits answer, all of them together by time; and the words for what was done."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from services.web.languages import phrase
from shared.events.base import State

CODE = re.compile(r"[A-Za-z0-9._:@+/-]{1,200}")
PAGE_ROWS = 50

SERVICES = {
    "accounts": phrase("账号"),
    "roster": phrase("排班"),
    "booking": phrase("预约系统"),
    "queue": phrase("接待现场"),
    "notifications": phrase("消息"),
}
"""The services that have an audit, and how their part of the county's work is called."""
ACTORS = {
    "unknown": phrase("没有登录的人"),
    "operator-secret": phrase("系统管理员（密钥）"),
    "command-line": phrase("系统管理员（命令行）"),
    "service": phrase("系统之间"),
    "system": phrase("系统自动"),
}
"""Whoever acts without an account."""
ACTIONS = {
    "account.opened": phrase("开账号"),
    "account.granted": phrase("给角色"),
    "account.revoked": phrase("收回角色"),
    "account.suspended": phrase("停用账号"),
    "account.resumed": phrase("恢复账号"),
    "account.closed": phrase("注销账户，删掉信息"),
    "account.all_ended": phrase("让人全部退出"),
    "account.reset": phrase("重设账号"),
    "account.signed_in": phrase("登录"),
    "account.code_refused": phrase("登录动态码不对"),
    "account.signed_out": phrase("退出登录"),
    "account.ended_elsewhere": phrase("结束自己的另一处登录"),
    "account.password_changed": phrase("换密码"),
    "account.telephone_offered": phrase("开始绑定手机"),
    "account.telephone_set": phrase("绑定手机"),
    "account.person_added": phrase("记下替谁约"),
    "account.person_changed": phrase("改替谁约的人"),
    "account.person_forgotten": phrase("删掉替谁约的人"),
    "account.others_ended": phrase("结束自己的其他登录"),
    "account.subject_linked": phrase("连上统一身份"),
    "account.subject_unlinked": phrase("解除统一身份"),
    "account.erasure_ordered": phrase("受理删除个人信息"),
    "account.erasure_completed": phrase("删完个人信息"),
    "account.export_handed_out": phrase("给出个人信息副本"),
    "device.added": phrase("登记自助机或大屏"),
    "device.paired": phrase("自助机或大屏配对"),
    "device.revoked": phrase("停用自助机或大屏"),
    "pack.imported": phrase("导入机制包"),
    "calendar.compared": phrase("比对日历"),
    "calendar.imported": phrase("导入日历"),
    "sessions.planned": phrase("重排场次"),
    "session.moved": phrase("场次改期"),
    "session.cancelled": phrase("取消场次"),
    "session.clash_settled": phrase("定下相近场次"),
    "booking.made": phrase("柜台代约"),
    "booking.looked_up": phrase("柜台查预约"),
    "booking.cancelled": phrase("柜台代取消"),
    "booking.agreed": phrase("柜台代同意改期"),
    "document.given": phrase("给窗口证件号"),
    "document.unmasked": phrase("看完整证件号"),
    "ticket.checked_in": phrase("签到"),
    "ticket.walked_in": phrase("现场取号"),
    "ticket.given_room": phrase("给房间"),
    "ticket.notice_read": phrase("看一次性告知"),
    "ticket.choice_told": phrase("代记来人的选择"),
    "ticket.given_first_place": phrase("兑现第一个办"),
    "ticket.closed": phrase("没有结果，结束号票"),
    "window.open": phrase("开窗"),
    "window.pause": phrase("暂停叫号"),
    "window.close": phrase("停窗"),
    "window.attend": phrase("记到岗离岗"),
    "window.call_next": phrase("叫号"),
    "window.call": phrase("指定叫号"),
    "window.recall": phrase("重呼"),
    "window.unanswered": phrase("过号"),
    "window.start": phrase("开始接待"),
    "window.hold": phrase("挂起"),
    "window.resume": phrase("继续办"),
    "window.transfer": phrase("转窗口"),
    "window.finish": phrase("办结"),
    "window.undo": phrase("撤回上一步"),
    "window.confirm": phrase("窗口确认当天"),
    "promises.read": phrase("看答应的事"),
    "promise.kept": phrase("记下已回电"),
    "finding.noted": phrase("记下发现"),
    "finding.decided": phrase("记下决定"),
    "visit.read": phrase("看一次接待"),
    "visit.corrected": phrase("更正接待"),
    "visit.entered": phrase("补录接待"),
    "day.signed": phrase("日结签字"),
    "sheet.exported": phrase("导出接待情况表"),
    "call.unmasked": phrase("看要打的电话"),
    "case.registered": phrase("登记问题"),
    "case.read": phrase("看一个问题"),
    "case.accept": phrase("受理问题"),
    "case.return": phrase("退回问题"),
    "case.take": phrase("接手问题"),
    "case.hand_to": phrase("指定承办人"),
    "case.ask_extension": phrase("申请延期"),
    "case.suspend": phrase("中止办理"),
    "case.resume": phrase("恢复办理"),
    "case.refer": phrase("报请上级"),
    "case.block": phrase("报告办不动"),
    "case.answer": phrase("答复问题"),
    "case.give_part": phrase("请别的部门协办"),
    "case.end_part": phrase("协办完成"),
    "case.promise_measure": phrase("答应跟踪帮扶"),
    "case.keep_measure": phrase("帮扶兑现"),
    "case.note": phrase("给问题加说明"),
    "case.assign": phrase("指派问题"),
    "case.grant_extension": phrase("同意延期"),
    "case.refuse_extension": phrase("不同意延期"),
    "case.set_date": phrase("定答复日期"),
    "case.move": phrase("调整层级"),
    "case.list": phrase("挂牌督办"),
    "case.delist": phrase("销号"),
    "case.look_back": phrase("回头看"),
    "case.call_back": phrase("回访"),
    "case.review": phrase("复查复核"),
    "case.close": phrase("督查办结"),
    "case.merge": phrase("合并问题"),
    "case.link": phrase("关联问题"),
    "meeting.add": phrase("加进议程"),
    "meeting.remove": phrase("移出议程"),
    "meeting.attend": phrase("记会议出席"),
    "meeting.open": phrase("开会"),
    "meeting.decide": phrase("记会议决定"),
    "meeting.postpone": phrase("议题推后"),
    "meeting.record": phrase("记现场情况"),
    "meeting.close": phrase("会议结束"),
    "meeting.reopen": phrase("更正纪要"),
    "meeting.agenda_printed": phrase("打印议程"),
    "meeting.minutes_printed": phrase("打印纪要"),
    "audit.exported": phrase("导出审计"),
}
"""Every action that a service records, in the order of the filter."""
RECORDS = {
    "case": phrase("问题"),
    "meeting": phrase("会议"),
    "account": phrase("账号"),
    "device": phrase("自助机或大屏"),
    "pack": phrase("机制包"),
    "calendar": phrase("日历"),
    "session": phrase("场次"),
    "booking": phrase("预约单"),
    "ticket": phrase("号票"),
    "window": phrase("窗口"),
    "promise": phrase("答应的事"),
    "message": phrase("消息"),
    "audit": phrase("审计"),
}


COLUMNS = (
    phrase("系统"),
    phrase("序号"),
    phrase("时间"),
    phrase("谁"),
    phrase("账号或身份"),
    phrase("角色"),
    phrase("做了什么"),
    phrase("对什么"),
    phrase("编号"),
    phrase("从哪里"),
    phrase("接口"),
    phrase("说明"),
)
"""Of what is taken away."""


class Entry(State):
    """A row of a service's audit."""

    number: int
    at: datetime
    actor: str
    official_id: str | None = None
    held: tuple[str, ...] = ()
    action: str
    record_kind: str
    record_id: str = ""
    address: str = ""
    client: str = ""
    path: str = ""
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def told(self) -> str:
        """The details in one line: codes as they are."""
        return " ".join(f"{name}={_plain(value)}" for name, value in self.details.items())


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class Chain(State):
    """How far a service found its chain whole."""

    verified_to: int
    head: str
    complete: bool
    broken_at: int | None = None


class Audit(State):
    """A page of a service's audit."""

    items: tuple[Entry, ...]
    more: bool
    chain: Chain


class Export(State):
    """What is taken away of a service's audit."""

    items: tuple[Entry, ...]
    more: bool


class KnownPerson(State):
    """Who an account of the staff's is."""

    account_id: str
    login: str
    name: str = ""


class People(State):
    """The staff's accounts."""

    items: tuple[KnownPerson, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row, and whose audit it stands in."""

    service: str
    entry: Entry


@dataclass(frozen=True)
class Asked:
    """What is looked for, as the form shows it and as the services are asked."""

    typed: Mapping[str, str]
    wanted: Mapping[str, str]
    findings: Mapping[str, str]
    """What is to be mended first, by field."""


def who(entry: Entry, names: Mapping[str, str], say: Callable[[str], str]) -> str:
    """An official or anybody of the staff by name, whoever has no account by what they are; empty for all others.

    `names` are by the ids of officials and of accounts.
    """
    if entry.official_id and entry.official_id in names:
        return names[entry.official_id]
    return say(ACTORS[entry.actor]) if entry.actor in ACTORS else names.get(entry.actor, "")


def asked(query: Mapping[str, str], zone: ZoneInfo, logins: Mapping[str, str]) -> Asked:
    """Read the filter. Days are the county's; the last one is looked at whole.

    Who acted may be told by a login, too: `logins` are the accounts' ids by it.
    """
    typed = {name: query.get(name, "").strip() for name in ("first", "last", "actor", "action", "record")}
    wanted, findings = {}, {}
    for name, parameter, days in (("first", "from", 0), ("last", "to", 1)):
        if not typed[name]:
            continue
        day = _day(typed[name])
        if day is None:
            findings[name] = phrase("日子写成 2026-12-01 这样")
        else:
            wanted[parameter] = datetime.combine(day + timedelta(days=days), time.min, zone).isoformat()
    for name in ("actor", "action"):
        if typed[name] and not CODE.fullmatch(typed[name]):
            findings[name] = phrase("这里写编号，不写姓名")
        elif typed[name]:
            wanted[name] = typed[name]
    if "actor" in wanted:
        wanted["actor"] = logins.get(wanted["actor"].lower(), wanted["actor"])
    if record := typed["record"]:
        kind, _, record_id = record.rpartition(":")
        if not CODE.fullmatch(record) or (kind and kind not in RECORDS):
            findings["record"] = phrase("这里写编号，比如 ticket:编号")
        else:
            wanted |= {"record_id": record_id, **({"record_kind": kind} if kind else {})}
    return Asked(typed, wanted, findings)


def _day(typed: str) -> date | None:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2199 else None  # noqa: PLR2004  (any day that the system can have seen)


def merged(found: Mapping[str, Iterable[Entry]]) -> list[Row]:
    """The rows of several services by time, the newest first; those of one service stay in their own order."""
    rows = [Row(service, entry) for service, entries in found.items() for entry in entries]
    rank = {service: place for place, service in enumerate(SERVICES)}
    return sorted(rows, key=lambda row: (row.entry.at, rank[row.service], row.entry.number), reverse=True)


def cursors(rows: Sequence[Row], before: Mapping[str, int]) -> dict[str, int]:
    """Before which number of each service the next page begins."""
    return {**before, **{row.service: row.entry.number for row in rows}}
