"""Signing in: what opens, what does not, how both are answered, and what others believe of it."""

import asyncio

import pytest

from tests.integration.accounts_office import BASE, PASSWORD, Person, office_open


@pytest.fixture
async def office(database, settings_env, monkeypatch):
    async with office_open(database, settings_env, monkeypatch) as opened:
        yield opened


async def test_a_token_is_believed_by_the_published_keys_alone(office):
    person = await office.enrol("wang.guilan", "window_staff", department_id="land", venue_id="hall")
    answered = await office.sign_in(person)
    assert answered.status_code == 200
    assert answered.headers["cache-control"] == "no-store"
    principal = await office.believed(answered.json()["token"])
    assert principal.account_id == str(person.account_id)
    assert principal.scope is None
    assert principal.holds("window_staff", department_id="land", venue_id="hall")
    assert not principal.holds("window_staff", department_id="health")
    assert (principal.expires_at - principal.issued_at).total_seconds() == 1800
    shown = answered.json()["account"]
    assert (shown["login"], shown["name"], shown["enrolled"]) == ("wang.guilan", "王桂兰", True)
    keys = await office.client.get(f"{BASE}/keys")
    assert keys.headers["cache-control"] == "public, max-age=60"
    (key,) = keys.json()["keys"]
    assert {name: key[name] for name in ("kty", "crv", "use", "alg")} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": "EdDSA",
    }
