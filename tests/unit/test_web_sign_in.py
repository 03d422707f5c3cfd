"""Signing in on the pages: what is asked of accounts, what the browser keeps, and where it leads."""

from datetime import UTC, datetime, timedelta

import pytest

from services.web.browsers import named
from services.web.routes.sign_in import way_back
from shared.identity.tokens import TOKEN_SECONDS, Held, Principal, issue
from tests import identity
from tests.unit.web_county import County, fields, problem, title, visitor

SIGN_IN = "/sign-in"
TYPED = {"login": "zhou", "password": "a long word or two", "code": "123 456", "to": "/staff/home"}


def token(*, age=0.0, scope=None):
    issued = datetime.now(UTC) - timedelta(seconds=age)
    return issue(
        Principal(
            account_id="a1",
            session_id="s1",
            kind="staff",
            issued_at=issued,
            expires_at=issued + timedelta(seconds=TOKEN_SECONDS),
            held=(Held(role="operator"),),
            scope=scope,
        ),
        identity.KEY,
        identity.KEY_ID,
    )


def signed_in(**changes):
    ends = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
    account = {"login": "zhou", "name": "周文清", "must_change_password": False, "telephone": True}
    return {
        "token": token(), "expires_at": ends, "session_ends_at": ends, "scope": None, "account": account,
    } | changes  # fmt: skip


@pytest.fixture
def county():
    made = County()
    made.answers |= {
        "/sign-in": signed_in(),
        "/session": (204, None),
        "/me": signed_in()["account"],
    }
    return made


@pytest.fixture
async def browser(county):
    async with visitor(county, allowed_hosts=("hall.test",)) as found:
        yield found


async def send(browser, **typed):
    page = await browser.get(SIGN_IN)
    return await browser.post(SIGN_IN, data={**fields(page, SIGN_IN), **TYPED, **typed})


async def test_a_page_of_the_staffs_leads_to_the_sign_in_and_back(county, browser):
    asked = await browser.get("/staff/officials/zhou")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?to=%2Fstaff%2Fofficials%2Fzhou")
    page = await browser.get(asked.headers["location"])
    assert 'name="to" value="/staff/officials/zhou"' in page.text
    answer = await send(browser, to="/staff/officials/zhou")
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/officials/zhou")
    assert county.posted("/sign-in") == [{"login": "zhou", "password": TYPED["password"], "code": "123456"}]
    shown = await browser.get("/staff/officials/zhou")
    assert shown.status_code == 200
    assert "退出" in shown.text
    (said,) = {each.headers["authorization"] for each in county.asked if each.url.path.endswith("/officials")}
    assert said == f"Bearer {browser.cookies['session']}"


async def test_the_cookie_is_no_scripts_and_over_https_no_other_hosts(county, browser):
    (kept,) = [each for each in (await send(browser)).headers.get_list("set-cookie") if each.startswith("session=")]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(kept.split("; "))
    assert "Max-Age" not in kept
    async with visitor(county, origin="https://hall.test", allowed_hosts=("hall.test",)) as secure:
        answer = await send(secure)
    (kept,) = [each for each in answer.headers.get_list("set-cookie") if "session=" in each]
    assert kept.startswith("__Host-session=")
    assert "Secure" in kept


@pytest.mark.parametrize(
    "asked",
    ["https://evil.example/", "//evil.example/staff", "/\\evil.example", "/staff\r\nSet-Cookie: a=b", "/staff/../", ""],
)
def test_a_way_back_never_leads_elsewhere(asked):
    assert way_back(asked) in {"/staff/home", "/staff/../"}
    assert "evil" not in way_back(asked)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, "sign_in_refused", "用户名、密码或者动态码不对"),
        (429, "too_many_tries", "大约 2 分钟以后"),
        (429, "too_busy", "登录的人太多了"),
        (401, "code_needed", "密码对了"),
    ],
)
async def test_a_refusal_is_told_and_the_password_is_not_shown_again(county, browser, status, code, said):
    county.answers["/sign-in"] = problem(status, code)
    page = await send(browser)
    assert page.status_code == status
    assert said in page.text
    assert page.headers.get("retry-after") == ("90" if status == 429 else None)
    assert 'value="zhou"' in page.text
    assert TYPED["password"] not in page.text
    assert "session" not in browser.cookies


