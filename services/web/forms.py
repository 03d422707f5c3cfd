"""What a visitor types, from the body of a form to the request that booking takes.

A body is read strictly: percent-encoded UTF-8, at most 32 KiB (the staff's 256) and 64 fields. Values are put into
one Unicode form and stripped; what stays wrong is told beside its field. Here only what is missing, too long or visibly
too short is found; whether a document exists is booking's to say.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from services.web.domain import DOCUMENT_TYPES, PARTY_SIZE_MAX, length_finding
from services.web.languages import Language, phrase
from shared.problems import FieldProblem

FORM_BYTES = 32 * 1024
STAFF_FORM_BYTES = 256 * 1024
"""The desk has a dozen fields of 2,000 characters, and a Chinese character takes nine bytes."""
FORM_FIELDS = 64
NAME_CHARACTERS = 60
NUMBER_CHARACTERS = 40
RELATION_CHARACTERS = 30
NOTE_CHARACTERS = 200
FORM_TYPE = "application/x-www-form-urlencoded"
ALLOWED_CONTROLS = frozenset("\n")


class Unreadable(Exception):  # noqa: N818  (what the form is)
    """A form or an address that no page of ours sends. `too_large` tells the one case with a status of its own."""

    def __init__(self, *, too_large: bool = False) -> None:
        self.too_large = too_large
        super().__init__()


def most_bytes(path: str) -> int:
    """How long a form may be that is sent to `path`."""
    return STAFF_FORM_BYTES if path.startswith("/staff/") else FORM_BYTES


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form, the last value of each name. Raises Unreadable."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM_TYPE:
        raise Unreadable
    body, most = bytearray(), most_bytes(request.url.path)
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Unreadable(too_large=True)
    return read_pairs(bytes(body))


def read_pairs(encoded: bytes) -> dict[str, str]:
    """Percent-encoded UTF-8 pairs. Raises Unreadable."""
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FORM_FIELDS,
        )
    except ValueError as error:
        raise Unreadable from error
    return {name: _tidy(value) for name, value in pairs}


def _tidy(value: str) -> str:
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def has_controls(value: str) -> bool:
    """Whether a text holds characters that nobody can see, such as U+0000."""
    return any(unicodedata.category(each) in {"Cc", "Cs"} and each not in ALLOWED_CONTROLS for each in value)


def whole_number(text: str) -> int | None:
    """A number from 0 to 999,999,999 as typed, also in full-width digits; None for all else."""
    plain = unicodedata.normalize("NFKC", text)
    return int(plain) if plain.isdecimal() and plain.isascii() and len(plain) <= 9 else None  # noqa: PLR2004


@dataclass(frozen=True)
class Details:
    """Who comes and what for, as typed."""

    name: str = ""
    document_type: str = DOCUMENT_TYPES[0]
    document_number: str = ""
    phone: str = ""
    email: str = ""
    party_size: str = "1"
    proxy_name: str = ""
    proxy_relation: str = ""
    proxy_phone: str = ""
    note: str = ""
    raised_before: str = ""
    """"yes", "no" or nothing."""

    @classmethod
    def of(cls, form: Mapping[str, str]) -> "Details":
        """The details in a form; what is not there keeps its default."""
        return cls(**{each.name: form[each.name] for each in fields(cls) if each.name in form})

    @property
    def by_proxy(self) -> bool:
        """Whether somebody books for somebody else."""
        return bool(self.proxy_name or self.proxy_phone)

    def body(self, *, slot_id: int, matter_id: str, language: str) -> dict[str, Any]:
        """What booking is asked for."""
        raised = {"yes": True, "no": False}.get(self.raised_before)
        return {
            "slot_id": slot_id,
            "matter_id": matter_id,
            "visitor": {
                "name": self.name,
                "document": {"type": self.document_type, "number": self.document_number},
                "phone": self.phone or None,
                "email": self.email or None,
            },
            "party_size": whole_number(self.party_size) or 1,
            "proxy": {
                "name": self.proxy_name,
                "relation": self.proxy_relation,
                "phone": self.proxy_phone or None,
            }
            if self.by_proxy
            else None,
            "note": self.note or None,
            "raised_before": raised,
            "language": language,
        }


Findings = dict[str, str]
"""What is wrong, by the field's name, in the visitor's language, in the order of the form."""

LABELS: dict[str, str] = {
    "name": phrase("姓名"),
    "document_type": phrase("证件类型"),
    "document_number": phrase("证件号码"),
    "phone": phrase("手机或座机"),
    "email": phrase("电子邮箱"),
    "party_size": phrase("一共来几个人"),
    "proxy_name": phrase("您的姓名"),
    "proxy_relation": phrase("您和来办事的人的关系"),
    "proxy_phone": phrase("您的电话"),
    "note": phrase("想先说一句"),
    "raised_before": phrase("以前反映过吗"),
}

LONGEST: dict[str, int] = {
    "name": NAME_CHARACTERS,
    "document_number": NUMBER_CHARACTERS,
    "phone": NUMBER_CHARACTERS,
    "email": 254,
    "proxy_name": NAME_CHARACTERS,
    "proxy_relation": RELATION_CHARACTERS,
    "proxy_phone": NUMBER_CHARACTERS,
    "note": NOTE_CHARACTERS,
}

POINTERS: dict[str, str] = {
    "/visitor/name": "name",
    "/visitor/document/type": "document_type",
    "/visitor/document/number": "document_number",
    "/visitor/document": "document_number",
    "/visitor/phone": "phone",
    "/visitor/email": "email",
    "/party_size": "party_size",
    "/proxy/name": "proxy_name",
    "/proxy/relation": "proxy_relation",
    "/proxy/phone": "proxy_phone",
    "/note": "note",
    "/raised_before": "raised_before",
}
"""Where booking's field errors belong on our form."""

