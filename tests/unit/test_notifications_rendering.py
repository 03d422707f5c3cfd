"""The words: each kind in both languages, with all that a visitor needs, and nothing that others could use."""

import re
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.notifications import case_letters, rendering
from services.notifications.channels import Letter, write
from services.notifications.domain import OF_THE_DAY, ProxyCard, Today, Told, VisitorCard
from services.notifications.rendering import Facts, FactsMissing, long_date, render
from shared.events.topics import BOOKINGS, MATTERS, SESSIONS, VENUES, VISITS, WINDOWS

ZONE = ZoneInfo("Asia/Shanghai")
EXAMPLES = Path(__file__).parents[2] / "shared" / "events" / "examples"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
KINDS = ("booked", "reminder", "moved", "cancelled", "session_cancelled")
NOTHING_YET = Today()
URL = "https://fuwuri.example.cn"
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version"}
HEADERS |= {"Content-Type", "Content-Transfer-Encoding"}


def example(topic, name):
    event = next(each for each in topic.events if each.__name__ == name)
    return event.model_validate_json((EXAMPLES / topic.name / f"{name}.json").read_text())


BOOKING = example(BOOKINGS, "BookingMade").booking
CARD = VisitorCard(
    booking_id=BOOKING.booking_id,
    name="王桂兰",
    phone="13912345678",
    email="guilan@example.cn",
    code="4081 2736",
    state="confirmed",
    version=1,
    party_size=2,
    cancel_until=datetime(2026, 11, 30, 9, 30, tzinfo=UTC),
)


def words(
    kind,
    language="zh",
    *,
    now=NOW,
    url=URL,
    previous=None,
    recipient="visitor",
    card=None,
    today=NOTHING_YET,
    **changes,
):
    booking = BOOKING.model_copy(update=changes.pop("booking", {}))
    session = example(SESSIONS, "SessionPlanned").session.model_copy(update=changes.pop("session", {}))
    matter = example(MATTERS, "MatterDescribed").matter.model_copy(update=changes.pop("matter", {}))
    venue = example(VENUES, "VenueDescribed").venue.model_copy(update=changes.pop("venue", {}))
    assert not changes
    facts = Facts(
        told=Told(kind, 1, booking.starts_at, booking.window_id, previous),
        recipient=recipient,
        language=language,
        booking=booking,
        session=session,
        venue=venue,
        matter=matter,
        card=CARD.model_copy(update=card or {}),
        today=today,
    )
    return render(facts, now=now, zone=ZONE, public_url=url)


def test_a_booking_is_told_whole_in_chinese():
    told = words("booked")
    assert told.subject == "约好了：12月1日 星期二 09:30，局长服务日"
    assert told.body == (
        "王**，您好！\n"
        "约好了，到时候见。\n"
        "\n"
        "办什么：二手房过户（不动产转移登记）\n"
        "时间：2026年12月1日 星期二 09:30–10:00\n"
        "地点：望川县政务服务大厅，城关镇南门路 8 号\n"
        "窗口：3 号窗口（一楼东侧），自然资源和规划局\n"
        "人数：2 人\n"
        "预约码：4081 2736\n"
        "\n"
        "请带上：\n"
        "1. 不动产权证书（原件）\n"
        "\n"
        "到了大厅先签到，报预约码或刷身份证都行。\n"
        "来不了，请在 11月30日 星期一 17:30 以前取消，把号让给别人：打开 https://fuwuri.example.cn/bookings/lookup ，"
        "填预约码和证件号或手机号的后四位。不会用，就打 12345 转 2，报预约码，我们帮您取消。\n"
        "\n"
        "有事打 12345 转 2。\n"
        "望川县政务服务大厅\n"
    )


