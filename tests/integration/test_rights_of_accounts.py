"""What accounts holds of citizens: handed out and forgotten, by who is signed in and by a document that is shown."""

import asyncio
import io
import json
import zipfile

import pytest

from services.queue import app as queue
from tests.integration import cases_town
from tests.integration.accounts_office import BASE
from tests.integration.booking_desk import new_key, opened, resident_id, wish
from tests.integration.citizens_town import BOOKING, PHONE, bearer, served, town_open

OTHER = "13900005678"
OWN, RELATIVE, VICTIM = 1, 2, 3


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as found:
        yield found


@pytest.fixture
async def cases(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


@pytest.fixture
async def town(database, settings_env, monkeypatch, desk, cases):
    async with (
        served(cases.app) as cases_url,
        town_open(database, settings_env, monkeypatch, desk) as found,
    ):
        running = found.office.app.state.runtime
        found.office.set(
            booking_url=str(found.booking.base_url), queue_url="http://127.0.0.1:1",
            notifications_url=running.settings.notifications_url, cases_url=cases_url,
        )  # fmt: skip
        yield found


async def keep(town, token, number, relation="relative", name="王桂兰"):
    body = {"relation": relation, "name": name, "phone": "13912345678",
            "documents": [{"type": "resident_id", "number": resident_id(number)}]}  # fmt: skip
    made = await town.office.client.post(
        f"{BASE}/me/persons", json=body, headers={**bearer(token), "Idempotency-Key": new_key()}
    )
    assert made.status_code == 201, made.text


async def book(town, token, slot_id, number):
    headers = {**bearer(token), "Idempotency-Key": new_key()}
    made = await town.booking.post(f"{BOOKING}/bookings", json=wish(slot_id, number), headers=headers)
    assert made.status_code == 201, made.text
    return made.json()["booking_id"]


async def completed(town, erasure_id):
    async with asyncio.timeout(30):
        while True:
            (row,) = await town.office.owner("select * from erasure where erasure_id = $1", erasure_id)
            if row["completed_at"] is not None:
                return row
            await asyncio.sleep(0.1)


async def settled(town, erasure_id):
    """What each service has done, once all have answered."""
    async with asyncio.timeout(30):
        while True:
            rows = await town.office.owner("select * from erasure_part where erasure_id = $1", erasure_id)
            if all(row["answered_at"] is not None for row in rows):
                return {row["service"]: json.loads(row["erased"]) for row in rows}
            await asyncio.sleep(0.1)


async def order(town, token):
    answered = await town.office.ask("POST", "/me/erasure", token)
    assert answered.status_code == 202, answered.text
    return answered.json()["erasure_id"]


async def taken(town, token):
    answered = await town.office.ask("POST", "/me/export", token)
    assert answered.status_code == 200, answered.text
    with zipfile.ZipFile(io.BytesIO(answered.content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


async def test_whoever_is_signed_in_is_forgotten_with_all_that_they_typed(town, desk):
    token = await town.token()
    await keep(town, token, OWN, "self")
    await keep(town, token, RELATIVE)
    first, second = await desk.slots()
    gone, others = await book(town, token, first, OWN), await book(town, token, second, RELATIVE)
    cancelled = await town.booking.post(f"{BOOKING}/mine/{gone}/cancel", headers=bearer(token))
    assert cancelled.status_code == 200, cancelled.text

    erasure_id = await order(town, token)
    await completed(town, erasure_id)
    assert await settled(town, erasure_id) == {
        "booking": {"booking": 1, "booking_account": 1},
        "cases": {"case": 0, "case_account": 0},
        "notifications": {"message": 0, "console_message": 0},
        "accounts": {"account": 1, "person": 2, "session": 1},
    }
    (account,) = await town.office.owner("select * from account where kind = 'citizen'")
    assert (account["state"], account["phone"], account["phone_key"]) == ("closed", None, None)
    for table in ("person", "person_document", "citizen_code"):
        assert await town.office.owner(f"select * from {table}") == [], table
    (session,) = await town.office.owner("select * from session where account_id = $1", account["account_id"])
    assert (session["address"], session["agent"]) == ("", "")
    assert session["ended_at"] is not None
    rows = {str(row["booking_id"]): row for row in await desk.fetch("select * from booking")}
    assert rows[gone]["name"] is None
    assert rows[others]["account_id"] is None
    assert rows[others]["name"] is not None, "what was booked for somebody else is theirs"
    assert (await town.office.ask("GET", "/me", token)).status_code == 401
    (told,) = await town.office.owner(
        "select payload from outbox where payload::text like '%closed%' order by 1 limit 1"
    )
    assert str(account["account_id"]) in str(told["payload"])

    again = await town.token()
    assert json.loads((await taken(town, again))["data.json"])["services"]["accounts"]["persons"] == []


async def test_a_booking_to_come_holds_its_part_until_it_is_over(town, desk):
    token = await town.token()
    await keep(town, token, OWN, "self")
    (slot,) = (await desk.slots())[:1]
    booking_id = await book(town, token, slot, OWN)
    erasure_id = await order(town, token)
    done = await settled(town, erasure_id)
    assert done["booking"] == {"booking": 0, "booking_account": 0}
    assert done["accounts"]["account"] == 1, "the account is closed at once"
    (row,) = await desk.fetch("select * from booking")
    assert (row["name"] is not None, row["account_id"] is not None) == (True, True)
    await desk.fetch("update booking set state = 'cancelled', reason = 'visitor', cancelled_at = now()")
    await town.office.owner("update erasure_part set ask_at = now() where state <> 'done'")
    await completed(town, erasure_id)
    (row,) = await desk.fetch("select * from booking where booking_id = $1", booking_id)
    assert (row["name"], row["account_id"]) == (None, None)


async def test_to_say_that_a_document_is_ones_own_neither_shows_nor_forgets_what_others_booked_with_it(town, desk):
    victim, thief = await town.token(OTHER), await town.token()
    await keep(town, victim, VICTIM, "self", "李秀英")
    (slot,) = (await desk.slots())[:1]
    theirs = await book(town, victim, slot, VICTIM)
    await town.booking.post(f"{BOOKING}/mine/{theirs}/cancel", headers=bearer(victim))
    await keep(town, thief, VICTIM, "self")
    files = await taken(town, thief)
    assert json.loads(files["data.json"])["services"]["booking"]["bookings"] == []
    assert "李秀英" not in "".join(files.values())
    done = await settled(town, await order(town, thief))
    assert done["booking"] == {"booking": 0, "booking_account": 0}
    (row,) = await desk.fetch("select * from booking")
    assert row["name"] is not None
    assert (await town.office.ask("GET", "/me", victim)).status_code == 200


async def test_what_one_typed_is_handed_out_with_numbers_masked(town, desk):
    token = await town.token()
    await keep(town, token, RELATIVE)
    (slot,) = (await desk.slots())[:1]
    await book(town, token, slot, OWN)
    files = await taken(town, token)
    data = json.loads(files["data.json"])["services"]
    assert set(data) == {"booking", "cases", "accounts"}
    assert data["accounts"]["account"][0]["phone_masked"].endswith(PHONE[-4:])
    assert data["accounts"]["persons"][0]["name"] == "王桂兰"
    assert len(data["accounts"]["sign_ins"]) == len(data["booking"]["bookings"]) == 1
    for name, text in files.items():
        assert not [each for each in (PHONE, resident_id(OWN), resident_id(RELATIVE)) if each in text], name
    told = files["我的信息.txt"]
    assert "== 您替谁约 ==" in told
    accounts_part = told[told.index("== 您的账户 ==") :]
    lines = [line.partition(": ")[0] for line in accounts_part.splitlines() if ": " in line]
    assert [each for each in lines if each.isascii()] == [], "each thing has a word"
    (audited,) = await town.office.owner("select details from audit_entry where action = 'account.export_handed_out'")
    assert json.loads(audited["details"]) == {"from_booking": 1, "from_cases": 0, "from_accounts": 3}


async def test_a_document_that_is_shown_is_taken_out_of_everybodys_list(town, database, monkeypatch):
    mine, theirs = await town.token(), await town.token(OTHER)
    await keep(town, mine, OWN, "self", "李秀英")
    await keep(town, mine, RELATIVE)
    await keep(town, theirs, OWN, name="李秀英")
    await keep(town, theirs, RELATIVE)
    admin = await town.office.token(await town.office.enrol("admin", "operator"))
    shown = {"document": {"type": "resident_id", "number": resident_id(OWN)}}
    monkeypatch.setenv("QUEUE_DATABASE_URL", (await database("queue")).runtime_dsn)
    app = queue.create_app()
    async with app.router.lifespan_context(app), served(app) as queue_url:
        town.office.set(queue_url=queue_url)
        await _shown_and_forgotten(town, admin, shown)
    assert (await town.office.ask("GET", "/me", mine)).status_code == 401
    (left,) = (await town.office.ask("GET", "/me/persons", theirs)).json()["items"]
    assert left["name"] == "王桂兰"


async def _shown_and_forgotten(town, admin, shown):
    handed = await town.office.ask("POST", "/operator/exports", admin, json=shown)
    with zipfile.ZipFile(io.BytesIO(handed.content)) as archive:
        data = json.loads(archive.read("data.json"))["services"]["accounts"]
    assert [(each["name"], each["document"]) for each in data["kept_by_others"]] == [("李秀英", resident_id(OWN))] * 2
    assert "13900" not in json.dumps(data)
    ordered = await town.office.ask("POST", "/operator/erasures", admin, json=shown | {"basis": "in_person"})
    done = await settled(town, ordered.json()["erasure_id"])
    assert done["accounts"] == {"account": 1, "person": 3, "session": 1}


async def test_an_order_of_the_staff_themselves_is_no_citizens(town):
    admin = await town.office.token(await town.office.enrol("admin", "operator"))
    for path in ("/me/erasure", "/me/export"):
        refused = await town.office.ask("POST", path, admin)
        assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
        assert (await town.office.client.post(f"{BASE}{path}")).status_code == 401
