"""Whom a citizen books for: kept encrypted, shown masked, nobody else's, and bounded."""

import asyncio
import json
import uuid

import pytest

from shared.access import SERVICE_HEADER
from tests.integration.accounts_office import BASE
from tests.integration.booking_desk import new_key, opened, resident_id
from tests.integration.citizens_town import bearer, town_open

OTHER = "13900005678"
PERSONS = "/me/persons"
WRONG = {"type": "resident_id", "number": "110101195001010012"}


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now):
    async with (
        opened(database, settings_env, monkeypatch, set_county_now) as desk,
        town_open(database, settings_env, monkeypatch, desk) as found,
    ):
        yield found


def person(number=1, **changes):
    documents = [{"type": "resident_id", "number": resident_id(number)}]
    return {"relation": "relative", "name": "王桂兰", "phone": "13912345678", "documents": documents, **changes}


async def add(town, token, key=None, **typed):
    body = person(**typed)
    headers = {**bearer(token), "Idempotency-Key": key or new_key()}
    return await town.office.client.post(f"{BASE}{PERSONS}", json=body, headers=headers)


async def listed(town, token):
    return (await town.office.ask("GET", PERSONS, token)).json()["items"]


async def card(town, token, person_id, document_id, secret=None):
    headers = {**bearer(token), SERVICE_HEADER: secret or town.secret}
    path = f"/internal/v1/persons/{person_id}/documents/{document_id}"
    return await town.office.client.get(path, headers=headers)


async def test_a_person_is_shown_masked_and_lies_encrypted(town):
    citizen = await town.token()
    made = await add(town, citizen)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    (shown,) = await listed(town, citizen)
    assert shown == made.json()
    assert (shown["name"], shown["relation"]) == ("王桂兰", "relative")
    number = resident_id(1)
    (document,) = shown["documents"]
    assert document["number_masked"] == f"1{'*' * 13}{number[-4:]}"
    assert shown["phone_masked"][-4:] == "5678"
    for secret in (number, "13912345678"):
        assert secret not in json.dumps(shown)
    for table in ("person", "person_document", "audit_entry", "outbox"):
        rows = await town.office.owner(f"select t::text as said from {table} as t")
        for secret in (number, "王桂兰", "13912345678"):
            assert not [row for row in rows if secret in row["said"]], table
    (row,) = await town.office.owner("select document_key from person_document")
    assert row["document_key"] == town.vault.document_key("resident_id", number), "the same index as everywhere"


async def test_nobody_elses_person_is_there(town):
    citizen, stranger = await town.token(), await town.token(OTHER)
    made = (await add(town, citizen)).json()
    one, document = f"{PERSONS}/{made['person_id']}", made["documents"][0]["document_id"]
    assert await listed(town, stranger) == []
    for method, body in (("PATCH", {"name": "李四"}), ("DELETE", None)):
        refused = await town.office.ask(method, one, stranger, **({"json": body} if body else {}))
        nobodys = await town.office.ask(
            method, f"{PERSONS}/{uuid.uuid4()}", stranger, **({"json": body} if body else {})
        )
        assert (refused.status_code, refused.json()["code"]) == (404, "person_unknown")
        assert nobodys.json()["code"] == refused.json()["code"]
    assert (await card(town, stranger, made["person_id"], document)).json()["code"] == "person_unknown"
    theirs = (await add(town, stranger, number=2)).json()
    mixed = await card(town, citizen, made["person_id"], theirs["documents"][0]["document_id"])
    assert mixed.json()["code"] == "document_unknown"
    removed = await town.office.ask(
        "PATCH", one, citizen, json={"remove_documents": [theirs["documents"][0]["document_id"]]}
    )
    assert removed.json()["code"] == "document_unknown"
    assert (await listed(town, citizen)) == [made]


