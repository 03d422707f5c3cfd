"""What keeps a page the visitor's own, and bad input from being more than bad input."""

import json
import re
import time
from types import SimpleNamespace

import pytest

from services.web.pages import STATIC, Site
from services.web.security import FORM_COOKIE, VOUCHER_COOKIE
from tests.page_forms import fields
from tests.unit.web_county import (
    MATTER,
    ORIGIN,
    TYPED,
    booked,
    check_page,
    details_page,
    follow,
    press,
    settings,
    visitor,
    walk,
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "https://hall.test"},
        {"Origin": "http://hall.test.evil"},
    ],
)
@pytest.mark.parametrize("address", ["{walk}/check", "{walk}/details", "/bookings/lookup", "/bookings/cancel"])
async def test_a_form_of_another_site_is_refused(county, browser, address, headers):
    checked = await check_page(browser)
    form = {**fields(checked, checked.url.path), **TYPED, "session": "s1", "slot": "7"}
    county.asked.clear()
    page = await browser.post(address.format(walk=walk(checked)), data=form, headers=headers)
    assert page.status_code == 403
    assert "不是从我们的网页来的" in page.text
    assert not any(each.method == "POST" for each in county.asked)


async def test_a_form_without_any_word_on_its_origin_is_refused_and_a_referrer_will_do(county, browser):
    page = await check_page(browser)
    form = fields(page, page.url.path)
    del browser.headers["Origin"]
    assert (await browser.post(page.url.path, data=form)).status_code == 403
    assert county.posted("v1/bookings") == []
    answer = await browser.post(page.url.path, data=form, headers={"Referer": f"{ORIGIN}/book"})
    assert answer.headers["location"] == "/bookings"


@pytest.mark.parametrize("token", ["", "0" * 64, "nonsense"])
async def test_a_wrong_token_books_nothing_and_offers_the_form_again(county, browser, token):
    page = await check_page(browser)
    page = await follow(browser, await press(browser, page, "check", form_token=token))
    assert "这一页放得太久了" in page.text
    assert county.posted("v1/bookings") == []
    assert (await press(browser, page, "check")).headers["location"] == "/bookings"


async def test_a_token_of_another_browser_is_none(county, browser):
    token = fields(page := await check_page(browser), page.url.path)["form_token"]
    async with visitor(county) as other:
        await press(other, await check_page(other), "check", form_token=token)
    assert county.posted("v1/bookings") == []


@pytest.mark.parametrize("verb", ["cancel", "agree", "leave", "lookup"])
async def test_no_verb_works_without_a_token(county, browser, verb):
    await booked(browser)
    await browser.post(f"/bookings/{verb}", data={"form_token": "x", "code": "4081 2736", "digits": "2741"})
    assert county.posted(f"/bookings/{verb}") == []
    assert browser.cookies.get(VOUCHER_COOKIE)


async def test_cookies_are_hidden_from_scripts_and_other_sites(county, browser):
    page = await check_page(browser)
    answer = await press(browser, page, "check")
    draft, voucher = answer.headers.get_list("set-cookie")
    for said, path in ((draft, walk(page)), (voucher, "/")):
        assert {"HttpOnly", "SameSite=lax", f"Path={path}", "Max-Age=3600"} <= {
            part.strip() for part in said.split(";")
        }
        assert "Secure" not in said
    async with visitor(county, origin="https://hall.test") as secure:
        secure.headers["X-Forwarded-Proto"] = "https"
        answer = await booked(secure)
        assert answer.status_code == 303
        draft, voucher = answer.headers.get_list("set-cookie")
        assert draft.startswith("__Secure-page=")
        assert voucher.startswith("__Host-voucher=")
        assert all("; Secure" in said for said in (draft, voucher))
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
    # Our clock alone: the browser would drop the cookie by its own.
    monkeypatch.setattr("services.web.sealing.time", SimpleNamespace(time=lambda: later))
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
    "address", ["/", "/matters?q=%E6%88%BF", "/bookings", "/nothing", "/static/tokens.css", "/?lang=en"]
)
async def test_head_answers_as_get_without_a_body(browser, address):
    page, head = await browser.get(address), await browser.head(address)
    assert head.status_code == page.status_code
    assert head.content == b""
    for name in ("content-type", "content-length", "location", "cache-control", "content-security-policy"):
        assert head.headers.get(name) == page.headers.get(name), name
    assert (await browser.head("/bookings/agree")).status_code == 405


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
        "/nothing?q=%00",
        "/matters/%00?q=%ff",
        "/hall/a%2Fb?" + "&".join(f"a{i}=1" for i in range(80)),
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
        (b"session=%00&slot=7", FORM, 400),
        (b"session=" + b"s" * 300, FORM, 400),
    ],
)
async def test_a_form_that_no_page_of_ours_sends_gets_a_clear_page(county, browser, body, headers, status):
    form = await details_page(browser)
    page = await browser.post(form.url.path, content=body, headers=headers)
    assert page.status_code == status
    assert 'href="tel:12345"' in page.text
    assert county.posted("/bookings/check") == []


async def test_a_form_sent_in_pieces_is_counted_too(county, browser):
    async def pieces():
        for _ in range(40):
            yield b"a=" + b"x" * 1024

    page = await browser.post("/bookings/lookup", content=pieces(), headers=FORM)
    assert page.status_code == 413


async def test_a_page_that_takes_forms_alone_says_so(browser):
    page = await browser.get("/bookings/agree")
    assert page.status_code == 405
    assert "这一页不能直接打开" in page.text


async def test_services_hear_whose_wish_it_is(county, browser):
    await browser.get("/", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Correlation-Id": "abcdefgh-1"})
    assert county.asked
    for each in county.asked:
        assert each.headers["x-client-address"] == "203.0.113.9"
        assert each.headers["x-service-secret"] == "s" * 40
        assert each.headers["x-correlation-id"] == "abcdefgh-1"


async def test_a_page_without_a_form_leaves_no_cookie(browser):
    for address in ("/", "/matters", f"/matters/{MATTER}", f"/book/{MATTER}", "/privacy"):
        assert "set-cookie" not in (await browser.get(address)).headers
    await browser.get("/bookings/lookup")
    assert browser.cookies.get(FORM_COOKIE)


async def test_nothing_is_allowed_but_what_comes_from_here(browser):
    policy = (await browser.get("/")).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    ours = {f"{kind}-src" for kind in ("script", "connect", "media", "style", "img")} | {"form-action"}
    assert rules == dict.fromkeys(ours, "'self'") | dict.fromkeys(
        ("default-src", "base-uri", "frame-ancestors"), "'none'"
    )


async def test_live_pages_run_our_own_files_alone(browser):
    head = Site.build(settings()).templates["zh"].get_template("live.html").render()
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", head)
    assert [text for _, text in scripts] == ["", ""], "no inline script"
    for attributes, _ in scripts:
        address = re.search(r'src="(/static/[^"?]+\?v=[0-9a-f]{12})"', attributes)[1]
        answer = await browser.get(address)
        assert answer.content == (STATIC / address.split("/")[-1].split("?")[0]).read_bytes()
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
    configuration = json.loads(re.search(r"content='([^']*)'", head)[1])
    assert configuration["includeIndicatorCSS"] is False
    assert {"4xx", "5xx"} <= set(configuration["noSwap"]), "an error would take the place of what is shown"
