"""What keeps a page the visitor's own, and bad input from being more than bad input."""

import re
import time

import pytest

from services.web.security import FORM_COOKIE, VOUCHER_COOKIE
from tests.page_forms import fields
from tests.unit.web_county import MATTER, ORIGIN, County, booked, check_page, visitor

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def county():
    return County()


@pytest.fixture
async def browser(county):
    async with visitor(county) as found:
        yield found


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "https://hall.test"},
        {"Origin": "http://hall.test.evil"},
    ],
)
@pytest.mark.parametrize("address", ["/bookings", "/bookings/lookup", "/bookings/cancel", f"/book/{MATTER}/check"])
async def test_a_form_of_another_site_is_refused(county, browser, address, headers):
    form = fields(await check_page(browser), "/bookings")
    county.asked.clear()
    page = await browser.post(address, data=form, headers=headers)
    assert page.status_code == 403
    assert "不是从我们的网页来的" in page.text
    assert not any(each.method == "POST" for each in county.asked)


async def test_a_form_without_any_word_on_its_origin_is_refused_and_a_referrer_will_do(county, browser):
    form = fields(await check_page(browser), "/bookings")
    del browser.headers["Origin"]
    assert (await browser.post("/bookings", data=form)).status_code == 403
    assert (await browser.post("/bookings", data=form, headers={"Referer": f"{ORIGIN}/book"})).status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "nonsense"])
async def test_a_wrong_token_books_nothing_and_shows_the_form_again(county, browser, token):
    form = {**fields(await check_page(browser), "/bookings"), "form_token": token}
    page = await browser.post("/bookings", data=form)
    assert "这一页放得太久了" in page.text
    assert county.posted("/bookings") == []
    assert (await browser.post("/bookings", data=fields(page, "/bookings"))).status_code == 303


async def test_a_token_of_another_browser_is_none(county, browser):
    form = fields(await check_page(browser), "/bookings")
    async with visitor(county) as other:
        await check_page(other)
        await other.post("/bookings", data=form)
    assert county.posted("/bookings") == []


@pytest.mark.parametrize("verb", ["cancel", "agree", "leave", "lookup"])
async def test_no_verb_works_without_a_token(county, browser, verb):
    await booked(browser)
    await browser.post(f"/bookings/{verb}", data={"form_token": "x", "code": "4081 2736", "digits": "2741"})
    assert county.posted(f"/bookings/{verb}") == []
    assert browser.cookies.get(VOUCHER_COOKIE)


async def test_cookies_are_hidden_from_scripts_and_other_sites(county, browser):
    await check_page(browser)
    answer = await booked(browser)
    said = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in said.split(";")}
    assert "Max-Age=3600" in said
    assert "Secure" not in said
    async with visitor(county, origin="https://hall.test") as secure:
        secure.headers["X-Forwarded-Proto"] = "https"
        answer = await booked(secure)
        assert answer.status_code == 303
        said = answer.headers["set-cookie"]
        assert said.startswith("__Host-voucher=")
        assert "Secure" in said
        assert answer.headers["strict-transport-security"]


async def test_the_voucher_cookie_tells_nothing_and_cannot_be_forged(county, browser):
    await booked(browser)
    sealed = browser.cookies[VOUCHER_COOKIE]
    assert "4081" not in sealed
    assert "2741" not in sealed
    for forged in (sealed[:-2], sealed[:-3] + "AAA", "x", "", "é"):
        county.asked.clear()
        headers = {"Cookie": f"{VOUCHER_COOKIE}={forged}".encode()}
        async with visitor(county) as other:
            answer = await other.get("/bookings", headers=headers)
        assert answer.headers["location"] == "/bookings/lookup"
        assert county.posted("/bookings/lookup") == []


async def test_a_voucher_cookie_expires_on_our_side_too(county, browser, monkeypatch):
    await booked(browser)
    later = time.time() + 3700
    monkeypatch.setattr(time, "time", lambda: later)
    answer = await browser.get("/bookings")
    assert answer.headers["location"] == "/bookings/lookup"


@pytest.mark.parametrize("address", ["//evil.test/?lang=en", "/\\evil.test?lang=en", "/%2f%2fevil.test?lang=en"])
async def test_a_preference_never_leads_elsewhere(browser, address):
    answer = await browser.get(ORIGIN + address)
    assert answer.status_code == 303
    assert re.match(r"/[^/\\]", answer.headers["location"])