UNKNOWN_FIELD_PHRASE = phrase("这一项不对，请核对后重新填写")
FIELD_PHRASES: dict[str, str] = {
    "document_check_character": phrase("号码对不上，请照着证件再核对一遍，最后一位也要对"),
    "document_birth_date": phrase("号码里的出生日期不存在，请照着证件再核对一遍"),
    "document_birth_ahead": phrase("号码里的出生日期还没到，请照着证件再核对一遍"),
    "document_format": phrase("号码和证件类型不符，请核对号码，或者换一种证件类型"),
    "document_required": phrase("还没填，预约要实名，请填证件号码"),
    "name_characters": phrase("这不像姓名，请写证件上的姓名"),
    "phone_invalid": phrase("这个号码打不通，请核对，座机要加区号，国外的号码前面加 + 和国家代码"),
    "phone_area": phrase("座机少了区号，请把区号写在号码前面"),
    "phone_region": phrase("这个号码不属于任何国家或地区，国外的号码前面加 + 和国家代码"),
    "email_invalid": phrase("邮箱地址不完整，应该像 name@example.cn 这样"),
    "party_size_range": phrase("人数不对，超过上限的，请派代表来"),
    "text_control_character": phrase("里面有看不见的字符，请删掉重新输入"),
    "code_required": phrase("还没填，预约码是 8 位数字"),
    "code_format": phrase("预约码是 8 位数字，请核对"),
    "code_check_character": phrase("预约码有一位不对，请对照短信或者凭证再核对一遍"),
    "digits_format": phrase("请填电话或者证件的最后四位"),
    "string_too_long": phrase("太长了，请写短一些"),
    "string_too_short": phrase("还没填"),
    "missing": phrase("还没填"),
}


def field_phrase(code: str, language: Language) -> str:
    """What is wrong with a field, by booking's code."""
    return language.say(FIELD_PHRASES.get(code, UNKNOWN_FIELD_PHRASE))


def found_here(details: Details, language: Language, *, party_size_max: int = PARTY_SIZE_MAX) -> Findings:
    """What can be told without asking booking."""
    say = language.say
    found = _unfit_texts(details, language)
    if not details.name:
        found["name"] = say("还没填，请写来办事的人证件上的姓名")
    if details.document_type not in DOCUMENT_TYPES:
        found["document_type"] = say("请从列表里选一种证件")
    if not details.document_number:
        found["document_number"] = field_phrase("document_required", language)
    size = whole_number(details.party_size)
    if size is None or not 1 <= size <= party_size_max:
        found["party_size"] = say("人数要填 1 到 %(most)s，超过的请派 %(most)s 名代表来", most=party_size_max)
    if details.proxy_phone and not details.proxy_name:
        found["proxy_name"] = say("还没填，替别人约，要写您自己的姓名")
    if details.proxy_name and not details.proxy_relation:
        found["proxy_relation"] = say("还没填，比如儿女、邻居、村干部")
    return {name: found[name] for name in LABELS if name in found}


def _unfit_texts(details: Details, language: Language) -> Findings:
    found: Findings = {}
    for name, longest in LONGEST.items():
        value = getattr(details, name)
        if has_controls(value):
            found[name] = field_phrase("text_control_character", language)
        elif len(value) > longest:
            found[name] = language.say(
                "太长了，最多 %(most)s 个字，您写了 %(length)s 个", most=longest, length=len(value)
            )
        elif text := _by_length(name, details, language):
            found[name] = text
    return found


def found_by_booking(errors: list[FieldProblem], details: Details, language: Language) -> tuple[Findings, bool]:
    """Booking's field errors on our form, and whether any of them belongs to no field of it."""
    found: Findings = {}
    stray = False
    for each in errors:
        field = POINTERS.get(each.pointer)
        if field is None:
            stray = True
            continue
        found[field] = _by_length(field, details, language) or field_phrase(each.code, language)
    return {name: found[name] for name in LABELS if name in found}, stray


def _by_length(field: str, details: Details, language: Language) -> str:
    """What the number of characters alone gives away, in its plainest words."""
    kinds = {"document_number": details.document_type, "phone": "mobile", "proxy_phone": "mobile"}
    counted = length_finding(kinds.get(field, ""), getattr(details, field))
    if counted is None:
        return ""
    has, needs = counted
    few = has < needs
    texts = {
        ("document_number", True): phrase("少了 %(off)s 位，身份证号码是 %(needs)s 位，您填了 %(has)s 位"),
        ("document_number", False): phrase("多了 %(off)s 位，身份证号码是 %(needs)s 位，您填了 %(has)s 位"),
        ("phone", True): phrase("少了 %(off)s 位，手机号码是 %(needs)s 位，您填了 %(has)s 位"),
        ("phone", False): phrase("多了 %(off)s 位，手机号码是 %(needs)s 位，您填了 %(has)s 位"),
    }
    text = texts["document_number" if field == "document_number" else "phone", few]
    return language.say(text, off=abs(needs - has), needs=needs, has=has)
