"""From a plain word to a message, through the gateway, on the real services, Kafka and Postgres."""

import re
import uuid
from functools import partial

import httpx

from tests.page_forms import fields
from tests.stack import MATTER, eventually, new_resident_id

INSIDE = (
    "internal/v1/visitor-cards/x",
    "internal/openapi.json",
    "internal/asyncapi.json",
    "metrics",
    "live",
    "ready",
    "docs",
)


def title(page):
    return re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)[1].split(" · ")[0]


def code_on(page):
    return re.search(r'<b class="code">([\d ]+)</b>', page.text)[1]


def typed(**changes):
    return {
        "name": "王桂兰",
        "document_type": "resident_id",
        "document_number": new_resident_id(),
        "phone": "13900002741",
        "party_size": "2",
        "note": "合同上少写了车库，能不能一起过户",
        **changes,
    }


def first_session(visitor, matter=MATTER):
    """The address of the day that is chosen first."""
    page = visitor.get(f"/book/{matter}")
    return visitor.get(f"/book/{matter}", params=fields(page, f"/book/{matter}"))


def check_page(visitor, matter=MATTER, slot=None, **changes):
    slots = first_session(visitor, matter)
    action = f"{slots.url.path}/details"
    details = visitor.get(action, params={"slot": slot} if slot else fields(slots, action))
    return press(visitor, details, "details", **typed(**changes))


def press(visitor, page, step, **typed):
    """The page that the page's form for a step of the walk leads to."""
    action = re.search(rf'action="([^"]*/{step})"', page.text)[1]
    return visitor.post(action, data={**fields(page, action), **typed})


def book(visitor, matter=MATTER, slot=None, **changes):
    return press(visitor, check_page(visitor, matter, slot, **changes), "check")


def test_a_citizen_books_is_told_and_cancels(visitor, staff, operator):
    found = visitor.get("/matters", params={"q": "房子过户"})
    assert f"/matters/{MATTER}" in found.text
    assert "请带上这" in visitor.get(f"/matters/{MATTER}").text
    number = new_resident_id()
    voucher = book(visitor, document_number=number)
    assert voucher.url.path == "/bookings"
    assert title(voucher).startswith("约好了")
    assert "3 号窗口" in voucher.text
    assert "局长 周文清" in voucher.text
    code = code_on(voucher)
    eventually(lambda: code in operator.get("/staff/console-messages").text)

    leads = partial(re.search, r'href="(/staff/sessions/[^"]+)"')
    eventually(lambda: leads(staff.get("/staff/officials/zhou-wenqing").text))
    brief = staff.get(leads(staff.get("/staff/officials/zhou-wenqing").text)[1])
    assert number[-4:] in brief.text
    assert "合同上少写了车库" in brief.text
    assert number not in brief.text

    again = book(visitor, document_number=number)
    assert again.status_code == 409
    assert title(again) == "您这一天在这个部门已经约好了"

    page = visitor.get("/bookings/cancel")
    cancelled = visitor.post("/bookings/cancel", data=fields(page, "/bookings/cancel"))
    assert title(cancelled).endswith("的预约取消了")
    eventually(lambda: operator.get("/staff/console-messages").text.count(code) > 1)


def test_a_form_sent_twice_and_once_more_after_going_back_is_one_booking(visitor):
    page = check_page(visitor)
    before = list(visitor.cookies.jar)
    codes = {code_on(press(visitor, page, "check"))}
    for each in before:  # the second press is on its way before the first is answered
        visitor.cookies.jar.set_cookie(each)
    codes |= {code_on(press(visitor, page, "check")), code_on(visitor.get(page.url.path))}
    assert len(codes) == 1


def test_whoever_comes_too_late_for_a_seat_keeps_what_was_typed_and_takes_another(visitor, stack):
    slots = first_session(visitor, "school-transfer")
    free = re.findall(r'value="(\d+)"(?! disabled)', slots.text)
    slot = free[-1]
    page = check_page(visitor, "school-transfer", slot, name="李后来")
    while _book_by_api(visitor, "school-transfer", int(slot)).status_code == 201:
        pass
    lost = press(visitor, page, "check")
    assert lost.status_code == 409
    assert title(lost) == "这个时段刚刚被约满了"
    assert not re.search(rf'value="[^"]*/{slot}"', lost.text)
    checked = press(visitor, lost, "times")
    assert "李后来" in checked.text
    voucher = press(visitor, checked, "check")
    assert title(voucher).startswith("约好了")