def test_a_booking_is_told_whole_in_english():
    told = words("booked", "en")
    assert told.subject == "Booked: Tuesday 1 December, 09:30, Director service day"
    for part in (
        "Tuesday 1 December 2026, 09:30–10:00",
        "Window: 3 (Ground floor, east), Natural Resources and Planning Bureau",
        "Transfer a second-hand home (Transfer of real-estate title)",
        "1. Real-estate certificate (original)",
        "Booking code: 4081 2736",
        "before Monday 30 November 17:30",
        "12345 ext. 2",
    ):
        assert part in told.body


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("url", ["", URL])
@pytest.mark.parametrize("state", ["confirmed", "to_confirm"])
def test_every_message_says_when_what_and_whom_to_call(kind, language, url, state):
    told = words(kind, language, url=url, booking={"state": state, "reason": "session_cancelled"})
    assert "09:30" in told.subject + told.body
    assert {"zh": "二手房过户", "en": "Transfer a second-hand home"}[language] in told.body
    assert {"zh": "12345 转 2", "en": "12345 ext. 2"}[language] in told.body
    assert "4081 2736" in told.body
    assert told.subject
    assert "\n" not in told.subject
    assert "\n\n\n" not in told.body
    assert " \n" not in told.body
    assert (URL in told.body) is bool(url)
    assert "王桂兰" not in told.subject + told.body, "a family may share the phone"
    assert "13912345678" not in told.body
    for undone in ("{", "}", "None", "%"):
        assert undone not in told.subject + told.body


def test_a_working_weekend_says_so():
    sunday = datetime(2026, 1, 4, 1, 30, tzinfo=UTC)
    times = {"starts_at": sunday, "ends_at": sunday + timedelta(minutes=30)}
    moved_day = {"date": date(2026, 1, 4), "day_kind": "make_up_workday"}
    now = sunday - timedelta(days=9)
    assert "2026年1月4日 星期日 (补班) 09:30–10:00" in words("booked", now=now, booking=times, session=moved_day).body
    told = words("booked", "en", now=now, booking=times, session=moved_day)
    assert "Sunday 4 January 2026 (working day), 09:30–10:00" in told.body
    other_day = {**moved_day, "date": date(2026, 1, 5)}
    assert "补班" not in words("cancelled", now=now, booking=times, session=other_day).body, (
        "that is another day's kind"
    )


def test_dates_at_the_ends_of_year_and_february():
    assert long_date(date(2026, 12, 31), "zh") == "2026年12月31日 星期四"
    assert long_date(date(2028, 2, 29), "zh") == "2028年2月29日 星期二"
    assert long_date(date(2028, 2, 29), "en") == "Tuesday 29 February 2028"


def test_the_reminder_says_tomorrow_and_when_it_comes_late_today():
    evening = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
    assert words("reminder", now=evening).subject == "明天 09:30 见：局长服务日，3 号窗口"
    assert "约的是明天" in words("reminder", now=evening).body
    assert words("reminder", "en", now=evening).subject.startswith("Tomorrow at 09:30")
    morning = datetime(2026, 12, 1, 0, 5, tzinfo=UTC)
    assert words("reminder", now=morning).subject.startswith("今天 09:30")


def test_after_the_cut_off_only_the_phone_is_left():
    evening = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
    body = words("reminder", now=evening).body
    assert "以前取消" not in body
    assert "来不了，请打 12345 转 2，报预约码告诉我们一声。" in body


def test_a_move_says_from_where_to_where_and_why_and_asks():
    told = words(
        "moved",
        previous=BOOKING.starts_at - timedelta(days=1),
        booking={"state": "to_confirm", "reason": "session_moved"},
        session={"reason": "weather"},
    )
    assert told.subject == "时间改了：改到 12月1日 星期二 09:30，局长服务日"
    assert "原来约的是 11月30日 星期一 09:30。因为天气不好，改到下面这个时间" in told.body
    assert "点「同意」" in told.body
    agreed = words("moved", booking={"state": "confirmed"})
    assert "点「同意」" not in agreed.body
    assert "原来约的是" not in agreed.body, "unknown, so it is not made up"


def test_a_reminder_of_a_moved_booking_asks_who_has_not_agreed_yet():
    assert "还没见您点「同意」" in words("reminder", booking={"state": "to_confirm"}).body
    assert "you have not agreed" in words("reminder", "en", booking={"state": "to_confirm"}).body


