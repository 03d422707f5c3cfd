"""What is handed out to somebody who asks for their data: one archive with the data and with text to read.

`data.json` is all of it, as the services gave it. `我的信息.txt` and `my-data.txt` say the same in words; what has no
word of its own keeps the name that it has in the data.
"""

import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Literal

from shared.rights.requests import ExportAnswer

Language = Literal["zh", "en"]
FILES: dict[Language, str] = {"zh": "我的信息.txt", "en": "my-data.txt"}
TITLES: dict[Language, str] = {
    "zh": "服务日保存的您的个人信息\n截至 {at:%Y-%m-%d %H:%M}\n",
    "en": "Personal data that the Service Day holds about you\nAs of {at:%Y-%m-%d %H:%M}\n",
}
NOTHING: dict[Language, str] = {"zh": "（没有）", "en": "(nothing)"}
HEADINGS: dict[str, tuple[str, str]] = {
    "bookings": ("预约", "Bookings"),
    "visits": ("到大厅的接待", "Visits to the hall"),
    "visit_words": ("接待时记下的内容", "What was written down at the visits"),
    "promises": ("对您的承诺", "What was promised to you"),
    "cases": ("您反映的问题", "What you raised"),
    "messages": ("发给您的消息", "Messages to you"),
    "account": ("您的账户", "Your account"),
    "persons": ("您替谁约", "Whom you book for"),
    "sign_ins": ("在哪里登录着", "Where you are signed in"),
    "kept_by_others": ("替您约的人记下的您", "You, as kept by those who book for you"),
}
WORDS: dict[str, tuple[str, str]] = {
    "name": ("姓名", "Name"),
    "document_type": ("证件类型", "Document"),
    "document": ("证件号码", "Document number"),
    "phone": ("电话", "Phone"),
    "email": ("邮箱", "Email"),
    "proxy": ("代办人", "Booked by"),
    "note": ("要办的事", "What it is about"),
    "code": ("预约码", "Booking code"),
    "session_id": ("场次", "Session"),
    "window_id": ("窗口", "Window"),
    "matter_id": ("事项", "Matter"),
    "matter_ids": ("事项", "Matters"),
    "starts_at": ("开始时间", "From"),
    "ends_at": ("结束时间", "Until"),
    "state": ("状态", "State"),
    "booked_at": ("预约时间", "Booked at"),
    "cancelled_at": ("取消时间", "Cancelled at"),
    "party_size": ("人数", "Persons"),
    "persons": ("人数", "Persons"),
    "number": ("号码", "Ticket"),
    "programme_name": ("机制", "Programme"),
    "date": ("日期", "Date"),
    "arrived_at": ("到达时间", "Arrived at"),
    "finished_at": ("办完时间", "Finished at"),
    "text": ("内容", "Text"),
    "kind": ("种类", "Kind"),
    "subject": ("标题", "Subject"),
    "body": ("正文", "Message"),
    "address": ("发往", "Sent to"),
    "made_at": ("承诺时间", "Promised at"),
    "due_on": ("期限", "Due on"),
    "kept_at": ("兑现时间", "Kept at"),
    "said": ("答复", "Answer"),
    "name_masked": ("姓名", "Name"),
    "phone_masked": ("电话", "Phone"),
    "email_masked": ("邮箱", "Email"),
    "document_masked": ("证件号码", "Document number"),
    "relation": ("关系", "Relation"),
    "documents": ("证件", "Documents"),
    "created_at": ("登录时间", "Signed in at"),
    "last_seen_at": ("最近使用", "Last used"),
    "expires_at": ("到期时间", "Until"),
    "agent": ("浏览器", "Browser"),
    "signed_in_from": ("从哪里", "From"),
    "title": ("标题", "Title"),
    "place": ("地点", "Place"),
    "about": ("反映谁", "About whom"),
    "registered_at": ("登记时间", "Registered at"),
    "answer": ("答复", "Answer"),
}


def archive(answers: Sequence[ExportAnswer], at: datetime) -> bytes:
    """The archive, as bytes; `at` is the county's time."""
    data = {
        "exported_at": at.isoformat(),
        "services": {
            answer.service: {section.name: section.items for section in answer.sections} for answer in answers
        },
    }
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=2))
        for language, name in FILES.items():
            opened.writestr(name, text(answers, at, language))
    return made.getvalue()


def text(answers: Sequence[ExportAnswer], at: datetime, language: Language) -> str:
    """The data in words."""
    lines = [TITLES[language].format(at=at)]
    for section in (each for answer in answers for each in answer.sections):
        lines += ["", f"== {_word(HEADINGS, section.name, language)} =="]
        if not section.items:
            lines.append(NOTHING[language])
        for item in section.items:
            lines += ["", *(f"{_word(WORDS, name, language)}: {_plain(value)}" for name, value in item.items())]
    return "\n".join(lines) + "\n"


def _word(words: dict[str, tuple[str, str]], name: str, language: Language) -> str:
    return words[name][0 if language == "zh" else 1] if name in words else name


def _plain(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