def _book_by_api(visitor, matter, slot):
    body = {
        "slot_id": slot,
        "matter_id": matter,
        "visitor": {"name": "李四", "document": {"type": "resident_id", "number": new_resident_id()}},
    }
    return visitor.post("/api/booking/v1/bookings", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})


def test_a_booking_is_opened_elsewhere_by_code_and_digits(visitor, stack):
    number = new_resident_id()
    code = code_on(book(visitor, document_number=number, phone=""))
    with httpx.Client(
        base_url=stack.address, headers={"Origin": stack.address}, follow_redirects=True, timeout=20, trust_env=False
    ) as other:
        form = fields(other.get("/bookings/lookup"), "/bookings/lookup")
        wrong = other.post("/bookings/lookup", data={**form, "code": code, "digits": "0000"})
        assert wrong.status_code == 404
        opened = other.post("/bookings/lookup", data={**form, "code": code, "digits": number[-4:].lower()})
        assert code_on(opened) == code
        entry = other.get("/bookings/calendar.ics")
        assert "DTSTART;TZID=Asia/Shanghai" in entry.text
        assert number not in entry.text


def test_a_check_character_that_is_wrong_is_told_at_its_field(visitor):
    number = new_resident_id()
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    page = check_page(visitor, document_number=wrong)
    assert page.status_code == 422
    assert page.url.path.endswith("/details")
    assert "号码对不上" in page.text
    checked = press(visitor, page, "details", **typed(document_number=number))
    assert title(press(visitor, checked, "check")).startswith("约好了")


def test_nothing_inside_answers_through_the_gateway(visitor):
    for prefix in (
        "",
        *(f"api/{service}/" for service in ("accounts", "roster", "booking", "queue", "cases", "notifications", "web")),
    ):
        for path in INSIDE:
            assert visitor.get(f"/{prefix}{path}").status_code == 404, f"/{prefix}{path}"


def test_the_pages_keep_their_headers_through_the_gateway(visitor):
    page = visitor.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "private, no-cache"
    assert "server" not in page.headers
    sheet = visitor.get(re.search(r'href="(/static/tokens\.css[^"]*)"', page.text)[1])
    assert "immutable" in sheet.headers["cache-control"]


def test_the_pages_go_on_while_the_roster_hangs(visitor, stack):
    code = code_on(book(visitor))
    with stack.held("roster"):
        voucher = visitor.get("/bookings")
        assert code_on(voucher) == code
        assert title(book(visitor, phone="")).startswith("约好了")
        assert visitor.get("/").status_code == 200


def test_what_can_be_read_is_read_while_booking_hangs_and_what_was_typed_is_kept(visitor, stack):
    page = check_page(visitor)
    with stack.held("booking"):
        away = press(visitor, page, "check")
        assert away.status_code == 503
        assert title(away) == "没能确定约上了没有"
        matter = visitor.get(f"/matters/{MATTER}")
        assert matter.status_code == 200
        assert "请带上这" in matter.text
    voucher = press(visitor, away, "check")
    assert title(voucher).startswith("约好了")


def test_nothing_of_a_visitor_stands_in_a_log(visitor, operator, stack):
    number = new_resident_id()
    secret = {"name": "欧阳隐名", "document_number": number, "phone": "13711112222", "note": "只给窗口看的话"}
    voucher = book(visitor, **secret)
    code = code_on(voucher)
    check_page(visitor, **{**secret, "phone": "99999"})  # a refusal is logged no more than a success
    eventually(lambda: code in operator.get("/staff/console-messages").text)
    said = stack.said()
    assert "service_started" in said, "the logs were not found, so nothing was looked at"
    for value in (*secret.values(), code, code.replace(" ", "")):
        assert value not in said
