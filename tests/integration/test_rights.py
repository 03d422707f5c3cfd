"""Forgetting somebody and handing out their data: from the operator's order over real HTTP to every service."""

import asyncio
import io
import json
import zipfile
from contextlib import asynccontextmanager

import asyncpg
import pytest

from services.accounts.domain.erasures import hash_of
from services.booking import app as booking
from services.notifications import app as notifications
from services.queue import app as queue
from tests.integration import booking_desk, cases_town, queue_hall
from tests.integration.accounts_office import BASE, office_open
from tests.integration.booking_desk import resident_id
from tests.integration.queue_hall import API
from tests.serving import served

PERSON = 7
SECRETS = ("王桂兰", resident_id(PERSON), "缺一份证明", "排两次队", "宅基地证办了两年", "只说一次的话", "路灯还是不亮")


@asynccontextmanager
async def started(app):
    """The app with all that belongs to it, on a port of its own."""
    async with app.router.lifespan_context(app), served(app) as address:
        yield address


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with booking_desk.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


@pytest.fixture
async def post(database, monkeypatch):
    """Notifications' database."""
    made = await database("notifications")
    monkeypatch.setenv("NOTIFICATIONS_DATABASE_URL", made.runtime_dsn)
    return made


@pytest.fixture
async def cases(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


@pytest.fixture
async def office(desk, hall, post, cases, database, settings_env, monkeypatch):  # noqa: PLR0917  (what it stands on)
    """Accounts, with the four others that it asks, each on real HTTP."""
    async with (
        served(cases.app) as cases_url,
        started(booking.create_app()) as booking_url,
        started(queue.create_app()) as queue_url,
        started(notifications.create_app()) as notifications_url,
    ):
        urls = {"BOOKING_URL": booking_url, "QUEUE_URL": queue_url, "NOTIFICATIONS_URL": notifications_url}
        urls["CASES_URL"] = cases_url
        async with office_open(database, settings_env | urls, monkeypatch) as found:
            yield found


@pytest.fixture
async def operator(office):
    return await office.token(await office.enrol("admin", "operator"))


async def owner(dsn, statement, *values):
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()


async def known_everywhere(desk, hall, post, cases):
    """A person with two bookings, one to come, a message, a visit with words, an open promise and an open case."""
    person = {"name": "王桂兰", "document": {"type": "resident_id", "number": resident_id(PERSON)}}
    await cases.raised(text="路灯还是不亮", person=person)
    first, second = await desk.slots()
    combiner = desk.combiner()
    gone = await combiner.claim(desk.claim(first, PERSON, note="只说一次的话"))
    await desk.fetch(
        "update booking set state = 'cancelled', reason = 'visitor', cancelled_at = now() where booking_id = $1",
        gone.booking_id,
    )
    kept = await combiner.claim(desk.claim(second, PERSON))
    await owner(
        post.owner_dsn,
        "insert into booking (booking_id, version, session_id, venue_id, matter_id, state)"
        " values ($1, 1, 'day', 'hall', 'house', '{}')",
        str(gone.booking_id),
    )
    await owner(
        post.owner_dsn,
        "insert into message (about, about_version, kind, recipient, language, starts_at, window_id, session_date,"
        " queued_at, due_at, try_at, state, settled_at, version, channel, address, body, subject) values"
        " ($1, 1, 'booked', 'visitor', 'zh', now(), 'w1', now(), now(), now(), now(), 'sent', now(), 2, 'console',"
        " $2, $3, $4)",
        str(gone.booking_id),
        desk.vault.encrypt("+8613900000007", "message.address"),
        desk.vault.encrypt("王桂兰，您好", "message.body"),
        desk.vault.encrypt("约好了", "message.subject"),
    )
    key = hall.document_key(resident_id(PERSON))
    _, code = await hall.booked("09:00", person=key)
    assert (await hall.check_in(code)).status_code == 201
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    said = [{"matter_id": "house", "kind": "incomplete", "said": "缺一份证明"}]
    await hall.do("w1", "finish", outcomes=said, problems=[{"text": "排两次队", "settled": "handed_on"}])
    _, code = await hall.booked("10:00", person=key)
    token = (await hall.check_in(code)).json()["token"]
    for window in ("w1", "w2"):
        await hall.do(window, "attend", attendance="away", reason="县里会议")
    wish = {"choice": "written_issue", "text": "宅基地证办了两年", "phone": "13900002741"}
    assert (await hall.http.post(f"{API}/tickets/{token}/choice", json=wish)).status_code == 200
    return kept


def wish(**changes):
    return {"document": {"type": "resident_id", "number": resident_id(PERSON).lower()}, **changes}


async def order(office, operator):
    answered = await office.ask("POST", "/operator/erasures", operator, json=wish(basis="in_person"))
    assert answered.status_code == 202, answered.text
    return answered.json()["erasure_id"]


async def when(office, operator, erasure_id, state, *, of_part=None):
    """The order once it is in this state, or once one of its parts fulfils something."""
    async with asyncio.timeout(30):
        while True:
            shown = (await office.ask("GET", f"/operator/erasures/{erasure_id}", operator)).json()
            if shown["state"] == state and (of_part is None or any(of_part(each) for each in shown["parts"])):
                return shown
            await asyncio.sleep(0.1)


def holds(shown):
    return {part["service"]: {each["kind"]: each["count"] for each in part["held"]} for part in shown["parts"]}


async def ask_again(office):
    await office.owner("update erasure_part set ask_at = now() where state <> 'done'")


async def test_somebody_is_forgotten_everywhere_and_what_holds_is_told(  # noqa: PLR0917
    office, operator, desk, hall, post, cases
):
    kept = await known_everywhere(desk, hall, post, cases)
    erasure_id = await order(office, operator)
    assert await order(office, operator) == erasure_id, "asked twice is one order"
    shown = await when(office, operator, erasure_id, "held")
    assert holds(shown) == {
        "booking": {"upcoming_booking": 1},
        "queue": {"open_promise": 1},
        "cases": {"open_case": 1},
        "notifications": {},
        "accounts": {},
    }
    assert shown["proof"] is None
    rows = await desk.fetch("select booking_id, name is not null as named from booking")
    assert {row["booking_id"] for row in rows if row["named"]} == {kept.booking_id}
    (message,) = await owner(post.owner_dsn, "select * from message")
    assert (message["body"], message["address"], message["version"]) == (None, None, 3)
    (promise,) = await hall.fetch("select promise_id, text from promise")
    assert promise["text"] is not None, "somebody still has to call"
    assert await hall.fetch("select from outcome where said is not null") == []
    assert await hall.fetch("select from ticket where person_key is not null") == []
    totals = (await hall.http.get(f"{API}/staff/sessions/day/closing")).json()["totals"]
    assert (totals["visits"], totals["incomplete"], totals["problems"]) == (1, 1, 1), "figures stay"

    await desk.fetch("update booking set state = 'cancelled', reason = 'visitor', cancelled_at = now()")
    path = f"{API}/staff/sessions/day/windows/w1/promises/{promise['promise_id']}/kept"
    assert (await hall.http.post(path, json={"by": "周文清", "said": "打过电话了"})).is_success
    (case,) = await cases.fetch('select * from "case"')
    assert case["words"] is not None, "somebody still has to answer"
    await cases.do("supervisor", str(case["case_id"]), "close", words="x", remedy="y")
    await ask_again(office)
    done = await when(office, operator, erasure_id, "completed")
    assert {part["service"]: part["erased"] for part in done["parts"]} == {
        "booking": {"booking": 2},
        "queue": {"ticket": 2, "outcome": 1, "remark": 1, "promise": 1, "card": 0},
        "cases": {"case": 1},
        "notifications": {"message": 1, "console_message": 0},
        "accounts": {"account": 0, "person": 0, "session": 0},
    }
    (case,) = await cases.fetch('select * from "case"')
    assert {case[name] for name in ("title", "words", "person", "person_key", "phone_key")} == {None}
    assert (case["tokens"], case["digits_keys"]) == ([], [])
    assert await cases.fetch("select from step where words is not null") == []
    assert hash_of(done["proof"]).hex() == done["proof_hash"]
    assert not [each for each in SECRETS if each in json.dumps(done, ensure_ascii=False)], "the proof names nobody"
    (kept_row,) = await office.owner("select * from erasure")
    assert (kept_row["document_keys"], kept_row["booking_ids"]) == ([], [])
    audited = await office.owner(
        "select action, details from audit_entry where action like 'account.erasure%' order by number"
    )
    assert [row["action"] for row in audited] == ["account.erasure_ordered", "account.erasure_completed"]
    assert done["proof_hash"] in audited[1]["details"]
    assert "document_keys" not in done

    again = await order(office, operator)
    assert again != erasure_id
    nothing = await when(office, operator, again, "completed")
    assert all(not any(part["erased"].values()) for part in nothing["parts"])


async def test_an_order_waits_for_whoever_is_away_and_erases_nothing_twice(  # noqa: PLR0917
    office, operator, desk, hall, post, cases
):
    await known_everywhere(desk, hall, post, cases)
    there = office.app.state.runtime.settings.queue_url
    office.set(queue_url="http://127.0.0.1:1")
    erasure_id = await order(office, operator)
    shown = await when(office, operator, erasure_id, "running", of_part=lambda part: part["fault"] is not None)
    states = {part["service"]: part["state"] for part in shown["parts"]}
    assert states["queue"] == "waiting"
    assert states["booking"] == "held"
    office.set(queue_url=there)
    await ask_again(office)
    shown = await when(office, operator, erasure_id, "held")
    erased = {part["service"]: part["erased"] for part in shown["parts"]}
    assert erased["booking"] == {"booking": 1}
    await office.owner("update erasure_part set ask_at = now(), state = 'waiting'")
    shown = await when(office, operator, erasure_id, "held")
    assert {part["service"]: part["erased"] for part in shown["parts"]} == erased, "the same order again"


async def test_only_an_operator_orders_and_looks(office, operator):
    staff = await office.token(await office.enrol("li.chunyan", "hall_manager"))
    body = wish(basis="in_person")
    assert (await office.client.post(f"{BASE}/operator/erasures", json=body)).status_code == 401
    for method, path, asked in (
        ("POST", "/operator/erasures", body),
        ("POST", "/operator/exports", wish()),
        ("GET", f"/operator/erasures/{'0' * 8}-0000-7000-8000-{'0' * 12}", None),
    ):
        answered = await office.ask(method, path, staff, json=asked)
        assert (answered.status_code, answered.json()["code"]) == (403, "access_denied")
    unknown = await office.ask("GET", f"/operator/erasures/{'0' * 8}-0000-7000-8000-{'0' * 12}", operator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "erasure_unknown")
    wrong = {"document": {"type": "resident_id", "number": "110101195001010011"}, "basis": "in_person"}
    refused = await office.ask("POST", "/operator/erasures", operator, json=wrong)
    assert refused.status_code == 422
    assert "110101195001010011" not in refused.text


async def test_a_services_own_route_is_for_services_alone(office, hall):
    body = {"document_keys": ["0" * 64], "erasure_id": "0" * 8 + "-0000-7000-8000-" + "0" * 12}
    assert (await hall.http.post("/internal/v1/erasures", json=body)).status_code == 403
    assert (await hall.http.post("/internal/v1/exports", json={"document_keys": ["0" * 64]})).status_code == 403


async def test_all_that_is_held_is_handed_out_in_words_and_as_data(  # noqa: PLR0917
    office, operator, desk, hall, post, cases
):
    await known_everywhere(desk, hall, post, cases)
    answered = await office.ask("POST", "/operator/exports", operator, json=wish())
    assert answered.status_code == 200, answered.text
    with zipfile.ZipFile(io.BytesIO(answered.content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(files) == {"data.json", "我的信息.txt", "my-data.txt"}
    data = json.loads(files["data.json"])["services"]
    assert len(data["booking"]["bookings"]) == 2
    assert len(data["queue"]["visits"]) == 2
    assert len(data["cases"]["cases"]) == 1
    for name, text in files.items():
        assert [each for each in SECRETS if each not in text] == [], f"something is missing in {name}"
    assert "== 对您的承诺 ==" in files["我的信息.txt"]
    assert "== Bookings ==" in files["my-data.txt"]
    (audited,) = await office.owner("select details from audit_entry where action = 'account.export_handed_out'")
    assert json.loads(audited["details"]) == {
        "from_booking": 2,
        "from_queue": 5,
        "from_cases": 1,
        "from_notifications": 1,
        "from_accounts": 0,
    }
    stranger = {"document": {"type": "resident_id", "number": resident_id(8)}}
    other = await office.ask("POST", "/operator/exports", operator, json=stranger)
    with zipfile.ZipFile(io.BytesIO(other.content)) as archive:
        assert not [each for each in SECRETS if each in archive.read("data.json").decode()]
    office.set(queue_url="http://127.0.0.1:1")
    away = await office.ask("POST", "/operator/exports", operator, json=wish())
    assert (away.status_code, away.json()["code"]) == (503, "service_away")
