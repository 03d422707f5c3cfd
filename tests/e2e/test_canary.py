"""One person goes every way through the running system, and stands nowhere afterwards but sealed where they belong."""

import asyncio
import threading
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from shared.events.topics import TOPICS
from tests import demo
from tests.e2e.canary import (
    BROKEN_KEY,
    Canary,
    in_addresses,
    in_logs,
    in_metrics,
    in_tables,
    in_topics,
    in_workbook,
    new_key,
    owner_dsn,
    ports_of,
)
from tests.e2e.test_citizens_way import book, code_on
from tests.page_forms import fields
from tests.stack import MATTER, eventually

SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications")
OTHER_MATTER = "school-transfer"
COUNTY = ZoneInfo("Asia/Shanghai")
CLOCK = "create or replace function county_now() returns timestamptz language sql stable as $$ {} $$"


def apart(coroutine):
    """What a coroutine gives, in a thread without a loop: pytest's own thread has one."""
    given = []
    thread = threading.Thread(target=lambda: given.append(asyncio.run(coroutine)))
    thread.start()
    thread.join()
    assert given, "it failed; its trace is above"
    return given[0]


@pytest.fixture
def canary():
    return Canary()


@pytest.fixture
def addresses(visitor):
    """Every address that the visitor asked for or was sent to."""
    seen = []
    visitor.event_hooks["request"] = [lambda request: seen.append(str(request.url))]
    visitor.event_hooks["response"] = [lambda answer: seen.append(answer.headers.get("location", ""))]
    return seen


async def _set_clock(stack, body):
    connection = await asyncpg.connect(owner_dsn(stack, "queue"))
    try:
        await connection.execute(CLOCK.format(body))
    finally:
        await connection.close()
    return True


@contextmanager
def morning_of(stack, session):
    """Within it the queue's clock goes on from twenty past nine of a session's day."""
    morning = datetime.fromisoformat(session["starts_at"]).astimezone(COUNTY).replace(hour=9, minute=20).isoformat()
    now = datetime.now().astimezone().isoformat()
    apart(_set_clock(stack, f"select timestamptz '{morning}' + (now() - timestamptz '{now}')"))
    try:
        yield
    finally:
        apart(_set_clock(stack, "select now()"))


def post(visitor, path, body, **headers):
    answer = visitor.post(path, json=body, headers={"Idempotency-Key": new_key(), **headers})
    assert answer.is_success, answer.text
    return answer.json()


def session_of(visitor, matter):
    """The first session that can be booked for a matter, and its last free slot: the pages offer the first."""
    items = visitor.get("/api/booking/v1/sessions", params={"matter_id": matter}).json()["items"]
    session = next(each for each in items if each["state"] == "open" and each["free"])
    return session, free_slots(visitor, matter, session["session_id"])[0]


def free_slots(visitor, matter, session_id=None):
    """The free times of a session, or of the first that can be booked; the last one first."""
    session_id = session_id or session_of(visitor, matter)[0]["session_id"]
    path = f"/api/booking/v1/sessions/{session_id}/slots"
    slots = visitor.get(path, params={"matter_id": matter}).json()["items"]
    return [each for each in reversed(slots) if each["free"]]


def book_at_counter(visitor, wish):
    """The code of a booking at whichever free time the person is not booked already."""
    for slot in free_slots(visitor, wish["matter_id"]):
        headers = {"Idempotency-Key": new_key()}
        body = {**wish, "slot_id": slot["slot_id"]}
        answer = visitor.post("/api/booking/v1/staff/bookings", json=body, headers=headers)
        if answer.is_success:
            return answer.json()["code"]
        assert answer.json()["code"] == "times_overlap", answer.text
    raise AssertionError("no time is free")


def book_online_and_at_the_counter(visitor, operator, canary):
    """Book on the pages, put it right, look it up wrongly and rightly, book another at the counter, and cancel that."""
    code = code_on(
        book(visitor, name=canary.name, document_number=canary.document, phone="13788840000", note=canary.note)
    )
    form = fields(visitor.get("/bookings/correct"), "/bookings/correct")
    put_right = visitor.post("/bookings/correct", data={**form, "phone": canary.phone})
    assert put_right.url.path == "/bookings", "the phone was not put right"
    assert canary.phone[-4:] in visitor.get("/bookings/correct").text
    book(visitor, name=canary.name, document_number=canary.document, phone=canary.phone, note=canary.note)  # refused
    for digits in ("0000", canary.document[-4:].lower()):
        visitor.post("/api/booking/v1/bookings/lookup", json={"code": code, "digits": digits})
    _, slot = session_of(visitor, OTHER_MATTER)
    wish = {
        "slot_id": slot["slot_id"],
        "matter_id": OTHER_MATTER,
        "visitor": {
            "name": canary.name,
            "document": {"type": "resident_id", "number": canary.document},
            "phone": canary.phone,
        },
        "proxy": {"name": canary.name, "phone": canary.phone},
        "note": canary.note,
    }
    broken = {**wish, "visitor": {**wish["visitor"], "phone": canary.phone + "00"}}
    assert visitor.post("/api/booking/v1/bookings", json=broken, headers={"Idempotency-Key": new_key()}).is_error
    at_counter = book_at_counter(visitor, wish)
    post(visitor, "/api/booking/v1/staff/bookings/cancel", {"code": at_counter})
    messages = [code, at_counter]
    eventually(lambda: all(each in operator.get("/staff/console-messages").text for each in messages), 60)
    return code


