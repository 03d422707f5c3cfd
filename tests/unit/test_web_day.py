"""The service day's pages, against a queue whose every answer can be had at will."""

import inspect
import re
from datetime import timedelta

import pytest

from services.queue.domain import problems as queue_problems
from services.web.day import finish_of
from services.web.refusals import REFUSALS
from shared.problems import Problem
from tests.page_forms import fields
from tests.unit.web_county import MATTER, NOW, County, problem, visitor

DESK = "/staff/sessions/s1/desk/w3"
COUNTER = "/staff/sessions/s1/counter"
TOKEN = "abcdefgh12345678"
STAFF_PAGES = [DESK, "/staff/sessions/s1/live/w3", COUNTER, "/staff/sessions/s1/kiosk", "/staff/today"]
STAFF_PAGES += ["/staff/sessions/s1/tickets/t9/notice"]
PUBLIC_PAGES = ["/hall/s1", f"/tickets/{TOKEN}", f"/tickets/{TOKEN}/leave", f"/tickets/{TOKEN}/wishes"]


def waits(number="A010", **changes):
    return {
        "ticket_id": f"t-{number}",
        "number": number,
        "state": "waiting",
        "source": "booking",
        "surname": "陈",
        "document_last4": "3318",
        "matter_ids": [MATTER],
        "persons": 1,
        "priority": None,
        "booked_for": NOW.isoformat(),
        "arrived_at": (NOW - timedelta(minutes=14)).isoformat(),
        "misses": 0,
        **changes,
    }


def at(state="serving", **changes):
    who = {"name": "王桂兰", "surname": "王", "document_last4": "274X", "note": "合同 <b>少写</b>了车库"}
    started = (NOW - timedelta(minutes=6)).isoformat() if state == "serving" else None
    return waits("A009", state=state, visitor=who, token=TOKEN, calls=1, started_at=started, **changes)


def desk(**changes):
    return {
        "session_id": "s1",
        "date": NOW.date().isoformat(),
        "version": 40,
        "window_version": 7,
        "now": NOW.isoformat(),
        "window_id": "w3",
        "number": 3,
        "department_id": "land",
        "state": "open",
        "official_id": "zhou",
        "attendance": "present",
        "attended_at": NOW.isoformat(),
        "at": None,
        "waiting": [waits()],
        "held": [],
        "unanswered": [],
        "expected": 2,
        "undo": None,
        **changes,
    }


def status(**changes):
    return {
        "session_id": "s1",
        "now": NOW.isoformat(),
        "number": "A012",
        "state": "waiting",
        "department_id": "land",
        "matter_ids": [MATTER],
        "window_number": 3,
        "window_id": "w3",
        "attendance": "present",
        "before": 3,
        "earliest": (NOW + timedelta(minutes=10)).isoformat(),
        "latest": (NOW + timedelta(minutes=25)).isoformat(),
        "line": [{"number": "A009", "state": "serving"}, {"number": "A012", "state": "waiting", "mine": True}],
        **changes,
    }


def ticket(**changes):
    return waits("A013", token=TOKEN, session_id="s1", department_id="land", window_number=3, before=2, **changes)


@pytest.fixture
def county():
    found = County()
    brief = {"window_id": "w3", "number": 3, "department_id": "land", "state": "open", "attendance": "present"}
    today = {"session_id": "s1", "date": NOW.date().isoformat(), "programme_name_zh": "局长服务日", "windows": [brief]}
    today["programme_name_en"] = "Directors' service day"
    call = {"number": "A012", "window_number": 3, "called_at": NOW.isoformat(), "calls": 1}
    outcome = {"matter_id": MATTER, "kind": "incomplete", "said": "缺契税完税证明"}
    found.answers |= {
        "/windows/w3": desk(),
        "/sessions/s1/screen": {"session_id": "s1", "now": NOW.isoformat(), "calls": [call]},
        f"/tickets/{TOKEN}": status(),
        f"/tickets/{TOKEN}/leave": status(state="closed", closing="left"),
        "/staff/today": {"items": [today], "now": NOW.isoformat()},
        "/check-ins": (201, ticket()),
        "/walk-ins": (201, ticket(booked_for=None)),
        "/tickets/t9/notice": {
            "number": "A009",
            "session_id": "s1",
            "date": NOW.date().isoformat(),
            "outcomes": [outcome],
        },
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True, allowed_hosts=("hall.test",)) as found:
        yield found


