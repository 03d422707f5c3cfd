"""What every page and every form is held to: found from the routes, so that a new one is held to it, too.

What guards what, and where it is tested:

| danger | tests |
|---|---|
| a form of another site, or without its token (CSRF) | here, every POST route; `test_web_security.py` |
| session fixation, a cookie of an attacker's | here; `test_web_sign_in.py` for the cookie's attributes |
| replay after sign-out, revoked sign-ins | `test_accounts_people.py`, `test_identity_flow.py`, `test_identity.py` |
| algorithm confusion (`none`, our public key as a secret), tokens expired or of the future, skew | `test_identity.py` |
| codes of a telephone used again, guessed, raced | `test_accounts_entrance.py`, `test_accounts_rules.py` |
| open redirects | here; `test_web_sign_in.py` for the way back after signing in |
| mass assignment | `test_requests.py` of tests/architecture, for every body of every API |
| header injection in messages and calendar entries | here; `test_notifications_rendering.py` |
| HTML in names | here, on every page; `test_citizens_way.py` on the real services |
| formulas in sheets | `test_queue_sheet.py` |
| what the staff's is at the citizens' listener | `test_gateway.py` |
| floods | `test_limits.py`; slow headers in `test_gateway.py`, slow bodies in `test_application.py` |
"""

import re
from html.parser import HTMLParser

import icalendar
import pytest
from fastapi.routing import APIRoute

from services.web.routes import ROUTERS
from shared.identity.recognition import COOKIE
from tests import identity
from tests.page_forms import fields
from tests.unit import (
    test_web_accounts,
    test_web_audit,
    test_web_case_desk,
    test_web_cases,
    test_web_citizens,
    test_web_closing,
    test_web_day,
    test_web_leaving,
    test_web_meetings,
    test_web_persons,
    test_web_sign_in,
)
from tests.unit.test_web_day import TOKEN, desk
from tests.unit.web_county import MATTER, ORIGIN, booked, booking, follow, matter, visitor
from tests.unit.web_evening import TICKET

PARTS = {
    "matter_id": MATTER,
    "session_id": "s1",
    "window_id": "w3",
    "ticket_id": TICKET,
    "token": TOKEN,
    "official_id": "zhou",
    "person_id": "p1",
    "booking_id": "b1",
    "draft_id": "abcdefghijklmnopqrstuv",
    "page_id": "abcdefghijklmnopqrstuv",
    "kind": "desk",
    "name": "tokens.css",
    "account_id": "acc-1",
    "grant_id": "g1",
    "erasure_id": test_web_accounts.ERASURE,
    "case_id": "c1",
}
ASKED = {"/book/{matter_id}/{session_id}/details": {"slot": "7"}}
PLANT = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{7*7}}"""
WORDS = re.compile(
    r"agent|(.*_)?name(_zh|_en|_masked)?|surname|title|title_.*|address_.*|location_.*|note.*|said|text|words|reason_text"
)
"""Members of answers that somebody has written."""
ROUTES = [(method, route.path) for router in ROUTERS for route in router.routes for method in sorted(route.methods)]
POSTS = [path for method, path in ROUTES if method == "POST"]
PAGES = [path for method, path in ROUTES if method == "GET" and not path.startswith(("/static", "/favicon", "/.well"))]
EMPTY = {"/book/{matter_id}/drafts/{draft_id}/" + step for step in ("details", "check", "times", "refused")}
EMPTY |= {"/bookings", "/bookings/cancel", "/bookings/calendar.ics", "/bookings/lookup/{page_id}"}
EMPTY |= {"/refused/{page_id}", "/staff/refused/{page_id}", "/sign-in/first", "/staff", "/staff/home"}
EMPTY |= {path for path in PAGES if path == "/me" or path.startswith("/me/")}
EMPTY |= {"/case", "/case/new", "/watched", "/staff/cases/new", "/staff/meetings"}
EMPTY |= {"/sign-in/oidc", "/sign-in/oidc/back", "/sign-in/oidc/code"}
"""Pages that show what this browser has done before, or lead on. Those of a booking are walked to below."""


def written(path):
    return path.format_map(PARTS)


def plant(answer):
    """The same answer, with whatever somebody has written replaced by what attacks a page."""
    if isinstance(answer, tuple):
        return answer[0], plant(answer[1])
    if isinstance(answer, list):
        return [plant(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        name: PLANT if isinstance(value, str) and value and WORDS.fullmatch(name) else plant(value)
        for name, value in answer.items()
    }


class Attack(HTMLParser):
    """What a browser would run or fetch that no page of ours has."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.seen = False
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._script = tag == "script"
        given = dict(attributes)
        self.found += [(tag, name) for name in given if name.startswith("on")]
        if given.get("src") == "x":
            self.found.append((tag, "src"))
        self.seen |= any("alert(1)" in (value or "") for value in given.values())
        self.found += [(tag, name) for name, value in given.items() if (value or "").lower().startswith("javascript:")]

    def handle_endtag(self, _):
        self._script = False

    def handle_data(self, data):
        if self._script and data.strip():
            self.found.append(("script", data[:40]))
        self.seen |= "alert(1)" in data
        if "49" in data and "{{7*7}}" not in data and "img src=x" in data:
            self.found.append(("template", data[:40]))