async def test_the_number_is_told_to_our_own_pages_with_the_citizens_token_alone(town):
    citizen = await town.token()
    staff = await town.office.token(await town.office.enrol("wang.guilan", "operator"))
    made = (await add(town, citizen)).json()
    ids = made["person_id"], made["documents"][0]["document_id"]
    told = (await card(town, citizen, *ids)).json()
    assert told["document"] == {"type": "resident_id", "number": resident_id(1)}
    assert (told["name"], told["phone"]) == ("王桂兰", "+8613912345678")
    assert (await card(town, citizen, *ids, secret="x" * 40)).json()["code"] == "access_denied"
    assert (await card(town, staff, *ids)).json()["code"] == "access_denied"
    assert (await card(town, "made-up", *ids)).status_code == 401
    refused = await town.office.ask("GET", PERSONS, staff)
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    assert (await town.office.client.get(f"{BASE}{PERSONS}")).json()["code"] == "sign_in_needed"


async def test_a_person_may_have_several_documents_and_no_phone(town):
    citizen = await town.token()
    documents = [{"type": "resident_id", "number": resident_id(1)}, {"type": "passport", "number": "e12345678"}]
    made = (await add(town, citizen, phone=None, documents=documents)).json()
    assert made["phone_masked"] is None
    assert [each["type"] for each in made["documents"]] == ["resident_id", "passport"]
    one = f"{PERSONS}/{made['person_id']}"
    first, second = (each["document_id"] for each in made["documents"])
    renewed = {"add_documents": [{"type": "passport", "number": "E87654321"}], "remove_documents": [second]}
    changed = (await town.office.ask("PATCH", one, citizen, json={**renewed, "phone": "13912345678"})).json()
    assert [each["number_masked"][-4:] for each in changed["documents"]] == [resident_id(1)[-4:], "4321"]
    assert changed["phone_masked"] is not None
    assert (await town.office.ask("PATCH", one, citizen, json={"phone": None})).json()["phone_masked"] is None
    everything = [each["document_id"] for each in changed["documents"]]
    emptied = await town.office.ask("PATCH", one, citizen, json={"remove_documents": everything})
    assert (emptied.status_code, emptied.json()["code"]) == (409, "document_needed")
    assert first in [each["document_id"] for each in (await listed(town, citizen))[0]["documents"]]
    assert (await town.office.ask("DELETE", one, citizen)).status_code == 204
    assert await listed(town, citizen) == []
    assert await town.office.owner("select 1 from person_document") == []


async def test_the_same_key_adds_one_person_and_a_document_is_there_once(town):
    citizen = await town.token()
    key = new_key()
    answers = await asyncio.gather(*(add(town, citizen, key) for _ in range(4)))
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["person_id"] for each in answers}) == 1
    assert (await add(town, citizen, key, number=2)).json()["code"] == "idempotency_key_reused"
    same = await add(town, citizen, documents=[{"type": "household_register", "number": resident_id(1)}])
    assert (same.status_code, same.json()["code"]) == (409, "person_known")
    assert (await add(town, citizen, number=3, relation="self")).status_code == 201
    assert (await add(town, citizen, number=4, relation="self")).json()["code"] == "self_known"
    missing = await town.office.client.post(f"{BASE}{PERSONS}", json=person(5), headers=bearer(citizen))
    assert missing.json()["code"] == "idempotency_key_missing"


async def test_one_account_keeps_thirty_persons_however_many_are_added_at_once(town):
    citizen = await town.token()
    answers = await asyncio.gather(*(add(town, citizen, number=each) for each in range(1, 33)))
    assert sorted(each.status_code for each in answers) == [201] * 30 + [409] * 2
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"too_many_persons"}
    assert len(await listed(town, citizen)) == 30


@pytest.mark.parametrize(
    ("typed", "pointer", "code"),
    [
        ({"documents": []}, "/documents", "too_short"),
        ({"documents": [WRONG]}, "/documents/0/number", "document_check_character"),
        ({"name": "7"}, "/name", "name_characters"),
        ({"relation": "friend"}, "/relation", "literal_error"),
        ({"account_id": str(uuid.UUID(int=1))}, "/account_id", "extra_forbidden"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_by_its_field(town, typed, pointer, code):
    citizen = await town.token()
    answer = await add(town, citizen, **typed)
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [(pointer, code)]