def title(page):
    return re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)[1].split(" · ")[0]


def codes():
    return {
        each.code
        for _, each in inspect.getmembers(queue_problems, inspect.isclass)
        if issubclass(each, Problem) and each is not Problem and "code" in vars(each)
    }


def test_every_code_of_the_queue_has_its_words():
    assert codes() <= set(REFUSALS)


@pytest.mark.parametrize("address", [*STAFF_PAGES, *PUBLIC_PAGES])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_of_the_day_speaks_its_language_and_runs_own_files_alone(county, browser, address, language):
    county.answers["/windows/w3"] = desk(at=at(), held=[waits("A006", state="held")], unanswered=[waits("A007")])
    await browser.get(f"/?lang={language}")
    page = await browser.get(address)
    assert page.status_code == 200
    for never in ("<style", "style=", "onclick", "javascript:", "http://", "https://"):
        assert never not in page.text, never
    assert all(text == "" for text in re.findall(r"<script[^>]*>(.*?)</script>", page.text))
    chinese = set(re.findall(r"[\u4e00-\u9fff]+", re.sub(r"<a [^>]*>中文</a>|<title>.*?</title>", "", page.text)))
    own = {"局长", "周文清", "王桂兰", "王", "陈", "合同", "少写", "了车库", "局长服务日", "缺契税完税证明"}
    assert language == "zh" or chinese <= own, chinese - own


@pytest.mark.parametrize("address", PUBLIC_PAGES)
async def test_the_halls_pages_are_there_for_anyone(county, address):
    async with visitor(county) as browser:
        assert (await browser.get(address)).status_code == 200


@pytest.mark.parametrize("address", STAFF_PAGES)
async def test_the_staffs_pages_are_not(county, address):
    async with visitor(county) as browser:
        assert (await browser.get(address)).headers["location"].startswith("/sign-in?to=%2Fstaff")


@pytest.mark.parametrize(
    ("shown", "can"),
    [
        (desk(), {"call-next"}),
        (desk(waiting=[]), set()),
        (desk(state="paused"), set()),
        (desk(at=at("called")), {"recall", "unanswered", "hold", "transfer", "start"}),
        (desk(at=at()), {"hold", "transfer", "finish"}),
    ],
)
async def test_a_verb_can_be_pressed_where_it_fits(county, browser, shown, can):
    county.answers["/windows/w3"] = shown
    page = await browser.get(DESK)
    buttons = re.findall(r'name="verb" value="([^"]+)" accesskey="(\d)"( disabled)?', page.text)
    assert [key for _, key, _ in buttons] == list("1234567")
    assert {verb for verb, _, disabled in buttons if not disabled} == can


async def test_a_verb_is_sent_with_the_version_that_was_shown(county, browser):
    form = fields(await browser.get(DESK), DESK)
    county.answers["/call-next"] = desk(at=at("called"), window_version=8)
    answer = await browser.post(DESK, data={**form, "verb": "call-next"})
    assert (answer.status_code, answer.headers["location"]) == (303, DESK)
    assert county.posted("/call-next") == [{"version": 7}]


async def test_a_window_that_moved_on_is_shown_anew_with_a_sentence(county, browser):
    form = fields(await browser.get(DESK), DESK)
    county.answers["/call-next"] = problem(409, "window_moved_on")
    county.answers["/windows/w3"] = desk(at=at("called"), window_version=8)
    page = await browser.post(DESK, data={**form, "verb": "call-next"})
    assert page.status_code == 409
    assert "这个窗口刚刚有人操作过" in page.text
    assert fields(page, DESK)["version"] == "8"


@pytest.mark.parametrize("verb", ["", "nonsense", "../open"])
async def test_no_other_verb_is_passed_on(county, browser, verb):
    form = fields(await browser.get(DESK), DESK)
    assert (await browser.post(DESK, data={**form, "verb": verb})).status_code == 404
    assert not [each for each in county.asked if each.method == "POST"]


async def test_nothing_is_done_without_the_browsers_token(county, browser):
    form = fields(await browser.get(DESK), DESK)
    page = await browser.post(DESK, data={**form, "form_token": "x", "verb": "call-next"})
    assert page.status_code == 409
    assert county.posted("/call-next") == []


