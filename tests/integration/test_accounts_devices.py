"""Kiosks and screens: a code that opens once, a secret that renews until it is revoked, and one thing in one venue."""

import asyncio
import json
import uuid

import pytest

from services.accounts.domain import codes
from tests.integration.accounts_office import BASE, office_open

KIOSK = {"kind": "kiosk", "venue_id": "hall", "label": "一楼东门"}


@pytest.fixture
async def office(database, settings_env, monkeypatch):
    async with office_open(database, settings_env, monkeypatch) as found:
        yield found


@pytest.fixture
async def operator(office):
    return await office.token(await office.enrol("operator.one", "operator"))


async def named(office, token, **changes):
    answer = await office.ask("POST", "/operator/devices", token, json={**KIOSK, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


def pair(office, code):
    return office.client.post(f"{BASE}/devices/pair", json={"code": code})


def renew(office, secret):
    return office.client.post(f"{BASE}/devices/renew", json={"secret": secret})


async def audited(office):
    rows = await office.owner("select * from audit_entry where record_kind = 'device' order by number")
    return [(row["action"], row["record_id"]) for row in rows]


async def events(office, device_id):
    rows = await office.owner("select payload from outbox where subject = $1 order by position", device_id)
    return [json.loads(row["payload"])["account"] for row in rows]


async def test_a_code_opens_once_and_gives_one_thing_in_one_venue(office, operator):
    made = await named(office, operator)
    device_id, code = made["device"]["device_id"], made["pairing_code"]
    assert len(codes.typed(code)) == 8
    assert made["device"]["paired_at"] is None

    answer = await pair(office, f" {code.upper().replace('-', ' ')} ")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    paired = answer.json()
    principal = await office.believed(paired["token"])
    assert (principal.kind, principal.scope, principal.held) == ("device", "kiosk:hall", ())
    assert principal.account_id == device_id
    assert 0 < (principal.expires_at - principal.issued_at).total_seconds() <= 30 * 60
    again = await pair(office, code)
    assert (again.status_code, again.json()["code"]) == (401, "pairing_refused")

    renewed = (await renew(office, paired["secret"])).json()
    assert (await office.believed(renewed["token"])).scope == "kiosk:hall"
    assert "secret" not in renewed
    (shown,) = (await office.ask("GET", "/operator/devices", operator)).json()["items"]
    assert shown["last_seen_at"] > shown["paired_at"]
    assert shown["pairing_until"] is None
    kept = str([tuple(row) for row in await office.owner("select * from device")])
    assert paired["secret"] not in kept
    assert code not in kept
    assert codes.typed(code) not in kept
    assert await audited(office) == [("device.added", device_id), ("device.paired", device_id)]


async def test_many_at_once_pair_one_device_with_one_code(office, operator):
    code = (await named(office, operator))["pairing_code"]
    answers = await asyncio.gather(*(pair(office, code) for _ in range(12)))
    assert sorted(each.status_code for each in answers) == [200] + [401] * 11


async def test_a_code_waits_a_quarter_of_an_hour(office, operator):
    code = (await named(office, operator))["pairing_code"]
    (row,) = await office.owner("select pairing_until - made_at as lives from device")
    assert 890 < row["lives"].total_seconds() <= 901
    await office.owner("update device set pairing_until = clock_timestamp() - interval '1 second'")
    assert (await pair(office, code)).json()["code"] == "pairing_refused"


async def test_wrong_codes_are_counted_however_many_are_sent_at_once(office, operator):
    office.set(pairing_tries_per_address=5)
    code = (await named(office, operator))["pairing_code"]
    for _ in range(3):
        assert (await pair(office, (await named(office, operator))["pairing_code"])).status_code == 200
    answers = await asyncio.gather(*(pair(office, f"aaaa-aa{number:02}") for number in range(20)))
    said = [each.json()["code"] for each in answers]
    assert said.count("pairing_refused") == 5, "right codes are not counted, wrong ones are"
    assert said.count("too_many_tries") == 15
    refused = await pair(office, code)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (await office.sign_in(await office.enrol("director.one", "director"))).status_code == 200


async def test_a_revoked_device_renews_nothing_and_is_told_of(office, operator):
    waiting, made = await named(office, operator), await named(office, operator, kind="screen")
    device_id = made["device"]["device_id"]
    secret = (await pair(office, made["pairing_code"])).json()["secret"]
    for each in (waiting, made):
        path = f"/operator/devices/{each['device']['device_id']}/revoke"
        revoked = await office.ask("POST", path, operator)
        assert (revoked.status_code, revoked.json()["state"]) == (200, "closed")
    assert (await office.ask("POST", path, operator)).status_code == 200, "revoked twice is revoked"
    assert (await renew(office, secret)).json()["code"] == "sign_in_needed"
    assert (await pair(office, waiting["pairing_code"])).json()["code"] == "pairing_refused"
    told = await events(office, device_id)
    assert [(each["kind"], each["state"]) for each in told] == [("device", "active"), ("device", "closed")]
    assert "一楼东门" not in str(told)
    assert [each for each in await audited(office) if each[1] == device_id] == [
        ("device.added", device_id),
        ("device.paired", device_id),
        ("device.revoked", device_id),
    ]


async def test_a_manager_names_and_sees_the_devices_of_their_own_hall(office, operator):
    elsewhere = await named(office, operator, venue_id="other")
    manager = await office.token(await office.enrol("manager.one", "hall_manager", venue_id="hall"))
    own = await named(office, manager)
    refused = await office.ask("POST", "/operator/devices", manager, json={**KIOSK, "venue_id": "other"})
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    items = (await office.ask("GET", "/operator/devices", manager)).json()["items"]
    assert [each["device_id"] for each in items] == [own["device"]["device_id"]]
    assert len((await office.ask("GET", "/operator/devices", operator)).json()["items"]) == 2
    for device_id in (elsewhere["device"]["device_id"], uuid.uuid4()):
        answer = await office.ask("POST", f"/operator/devices/{device_id}/revoke", manager)
        assert (answer.status_code, answer.json()["code"]) == (404, "device_unknown")
    of_department = await office.token(await office.enrol("manager.two", "hall_manager", department_id="land"))
    assert (await office.ask("GET", "/operator/devices", of_department)).status_code == 403


async def test_a_device_is_nobody_at_the_routes_of_accounts(office, operator):
    paired = (await pair(office, (await named(office, operator))["pairing_code"])).json()
    for method, path in (
        ("GET", "/me"),
        ("GET", "/operator/devices"),
        ("POST", "/session/renew"),
        ("GET", "/staff/audit"),
    ):
        answer = await office.ask(method, path, paired["token"])
        assert answer.status_code == 401, (path, answer.text)


@pytest.mark.parametrize("changes", [{"kind": "lamp"}, {"venue_id": "a:b"}, {"label": " "}, {"label": "a\nb"}])
async def test_what_is_no_device_is_refused(office, operator, changes):
    answer = await office.ask("POST", "/operator/devices", operator, json={**KIOSK, **changes})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("body", [{"code": ""}, {"code": "\0"}, {"code": "x" * 33}, {"code": "…王桂兰"}])
async def test_no_typed_code_breaks_anything(office, body):
    answer = await office.client.post(f"{BASE}/devices/pair", json=body)
    assert answer.status_code in {401, 422}
    assert answer.status_code == 422 or answer.json()["code"] == "pairing_refused"
