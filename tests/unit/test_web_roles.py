"""What each of the staff is led to and shown: one's own work, and nothing that one may not do."""

import json
import re

import pytest

from tests import identity
from tests.contracts.export import PERMISSIONS
from tests.unit.web_county import NOW, County, session, visitor

LAND = {"department_id": "land"}


def today():
    window = {"window_id": "w3", "number": 3, "department_id": "land", "state": "open", "attendance": "present"}
    held = {"session_id": "s1", "date": NOW.date().isoformat(), "programme_name_zh": "局长服务日", "windows": [window]}
    return {"items": [held], "now": NOW.isoformat()}


async def seen(county, address, *roles, **where):
    async with visitor(county) as browser:
        return await browser.get(address, headers=identity.bearer(*roles, **where))


@pytest.mark.parametrize(
    ("roles", "where", "leads"),
    [
        (["director"], {**LAND, "official_id": "zhou"}, "/staff/sessions/s1/live/w3"),
        (["director"], {**LAND, "official_id": "nobody-on-duty"}, "/staff/officials/nobody-on-duty"),
        (["window_staff"], LAND, "/staff/sessions/s1/desk/w3"),
        (["window_staff"], {"department_id": "tax"}, "/staff/today"),
        (["window_staff"], {"venue_id": "hall"}, "/staff/today"),
        (["hall_manager"], {}, "/staff/today"),
        (["supervisor"], {}, "/staff/today"),
        (["deputy_county_head"], {}, "/staff/today"),
        (["operator"], {}, "/staff/accounts"),
        (["operator", "hall_manager"], {}, "/staff/today"),
        (["auditor"], {}, "/staff/audit"),
        ([], {"nothing": True}, "/staff/sign-ins"),
    ],
)
async def test_the_first_sight_is_ones_own_work(roles, where, leads):
    county = County()
    county.answers |= {"/staff/today": today(), "roster/v1/sessions/s1": session()}
    answer = await seen(county, "/staff/home", *roles, **where)
    assert (answer.status_code, answer.headers["location"]) == (303, leads)


@pytest.mark.parametrize(
    ("roles", "where", "shown", "hidden"),
    [
        (["director"], LAND, ["/live/w3", "/closing"], ["/counter", "/kiosk", "sheet.pdf", "paper-visits", "console"]),
        (["director"], {"department_id": "tax"}, ["/closing"], ["/live/w3", "/desk/w3", "/counter"]),
        (
            ["hall_manager"],
            {},
            ["/counter", "/kiosk", "sheet.pdf", "/desk/w3"],
            ["console-messages", "/staff/accounts", "/staff/audit"],
        ),
        (["operator"], {}, ["console-messages", '"/staff/accounts"'], ["/counter", "/desk/w3", "/staff/audit"]),
        (["supervisor"], {}, ["sheet.pdf"], ["/counter", "/desk/w3", "console-messages"]),
    ],
)
async def test_a_page_offers_what_its_reader_may_do(roles, where, shown, hidden):
    county = County()
    county.answers |= {"/staff/today": today()}
    page = (await seen(county, "/staff/today", *roles, **where)).text
    assert [each for each in shown if each not in page] == []
    assert [each for each in hidden if each in page] == []


@pytest.mark.parametrize(
    ("role", "where", "opens", "reads"),
    [
        ("window_staff", LAND, True, True),
        ("window_staff", {"department_id": "tax"}, False, False),
        ("chief_representative", {"department_id": "tax"}, False, False),
        ("director", LAND, False, True),
        ("director", {**LAND, "official_id": "zhou"}, True, True),
        ("hall_manager", {}, True, True),
        ("deputy_county_head", {}, True, False),
        ("supervisor", {}, True, False),
        ("operator", {}, True, False),
    ],
)
async def test_officials_and_their_visitors_are_offered_to_those_who_may_open_them(role, where, opens, reads):
    """`opens`: Zhou's days, from the list; `reads`: who comes to Zhou's window, from Zhou's days."""
    county = County()
    listed = (await seen(county, "/staff", role, **where)).text
    assert "周文清" in listed
    assert ('href="/staff/officials/zhou"' in listed) is opens
    days = (await seen(county, "/staff/officials/zhou", role, **where)).text
    assert ('href="/staff/sessions/s1/windows/w3"' in days) is reads
    assert "谁来，现在看不到" not in days, "not seen for good, not for now"
    asked = [each for each in county.asked if each.url.path.endswith("/bookings")]
    assert bool(asked) is reads


@pytest.mark.parametrize(("roles", "where", "first"), [(["window_staff"], LAND, True), (["hall_manager"], {}, False)])
async def test_ones_own_windows_stand_first_where_they_are_few(roles, where, first):
    county = County()
    held = today()
    (each,) = held["items"][0]["windows"]
    others = [{**each, "window_id": f"w{number}", "number": number, "department_id": "tax"} for number in (4, 5, 6)]
    held["items"][0]["windows"] += others
    county.answers |= {"/staff/today": held}
    page = (await seen(county, "/staff/today", *roles, **where)).text
    assert (">3 号窗口桌面</a>" in page) is first


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("/staff/today", "auditor"),
        ("/staff/sessions/s1/counter", "director"),
        ("/staff/sessions/s1/desk/w3", "supervisor"),
        ("/staff/sessions/s1/visits", "window_staff"),
        ("/staff/console-messages", "director"),
        ("/staff/console-messages", "hall_manager"),
        ("/staff/accounts", "hall_manager"),
        ("/staff/accounts/rights", "auditor"),
    ],
)
async def test_a_page_that_is_not_ones_own_says_so_and_asks_no_service_for_it(address, role):
    county = County()
    answer = await seen(county, address, role)
    assert answer.status_code == 403
    assert "您的账号没有这一页的权限" in answer.text
    assert not [each for each in county.asked if "/staff/" in each.url.path]


PAGES = json.loads(PERMISSIONS.read_text())["web"]


async def test_every_page_is_opened_by_its_roles_alone():
    names = {"session_id": "s1", "window_id": "w3", "official_id": "zhou"}
    wrong = []
    async with visitor(County()) as browser:
        for route, told in PAGES.items():
            method, path = route.split(" ")
            address = re.sub(r"\{(\w+)\}", lambda name: names.get(name[1], "A" * 22), path)
            for role in identity.ROLES:
                answer = await browser.request(method, address, headers=identity.bearer(role))
                is_refused = answer.status_code == 403 and "您的账号没有这一页的权限" in answer.text
                if is_refused == (role in told["roles"]):
                    wrong.append((route, role, answer.status_code))
    assert wrong == []
    assert len(PAGES) > 25


@pytest.mark.parametrize(("roles", "told"), [([], True), (["auditor"], False)])
async def test_whoever_has_no_role_yet_is_told_whom_to_ask(roles, told):
    county = County()
    county.answers |= {
        "/me/sessions": {"items": []},
        "/accounts/v1/me": {"login": "wang.er", "name": "王二", "must_change_password": False, "telephone": True},
    }
    page = (await seen(county, "/staff/sign-ins", *roles, nothing=True)).text
    assert "wang.er，王二" in page, "at a shared desk one sees who is signed in"
    assert ("请找系统管理员给" in page) is told