def test_a_cancelled_session_says_why_and_is_sorry():
    told = words(
        "session_cancelled", booking={"state": "cancelled", "reason": "session_cancelled"}, session={"reason": "power"}
    )
    assert told.subject == "12月1日 星期二的局长服务日不办了，您的预约取消了"
    assert "因为停电，2026年12月1日 星期二的局长服务日不办了" in told.body
    assert "不要白跑一趟" in told.body
    closed = words("session_cancelled", booking={"state": "cancelled", "reason": "window_closed"})
    assert closed.subject == "12月1日 星期二 3 号窗口不开，您的预约取消了"


def test_who_cancelled_themselves_learns_what_to_do_if_they_did_not():
    told = words("cancelled", booking={"state": "cancelled", "reason": "visitor"})
    assert "要是没人让取消，请马上打 12345 转 2" in told.body


def test_the_proxy_is_spoken_to_as_the_proxy():
    proxied = {"proxy": ProxyCard(name="李建国", phone="13800000000")}
    assert "李**，您好！这是您帮王**约的号。" in words("booked", recipient="proxy", card=proxied).body
    assert words("booked", card=proxied).body.startswith("王**，您好！\n")


def test_without_documents_the_identity_card_is_enough():
    assert "带上您本人的身份证件就行" in words("booked", matter={"documents": ()}).body


def test_an_english_name_that_is_missing_is_told_in_chinese():
    assert "What for: 二手房过户" in words("booked", "en", matter={"plain_name_en": "", "name_en": ""}).body


def test_a_window_that_is_not_known_yet_is_waited_for():
    with pytest.raises(FactsMissing):
        words("booked", booking={"window_id": "w99"})


TEN = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


def of_the_day(kind, language="zh", *, recipient="visitor", came=True, **changes):
    visit = example(VISITS, "VisitCalled").visit
    window = example(WINDOWS, "AttendanceRecorded").window
    visit = visit.model_copy(update={key: changes.pop(key) for key in set(changes) & set(dict(visit))})
    today = Today(visit=visit if came else None, window=window.model_copy(update=changes) if changes else None)
    return words(kind, language, now=TEN, recipient=recipient, today=today)


ON_THE_DAY = [
    ("turn_near", {}, "C009 号，前面最多还有 3 位。请到 3 号窗口（一楼东侧）附近等。"),
    ("turn_near", {"window_id": None}, "C009 号，前面最多还有 3 位。请在大厅里等，听叫号。"),
    ("called", {}, "叫到您了：请 C009 号到 3 号窗口（一楼东侧）。"),
    ("called", {"recipient": "proxy"}, "您帮忙约的号叫到了：请 C009 号到 3 号窗口（一楼东侧）。"),
    ("missed", {}, "叫到 C009 号，没见人来，往后排两位，号还有用。请到 3 号窗口附近等，还会叫。"),
    ("missed", {"state": "closed"}, "C009 号叫了三次，没见人来，先过号了。还想办，请到咨询台说一声，不用重新约。"),
    (
        "running_late",
        {"minutes_behind": 34},
        "C009 号，3 号窗口今天大约晚 35 分钟，对不住。要赶车的，跟工作人员说一声。",
    ),
    (
        "running_late",
        {"minutes_behind": 34, "came": False},
        "09:30 的号，3 号窗口今天大约晚 35 分钟，对不住。要赶车的，请打 12345 转 2。",
    ),
    (
        "substituted",
        {"attendance": "away"},
        (
            "C009 号，3 号窗口的值班领导有事不在，10:30 回来。替班领导在。"
            "也可以下次先办，或请领导回电：号票网页上选，或跟工作人员说。"
        ),
    ),
    (
        "substituted",
        {"attendance": "left", "returns_at": None, "substitute_id": None, "came": False},
        "09:30 的号，3 号窗口的值班领导有事不在。窗口工作人员照常办。想等领导，请跟我们说，打 12345 转 2。",
    ),
]


