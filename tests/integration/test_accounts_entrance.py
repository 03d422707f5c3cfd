"""Signing in: what opens, what does not, how both are answered, and what others believe of it."""

import asyncio

import pytest

from services.accounts.commands import entering
from shared import database
from shared.identity.tokens import Held
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
    assert principal.held == (Held(role="window_staff", department_id="land", venue_id="hall"),)
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


async def test_what_is_wrong_is_answered_alike(office):
    person = await office.enrol("wang.guilan")
    suspended = await office.enrol("li.suspended")
    await office.owner("update account set state = 'suspended' where account_id = $1", suspended.account_id)
    answers = [
        await office.sign_in(person, password="something else entirely"),
        await office.sign_in(Person(person.account_id, "nobody.here", PASSWORD), code="123456"),
        await office.sign_in(Person(person.account_id, "no such\0login!", PASSWORD), code="123456"),
        await office.sign_in(person, code="000000"),
        await office.sign_in(suspended),
    ]
    told = []
    for each in answers:
        assert each.headers["content-type"] == "application/problem+json"
        told.append((each.status_code, {k: v for k, v in each.json().items() if k != "correlation_id"}))
    assert told[0][0] == 401
    assert told[0][1]["code"] == "sign_in_refused"
    assert all(each == told[0] for each in told)


async def test_an_unknown_login_costs_the_same_hash(office, monkeypatch):
    compared = []
    hasher = office.app.state.runtime.parts["hasher"]
    compare = hasher._compare
    monkeypatch.setattr(hasher, "_compare", lambda known, password: compared.append(known) or compare(known, password))
    person = await office.open("wang.guilan")
    await office.sign_in(Person(person.account_id, "nobody.here", PASSWORD), code=None)
    await office.sign_in(person, code=None, password="something else entirely")
    assert [each.split("$")[1:4] for each in compared] == [["argon2id", "v=19", "m=19456,t=2,p=1"]] * 2