async def test_an_outcome_is_read_whole(county, browser):
    county.answers["/windows/w3"] = desk(at=at())
    county.answers["/finish"] = desk()
    form = {**fields(await browser.get(DESK), DESK), "verb": "finish", "matter0": MATTER, "kind0": "incomplete"}
    missing = await browser.post(DESK, data={**form, "problem": "排两次队"})
    assert missing.status_code == 422
    assert "请写清楚缺什么" in missing.text
    assert 'value="排两次队"' in missing.text, "what was typed is kept"
    typed = {"said0": "缺契税完税证明", "problem": "排两次队", "settled": "handed_on", "suggestion": "一个窗口"}
    answer = await browser.post(DESK, data={**form, **typed})
    assert answer.status_code == 303
    assert county.posted("/finish") == [
        {
            "version": 7,
            "outcomes": [{"matter_id": MATTER, "kind": "incomplete", "said": "缺契税完税证明"}],
            "problems": [{"text": "排两次队", "settled": "handed_on"}],
            "suggestions": ["一个窗口"],
        }
    ]


def test_nothing_written_is_no_problem_and_no_suggestion():
    read = finish_of(["a"], {"kind0": "handled", "settled": "handed_on"})
    assert read.findings == {}
    assert (read.body["problems"], read.body["suggestions"]) == ([], [])


async def test_a_director_who_leaves_says_why_and_until_when(county, browser):
    form = {**fields(await browser.get(DESK), DESK), "verb": "away", "back": "23:59", "substitute": "he"}
    assert (await browser.post(DESK, data=form)).status_code == 422
    county.answers["/attend"] = desk(attendance="away")
    await browser.post(DESK, data={**form, "reason": "紧急会议"})
    (body,) = county.posted("/attend")
    assert (body["attendance"], body["reason"], body["substitute_id"]) == ("away", "紧急会议", "he")
    assert body["returns_at"].endswith("T23:59:00+08:00")


async def test_a_code_becomes_a_ticket_that_a_reload_does_not_take_twice(county, browser):
    form = fields(await browser.get(COUNTER), COUNTER)
    page = await browser.post(COUNTER, data={**form, "code": "4081 2736", "priority": "elderly"})
    assert (page.status_code, title(page)) == (200, "A013 出号了")
    assert f'href="/tickets/{TOKEN}"' in page.text
    assert "<svg" in page.text
    assert county.posted("/check-ins") == [{"priority": "elderly", "code": "40812736", "persons": None}]
    walk = {**form, "matter": MATTER, "draft": "d1", "code": ""}
    await browser.post(COUNTER, data=walk)
    await browser.post(COUNTER, data=walk)
    keys = [each.headers["idempotency-key"] for each in county.asked if each.url.path.endswith("/walk-ins")]
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_an_unknown_code_says_what_to_do(county, browser):
    county.answers["/check-ins"] = problem(404, "booking_unknown")
    form = fields(await browser.get(COUNTER), COUNTER)
    page = await browser.post(COUNTER, data={**form, "code": "00000000"})
    assert page.status_code == 404
    assert "今天没有这个预约码" in page.text
    short = await browser.post(COUNTER, data={**form, "code": "123"})
    assert "预约码是 8 位数字" in short.text


async def test_the_screen_and_the_status_name_nobody_and_ask_the_stream(county, browser):
    for address in (PUBLIC_PAGES[0], PUBLIC_PAGES[1]):
        page = await browser.get(address)
        assert 'hx-sse:connect="/api/queue/v1/sessions/s1/stream"' in page.text
        assert "王" not in page.text
        scripts = re.findall(r"<script ([^>]*)>", page.text)[:2]
        assert not [each for each in scripts if "defer" in each or "async" in each], (
            "htmx would not wait for the stream"
        )
    assert title(page) == "A012，前面还有 3 人"


async def test_leaving_asks_first(county, browser):
    address = f"/tickets/{TOKEN}/leave"
    form = fields(await browser.get(address), address)
    assert county.posted("/leave") == []
    answer = await browser.post(address, data=form)
    assert answer.headers["location"] == f"/tickets/{TOKEN}"
    county.answers[f"/tickets/{TOKEN}/leave"] = problem(409, "ticket_moved_on")
    assert "这个号已经往前走了" in (await browser.post(address, data=form)).text


async def test_the_desk_goes_on_without_the_roster(county, browser):
    county.away = {"roster"}
    county.answers["/windows/w3"] = desk(at=at())
    page = await browser.get(DESK)
    assert page.status_code == 200
    assert "A009" in page.text
    county.away = {"queue"}
    assert "叫号系统现在看不到" in (await browser.get("/hall/s1")).text
