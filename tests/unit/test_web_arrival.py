"""Coming in, on the pages: what a scanner typed, what is said to who has no place, groups, and what visitors say."""

import re
from datetime import timedelta

import pytest

from services.web.scans import read_scan
from services.web.settings import WebSettings
from tests.page_forms import fields
from tests.unit.test_web_day import COUNTER, DESK, TOKEN, at, desk, status, ticket, title, waits
from tests.unit.web_county import NOW, County, matter, problem, session, visitor

KIOSK = "/staff/sessions/s1/kiosk"
WISHES = f"/tickets/{TOKEN}/wishes"
NUMBER = "11010519491231002X"
TEN = (NOW + timedelta(days=1)).replace(hour=10, minute=0, second=0)


@pytest.fixture
def county():
    found = County()
    groups = [
        {"ticket_id": "t1", "number": "A001", "persons": 12, "representatives": 5, "department_id": "land"},
        {
            "ticket_id": "t2",
            "number": "A002",
            "persons": 7,
            "representatives": 5,
            "department_id": "land",
            "room": "203",
        },
    ]
    today = {"session_id": "s1", "date": NOW.date().isoformat(), "programme_name_zh": "局长服务日", "groups": groups}
    found.answers |= {
        "/check-ins": (201, ticket()),
        "/walk-ins": (201, ticket()),
        "/windows/w3": desk(),
        "/staff/today": {"items": [today], "now": NOW.isoformat()},
        "/tickets/t1/room": {"items": [today], "now": NOW.isoformat()},
        f"/tickets/{TOKEN}": status(),
        WISHES: status(),
        "roster/v1/sessions/s1": session(),
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True, allowed_hosts=("hall.test",)) as found:
        yield found


@pytest.mark.parametrize(
    ("typed", "kind", "asked"),
    [
        ("40812736", "", {"code": "40812736"}),
        ("4081 2736", "", {"code": "40812736"}),
        ("４０８１－２７３６", "", {"code": "40812736"}),
        ("11010519491231002x", "", {"document": {"kind": "resident_id", "number": NUMBER}}),
        (" 110105 19491231 002X\n", "", {"document": {"kind": "resident_id", "number": NUMBER}}),
        ("12345678", "taiwan_permit", {"document": {"kind": "taiwan_permit", "number": "12345678"}}),
        ("E12345678", "passport", {"document": {"kind": "passport", "number": "E12345678"}}),
        ("E12345678", "", None),
        ("1101051949123100", "", None),
        ("4081273", "", None),
        ("", "passport", None),
        ("1" * 41, "passport", None),
        ("40812736", "library_card", {"code": "40812736"}),
        ("https://hall.test/tickets/abc", "", None),
    ],
)
def test_what_was_scanned_is_recognised(typed, kind, asked):
    assert read_scan(typed, kind) == asked


@pytest.mark.parametrize("address", [COUNTER, KIOSK])
async def test_an_id_card_is_read_into_the_one_field_and_shown_nowhere(county, browser, address):
    page = await browser.get(address)
    assert re.findall(r'<input id="code"[^>]* autofocus', page.text)
    county.answers["/check-ins"] = problem(404, "document_not_booked")
    answer = await browser.post(address, data={**fields(page, address), "code": NUMBER})
    assert answer.status_code == 404
    assert county.posted("/check-ins")[0]["document"] == {"kind": "resident_id", "number": NUMBER}
    assert "这个证件今天没有预约" in answer.text
    assert NUMBER not in answer.text
    assert all(NUMBER not in str(each.url) for each in county.asked)
    assert all(NUMBER not in value for value in browser.cookies.values())
    assert ('name="q" value="" maxlength="100" autofocus' in answer.text) == (address == COUNTER)


async def test_a_wrong_number_is_told_at_the_field(county, browser):
    wrong = {"pointer": "/document/number", "code": "document_check_character", "detail": ""}
    county.answers["/check-ins"] = problem(422, "invalid_request", errors=[wrong])
    form = fields(await browser.get(COUNTER), COUNTER)
    answer = await browser.post(COUNTER, data={**form, "code": "110105194912310021"})
    assert answer.status_code == 422
    assert 'id="code-err"' in answer.text
    assert "号码对不上" in answer.text
    assert "110105194912310021" not in answer.text


