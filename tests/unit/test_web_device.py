"""Kiosks and screens: a browser becomes one by a code, goes to its page of the day by itself, and may nothing else."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.identity.tokens import Principal, issue
from tests import identity
from tests.page_forms import fields
from tests.unit.web_county import NOW, County, problem, title, visitor

KIOSK = "/staff/sessions/s1/kiosk"
SECRET = "s" * 43


def given(kind="kiosk", age=timedelta(0), **changes):
    """A token as accounts gives it to a device, so many minutes ago."""
    issued = datetime.now(UTC) - age
    scope = f"{kind}:hall"
    principal = Principal("d1", "d1", "device", issued, issued + timedelta(minutes=30), scope=scope)
    token = issue(principal, identity.KEY, identity.KEY_ID)
    return {"token": token, "expires_at": principal.expires_at.isoformat(), "kind": kind, "venue_id": "hall", **changes}


def held(*session_ids):
    return {"session_ids": list(session_ids), "now": NOW.isoformat()}


@pytest.fixture
def county():
    found = County()
    found.answers |= {
        "/devices/pair": given(secret=SECRET),
        "/devices/renew": given(),
        "/venues/hall/today": held("s1"),
        "/sessions/s1/screen": {"session_id": "s1", "version": 1, "now": NOW.isoformat(), "calls": []},
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county) as found:
        yield found


def be_device(browser, county, kind="kiosk", age=timedelta(0)):
    """The browser as it is after pairing, some time later."""
    county.answers["/devices/renew"] = given(kind)
    browser.cookies.set("device", SECRET)
    browser.cookies.set("session", given(kind, age)["token"])


def set_cookies(answer):
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


def asked(county, end):
    return [each for each in county.asked if each.url.path.endswith(end)]


def again(page):
    """Where the page goes by itself, and after how many seconds."""
    found = re.search(r'<meta http-equiv="refresh" content="(\d+); url=([^"]+)">', page.text)
    return (int(found[1]), found[2]) if found else None


async def typed(browser, code):
    form = await browser.get("/device")
    return await browser.post("/device", data={**fields(form, "/device"), "code": code})


async def test_a_code_makes_a_browser_a_kiosk_that_goes_to_its_page_by_itself(county, browser):
    form = await browser.get("/device")
    assert title(form) == "设成自助机或者大屏"
    assert again(form) is None
    answer = await typed(browser, " k3mp-77xd ")
    assert county.posted("/devices/pair") == [{"code": "k3mp-77xd"}]
    assert (answer.status_code, answer.headers["location"]) == (303, "/device")
    kept = set_cookies(answer)
    assert "HttpOnly" in kept["device"]
    assert f"Max-Age={400 * 24 * 3600}" in kept["device"]
    assert "Max-Age" not in kept["session"]
    assert SECRET not in answer.text
    led = await browser.get("/device")
    assert (led.status_code, led.headers["location"]) == (303, KIOSK)
    page = await browser.get(KIOSK)
    assert page.status_code == 200
    assert again(page) == (600, "/device")
    for theirs in ("/staff/home", "/staff/today", "/staff/sign-ins", "/sign-out", "/staff/console-messages"):
        assert f'"{theirs}"' not in page.text


async def test_over_https_no_other_host_can_have_set_the_secret(county):
    async with visitor(county, origin="https://hall.test") as browser:
        browser.headers["X-Forwarded-Proto"] = "https"
        kept = set_cookies(await typed(browser, "k3mp77xd"))
        assert {"__Host-device", "__Host-session"} <= set(kept)
        assert all("Secure" in kept[name] and "Path=/" in kept[name] for name in ("__Host-device", "__Host-session"))


async def test_a_screen_goes_to_the_calls_and_looks_anew_in_the_morning(county, browser):
    be_device(browser, county, "screen")
    led = await browser.get("/device")
    assert led.headers["location"] == "/hall/s1"
    seconds, where = again(await browser.get("/hall/s1"))
    assert where == "/device"
    assert 0 < seconds <= 24 * 3600
    browser.cookies.clear()
    assert again(await browser.get("/hall/s1")) is None, "whoever looks at home stays there"


async def test_on_a_day_without_a_session_it_waits_quietly(county, browser):
    be_device(browser, county)
    county.answers["/venues/hall/today"] = held()
    page = await browser.get("/device")
    assert (page.status_code, title(page), again(page)) == (200, "今天这里没有服务日", (60, "/device"))


@pytest.mark.parametrize(
    ("code", "status"), [("pairing_refused", 401), ("too_many_tries", 429), ("invalid_request", 422)]
)
async def test_a_code_that_does_not_open_says_so_and_keeps_nothing(county, browser, code, status):
    county.answers["/devices/pair"] = problem(status, code)
    answer = await typed(browser, "k3mp-77xd")
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert not {"device", "session"} & set(set_cookies(answer))
    assert "k3mp" not in answer.text


async def test_an_old_form_and_one_without_a_code_pair_nothing(county, browser):
    assert (await browser.post("/device", data={"code": "k3mp-77xd", "form_token": "old"})).status_code == 409
    assert (await typed(browser, "  ")).status_code == 422
    assert county.posted("/devices/pair") == []


async def test_an_expired_token_is_renewed_by_the_secret_and_nothing_typed_is_lost(county, browser):
    be_device(browser, county)
    form = await browser.get(KIOSK)
    browser.cookies.set("session", given(age=timedelta(hours=1))["token"])
    county.answers["/sessions/s1/check-ins"] = problem(404, "booking_unknown")
    answer = await browser.post(KIOSK, data={**fields(form, KIOSK), "code": "40812736"})
    assert answer.status_code == 404
    (sent,) = asked(county, "/check-ins")
    assert sent.headers["authorization"] == f"Bearer {county.answers['/devices/renew']['token']}"
    assert county.answers["/devices/renew"]["token"] in set_cookies(answer)["session"]


async def test_a_token_of_half_its_life_is_renewed(county, browser):
    be_device(browser, county, age=timedelta(minutes=14))
    await browser.get(KIOSK)
    assert asked(county, "/devices/renew") == []
    be_device(browser, county, age=timedelta(minutes=16))
    answer = await browser.get(KIOSK)
    assert county.posted("/devices/renew") == [{"secret": SECRET}]
    assert asked(county, "/session/renew") == []
    assert "session" in set_cookies(answer)


async def test_while_accounts_is_away_it_goes_on_with_the_token_that_it_has(county, browser):
    be_device(browser, county, age=timedelta(minutes=1))
    await browser.get(KIOSK)
    be_device(browser, county, age=timedelta(minutes=16))
    county.away = {"accounts"}
    assert (await browser.get(KIOSK)).status_code == 200
    assert (await browser.get("/device")).headers["location"] == KIOSK
    browser.cookies.set("session", given(age=timedelta(hours=1))["token"])
    quiet = await browser.get("/device")
    assert (quiet.status_code, title(quiet), again(quiet)) == (503, "现在连不上", (60, "/device"))
    lost = await browser.get(KIOSK)
    assert (lost.status_code, again(lost)) == (503, (600, "/device"))
    assert "Max-Age=0" not in str(lost.headers) + str(quiet.headers), "it stays a device"


@pytest.mark.parametrize(
    ("service", "refusal"),
    [("/devices/renew", problem(429, "busy")), ("/venues/hall/today", problem(401, "sign_in_needed"))],
)
async def test_no_other_refusal_unmakes_a_device(county, browser, service, refusal):
    be_device(browser, county, age=timedelta(hours=1))
    county.answers[service] = refusal
    page = await browser.get("/device")
    assert (page.status_code, again(page)) == (503, (60, "/device"))
    assert "Max-Age=0" not in str(page.headers.get_list("set-cookie"))


async def test_a_revoked_device_says_so_and_forgets_what_opened(county, browser):
    be_device(browser, county, age=timedelta(hours=1))
    county.answers["/devices/renew"] = problem(401, "sign_in_needed")
    led = await browser.get(KIOSK)
    assert (led.status_code, led.headers["location"]) == (303, "/device")
    page = await browser.get("/device")
    assert page.status_code == 403
    assert "这台机器停用了" in page.text
    kept = set_cookies(page)
    assert all("Max-Age=0" in kept[name] for name in ("device", "session"))


async def test_a_kiosk_that_was_revoked_meanwhile_hears_it_from_the_queue(county, browser):
    be_device(browser, county)
    form = await browser.get(KIOSK)
    county.answers["/sessions/s1/check-ins"] = problem(401, "sign_in_needed")
    answer = await browser.post(KIOSK, data={**fields(form, KIOSK), "code": "40812736"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/device")


async def test_a_kiosk_of_yesterday_looks_for_todays_page(county, browser):
    be_device(browser, county)
    form = await browser.get(KIOSK)
    county.answers["/sessions/s1/check-ins"] = problem(409, "session_not_today")
    answer = await browser.post(KIOSK, data={**fields(form, KIOSK), "code": "40812736"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/device")


async def test_what_a_kiosk_could_not_do_is_told_on_its_own_page(county, browser):
    be_device(browser, county)
    form = await browser.get(KIOSK)
    county.away = {"queue"}
    answer = await browser.post(KIOSK, data={**fields(form, KIOSK), "code": "40812736"})
    told = await browser.get(answer.headers["location"])
    assert told.status_code == 503
    assert f'href="{KIOSK}"' in told.text
    assert "/staff/home" not in told.text


async def test_somebody_of_the_staff_at_its_browser_is_who_asks(county, browser):
    browser.cookies.set("device", SECRET)
    browser.cookies.set("session", identity.token("hall_manager"))
    page = await browser.get(KIOSK)
    assert page.status_code == 200
    assert again(page) is None, "a kiosk that the counter opened stays as it was"
    assert asked(county, "/devices/renew") == []


@pytest.mark.parametrize("kind", ["kiosk", "screen"])
async def test_no_page_of_the_staffs_is_a_devices(county, browser, kind):
    be_device(browser, county, kind)
    for address in (
        "/staff/today",
        "/staff/home",
        "/staff/sessions/s1/counter",
        "/staff/sessions/s1/desk/w3",
        "/staff/audit",
    ):
        page = await browser.get(address)
        assert page.status_code == 403, address
        assert 'href="/device"' in page.text
        assert "/staff/today" not in page.text.replace(address, "")
    assert (await browser.get(KIOSK)).status_code == (200 if kind == "kiosk" else 403)