@pytest.fixture
def county():
    """A county with everything: its day, its evening, and a director who was called away."""
    found = test_web_day.county.__wrapped__()
    for module in (
        test_web_closing,
        test_web_leaving,
        test_web_audit,
        test_web_accounts,
        test_web_case_desk,
        test_web_meetings,
    ):
        other = module.county.__wrapped__()
        found.answers = {**other.answers, **found.answers}
    found.answers["/staff/meetings/s1"] = test_web_meetings.shown()
    found.answers["/windows/w3"] = desk(at=test_web_day.at())
    session = {"session_id": "s1", "address": "10.0.0.7", "agent": "Firefox", "is_this": True}
    session |= {name: test_web_day.NOW.isoformat() for name in ("created_at", "last_seen_at", "expires_at")}
    found.answers["/me/sessions"] = {"items": [session]}
    found.answers["/me"] = {"login": "li.chunyan", "name": "李春燕", "must_change_password": True}
    found.answers["/visits/" + TICKET] = test_web_closing.visit()
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True, allowed_hosts=("hall.test",)) as found:
        yield found


def changes(county):
    return [each.url.path for each in county.asked if each.method in {"POST", "DELETE", "PUT"}]


@pytest.mark.parametrize("path", POSTS)
async def test_no_form_does_anything_without_its_token(county, browser, path):
    await browser.get("/bookings/lookup")  # a form's cookie, whose token is not sent
    for token in (None, "", "0" * 64):
        await browser.post(written(path), data={} if token is None else {"form_token": token})
        assert changes(county) == []


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://hall.test:9999", "https://hall.test", ""])
async def test_no_form_of_another_origin_does_anything(county, browser, path, origin):
    page = await browser.get("/bookings/lookup")
    token = fields(page, "/bookings/lookup")["form_token"]
    answer = await browser.post(written(path), data={"form_token": token}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert changes(county) == []


async def test_a_form_that_is_ours_does_something(county, browser):
    """Else the two tests above would be green for a site whose forms do nothing."""
    page = await browser.get("/bookings/lookup")
    form = {**fields(page, "/bookings/lookup"), "code": "40812736", "digits": "2741"}
    await browser.post("/bookings/lookup", data=form)
    assert changes(county) == ["/api/booking/v1/bookings/lookup"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", [path for path in PAGES if path not in EMPTY])
async def test_what_somebody_wrote_is_text_on_every_page(county, browser, path, language):
    county.answers = {path: plant(answer) for path, answer in county.answers.items()}
    browser.cookies.set("language", language, domain="hall.test")
    page = await follow(browser, await browser.get(written(path), params=ASKED.get(path, {})))
    assert page.status_code == 200, page.text[:400]
    attack = Attack(page.text)
    assert attack.found == []
    assert attack.seen, "nothing of it stands there, so nothing was looked at"


@pytest.mark.parametrize("path", ["/me", "/me/persons/new", "/me/persons/p1", "/me/bookings/b1", "/me/cases/c1"])
async def test_what_a_citizen_wrote_is_text_on_their_own_pages(path):
    county = test_web_citizens.county.__wrapped__()
    county.answers["/me/persons"] = {"items": [test_web_persons.PERSON], "most": 30}
    county.answers["cases/v1/mine/c1"] = test_web_cases.citizen_case()
    county.answers = {name: plant(answer) for name, answer in county.answers.items()}
    async with visitor(county) as browser:
        browser.headers.update(identity.bearer(kind="citizen"))
        page = await follow(browser, await browser.get(path))
    assert page.status_code == 200
    attack = Attack(page.text)
    assert attack.found == []
    assert attack.seen or path == "/me/persons/new"


async def test_what_somebody_wrote_is_text_on_the_way_of_a_booking(county, browser):
    county.answers = {path: plant(answer) for path, answer in county.answers.items()}
    answer = await booked(browser, name=PLANT[:25], note=PLANT)
    assert answer.headers["location"] == "/bookings"
    for path in ("/bookings", "/bookings/cancel"):
        page = await browser.get(path)
        assert page.status_code == 200
        attack = Attack(page.text)
        assert attack.found == []
        assert attack.seen
    assert Attack("<p>" + PLANT).found, "the search finds what attacks"


async def test_a_calendar_entry_has_no_line_that_somebody_wrote_into_a_name(county, browser):
    evil = "过户\r\nATTENDEE:mailto:evil@example.org\nBEGIN:VALARM;,\\"
    county.answers |= {f"/matters/{MATTER}": matter(plain_name_zh=evil, name_zh=evil), "/bookings": booking()}
    await booked(browser)
    answer = await browser.get("/bookings/calendar.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "\r" not in answer.headers["content-disposition"]
    lines = answer.content.split(b"\r\n")
    assert not [line for line in lines if line.startswith((b"ATTENDEE", b"BEGIN:VALARM;"))]
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert "ATTENDEE" not in event
    assert "evil@example.org" in str(event["summary"])


@pytest.mark.parametrize(
    "asked",
    [
        "//evil.example/?lang=en",
        "///evil.example/?elder=1",
        "/\\evil.example/?lang=en",
        "/%5Cevil.example/?lang=en",
        "/.//evil.example?lang=en",
        "/?lang=en&to=https://evil.example",
        "/staff?to=//evil.example",
    ],
)
async def test_no_address_leads_to_another_host(browser, asked):
    answer = await browser.get(ORIGIN + asked)
    if 300 <= answer.status_code < 400:
        to = answer.headers["location"]
        assert to.startswith("/")
        assert not to.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    ("asked", "to"), [("/matters/", "/matters"), ("/nowhere//", "/nowhere"), ("//evil.example/", "/evil.example")]
)
async def test_a_slash_too_many_leads_to_the_page_of_this_host(browser, asked, to):
    answer = await browser.get(ORIGIN + asked, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, to)
    assert (await browser.get("/nowhere")).status_code == 404


async def test_a_cookie_that_an_attacker_planted_is_never_taken_over():
    county = test_web_sign_in.county.__wrapped__()
    async with visitor(county, allowed_hosts=("hall.test",)) as browser:
        planted = test_web_sign_in.token(age=9)
        browser.cookies.set(COOKIE, planted, domain="hall.test")
        fresh = test_web_sign_in.token()
        county.answers["/sign-in"] = test_web_sign_in.signed_in(token=fresh)
        answer = await test_web_sign_in.send(browser)
        assert f"{COOKIE}={fresh}" in answer.headers["set-cookie"]
        assert browser.cookies.get(COOKIE, domain=".hall.test") != planted
        browser.cookies.clear()
        browser.cookies.set(COOKIE, "attacker-chosen", domain="hall.test")
        answer = await browser.get("/staff/officials/zhou")
        assert answer.headers["location"].startswith("/sign-in"), "a made-up one is nobody's"


async def test_the_form_cookie_of_before_opens_nothing_for_whoever_planted_it(county, browser):
    """A form token fits the browser's own cookie alone; one that an attacker knows is no token of another browser."""
    async with visitor(county) as attacker:
        token = fields(await attacker.get("/bookings/lookup"), "/bookings/lookup")["form_token"]
    await browser.get("/bookings/lookup")
    await browser.post("/bookings/lookup", data={"form_token": token, "code": "40812736", "digits": "2741"})
    assert changes(county) == []


def test_every_route_is_a_page_or_a_form():
    assert {type(route) for router in ROUTERS for route in router.routes} == {APIRoute}
    assert len(POSTS) > 20
    assert len(PAGES) > 30
    assert set(PAGES) >= EMPTY