@pytest.mark.parametrize(("code", "said"), [
    ("booking_other_day", "这个号是 12月11日的，不是今天"),
    ("booking_other_session", "这个号是今天另一场的"),
    ("booking_cancelled", "这个预约已经取消了"),
    ("bookings_of_firm", "这个单位今天约了好几批"),
])  # fmt: skip
async def test_who_has_no_place_is_told_why_and_what_to_do(county, browser, code, said):
    county.answers["/check-ins"] = problem(409, code, date="2026-12-11")
    form = fields(await browser.get(COUNTER), COUNTER)
    answer = await browser.post(COUNTER, data={**form, "code": "40812736"})
    assert (answer.status_code, title(answer)) == (409, f"{said}，服务台：签到和取号")
    assert 'role="alert"' in answer.text


async def test_somebody_with_two_departments_gets_two_slips(county, browser):
    other = {**ticket(), "number": "B001", "token": "other-token-12345"}
    county.answers["/check-ins"] = (201, {**ticket(), "also": [other]})
    form = fields(await browser.get(COUNTER), COUNTER)
    answer = await browser.post(COUNTER, data={**form, "code": NUMBER})
    assert re.findall(r'<b class="hero">(\w+)</b>', answer.text) == ["A013", "B001"]
    assert "您今天在 2 个部门有号" in answer.text
    assert answer.text.count("<svg") == 2
    assert 'href="/tickets/other-token-12345"' in answer.text


async def test_a_group_is_asked_for_its_representatives(county, browser):
    group = {"persons": 12, "representatives": 5}
    county.answers["/check-ins"] = (201, ticket(**group))
    county.answers["/windows/w3"] = desk(at=at(**group), waiting=[waits(**group, room="203")])
    county.answers[f"/tickets/{TOKEN}"] = status(**group)
    form = fields(await browser.get(COUNTER), COUNTER)
    slip = await browser.post(COUNTER, data={**form, "code": "40812736", "persons": "12"})
    for page in (slip, await browser.get(DESK), await browser.get(f"/tickets/{TOKEN}")):
        assert "共 12 人，请派 5 位代表" in page.text
    assert "在 203" in (await browser.get(DESK)).text


async def test_a_delegation_is_asked_for_no_representatives(county, browser):
    county.answers["/walk-ins"] = (201, ticket(persons=12, representatives=None, delegation=True))
    today = county.answers["/staff/today"]
    guests = {"ticket_id": "t3", "number": "A003", "persons": 12, "delegation": True, "department_id": "land"}
    county.answers["/staff/today"] = {**today, "items": [{**today["items"][0], "groups": [guests]}]}
    page = await browser.get("/staff/today")
    assert "一共 12 人，考察检查，不计数" in page.text
    assert "代表" not in page.text


async def test_two_matters_of_one_visit_go_on_one_ticket(county, browser):
    page = await browser.get(COUNTER)
    assert re.findall(r'<select id="(matter\d?)"', page.text) == ["matter", "matter1", "matter2"]
    form = {**fields(page, COUNTER), "matter": "permit", "matter1": "house", "matter2": "permit"}
    await browser.post(COUNTER, data=form)
    assert county.posted("/walk-ins")[0]["matter_ids"] == ["permit", "house"]


async def test_the_manager_sees_groups_and_gives_them_rooms(county, browser):
    page = await browser.get("/staff/today")
    assert "人多的有 1 批还没给房间：A001" in page.text
    action = "/staff/sessions/s1/tickets/t1/room"
    answer = await browser.post(action, data={**fields(page, action), "room": "二楼 203"})
    assert answer.headers["location"] == "/staff/today"
    await browser.post(action, data={**fields(page, action), "room": ""})
    assert county.posted("/tickets/t1/room") == [{"room": "二楼 203"}, {"room": None}]
    await browser.post(action, data={"form_token": "x", "room": "别处"})
    assert len(county.posted("/tickets/t1/room")) == 2


