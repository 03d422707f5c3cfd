"""Citizens on the pages: signing in by phone and code, one's own page, and what the browser keeps."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.web.routes.by_phone import way_back
from services.web.security import BROWSER_COOKIE
from shared.identity.tokens import TOKEN_SECONDS, Principal, issue
from tests import identity
from tests.unit.web_county import County, booked, booking, fields, follow, problem, title, visitor

PHONE = "13900002741"
SIGN_IN = "/me/sign-in"


def token(*, age=0.0, kind="citizen"):
    issued = datetime.now(UTC) - timedelta(seconds=age)
    expires = issued + timedelta(seconds=TOKEN_SECONDS)
    return issue(
        Principal(account_id="c1", session_id="s1", kind=kind, issued_at=issued, expires_at=expires),
        identity.KEY,
        identity.KEY_ID,
    )


def signed_in(**changes):
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    account = {"account_id": "c1", "kind": "citizen", "phone_masked": "+*********2741"}
    known = {"token": token(), "expires_at": ends, "session_ends_at": ends, "scope": None, "account": account}
    return {**known, "renewal": "r" * 43, **changes}


@pytest.fixture
def county():
    made = County()
    made.answers |= {
        "/citizens/codes": (202, {"minutes": 5}),
        "/citizens/sign-in": signed_in(),
        "/me": signed_in()["account"],
        "/me/sessions": (204, None),
        "/me/persons": {"items": []},
        "/session": (204, None),
        "/booking/v1/mine": {"items": [booking()]},
        "/mine/b1": booking(),
        "/mine/b1/cancel": booking(state="cancelled", reason="visitor"),
    }
    return made


@pytest.fixture
async def browser(county):
    async with visitor(county) as found:
        yield found


async def send_phone(browser, phone=PHONE, to=""):
    page = await browser.get(SIGN_IN + (f"?to={to}" if to else ""))
    return await follow(browser, await browser.post(SIGN_IN, data={**fields(page, SIGN_IN), "phone": phone}))


async def send_code(browser, page, code="123456"):
    action = page.url.path
    return await browser.post(action, data={**fields(page, action), "code": code})


async def sign_in(browser, to=""):
    return await send_code(browser, await send_phone(browser, to=to))


async def test_a_phone_and_a_code_lead_to_ones_own_page(county, browser):
    asked = await browser.get("/me")
    assert asked.headers["location"] == "/me/sign-in?to=/me"
    page = await send_phone(browser)
    assert county.posted("/citizens/codes") == [{"phone": PHONE, "language": "zh"}]
    assert PHONE not in page.text
    assert "2741" in page.text
    assert PHONE not in str(page.url)
    answer = await send_code(browser, page)
    assert answer.headers["location"] == "/me"
    assert county.posted("/citizens/sign-in") == [{"phone": PHONE, "code": "123456"}]
    page = await follow(browser, answer)
    assert title(page) == "我的预约"
    assert 'href="/me/bookings/b1"' in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_what_keeps_the_sign_in_is_no_scripts_and_lives_as_long_as_it_does(county):
    async with visitor(county, origin="https://hall.test") as browser:
        answer = await sign_in(browser)
    kept = {each.split("=")[0]: set(each.split("; ")) for each in answer.headers.get_list("set-cookie")}
    assert {"HttpOnly", "SameSite=lax", "Secure", "Path=/"} <= kept["__Host-session"] & kept["__Host-renewal"]
    (age,) = [int(each[8:]) for each in kept["__Host-renewal"] if each.startswith("Max-Age=")]
    assert 29 * 86400 < age <= 30 * 86400


async def test_the_browsers_random_name_goes_along_and_stays_the_same(county, browser):
    await send_phone(browser)
    await send_phone(browser)
    names = [each.headers["x-client-device"] for each in county.asked if each.url.path.endswith("/citizens/codes")]
    assert len(names) == 2
    assert len(set(names)) == 1
    assert names[0] == browser.cookies["browser"]


async def test_a_browsers_name_that_we_did_not_give_is_another_one(county, browser):
    page = await browser.get("/me/sign-in")
    known = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    for planted in ("é" * 43, "\x7f" * 43, "=" * 43):
        cookie = f"{known}; {BROWSER_COOKIE}={planted}".encode("latin-1")
        form = {**fields(page, "/me/sign-in"), "phone": PHONE}
        answer = await browser.post("/me/sign-in", data=form, headers={b"Cookie": cookie})
        assert answer.status_code == 303, "as for anybody"
    names = [each.headers["x-client-device"] for each in county.asked if each.url.path.endswith("/citizens/codes")]
    assert len(names) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", each) for each in names)


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("code_not_sent", 503, "验证码没有发出去"),
        ("too_many_tries", 429, "试得太多"),
    ],
)
async def test_a_code_that_was_not_sent_is_said_so(county, browser, code, status, says):
    county.answers["/citizens/codes"] = problem(status, code)
    page = await send_phone(browser)
    assert page.status_code == status
    assert says in page.text
    assert f'value="{PHONE}"' in page.text, "what was typed is still there"


async def test_what_is_no_mobile_phone_is_told_beside_the_field(county, browser):
    errors = [{"pointer": "/phone", "code": "phone_takes_no_texts", "detail": ""}]
    county.answers["/citizens/codes"] = problem(422, "invalid_request", errors=errors)
    page = await send_phone(browser, "01088886666")
    assert page.status_code == 422
    assert "座机收不到短信" in page.text
    page = await send_phone(browser, "")
    assert "还没填，请写您的手机号码" in page.text


async def test_a_wrong_code_is_told_and_another_can_be_had(county, browser):
    county.answers["/citizens/sign-in"] = problem(401, "citizen_code_refused")
    page = await follow(browser, await send_code(browser, await send_phone(browser)))
    assert "验证码不对" in page.text
    assert "session" not in browser.cookies
    action = f"{page.url.path}/again"
    again = await follow(browser, await browser.post(action, data=fields(page, action)))
    assert title(again) == "写短信里的验证码"
    assert county.posted("/citizens/codes") == [{"phone": PHONE, "language": "zh"}] * 2


async def test_a_form_without_its_token_asks_for_no_code(county, browser):
    page = await follow(browser, await browser.post(SIGN_IN, data={"phone": PHONE}))
    assert "这一页放得太久了" in page.text
    assert county.posted("/citizens/codes") == []


@pytest.mark.parametrize("asked", ["//evil.example", "https://evil.example", "/\\evil", "/staff/today", "/me\r\nX: y"])
def test_a_way_back_never_leads_elsewhere(asked):
    assert way_back(asked) == "/me"


async def test_ones_own_booking_opens_and_is_cancelled_without_code_or_digits(county, browser):
    await sign_in(browser)
    page = await follow(browser, await browser.get("/me/bookings/b1"))
    assert page.status_code == 200
    assert "4081 2736" in page.text
    page = await browser.get("/bookings/cancel")
    await browser.post("/bookings/cancel", data=fields(page, "/bookings/cancel"))
    asked = [each.url.path for each in county.asked if each.method == "POST"]
    assert "/api/booking/v1/mine/b1/cancel" in asked
    assert "/api/booking/v1/bookings/lookup" not in asked


async def test_a_booking_made_while_signed_in_shows_the_token_and_without_none(county, browser):
    await follow(browser, await booked(browser))
    assert "authorization" not in county.asked[-1].headers
    await sign_in(browser)
    await booked(browser)
    (sent,) = [
        each for each in county.asked if each.url.path.endswith("/v1/bookings") and "authorization" in each.headers
    ]
    assert sent.headers["authorization"] == f"Bearer {browser.cookies['session']}"


async def test_a_dead_token_is_renewed_by_what_the_browser_keeps(county, browser):
    await sign_in(browser)
    browser.cookies.set("session", token(age=TOKEN_SECONDS + 60), domain="hall.test")
    fresh = token()
    county.answers["/citizens/renew"] = signed_in(token=fresh, renewal=None)
    page = await browser.get("/me")
    assert page.status_code == 200
    assert county.posted("/citizens/renew") == [{"renewal": "r" * 43}]
    assert browser.cookies["session"] == fresh


async def test_a_sign_in_that_is_over_is_forgotten_and_booking_goes_on_without_it(county, browser):
    await sign_in(browser)
    browser.cookies.set("session", token(age=TOKEN_SECONDS + 60), domain="hall.test")
    county.answers["/citizens/renew"] = problem(401, "sign_in_needed")
    answer = await browser.get("/me")
    assert answer.headers["location"] == "/me/sign-in?to=/me"
    assert "session" not in browser.cookies
    assert "renewal" not in browser.cookies
    assert (await booked(browser)).headers["location"] == "/bookings"


async def test_a_sign_in_ended_elsewhere_leads_to_the_phone_and_back(county, browser):
    await sign_in(browser)
    county.answers["/booking/v1/mine"] = problem(401, "sign_in_needed")
    answer = await browser.get("/me")
    assert answer.headers["location"] == "/me/sign-in?to=%2Fme"
    assert "session" not in browser.cookies


async def test_signing_out_here_or_everywhere(county, browser):
    for typed, path in (({}, "/api/accounts/v1/session"), ({"everywhere": "1"}, "/api/accounts/v1/me/sessions")):
        await sign_in(browser)
        page = await browser.get("/me")
        answer = await browser.post("/me/sign-out", data={**fields(page, "/me/sign-out"), **typed})
        assert answer.headers["location"] == "/"
        assert [each.url.path for each in county.asked if each.method == "DELETE"][-1] == path
        assert "session" not in browser.cookies
        assert "renewal" not in browser.cookies


async def test_ones_own_data_is_taken_away(county, browser):
    county.answers["/me/export"] = b"PK-archive"
    await sign_in(browser)
    page = await browser.get("/me")
    answer = await browser.post("/me/data", data=fields(page, "/me/data"))
    assert answer.status_code == 200
    assert (answer.content, answer.headers["cache-control"]) == (b"PK-archive", "private, no-store")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.zip"'
    county.away = {"accounts"}
    away = await follow(browser, await browser.post("/me/data", data=fields(page, "/me/data")))
    assert away.status_code == 503


async def test_an_account_is_closed_once_that_was_asked_on_a_page_of_its_own(county, browser):
    number = "0197a000-0000-7000-8000-000000000001"
    county.answers["/me/erasure"] = (202, erasure(number))
    await sign_in(browser)
    page = await browser.get("/me/leave")
    refused = await browser.post("/me/leave", data={**fields(page, "/me/leave"), "form_token": "x"})
    assert refused.status_code == 409
    assert county.posted("/me/erasure") == []
    answer = await browser.post("/me/leave", data=fields(page, "/me/leave"))
    assert answer.headers["location"] == f"/me/left/{number}"
    assert not {"session", "renewal"} & set(browser.cookies)
    left = await browser.get(f"/me/left/{number}")
    assert number in left.text
    for path in ("/me/leave", "/me/data"):
        assert (await browser.post(path, data=fields(page, "/me/leave"))).headers["location"].startswith("/me/sign-in")


def erasure(number):
    return {
        "erasure_id": number,
        "state": "running",
        "basis": "signed_in",
        "requested_at": datetime.now(UTC).isoformat(),
    }


async def test_a_citizen_opens_no_page_of_the_staffs_and_staff_have_no_page_of_citizens(county, browser):
    await sign_in(browser)
    page = await browser.get("/staff/officials/zhou")
    assert page.status_code == 403
    browser.cookies.set("session", token(kind="staff"), domain="hall.test")
    assert (await browser.get("/me")).headers["location"] == "/me/sign-in?to=/me"


async def test_ones_own_page_is_there_while_booking_or_accounts_is_away(county, browser):
    await sign_in(browser)
    county.away = {"booking"}
    page = await browser.get("/me")
    assert page.status_code == 200
    assert "预约现在看不到" in page.text
    county.away = {"accounts"}
    page = await browser.get("/me")
    assert 'href="/me/bookings/b1"' in page.text


async def test_a_number_that_is_nobodys_is_told_as_a_mobile_ones(county, browser):
    """A landline's area code helps nobody here: it takes no texts."""
    wrong = problem(422, "invalid_request", errors=[{"pointer": "/phone", "code": "phone_invalid", "detail": ""}])
    county.answers["/citizens/codes"] = wrong
    page = await send_phone(browser, "12345")
    assert "这个手机号码打不通" in page.text
    assert "座机" not in page.text


async def test_a_voucher_leads_back_to_all_of_ones_own(county, browser):
    await sign_in(browser)
    page = await follow(browser, await browser.get("/me/bookings/b1"))
    assert '<a class="back" href="/me">' in page.text
    assert "下次从“我的”里就能打开" in page.text
    shown = await browser.get("/me")
    assert "登录的手机：尾号 2741" in shown.text
