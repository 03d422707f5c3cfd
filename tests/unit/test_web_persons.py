"""Whom a citizen books for, on the pages: added, changed, chosen for a booking, and no number on any page."""

import pytest

from tests.page_forms import fields
from tests.unit.test_web_citizens import browser, county, sign_in  # noqa: F401  (fixtures)
from tests.unit.web_county import MATTER, details_page, follow, press, problem, title

NUMBER = "11010519491231002X"
PERSON = {
    "person_id": "p1",
    "relation": "relative",
    "name": "王桂兰",
    "phone_masked": "+*********5678",
    "documents": [{"document_id": "d1", "type": "resident_id", "number_masked": "1*************002X"}],
}
CARD = {
    "person_id": "p1",
    "document_id": "d1",
    "name": "王桂兰",
    "phone": "+8613912345678",
    "document": {"type": "resident_id", "number": NUMBER},
}
NEW = "/me/persons/new"
TYPED = {"relation": "ward", "name": "王小明", "document_number": NUMBER, "phone": ""}


@pytest.fixture
async def citizen(county, browser):  # noqa: F811  (the fixtures above)
    county.answers |= {
        "/me/persons": {"items": [PERSON], "most": 30, **PERSON},  # to whoever lists, and to whoever adds
        "/persons/p1/documents/d1": CARD,
    }
    await sign_in(browser)
    return browser


async def add(browser, **typed):  # noqa: F811
    page = await browser.get(NEW)
    return await browser.post(NEW, data={**fields(page, NEW), **TYPED, **typed})


async def test_a_person_is_added_once_and_stands_on_ones_own_page(county, citizen):  # noqa: F811
    page = await citizen.get(NEW)
    sent = {**fields(page, NEW), **TYPED}
    assert (await citizen.post(NEW, data=sent)).headers["location"] == "/me"
    await citizen.post(NEW, data=sent)
    body = {
        "relation": "ward", "name": "王小明", "phone": None,
        "documents": [{"type": "resident_id", "number": NUMBER}],
    }  # fmt: skip
    assert county.posted("/me/persons") == [body, body]
    sent_by = [each for each in county.asked if each.method == "POST" and each.url.path.endswith("/me/persons")]
    assert len({each.headers["idempotency-key"] for each in sent_by}) == 1
    page = await citizen.get("/me")
    assert "王桂兰" in page.text
    assert "002X" in page.text
    assert 'href="/me/persons/p1"' in page.text


async def test_what_is_wrong_is_told_beside_the_field_with_what_was_typed(county, citizen):  # noqa: F811
    errors = [{"pointer": "/documents/0/number", "code": "document_check_character", "detail": ""}]
    county.answers["/me/persons"] = problem(422, "invalid_request", errors=errors)
    county.answers["/me/persons"] = {"items": []}
    page = await citizen.get(NEW)
    county.answers["/me/persons"] = problem(422, "invalid_request", errors=errors)
    page = await follow(citizen, await citizen.post(NEW, data={**fields(page, NEW), **TYPED}))
    assert page.status_code == 422
    assert "号码对不上" in page.text
    assert 'value="王小明"' in page.text
    assert NUMBER not in str(page.url)


@pytest.mark.parametrize(
    ("code", "says"), [("person_known", "这个证件已经在名单上了"), ("self_known", "名单上已经有您本人了")]
)
async def test_a_refusal_is_told_on_the_form(county, citizen, code, says):  # noqa: F811
    page = await citizen.get(NEW)
    county.answers["/me/persons"] = problem(409, code)
    page = await follow(citizen, await citizen.post(NEW, data={**fields(page, NEW), **TYPED}))
    assert says in page.text
    assert 'value="王小明"' in page.text


async def test_a_person_is_changed_and_forgotten(county, citizen):  # noqa: F811
    county.answers |= {"/me/persons/p1": PERSON}
    page = await citizen.get("/me/persons/p1")
    assert title(page) == "王桂兰"
    action = "/me/persons/p1"
    sent = {**fields(page, action), "remove_d1": "1", "document_number": "E1234567", "document_type": "passport"}
    sent.pop("no_phone", None)
    assert (await citizen.post(action, data=sent)).headers["location"] == "/me"
    (patched,) = [each for each in county.asked if each.method == "PATCH"]
    assert b'"remove_documents":["d1"]' in patched.content
    assert b"E1234567" in patched.content
    assert b"phone" not in patched.content
    county.answers["/me/persons/p1"] = (204, None)
    gone = await citizen.post(f"{action}/forget", data=fields(page, f"{action}/forget"))
    assert gone.headers["location"] == "/me"
    assert (await citizen.get("/me/persons/nobody")).status_code == 404


async def test_a_person_who_is_chosen_fills_the_booking_and_their_number_is_on_no_page(county, citizen):  # noqa: F811
    page = await details_page(citizen)
    assert 'value="p1/d1"' in page.text
    assert "002X" in page.text
    assert NUMBER not in page.text
    chosen = {"person": "p1/d1", "name": "", "document_number": "", "phone": "", "party_size": "1"}
    check = await follow(citizen, await press(citizen, page, "details", **chosen))
    assert title(check) == "核对一遍"
    assert "王桂兰" in check.text
    back = await citizen.get(check.url.path.replace("/check", "/details"))
    for shown in (check, back):
        assert NUMBER not in shown.text
        assert "13912345678" not in shown.text
    assert 'value="p1/d1" checked' in back.text
    answer = await press(citizen, check, "check")
    assert answer.headers["location"] == "/bookings"
    (body,) = county.posted("/v1/bookings")
    assert body["visitor"]["document"] == {"type": "resident_id", "number": NUMBER}
    assert (body["visitor"]["name"], body["visitor"]["phone"]) == ("王桂兰", "+8613912345678")
    asked = [str(each.url) for each in county.asked]
    assert not [each for each in asked if NUMBER in each]


async def test_a_person_who_is_gone_leaves_the_form_to_be_typed(county, citizen):  # noqa: F811
    county.answers["/persons/p1/documents/d1"] = problem(404, "person_unknown")
    page = await details_page(citizen)
    again = await follow(citizen, await press(citizen, page, "details", person="p1/d1", name="", document_number=""))
    assert again.status_code == 422
    assert title(again).startswith("有 2 处要改")


async def test_without_a_sign_in_nobody_can_be_chosen(county, browser):  # noqa: F811
    county.answers |= {"/me/persons": {"items": [PERSON]}, "/persons/p1/documents/d1": CARD}
    page = await details_page(browser)
    assert 'name="person"' not in page.text
    again = await follow(browser, await press(browser, page, "details", person="p1/d1", name="", document_number=""))
    assert again.status_code == 422
    assert not [each for each in county.asked if "/internal/" in each.url.path]
    assert (await browser.get(NEW)).headers["location"].startswith("/me/sign-in")
    assert MATTER in str(page.url)


async def test_while_accounts_is_away_the_booking_can_be_typed(county, citizen):  # noqa: F811
    page = await details_page(citizen)
    county.away = {"accounts"}
    county.answers["/persons/p1/documents/d1"] = (503, {})
    told = await follow(citizen, await press(citizen, page, "details", person="p1/d1", name="", document_number=""))
    assert told.status_code == 503
    assert "名单上的证件现在取不出来" in told.text
    page = await details_page(citizen)
    assert page.status_code == 200
    assert 'name="person"' not in page.text
