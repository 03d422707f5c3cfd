"""Accounts, and the rights of a person, as operators see them: what accounts answers, its words, what forms hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_core import PydanticCustomError

from services.web.forms import FIELD_PHRASES, has_controls
from services.web.languages import phrase
from shared.documents import DocumentType, canonical_number
from shared.events.base import State
from shared.identity.roles import AT_WINDOW

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")
ORDER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAME_CHARACTERS = 60
SUBJECT_CHARACTERS = 255
NUMBER_CHARACTERS = 40
LAST_YEAR = 2199
"""All of them as accounts reads them."""
EVERYWHERE: Final = "operator"
"""The role that is held for no department and no hall."""

ROLES: Final = {
    "window_staff": phrase("窗口人员"),
    "chief_representative": phrase("首席代表"),
    "director": phrase("局长"),
    "deputy": phrase("副局长"),
    "hall_manager": phrase("大厅值班经理"),
    "deputy_county_head": phrase("副县长"),
    "supervisor": phrase("督查人员"),
    "auditor": phrase("审计员"),
    "operator": phrase("系统管理员"),
}
STATES: Final = {"active": phrase("在用"), "suspended": phrase("停用了"), "closed": phrase("注销了")}
BASES: Final = {"in_person": phrase("本人带证件来的"), "in_writing": phrase("本人来信要求的，信已存档")}
ASKED: Final = {**BASES, "signed_in": phrase("本人登录以后要求的")}
HOLDS: Final = {
    "upcoming_booking": phrase("没到日子的预约 %(count)s 个：先取消，或者等那天过去"),
    "open_ticket": phrase("没办完的号 %(count)s 张：先在窗口办结"),
    "open_promise": phrase("部门答应了还没办的事 %(count)s 件：先办完"),
    "open_case": phrase("没办结的问题 %(count)s 件：先办结"),
}
"""What keeps somebody from being forgotten, and what ends it."""
FINDINGS: Final = {
    "login_format": phrase("用户名要 3 到 64 个字，用小写字母、数字和 . _ @ -，第一个是字母或数字"),
    "login_taken": phrase("这个用户名有人用了，请换一个"),
    "name_required": phrase("还没填，请写姓名，最多 60 个字"),
    "official_taken": phrase("这位领导已经有账号了，请在列表里找"),
    "official_unknown": phrase("名单上没有这位领导，请重新选"),
    "role_unknown": phrase("请从列表里选一个角色"),
    "role_everywhere": phrase("系统管理员不分部门和大厅，请都选“不限”"),
    "place_required": phrase("请选部门；总服务台的，选大厅"),
    "place_unknown": phrase("请从列表里选"),
    "until_format": phrase("日子不对，请照 2026-12-31 这样写，或者空着"),
    "until_past": phrase("这一天已经过了，请选今天或者以后"),
    "too_many_grants": phrase("一个账号最多 12 个角色，请先收回一个"),
    "last_operator": phrase("这是最后一位系统管理员。请先让别人也当系统管理员"),
    "subject_required": phrase("还没填，请写统一身份里的编号（sub），最多 255 个字"),
    "oidc_subject_taken": phrase("这个统一身份已经连着别的账号"),
    "number_format": phrase("编号不对，它像 1b2c3d4e-0000-4000-8000-000000000000 这样"),
    "document_type_unknown": phrase("请从列表里选一种证件"),
    "basis_unknown": phrase("请选本人是怎么要求的"),
}
"""What is wrong with a field, or what accounts says of it."""

Findings = dict[str, str]


class Grant(State):
    """A role that is held, or will be."""

    grant_id: str
    role: str
    department_id: str | None = None
    venue_id: str | None = None
    valid_from: datetime
    valid_until: datetime | None = None

    @property
    def last_at(self) -> datetime | None:
        """The last moment of it; its date is the last day."""
        return self.valid_until - timedelta(microseconds=1) if self.valid_until else None


class StaffAccount(State):
    """An account, as operators see it."""

    account_id: str
    login: str
    name: str
    state: str
    official_id: str | None = None
    enrolled: bool = False
    telephone: bool = False
    grants: tuple[Grant, ...] = ()


class StaffAccounts(State):
    """A page of accounts, by login."""

    items: tuple[StaffAccount, ...]
    next_after: str | None = None


class Opened(State):
    """An account, and the password that it is first opened with."""

    account: StaffAccount
    initial_password: str


class Hold(State):
    """What cannot be forgotten yet, and how much of it there is."""

    kind: str
    count: int


class ErasurePart(State):
    """What one service has done so far."""

    service: str
    state: str
    erased: dict[str, int] = Field(default_factory=dict)
    held: tuple[Hold, ...] = ()

    @property
    def rows(self) -> int:
        """From how many rows the person was taken."""
        return sum(self.erased.values())


class Erasure(State):
    """An order to forget somebody."""

    erasure_id: str
    state: str
    basis: str
    requested_at: datetime
    completed_at: datetime | None = None
    parts: tuple[ErasurePart, ...] = ()
    proof: dict[str, Any] | None = None
    proof_hash: str | None = None


@dataclass(frozen=True)
class Asked:
    """What a form holds: the body to send, or what is wrong with its fields, by the codes of `FINDINGS`."""

    typed: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    findings: Findings = field(default_factory=dict)


def _chosen(value: str, known: set[str], code: str, findings: Findings, name: str) -> str | None:
    """A choice out of the roster; None where nothing is chosen. Where the roster is away nothing can be."""
    if value and value not in known:
        findings[name] = code
    return value or None


def new_account(typed: Mapping[str, str], officials: set[str]) -> Asked:
    """Whom to let in."""
    findings: Findings = {}
    login, name = typed.get("login", "").lower(), typed.get("name", "")
    if not LOGIN.fullmatch(login):
        findings["login"] = "login_format"
    if not name or len(name) > NAME_CHARACTERS or has_controls(name):
        findings["name"] = "name_required"
    official = _chosen(typed.get("official", ""), officials, "official_unknown", findings, "official")
    return Asked(typed, {"login": login, "name": name, "official_id": official}, findings)


def new_grant(typed: Mapping[str, str], departments: set[str], venues: set[str], today: date, zone: ZoneInfo) -> Asked:
    """Which role, where, and until when: the last day counts whole, by the county's calendar.

    Who receives at windows does so somewhere: nobody is to get all windows of the county by leaving a choice out.
    """
    findings: Findings = {}
    role = typed.get("role", "")
    if role not in ROLES:
        findings["role"] = "role_unknown"
    department = _chosen(typed.get("department", ""), departments, "place_unknown", findings, "department")
    venue = _chosen(typed.get("venue", ""), venues, "place_unknown", findings, "venue")
    if role in AT_WINDOW and not department and not venue and not findings:
        findings["department"] = "place_required"
    if role == EVERYWHERE and (department or venue):
        findings["role"] = "role_everywhere"
    until = None
    if said := typed.get("until", ""):
        try:
            last = date.fromisoformat(said)
        except ValueError:
            last = None
        if last is None or last.year > LAST_YEAR:
            findings["until"] = "until_format"
        elif last < today:
            findings["until"] = "until_past"
        else:
            until = datetime.combine(last + timedelta(days=1), time.min, zone).isoformat()
    body = {"role": role, "department_id": department, "venue_id": venue, "valid_until": until}
    return Asked(typed, body, findings)


def new_subject(typed: Mapping[str, str]) -> Asked:
    """Which subject of the provider is to mean an account."""
    subject = typed.get("subject", "")
    is_unfit = not subject or len(subject) > SUBJECT_CHARACTERS or has_controls(subject)
    return Asked(typed, {"subject": subject}, {"subject": "subject_required"} if is_unfit else {})


def shown_document(typed: Mapping[str, str]) -> Asked:
    """The document of whoever asks; its number is read as booking reads it, so that both mean one person."""
    documents: tuple[DocumentType, ...] = get_args(DocumentType)
    kind = next((each for each in documents if each == typed.get("document_type")), None)
    number = typed.get("document_number", "")
    findings: Findings = {}
    if kind is None:
        findings["document_type"] = "document_type_unknown"
    elif not number:
        findings["document_number"] = "document_required"
    elif len(number) > NUMBER_CHARACTERS:
        findings["document_number"] = "document_format"
    else:
        try:
            number = canonical_number(kind, number)
        except PydanticCustomError as error:
            findings["document_number"] = error.type
    return Asked(typed, {"document": {"type": kind, "number": number}}, findings)


def finding(code: str) -> str:
    """What to say of a field, to be translated."""
    return FINDINGS.get(code) or FIELD_PHRASES[code]