async def test_what_is_missing_is_asked_for_before_accounts_is(county, browser):
    page = await send(browser, login=" ", password="")
    assert page.status_code == 422
    assert "请写用户名" in page.text
    assert "请写密码" in page.text
    assert county.posted("/sign-in") == []


async def test_the_pages_say_so_while_accounts_is_away(county, browser):
    await send(browser)
    await browser.get("/staff/officials/zhou")
    county.away = {"accounts"}
    assert (await browser.get("/staff/officials/zhou")).status_code == 200, "who is signed in goes on"
    assert (await send(browser)).status_code == 503
    assert title(await send(browser)) == "现在不能登录"


async def test_a_form_without_its_token_signs_nobody_in(county, browser):
    page = await browser.post(SIGN_IN, data=TYPED)
    assert page.status_code == 409
    assert county.posted("/sign-in") == []
    elsewhere = await browser.post(SIGN_IN, data=TYPED, headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403


async def test_signing_out_tells_accounts_and_forgets_the_cookie(county, browser):
    await send(browser)
    page = await browser.get("/staff/officials/zhou")
    answer = await browser.post("/sign-out", data=fields(page, "/sign-out"))
    assert answer.headers["location"] == "/sign-in"
    assert [each.url.path for each in county.asked if each.method == "DELETE"] == ["/api/accounts/v1/session"]
    assert "session" not in browser.cookies


async def test_a_token_that_has_lived_half_its_life_is_renewed_on_the_way(county, browser):
    browser.cookies.set("session", token(age=TOKEN_SECONDS / 2 + 5), domain="hall.test")
    fresh = token()
    county.answers["/session/renew"] = signed_in(token=fresh)
    page = await browser.get("/staff/officials/zhou")
    assert page.status_code == 200
    assert f"session={fresh}" in page.headers["set-cookie"]
    (said,) = {each.headers["authorization"] for each in county.asked if each.url.path.endswith("/officials")}
    assert said == f"Bearer {fresh}"


async def test_a_young_token_is_left_alone_and_a_sign_in_that_is_over_leads_to_the_sign_in(county, browser):
    browser.cookies.set("session", token(age=60), domain="hall.test")
    await browser.get("/staff/officials/zhou")
    assert county.posted("/session/renew") == []
    browser.cookies.set("session", token(age=TOKEN_SECONDS / 2 + 5), domain="hall.test")
    county.answers["/session/renew"] = problem(401, "sign_in_needed")
    answer = await browser.get("/staff/officials/zhou")
    assert answer.headers["location"].startswith("/sign-in?to=")


async def test_a_first_sign_ins_token_opens_no_page_of_the_staffs(county, browser):
    county.answers["/sign-in"] = signed_in(token=token(scope="enrol"), scope="enrol")
    assert (await send(browser)).headers["location"] == "/sign-in/first"
    for address in ("/staff/officials/zhou", "/staff/home"):
        answer = await browser.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/first"), "to what is to be done yet"
    assert (await browser.post("/staff/sign-ins/others/end", data={})).status_code == 403


async def test_the_first_time_a_password_and_a_telephone_are_set_up(county, browser):
    county.answers["/sign-in"] = signed_in(token=token(scope="enrol"), scope="enrol")
    await send(browser)
    account = {"login": "zhou", "must_change_password": True, "telephone": False}
    county.answers |= {"/me": account, "/me/password": (204, None)}
    page = await browser.get("/sign-in/first")
    assert title(page).startswith("第 1 步")
    action = "/sign-in/first/password"
    new = {"password": "given", "new_password": "a word of my own", "again": "a word of mine"}
    page = await browser.post(action, data={**fields(page, action), **new})
    assert "两次写的不一样" in page.text
    assert county.posted("/me/password") == []
    answer = await browser.post(action, data={**fields(page, action), **new, "again": new["new_password"]})
    assert answer.headers["location"] == "/sign-in/first"
    assert county.posted("/me/password") == [{"password": "given", "new_password": "a word of my own"}]

    county.answers |= {
        "/me": {**account, "must_change_password": False},
        "/me/totp": {"address": "otpauth://totp/x?secret=ABC", "secret": "ABC"},
        "/me/totp/confirm": problem(422, "code_refused"),
    }
    page = await browser.get("/sign-in/first")
    assert "<svg" in page.text
    action = "/sign-in/first/telephone"
    page = await browser.post(action, data={**fields(page, action), "code": "000000"})
    assert "动态码不对" in page.text
    assert fields(page, action)["secret"] == "ABC"
    assert len(county.posted("/me/totp")) == 1, "another secret would make the scanned one useless"
    county.answers["/me/totp/confirm"] = problem(409, "no_telephone_pending")
    elsewhere = await browser.post(action, data={**fields(page, action), "code": "111111"})
    assert elsewhere.headers.get("location") == "/sign-in/first", (
        "another tab has set it up: that page knows what is next"
    )
    county.answers["/me/totp/confirm"] = {"recovery_codes": ["aaaa-bbbb", "cccc-dddd"]}
    page = await browser.post(action, data={**fields(page, action), "code": "111111"})
    assert "aaaa-bbbb" in page.text
    assert page.headers["cache-control"] == "no-store"


PROVIDER = "/internal/v1/oidc"
ADDRESS = "https://id.county.example/authorize?state=abc"


@pytest.fixture
def offered(county):
    county.answers |= {PROVIDER: {"name": "望川通"}, "/oidc/begin": {"address": ADDRESS, "question": "sealed"}}


async def test_the_way_to_the_provider_is_kept_in_a_cookie_that_no_other_host_can_have_set(county, offered):
    async with visitor(county, origin="https://hall.test", allowed_hosts=("hall.test",)) as secure:
        page = await secure.get(SIGN_IN, params={"to": "/staff/officials/zhou"})
        assert 'href="/sign-in/oidc?to=%2Fstaff%2Fofficials%2Fzhou"' in page.text
        answer = await secure.get("/sign-in/oidc", params={"to": "/staff/officials/zhou"})
    assert (answer.status_code, answer.headers["location"]) == (303, ADDRESS)
    assert county.posted("/oidc/begin") == [{"return_to": "https://hall.test/sign-in/oidc/back"}]
    (kept,) = [each for each in answer.headers.get_list("set-cookie") if "oidc" in each]
    assert kept.startswith("__Host-oidc=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"} <= set(kept.split("; "))
    assert "sealed" not in kept


@pytest.mark.parametrize("code", ["oidc_refused", "oidc_subject_unknown", "oidc_telephone_missing", "something_new"])
async def test_what_the_providers_answer_came_to_is_told_at_an_address_without_its_code(county, browser, offered, code):
    county.answers["/oidc/finish"] = problem(403, code)
    await browser.get("/sign-in/oidc", params={"to": "/staff/officials/zhou"})
    answer = await browser.get("/sign-in/oidc/back", params={"code": "c0de", "state": "abc"})
    told = code if code != "something_new" else "oidc_refused"
    assert answer.headers["location"] == f"/sign-in?why={told}&to=%2Fstaff%2Fofficials%2Fzhou"
    assert "oidc" not in browser.cookies
    page = await browser.get(answer.headers["location"])
    assert page.status_code in {401, 403}
    assert 'role="alert"' in page.text


async def test_whatever_an_address_says_of_why_only_our_own_reasons_are_shown(browser):
    page = await browser.get(SIGN_IN, params={"why": "password_refused"})
    assert page.status_code == 200
    assert 'role="alert"' not in page.text


async def test_accounts_alone_is_told_of_the_browser_and_in_plain_characters(county, browser):
    await browser.get(SIGN_IN, headers={"User-Agent": "Mozilla/5.0 \u00e9 Firefox/140.0".encode("latin-1")})
    said = {each.url.path: each.headers.get("x-client-agent") for each in county.asked}
    assert said.pop(PROVIDER) == "Mozilla/5.0  Firefox/140.0"
    assert set(said.values()) == {None}


@pytest.mark.parametrize(
    ("agent", "called"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", ("Chrome", "Windows")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) MicroMessenger/8.0 Safari/604", ("微信", "iPhone")),
        (
            "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 Chrome/114 HuaweiBrowser/5.0",
            ("华为浏览器", "鸿蒙"),
        ),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", ("Chrome", "安卓")),
        ("curl/8.5.0", ()),
        ("", ()),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent, called):
    assert named(agent) == called