@pytest.mark.parametrize("address", ["//evil.test/x", "/%2f%2fevil.test/x", "/\\evil.test"])
async def test_the_links_to_another_language_never_lead_elsewhere(browser, address):
    page = await browser.get(ORIGIN + address)
    links = re.findall(r'href="([^"]*(?:lang|elder)=[^"]*)"', page.text)
    assert len(links) == 2
    assert all(re.match(r"/[^/\\]", link) for link in links), links


async def test_preferences_are_kept_and_leave_the_address(browser):
    answer = await browser.get("/matters?q=%E6%88%BF&lang=en&elder=1")
    assert answer.headers["location"] == "/matters?q=%E6%88%BF"
    page = await browser.get("/")
    assert '<html lang="en" class="elder">' in page.text
    await browser.get("/?lang=xx&elder=7")
    assert '<html lang="en" class="elder">' in (await browser.get("/")).text


@pytest.mark.parametrize(
    "address",
    [
        "/matters?q=%ff%fe",
        "/matters?q=%00",
        "/matters?q=a%0ab%1b",
        "/?%ff=1",
        "/matters?" + "&".join(f"a{i}=1" for i in range(80)),
    ],
)
async def test_an_address_that_is_no_text_gets_a_clear_page(browser, address):
    page = await browser.get(address)
    assert page.status_code == 400
    assert "读不出来" in page.text
    assert 'href="tel:12345"' in page.text


@pytest.mark.parametrize(
    "address",
    [
        "/nothing",
        "/matters/%ff",
        "/matters/%00",
        "/matters/" + "x" * 300,
        "/matters/..%2f..%2finternal",
        "/book/a/b/c/d",
    ],
)
async def test_an_address_that_leads_nowhere_gets_a_clear_page(browser, address):
    page = await browser.get(address)
    assert page.status_code in {400, 404}
    assert 'href="tel:12345"' in page.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"name=%ff%fe", FORM, 400),
        (b"name=\xff\xfe", FORM, 400),
        (b"a=" + b"x" * 40_000, FORM, 413),
        (b"a=" + b"x" * 2_000_000, FORM, 413),
        (b"&".join(b"a%d=1" % number for number in range(100)), FORM, 400),
        (b'{"name": 1}', {"Content-Type": "application/json"}, 400),
        (b"", {}, 400),
        (b"matter=%00&session=s1&slot=7", FORM, 400),
        (b"matter=transfer&session=" + b"s" * 300, FORM, 400),
    ],
)
async def test_a_form_that_no_page_of_ours_sends_gets_a_clear_page(county, browser, body, headers, status):
    page = await browser.post("/bookings", content=body, headers=headers)
    assert page.status_code == status
    assert 'href="tel:12345"' in page.text
    assert county.posted("/bookings") == []


async def test_a_form_sent_in_pieces_is_counted_too(county, browser):
    async def pieces():
        for _ in range(40):
            yield b"a=" + b"x" * 1024

    page = await browser.post("/bookings", content=pieces(), headers=FORM)
    assert page.status_code == 413


async def test_a_page_that_takes_forms_alone_says_so(browser):
    page = await browser.get("/bookings/agree")
    assert page.status_code == 405
    assert "这一页不能直接打开" in page.text
    assert (await browser.get(f"/book/{MATTER}/check")).headers["location"] == f"/book/{MATTER}"


async def test_services_hear_whose_wish_it_is(county, browser):
    await browser.get("/", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Correlation-Id": "abcdefgh-1"})
    for each in county.asked:
        assert each.headers["x-client-address"] == "203.0.113.9"
        assert each.headers["x-service-secret"] == "s" * 40
        assert each.headers["x-correlation-id"] == "abcdefgh-1"


async def test_a_page_without_a_form_leaves_no_cookie(browser):
    for address in ("/", "/matters", f"/matters/{MATTER}", f"/book/{MATTER}", "/privacy"):
        assert "set-cookie" not in (await browser.get(address)).headers
    await browser.get("/bookings/lookup")
    assert browser.cookies.get(FORM_COOKIE)