def receive(visitor, canary, session, window_id):
    """Check in by document, be received with words and a problem; walk in by name and leave something written."""
    staff = f"/api/queue/v1/staff/sessions/{session['session_id']}"
    desk = f"{staff}/windows/{window_id}"

    def do(verb, **body):
        return post(visitor, f"{desk}/{verb}", {"version": visitor.get(desk).json()["window_version"], **body})

    shown = {"document": {"kind": "resident_id", "number": canary.document}}
    eventually(lambda: visitor.post(f"{staff}/check-ins", json=shown).is_success, 60)
    do("attend", attendance="present")
    if visitor.get(desk).json()["state"] != "open":
        do("open")
    do("call-next")
    do("start")
    ticket = visitor.get(desk).json()["at"]["ticket_id"]
    do(
        "finish",
        outcomes=[{"matter_id": MATTER, "kind": "incomplete", "said": canary.said}],
        problems=[{"text": canary.problem, "settled": "handed_on"}],
        suggestions=[canary.problem],
    )
    notice = visitor.get(f"/staff/sessions/{session['session_id']}/tickets/{ticket}/notice")
    assert canary.said in notice.text, "what must not be elsewhere was not planted"
    walk_in = post(visitor, f"{staff}/walk-ins", {"matter_ids": [MATTER], "name": canary.name})
    windows = visitor.get(staff).json()["windows"]
    department = next(each["department_id"] for each in windows if each["window_id"] == window_id)
    for each in windows:  # all of the department: else there is nothing to choose
        if each["department_id"] == department:
            at = f"{staff}/windows/{each['window_id']}"
            version = visitor.get(at).json()["window_version"]
            post(visitor, f"{at}/attend", {"version": version, "attendance": "away", "reason": "县里会议"})
    choice = {"choice": "written_issue", "text": canary.issue, "phone": canary.phone}
    post(visitor, f"/api/queue/v1/tickets/{walk_in['token']}/choice", choice)
    promises = visitor.get(f"{desk}/promises").json()["items"]
    assert canary.issue in [each["text"] for each in promises]
    post(visitor, f"{desk}/findings", {"text": canary.problem, "settled": "on_the_spot"})


async def break_a_message(stack, canary):
    """A message that nobody can read, with the canary in it: what a mistake of ours could publish one day."""
    producer = AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{ports_of(stack)['kafka']}")
    await producer.start()
    headers = [("ce_id", new_key().encode()), ("ce_type", b"booking.BookingMade"), ("ce_subject", b"canary")]
    text = '{"version": 1, "booking": {"booking_id": "' + canary.document + '", "session_id": "' + canary.name + '"}}'
    try:
        await producer.send_and_wait("booking.bookings.v1", text.encode(), key=BROKEN_KEY, headers=headers)
    finally:
        await producer.stop()
    return True


async def letters(stack):
    """How many services keep the broken message as a dead letter."""
    kept = 0
    for service in ("queue", "notifications"):
        connection = await asyncpg.connect(owner_dsn(stack, service))
        try:
            kept += await connection.fetchval("select count(*) from dead_letter where key = $1", BROKEN_KEY)
        finally:
            await connection.close()
    return kept


def test_nothing_of_a_person_stands_where_it_must_not(visitor, operator, stack, canary, addresses):
    visitor.headers.update(demo.bearer(stack))  # who books, and who works in the hall
    code = book_online_and_at_the_counter(visitor, operator, canary)
    window_id = post(visitor, "/api/booking/v1/staff/bookings/lookup", {"code": code})["window_id"]
    session, _ = session_of(visitor, MATTER)
    staff = f"/api/queue/v1/staff/sessions/{session['session_id']}"
    with morning_of(stack, session):
        receive(visitor, canary, session, window_id)
        draft = visitor.get(f"{staff}/sheet.xlsx")
        assert draft.is_success, draft.text
    apart(break_a_message(stack, canary))
    eventually(lambda: apart(letters(stack)) == 2, 60)

    in_kafka, messages = apart(in_topics(stack, canary))
    in_databases, rows = apart(in_tables(stack, canary, SERVICES))
    logged, files = in_logs(stack, canary)
    measured, services = in_metrics(stack, canary)
    assert messages > len(TOPICS), "no topic was read, so nothing was looked at"
    assert rows > 1000, "no table was read, so nothing was looked at"
    assert files > len(SERVICES)
    assert services > len(SERVICES)
    found = [*in_kafka, *in_databases, *logged, *measured, *in_workbook(canary, draft.content)]
    found += in_addresses(canary, addresses)
    assert sorted({(each.place, each.what) for each in found}) == []
