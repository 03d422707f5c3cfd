"""Booking over HTTP: the whole way of a citizen, and each bad input with its stable problem code."""

import json

import pytest
from stdnum import damm
from stdnum.cn import ric

from tests.integration.booking_desk import at, matter, new_key, opened, resident_id, running, session, wish

BOOKINGS = "/api/booking/v1/bookings"
STAFF_BOOKINGS = "/api/booking/v1/staff/bookings"
KEY = "Idempotency-Key"
CODE_WITH_WRONG_CHECK = "1234 567" + damm.calc_check_digit("1234568")
VALID_CODE_OF_NOBODY = "1234567" + damm.calc_check_digit("1234567")


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as desk:
        yield desk


@pytest.fixture
async def client(desk):
    async with running(desk) as client:
        yield client


async def book(client, body, key=None):
    return await client.post(BOOKINGS, json=body, headers={KEY: key or new_key()})


async def booked(client, body):
    answer = await book(client, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def opening(view, person=1):
    """What opens a booking: its code and the last four of the phone in `wish`."""
    return {"code": view["code"], "digits": f"{person:04}"}


def told(answer):
    """Status, code and, where fields are wrong, each field with its code."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:service-day:problem:{body['code']}"
    assert body["correlation_id"]
    fields = {each["pointer"]: each["code"] for each in body["errors"]}
    return answer.status_code, body["code"], *([fields] if fields else [])


def with_document(kind, number, name="王桂兰"):
    return {"visitor": {"name": name, "document": {"type": kind, "number": number}}}


def birth(date):
    body = f"110101{date}001"
    return body + ric.calc_check_digit(body + "0")


async def test_from_what_is_free_to_a_seat_and_back(desk, client):
    offered = (await client.get("/api/booking/v1/sessions", params={"matter_id": "house"})).json()
    assert offered["now"] == "2026-12-01T01:00:00Z"
    (day,) = offered["items"]
    assert (day["session_id"], day["date"], day["state"], day["free"]) == ("day", "2026-12-11", "open", 4)
    path = "/api/booking/v1/sessions/day/slots"
    slots = (await client.get(path, params={"matter_id": "house"})).json()["items"]
    assert [(each["starts_at"], each["free"], each["capacity"]) for each in slots] == [
        ("2026-12-11T01:00:00Z", 2, 2),
        ("2026-12-11T01:30:00Z", 2, 2),
    ]
    view = await booked(client, wish(slots[0]["slot_id"], 1, note="房产证\r\n改名", party_size=2))
    assert (view["state"], view["session_id"], view["window_id"], view["version"]) == ("confirmed", "day", "w1", 1)
    assert (view["starts_at"], view["cancel_until"]) == ("2026-12-11T01:00:00Z", "2026-12-10T09:30:00Z")
    assert (view["name_masked"], view["surname"], view["note"]) == ("王**", "王", "房产证 改名")
    assert view["document_masked"].endswith(resident_id(1)[-4:])
    assert view["document_masked"][1:-4] == "*" * 13
    assert len(view["code"]) == 9
    looked_up = await client.post(f"{BOOKINGS}/lookup", json=opening(view))
    assert looked_up.json() == view
    by_document = {"code": view["code"].replace(" ", ""), "digits": resident_id(1)[-4:].lower()}
    assert (await client.post(f"{BOOKINGS}/lookup", json=by_document)).json() == view
    slots = (await client.get(path, params={"matter_id": "house"})).json()["items"]
    assert [each["free"] for each in slots] == [1, 2]
    cancelled = await client.post(f"{BOOKINGS}/cancel", json=opening(view))
    assert cancelled.status_code == 200
    assert (cancelled.json()["state"], cancelled.json()["reason"], cancelled.json()["version"]) == (
        "cancelled",
        "visitor",
        2,
    )
    slots = (await client.get(path, params={"matter_id": "house"})).json()["items"]
    assert [each["free"] for each in slots] == [2, 2]
    events = await desk.outbox()
    assert [(row["type"], row["version"]) for row in events] == [
        ("booking.BookingMade", 1),
        ("booking.BookingCancelled", 2),
    ]
    assert json.loads(events[1]["payload"])["booking"]["reason"] == "visitor"


async def test_the_correlation_id_goes_from_the_request_to_the_event(desk, client):
    slot, *_ = await desk.slots()
    answer = await client.post(
        BOOKINGS, json=wish(slot), headers={KEY: new_key(), "X-Correlation-Id": "from-the-page-1"}
    )
    assert answer.headers["x-correlation-id"] == "from-the-page-1"
    assert [row["correlation_id"] for row in await desk.outbox()] == ["from-the-page-1"]


async def test_the_same_key_is_the_same_answer_and_another_body_is_refused(desk, client):
    slot, *_ = await desk.slots()
    key = new_key()
    first = await book(client, wish(slot), key)
    again = await book(client, wish(slot), key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert told(await book(client, wish(slot, party_size=2), key)) == (422, "idempotency_key_reused")
    await client.post(f"{BOOKINGS}/cancel", json=opening(first.json()))
    after = await book(client, wish(slot), key)
    assert (after.status_code, after.json()["state"]) == (201, "cancelled"), "rendered anew, not stored"
    assert len(await desk.fetch("select from booking")) == 1


async def test_a_refusal_is_judged_anew(desk, client, set_county_now):
    await desk.take(session(rules={"release_at": at("08:30", days=-3)}))
    slot, *_ = await desk.slots()
    key = new_key()
    refused = await book(client, wish(slot), key)
    assert told(refused) == (409, "session_not_released")
    assert refused.json()["release_at"] == at("08:30", days=-3).isoformat()
    await set_county_now(desk.owner_dsn, at("08:30", days=-3))
    assert (await book(client, wish(slot), key)).status_code == 201


async def test_the_idempotency_key_is_needed_and_looked_at(desk, client):
    slot, *_ = await desk.slots()
    assert told(await client.post(BOOKINGS, json=wish(slot))) == (400, "idempotency_key_missing")
    for malformed in ("short", "x" * 65, "with blank in the key", "quote'quote'quote'"):
        assert told(await book(client, wish(slot), malformed)) == (400, "idempotency_key_malformed")


FIELDS = [
    (with_document("resident_id", "11010119500101001"), "/visitor/document/number", "document_format"),
    (with_document("resident_id", "110101195001010018"), "/visitor/document/number", "document_check_character"),
    (with_document("resident_id", birth("19500230")), "/visitor/document/number", "document_birth_date"),
    (with_document("resident_id", birth("20990101")), "/visitor/document/number", "document_birth_ahead"),
    (with_document("resident_id", birth("10000101")), "/visitor/document/number", "document_birth_date"),
    (with_document("hk_macao_taiwan_residence", resident_id(1)), "/visitor/document/number", "document_format"),
    (with_document("passport", "护照12345"), "/visitor/document/number", "document_format"),
    (with_document("credit_code", "91110000600037341M"), "/visitor/document/number", "document_check_character"),
    (with_document("library_card", "1"), "/visitor/document/type", "literal_error"),
    ({"visitor": {"name": "王桂兰"}}, "/visitor/document", "document_required"),
    ({"visitor": {"name": "王\0桂兰"}}, "/visitor/name", "text_control_character"),
    ({"visitor": {"name": "123"}}, "/visitor/name", "name_characters"),
    ({"visitor": {"name": ""}}, "/visitor/name", "string_too_short"),
    ({"visitor": {"name": "王", "phone": "+999 12345678"}}, "/visitor/phone", "phone_region"),
    ({"visitor": {"name": "王", "phone": "12345"}}, "/visitor/phone", "phone_invalid"),
    ({"visitor": {"name": "王", "email": "wang@"}}, "/visitor/email", "email_invalid"),
    ({"visitor": None}, "/visitor", "model_type"),
    ({"party_size": 0}, "/party_size", "party_size_range"),
    ({"party_size": 99}, "/party_size", "party_size_range"),
    ({"party_size": 6}, "/party_size", "party_size_range"),
    ({"party_size": "2"}, "/party_size", "int_type"),
    ({"slot_id": "one"}, "/slot_id", "int_type"),
    ({"slot_id": 2**31}, "/slot_id", "less_than_equal"),
    ({"note": "坏\u0007"}, "/note", "text_control_character"),
    ({"note": "字" * 201}, "/note", "string_too_long"),
    ({"matter_id": "ho\0use"}, "/matter_id", "text_control_character"),
    ({"language": "fr"}, "/language", "literal_error"),
    ({"proxy": {"name": "李", "phone": "1"}}, "/proxy/phone", "phone_invalid"),
    ({"partysize": 1}, "/partysize", "extra_forbidden"),
]


@pytest.mark.parametrize(("changes", "pointer", "code"), FIELDS, ids=[f"{f[1:]} {c}" for _, f, c in FIELDS])
async def test_a_wrong_field_is_named_with_its_code(desk, client, changes, pointer, code):
    slot, *_ = await desk.slots()
    answer = await book(client, {**wish(slot), **changes})
    assert told(answer) == (422, "invalid_request", {pointer: code})
    assert len(await desk.fetch("select from booking")) == 0


JUDGED_WITH_THE_SESSION = ({"party_size": 6},)
"""By its rules."""


@pytest.mark.parametrize(("changes", "pointer", "code"), FIELDS, ids=[f"{f[1:]} {c}" for _, f, c in FIELDS])
async def test_a_check_tells_what_booking_would_and_takes_nothing(desk, client, changes, pointer, code):
    slot, *_ = await desk.slots()
    assert (await client.post(f"{BOOKINGS}/check", json=wish(slot))).status_code == 204
    answer = await client.post(f"{BOOKINGS}/check", json={**wish(slot), **changes})
    if changes in JUDGED_WITH_THE_SESSION:
        assert answer.status_code == 204
    else:
        assert told(answer) == (422, "invalid_request", {pointer: code})
    assert len(await desk.fetch("select from booking")) == 0


@pytest.mark.parametrize(
    ("content", "told_code"),
    [
        (b"{", (400, "malformed_json")),
        (b"", (400, "malformed_json")),
        (b'{"note": "\xff\xfe"}', (400, "malformed_json")),
        (b'{"note": "\\ud800"}', (400, "malformed_json")),
        (b"[" * 30_000, (400, "malformed_json")),
        (b"[]", (422, "invalid_request", {"/": "model_type"})),
        (b'{"note": "' + b"x" * 1024 * 1024 + b'"}', (413, "body_too_large")),
        (b'{"note": "' + b"x" * 33 * 1024 + b'"}', (413, "body_too_large")),
    ],
    ids=["cut off", "empty", "no UTF-8", "half a surrogate", "deep", "a list", "a mebibyte", "more than a form"],
)
async def test_a_body_that_is_none(client, content, told_code):
    headers = {KEY: new_key(), "Content-Type": "application/json"}
    assert told(await client.post(BOOKINGS, content=content, headers=headers)) == told_code


async def test_a_body_with_thousands_of_findings_costs_nobody_else_time(client):
    headers = {KEY: new_key(), "Content-Type": "application/json"}
    content = json.dumps({f"k{number}": 1 for number in range(2_500)}).encode()
    answer = await client.post(BOOKINGS, content=content, headers=headers)
    assert told(answer) == (422, "invalid_request")
    assert len(answer.content) < 1_000


async def test_a_body_of_unsaid_length_is_bounded_too(client):
    async def stream():
        for _ in range(40):
            yield b" " * 32_768

    headers = {KEY: new_key(), "Content-Type": "application/json"}
    assert told(await client.post(BOOKINGS, content=stream(), headers=headers)) == (413, "body_too_large")


async def test_a_body_says_that_it_is_json(desk, client):
    answer = await client.post(BOOKINGS, content=b"{}", headers={KEY: new_key(), "Content-Type": "text/plain"})
    assert told(answer) == (415, "unsupported_media_type")


async def test_what_cannot_be_booked_is_told_by_its_code(desk, client, set_county_now):
    await desk.take(matter("clinic", "health"))
    await desk.take(matter("online", visit="not_needed"))
    first, second = await desk.slots()
    health, _ = await desk.slots("health")
    assert told(await book(client, wish(2**31 - 1))) == (404, "slot_unknown")
    assert told(await book(client, wish(first, matter_id="nothing"))) == (404, "matter_unknown")
    assert told(await book(client, wish(health))) == (422, "slot_not_for_matter")
    assert told(await book(client, wish(first, matter_id="online"))) == (409, "matter_needs_no_visit")
    await booked(client, wish(first, 1))
    assert told(await book(client, wish(second, 1))) == (409, "already_booked")
    assert told(await book(client, wish(health, 1, matter_id="clinic"))) == (409, "times_overlap")
    await booked(client, wish(first, 2))
    assert told(await book(client, wish(first, 3))) == (409, "slot_full")
    await set_county_now(desk.owner_dsn, at("09:00"))
    assert told(await book(client, wish(first, 3))) == (409, "slot_past")
    await set_county_now(desk.owner_dsn, at("10:00"))
    assert told(await book(client, wish(second, 3)))[1] in ("session_closed", "slot_past")
    await set_county_now(desk.owner_dsn, at("08:00"))
    await desk.take(session(status="tentative"))
    assert told(await book(client, wish(second, 3))) == (409, "session_not_released")
    await desk.take(session(status="cancelled"))
    assert told(await book(client, wish(second, 3))) == (409, "session_closed")
    await desk.take(session(public=False))
    assert told(await book(client, wish(second, 3))) == (404, "slot_unknown")


async def test_a_household_register_is_the_same_person_as_the_card(desk, client):
    first, second = await desk.slots()
    await booked(client, wish(first, 1))
    answer = await book(client, {**wish(second), **with_document("household_register", resident_id(1))})
    assert told(answer) == (409, "already_booked")


async def test_a_moved_booking_says_the_time_that_was_agreed_to(desk, client):
    slot, *_ = await desk.slots()
    view = await booked(client, wish(slot))
    assert view["previous_starts_at"] is None
    for days in (7, 8):
        await desk.take(session(days=days))
    moved = (await client.post(f"{BOOKINGS}/lookup", json=opening(view))).json()
    assert (moved["previous_starts_at"], moved["starts_at"]) == (view["starts_at"], "2026-12-19T01:00:00Z")
    agreed = (await client.post(f"{BOOKINGS}/agree", json=opening(view))).json()
    assert (agreed["state"], agreed["previous_starts_at"]) == ("confirmed", None)


async def test_cancelled_twice_and_too_late(desk, client, set_county_now):
    first, second = await desk.slots()
    one, two = await booked(client, wish(first, 1)), await booked(client, wish(second, 2))
    assert (await client.post(f"{BOOKINGS}/cancel", json=opening(one))).status_code == 200
    assert told(await client.post(f"{BOOKINGS}/cancel", json=opening(one))) == (409, "booking_already_cancelled")
    assert told(await client.post(f"{BOOKINGS}/agree", json=opening(one))) == (409, "booking_already_cancelled")
    await set_county_now(desk.owner_dsn, at("17:31", days=-1))
    assert told(await client.post(f"{BOOKINGS}/cancel", json=opening(two, 2))) == (409, "cancel_too_late")


async def test_a_cancelled_seat_can_be_booked_again_by_the_same_person(desk, client):
    slot, *_ = await desk.slots()
    view = await booked(client, wish(slot, 1))
    await client.post(f"{BOOKINGS}/cancel", json=opening(view))
    assert (await booked(client, wish(slot, 1)))["booking_id"] != view["booking_id"]


async def test_an_unknown_code_and_wrong_digits_are_one_answer(desk, client):
    slot, *_ = await desk.slots()
    view = await booked(client, wish(slot, 1))
    unknown = await client.post(f"{BOOKINGS}/lookup", json={"code": VALID_CODE_OF_NOBODY, "digits": "0001"})
    wrong = await client.post(f"{BOOKINGS}/lookup", json={"code": view["code"], "digits": "9999"})
    assert told(unknown) == told(wrong) == (404, "booking_unknown")
    assert {**unknown.json(), "correlation_id": ""} == {**wrong.json(), "correlation_id": ""}
    slip = await client.post(f"{BOOKINGS}/lookup", json={"code": CODE_WITH_WRONG_CHECK, "digits": "0001"})
    assert told(slip) == (422, "invalid_request", {"/code": "code_check_character"})
    for code, digits, pointer in (
        ("123", "0001", "/code"),
        (view["code"], "1", "/digits"),
        ("\0" * 8, "0001", "/code"),
    ):
        answer = await client.post(f"{BOOKINGS}/lookup", json={"code": code, "digits": digits})
        assert told(answer)[:2] == (422, "invalid_request")
        assert pointer in told(answer)[2]


async def test_the_counter_books_and_lists(desk, client):
    slot, later = await desk.slots()
    body = wish(slot, 1, note="路不通", raised_before=True)
    body["visitor"] |= {"document": None, "phone": None}
    body["proxy"] = {"name": "张村长", "relation": "村干部", "phone": "13800138000"}
    made = await client.post(STAFF_BOOKINGS, json=body, headers={KEY: new_key()})
    assert made.status_code == 201, made.text
    assert (made.json()["phone_masked"], made.json()["by_proxy"]) == ("+*********8000", True)
    await booked(client, wish(later, 2))
    listed = (await client.get("/api/booking/v1/staff/sessions/day/bookings", params={"window_id": "w1"})).json()
    assert [(each["note"], each["raised_before"], each["document_last4"], each["by_proxy"]) for each in listed] == [
        ("路不通", True, None, True),
        (None, None, resident_id(2)[-4:], False),
    ]
    assert {each["name_masked"] for each in listed} == {"王**"}
    assert (await client.get("/api/booking/v1/staff/sessions/day/bookings", params={"window_id": "w2"})).json() == []
    assert len((await client.get("/api/booking/v1/staff/sessions/day/bookings")).json()) == 2


async def test_a_visitor_card_is_for_services_alone(desk, client, settings_env):
    slot, *_ = await desk.slots()
    view = await booked(client, wish(slot, 1))
    path = f"/internal/v1/visitor-cards/{view['booking_id']}"
    assert told(await client.get(path)) == (403, "access_denied")
    secret = {"X-Service-Secret": settings_env["SERVICE_SECRET"]}
    card = (await client.get(path, headers=secret)).json()
    assert card == {
        "booking_id": view["booking_id"],
        "name": "王桂兰",
        "phone": "+8613900000001",
        "phone_takes_texts": True,
        "email": None,
        "language": "zh",
        "code": view["code"],
        "surname": "王",
        "document_last4": resident_id(1)[-4:],
        "document_key": desk.vault.document_key("resident_id", resident_id(1)).hex(),
        "born_on": "1950-01-01",
        "note": None,
        "raised_before": None,
        "state": "confirmed",
        "version": 1,
        "party_size": 1,
        "cancel_until": "2026-12-10T09:30:00Z",
        "proxy": None,
    }
    nobody = "/internal/v1/visitor-cards/00000000-0000-7000-8000-000000000000"
    assert told(await client.get(nobody, headers=secret)) == (404, "booking_unknown")
    await desk.fetch("update booking set anonymised_at = now(), name = null, code = null")
    assert told(await client.get(path, headers=secret)) == (404, "booking_unknown")
    assert told(await client.get("/internal/v1/visitor-cards/1", headers=secret))[:2] == (422, "invalid_request")


@pytest.mark.parametrize("odd", ["\0", "x" * 201, "a\x1b[0m"])
async def test_odd_ids_in_addresses_are_no_errors(client, odd):
    assert (await client.get("/api/booking/v1/sessions", params={"matter_id": odd})).status_code == 422
    slots = await client.get("/api/booking/v1/sessions/day/slots", params={"matter_id": odd})
    assert slots.status_code == 422


async def test_what_is_offered_says_why_it_is_not(desk, client, set_county_now):
    async def state():
        answer = await client.get("/api/booking/v1/sessions", params={"matter_id": "house"})
        return [each["state"] for each in answer.json()["items"]]

    assert told(await client.get("/api/booking/v1/sessions", params={"matter_id": "nothing"})) == (
        404,
        "matter_unknown",
    )
    path = "/api/booking/v1/sessions/nothing/slots"
    assert told(await client.get(path, params={"matter_id": "house"})) == (404, "session_unknown")
    for slot in await desk.slots():
        for person in (1, 2):
            await booked(client, wish(slot, slot * 10 + person))
    assert await state() == ["full"]
    await desk.take(session(rules={"release_at": at("08:30", days=-3)}))
    assert await state() == ["not_released"]
    await desk.take(session(rules={"closes_at": at("08:00", days=-20)}))
    assert await state() == ["closed"]
    await desk.take(session(status="tentative"))
    assert await state() == ["tentative"]
    await desk.take(session(status="cancelled"))
    assert await state() == ["cancelled"]
    await desk.take(session(public=False))
    assert await state() == []
    await desk.take(session(booking=None))
    assert await state() == []
    await desk.take(session())
    await set_county_now(desk.owner_dsn, at("09:45"))
    assert await state() == ["closed"], "every slot has begun"
    await set_county_now(desk.owner_dsn, at("09:00", days=1))
    assert await state() == []