async def test_a_delegation_is_marked_at_the_counter(county, browser):
    form = fields(await browser.get(COUNTER), COUNTER)
    walk = {**form, "matter": "transfer", "draft": "d1", "code": ""}
    await browser.post(COUNTER, data=walk)
    await browser.post(COUNTER, data={**walk, "delegation": "1"})
    assert [each["delegation"] for each in county.posted("/walk-ins")] == [False, True]


async def test_what_visitors_say_is_sent_and_shown_at_the_window(county, browser):
    county.answers[f"/tickets/{TOKEN}"] = status(now=TEN.isoformat())
    form = fields(await browser.get(WISHES), WISHES)
    await browser.post(WISHES, data={**form, "last_bus": "16:30", "fetch": "1", "away": "10:20"})
    (body,) = county.posted("/wishes")
    assert body == {
        "fetch": True,
        "last_bus_at": TEN.replace(hour=16, minute=30).isoformat(),
        "away_until": TEN.replace(minute=20).isoformat(),
    }
    said = {"last_bus_at": TEN.replace(hour=16).isoformat(), "fetch": True, "away_until": TEN.isoformat()}
    county.answers["/windows/w3"] = desk(waiting=[waits(wishes=said)], at=at(wishes=said))
    for address in (DESK, "/staff/sessions/s1/live/w3"):
        page = (await browser.get(address)).text
        for words in ("末班车 16:00", "要人去叫", "离开一会儿，10:00 前回来"):
            assert page.count(words) == 2, (address, words)


async def test_what_was_said_stays_and_coming_back_is_one_press(county, browser):
    said = {"last_bus_at": TEN.replace(hour=9, minute=50).isoformat(), "fetch": True, "away_until": TEN.isoformat()}
    county.answers[f"/tickets/{TOKEN}"] = status(now=TEN.isoformat(), wishes=said)
    form = fields(await browser.get(WISHES), WISHES)
    assert (form["last_bus"], form["away"], form["fetch"]) == ("09:50", "10:00", "1")
    await browser.post(WISHES, data=form)
    page = await browser.get(f"/tickets/{TOKEN}")
    assert title(page) == "A012，您离开一会儿，10:00 前回来"
    await browser.post(WISHES, data={**fields(page, WISHES), "back": "1"})
    await browser.post(WISHES, data={**form, "last_bus": "", "fetch": ""})
    assert county.posted("/wishes") == [
        {"fetch": True},
        {"away_until": None},
        {"fetch": False, "last_bus_at": None},
    ], "a last bus that has left is not said again, and so not refused"


async def test_a_time_that_cannot_be_is_told_at_its_field(county, browser):
    form = fields(await browser.get(WISHES), WISHES)
    odd = await browser.post(WISHES, data={**form, "last_bus": "half past"})
    assert (odd.status_code, county.posted("/wishes")) == (422, [])
    assert 'id="last_bus-err"' in odd.text
    past = {"pointer": "/away_until", "code": "time_past", "detail": ""}
    county.answers[WISHES] = problem(422, "invalid_request", errors=[past])
    answer = await browser.post(WISHES, data={**form, "away": "00:01"})
    assert answer.status_code == 422
    assert 'id="away-err"' in answer.text
    assert "请填今天还没到的时间" in answer.text


@pytest.mark.parametrize(
    ("host", "changes", "leads"),
    [
        ("localhost:8080", {}, True),
        ("127.0.0.1:8080", {}, True),
        ("10.8.0.5", {}, True),
        ("[::1]:8080", {}, True),
        ("hall.test", {}, False),
        ("evil.example", {}, False),
        ("localhost.evil.example", {}, False),
        ("localhost@evil.example", {}, False),
        ("8.8.8.8", {}, False),
        ("hall.test", {"allowed_hosts": ("hall.test",)}, True),
        ("evil.example", {"public_url": "https://fuwuri.example.cn/"}, True),
    ],
)
async def test_a_printed_code_never_leads_to_a_forged_host(county, monkeypatch, host, changes, leads):
    drawn = []
    monkeypatch.setattr("services.web.routes.counter.square", lambda text: drawn.append(text) or "<svg></svg>")
    origin = f"http://{host}"
    async with visitor(county, staff=True, **changes) as browser:
        headers = {"Host": host, "Origin": origin}
        form = fields(await browser.get(COUNTER, headers=headers), COUNTER)
        answer = await browser.post(COUNTER, data={**form, "code": "40812736"}, headers=headers)
    assert "A013" in answer.text
    base = changes.get("public_url", f"{origin}/").rstrip("/")
    assert drawn == ([f"{base}/tickets/{TOKEN}"] if leads else [])
    assert ("手机扫一扫" in answer.text) == leads