@pytest.mark.parametrize(("kind", "facts", "said"), ON_THE_DAY)
def test_a_message_of_the_day_is_short_and_names_nobody(kind, facts, said):
    told = of_the_day(kind, **facts)
    assert told.body == said + "\n"
    assert len(told.body) <= 70, "one text message"
    assert "3 号窗口" in told.subject or "C009 号" in told.subject
    english = of_the_day(kind, "en", **facts)
    for text in (told.subject, told.body, english.subject, english.body):
        assert "王" not in text
        assert "4081" not in text
    assert not set(english.subject + english.body) & set("号窗口的领导，。")


def test_a_return_that_is_over_is_not_promised():
    assert "回来" not in of_the_day("substituted", attendance="away", returns_at=TEN).body


def test_every_kind_has_its_words_in_both_languages():
    templates = Path(rendering.__file__).parent / "templates"
    for language in ("zh", "en"):
        found = {path.stem for path in (templates / language).glob("*.txt") if not path.stem.startswith("_")}
        assert found == set(KINDS) | OF_THE_DAY | set(case_letters.KINDS.values()) | {"sign_in_code"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_code_for_signing_in_is_told_with_how_long_it_lives(language):
    words = rendering.render_code("012345", language, 5)
    assert "012345" in words.subject
    assert "012345" in words.body
    assert "5" in words.body.replace("012345", "")


@pytest.mark.parametrize(
    ("language", "official", "says"),
    [
        ("zh", "不动产转移登记（买卖）", "二手房过户，不动产转移登记（买卖）"),
        ("zh", "不动产转移登记", "二手房过户（不动产转移登记）"),
        ("en", "Transfer of title (sale)", "Transfer a home, Transfer of title (sale)"),
    ],
)
def test_no_brackets_stand_within_brackets(language, official, says):
    plain = "二手房过户" if language == "zh" else "Transfer a home"
    matter = {f"name_{language}": official, f"plain_name_{language}": plain}
    assert f"{says}\n" in words("booked", language, matter=matter).body


@pytest.mark.parametrize("kind", ["cancelled", "session_cancelled"])
def test_a_blank_stands_after_the_time(kind):
    body = words(kind, booking={"state": "cancelled", "reason": "session_cancelled"}).body
    assert not re.search(r"\d\d:\d\d[到办]", body)
    assert re.search(r"\d\d:\d\d [到办]", body)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_booked_for_somebody_of_the_same_surname_reads_no_name_twice(language):
    card = {"name": "王桂兰", "proxy": ProxyCard(name="王建国", phone="13800000000")}
    body = words("booked", language, recipient="proxy", card=card).body
    assert body.count("王**") == 1


def letter(written, to):
    return Letter(message_id=UUID(int=1), to=to, words=written, kind="booked", language="zh", about="b1", sent_at=NOW)


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\u2028"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_name_writes_a_header_into_a_letter(kind, line_end):
    evil = f"过户{line_end}Bcc: evil@example.org{line_end}{line_end}<b>"
    session = {"programme_name_zh": evil, "programme_name_en": evil, "reason": evil}
    matter = {"name_zh": evil, "plain_name_zh": evil}
    written = words(kind, session=session, matter=matter, venue={"name_zh": evil}, card={"name": evil})
    assert len(written.subject.splitlines()) == 1
    sent = message_from_bytes(
        write(letter(written, "guilan@example.cn"), "Hall <hall@example.cn>").as_bytes(), policy=default
    )
    assert sent["Bcc"] is None
    assert set(sent.keys()) <= HEADERS
    assert [each.addr_spec for each in sent["To"].addresses] == ["guilan@example.cn"]


def test_an_address_with_a_line_end_is_no_address():
    to = "a@example.cn\r\nBcc: evil@example.org"
    with pytest.raises(ValueError, match=r"linefeed|carriage|newline"):
        write(letter(words("booked"), to), "hall@example.cn")