HALF = '"' + "\\ud800" * 32 + '"'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sign-in", f'{{"login": "wang.guilan", "password": {HALF}}}'),
        ("/citizens/renew", f'{{"renewal": {HALF}}}'),
        ("/devices/pair", f'{{"code": {HALF}}}'),
        ("/devices/renew", f'{{"secret": {HALF}}}'),
    ],
)
async def test_a_secret_of_half_characters_is_refused_by_its_form(office, path, body):
    answer = await office.client.post(f"{BASE}{path}", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "ud800" not in answer.text


async def test_a_name_of_the_staffs_turns_no_line_around(office):
    operator = await office.token(await office.enrol("operator.one", "operator"))
    for name in ("王\u202e兰", "王\n兰", "\u0000", "…"):
        body = {"login": "new.one", "name": name}
        refused = await office.ask("POST", "/operator/accounts", operator, json=body)
        assert refused.status_code == 422, name


async def test_nobodys_password_opens_nothing(office):
    answered = await office.sign_in(
        Person(None, "nobody.here", "nobody's password, which nobody types"),
        code=None,  # what an unknown login is compared with
    )
    assert answered.json()["code"] == "sign_in_refused"


async def test_the_code_is_asked_for_only_where_the_password_is_right(office):
    person = await office.enrol("wang.guilan")
    assert (await office.sign_in(person, code=None)).json()["code"] == "code_needed"
    wrong = await office.sign_in(person, code=None, password="something else entirely")
    assert wrong.json()["code"] == "sign_in_refused"
    assert (await office.sign_in(person)).status_code == 200


async def test_a_code_opens_once(office):
    person = await office.enrol("wang.guilan")
    code = person.code()
    assert (await office.sign_in(person, code=code)).status_code == 200
    again = await office.sign_in(person, code=code)
    assert again.json()["code"] == "sign_in_refused"
    earlier = await office.sign_in(person, code=person.code(-1))
    assert earlier.json()["code"] == "sign_in_refused", "an older one that was never used is refused as well"


async def test_twenty_at_once_with_one_code_are_one_sign_in(office):
    # Behind the hash, whose queue would keep them apart, as several processes would not be.
    person = await office.enrol("wang.guilan")
    (row,) = await office.owner("select password_hash from account")
    code, running = person.code(), office.app.state.runtime

    async def enter():
        async with database.transaction(office.pool) as connection:
            return await entering.enter(
                connection,
                running.parts["vault"],
                running.settings,
                account_id=person.account_id,
                compared_hash=row["password_hash"],
                code=code,
                origin=entering.Origin("", ""),
            )

    entered = await asyncio.gather(*(enter() for _ in range(20)))
    assert len([each for each in entered if isinstance(each, entering.Entered)]) == 1


async def test_a_code_on_paper_opens_once(office):
    person = await office.enrol("wang.guilan")
    assert len(person.recovery_codes) == 8
    paper = f" {person.recovery_codes[3].upper()} "
    assert (await office.sign_in(person, code=paper)).status_code == 200
    assert (await office.sign_in(person, code=paper)).json()["code"] == "sign_in_refused"


async def test_twenty_racing_guesses_are_ten_guesses(office, monkeypatch):
    person = await office.enrol("wang.guilan")
    compared = []
    hasher = office.app.state.runtime.parts["hasher"]
    compare = hasher._compare
    monkeypatch.setattr(hasher, "_compare", lambda known, password: compared.append(1) or compare(known, password))
    answers = await asyncio.gather(*(office.sign_in(person, password=f"guess number {n}") for n in range(20)))
    assert sorted(each.status_code for each in answers) == [401] * 10 + [429] * 10
    assert len(compared) == 10
    refused = next(each for each in answers if each.status_code == 429)
    assert refused.json()["code"] == "too_many_tries"
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
    assert (await office.sign_in(person)).status_code == 429, "the right password does not open either"
    await office.owner("update tries set window_from = now() - interval '15 minutes'")
    assert (await office.sign_in(person)).status_code == 200


async def test_asking_for_the_code_takes_no_guess_back(office):
    person = await office.enrol("wang.guilan")
    for guess in range(10):
        assert (await office.sign_in(person, code=f"{guess:06}")).status_code == 401
        answered = await office.sign_in(person, code=None)
        assert answered.status_code == (401 if guess < 9 else 429)
    assert (await office.sign_in(person)).status_code == 429


async def test_guesses_are_counted_by_address_over_all_logins(office):
    office.set(tries_per_address=3)
    somebody = Person(None, "", PASSWORD)
    for n in range(3):
        assert (await office.sign_in(somebody, code=None, login=f"nobody.{n}")).status_code == 401
    assert (await office.sign_in(somebody, code=None, login="nobody.4")).status_code == 429
    body = {"login": "nobody.5", "password": PASSWORD}
    elsewhere = await office.client.post(f"{BASE}/sign-in", json=body, headers={"X-Forwarded-For": "10.9.8.7"})
    assert elsewhere.status_code == 401


async def test_a_full_queue_is_told_at_once(office):
    office.set(tries_per_address=1000)
    answers = await asyncio.gather(
        *(office.sign_in(Person(None, f"nobody.{n}", PASSWORD), code=None) for n in range(120))
    )
    busy = [each for each in answers if each.status_code == 429]
    assert {each.json()["code"] for each in busy} <= {"too_busy"}
    assert {each.status_code for each in answers} <= {401, 429}
    office.app.state.runtime.parts["hasher"]._places.acquire()
    for _ in range(64):
        office.app.state.runtime.parts["hasher"]._places.acquire()
    full = await office.sign_in(Person(None, "nobody.here", PASSWORD), code=None)
    assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (429, "too_busy", "3")


async def test_a_password_hashed_with_other_figures_is_hashed_anew(office):
    from argon2 import PasswordHasher  # noqa: PLC0415  (as an older version would have)

    person = await office.enrol("wang.guilan")
    older = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    await office.owner("update account set password_hash = $2 where account_id = $1", person.account_id, older)
    assert (await office.sign_in(person)).status_code == 200
    ((kept,),) = await office.owner("select password_hash from account")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_first_sign_in_is_good_for_enrolling_alone(office):
    person = await office.open("wang.guilan", "operator")
    first = (await office.sign_in(person, code=None)).json()
    principal = await office.believed(first["token"])
    assert (principal.scope, principal.held) == ("enrol", ())
    assert (principal.expires_at - principal.issued_at).total_seconds() <= 600
    for path, code in (("/operator/accounts", "access_denied"), ("/me/sessions", "enrolment_needed")):
        refused = await office.ask("GET", path, first["token"])
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert (await office.ask("POST", "/session/renew", first["token"])).status_code == 401
    assert (await office.ask("GET", "/me", first["token"])).json()["enrolled"] is False


async def test_an_initial_password_opens_nothing_after_three_days(office):
    person = await office.open("wang.guilan")
    await office.owner("update account set password_set_at = now() - interval '72 hours'")
    assert (await office.sign_in(person, code=None)).json()["code"] == "sign_in_refused"


async def test_enrolling_ends_the_first_sign_in(office):
    person = await office.open("wang.guilan")
    token = (await office.sign_in(person, code=None)).json()["token"]
    pending = (await office.ask("POST", "/me/totp", token, json={})).json()
    assert pending["address"].startswith("otpauth://totp/")
    person.secret = pending["secret"]
    wrong = await office.ask("POST", "/me/totp/confirm", token, json={"code": "000000"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "code_refused")
    done = await office.ask("POST", "/me/totp/confirm", token, json={"code": person.code()})
    assert len(set(done.json()["recovery_codes"])) == 8
    for new, code in ((person.password, "password_unchanged"), ("short", "password_too_short")):
        refused = await office.ask(
            "POST", "/me/password", token, json={"password": person.password, "new_password": new}
        )
        assert [each["code"] for each in refused.json()["errors"]] == [code]
    wrong = await office.ask("POST", "/me/password", token, json={"password": "wrong", "new_password": PASSWORD})
    assert wrong.json()["code"] == "password_refused"
    body = {"password": person.password, "new_password": PASSWORD}
    assert (await office.ask("POST", "/me/password", token, json=body)).status_code == 204
    assert (await office.ask("GET", "/me", token)).status_code == 401
    assert (await office.sign_in(person, code=None)).json()["code"] == "sign_in_refused", "the initial one is gone"