def test_the_address_of_the_pages_is_read_from_the_environment(monkeypatch):
    wanted = {"SERVICE_SECRET": "s" * 40, "OPERATOR_SECRET": "o" * 40}
    monkeypatch.setenv("WEB_ALLOWED_HOSTS", " Hall.example , 服务日.cn,")
    monkeypatch.setenv("WEB_PUBLIC_URL", "https://fuwuri.example.cn")
    settings = WebSettings(**wanted)
    assert settings.allowed_hosts == ("hall.example", "服务日.cn")
    assert settings.public_url == "https://fuwuri.example.cn"
    monkeypatch.setenv("WEB_PUBLIC_URL", "javascript:alert(1)")
    with pytest.raises(ValueError, match="public_url"):
        WebSettings(**wanted)


@pytest.mark.parametrize("address", [COUNTER, KIOSK])
async def test_a_matter_is_chosen_and_not_given(county, browser, address):
    page = await browser.get(address)
    assert not re.findall(r'name="matter" value="[^"]+" checked|<option value="transfer" selected', page.text)
    form = {**fields(page, address), "walk": "1", "draft": "d1"}
    answer = await browser.post(address, data={**form, "matter": ""})
    assert (answer.status_code, county.posted("/walk-ins")) == (422, [])
    assert "请选来办什么事" in answer.text
    answer = await browser.post(address, data={**form, "matter": "transfer"})
    assert title(answer) == "A013 出号了"
    assert [each["matter_ids"] for each in county.posted("/walk-ins")] == [["transfer"]]


async def test_the_kiosk_gives_a_ticket_by_plain_words_but_no_priority(county, browser):
    county.answers["/matters"] = {"items": [matter(matter_id="sale")], "total": 1}
    page = await browser.get(KIOSK, params={"q": "卖房"})
    found = [each.url.params for each in county.asked if each.url.path.endswith("/matters")]
    assert [each["q"] for each in found if "q" in each] == ["卖房"]
    assert re.findall(r'name="matter" value="(\w+)"', page.text) == ["sale"]
    asked = {"walk": "1", "draft": "d1", "priority": "elderly", "persons": "30", "delegation": "1"}
    await browser.post(KIOSK, data={**fields(page, KIOSK), "matter": "sale", **asked})
    (body,) = county.posted("/walk-ins")
    assert (body["priority"], body["persons"], body["delegation"]) == (None, 1, False)


async def test_the_kiosk_lists_a_few_matters_unasked(county, browser):
    items = [matter(matter_id=f"m{index}", common=index in {9, 11}) for index in range(12)]
    county.answers["/matters"] = {"items": items, "total": 12}
    page = await browser.get(KIOSK)
    first = ["m9", "m11", *(f"m{index}" for index in range(6))]
    assert re.findall(r'name="matter" value="(\w+)"', page.text) == first, "what most come for, then the pack's order"
    assert "别的事，在上面用平常的话找" in page.text


async def test_nothing_leads_out_of_the_kiosk(county, browser):
    page = await browser.get(KIOSK)
    pages = [page, await browser.post(KIOSK, data={**fields(page, KIOSK), "code": "40812736"})]
    pages += [await browser.post(KIOSK, data={**fields(page, KIOSK), "code": "1"}), await browser.get(f"{KIOSK}/x")]
    county.away = {"queue"}
    pages.append(await browser.post(KIOSK, data={**fields(page, KIOSK), "code": "40812736"}))
    for each in pages:
        leads = set(re.findall(r'<a [^>]*?href="([^"]*)"', each.text))
        assert not [way for way in leads if not way.startswith(("#", KIOSK))], (each.status_code, leads)
