"""What operators do: it is in force here at once, and the other services are told of it by ids alone."""

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from services.accounts import queries
from services.accounts.commands import people, recording
from services.accounts.domain.problems import OperatorExists
from services.accounts.domain.requests import NewAccount, NewGrant
from shared import database
from shared.events.accounts import AccountGranted, AccountOpened, AccountSignedOut, AccountSuspended
from shared.events.topics import PEOPLE
from shared.messaging.republish import republish_all
from tests.integration.accounts_office import BASE, PASSWORD, office_open


@pytest.fixture
async def office(database, settings_env, monkeypatch):
    async with office_open(database, settings_env, monkeypatch) as opened:
        yield opened


async def said(office, person):
    """The events of an account, each read by its contract."""
    rows = await office.owner(
        "select type, version, payload from outbox where subject = $1 order by position", str(person.account_id)
    )
    kinds = PEOPLE.event_types()
    return [kinds[row["type"]].model_validate_json(row["payload"]) for row in rows]


@pytest.fixture
async def operator(office):
    person = await office.enrol("admin", "operator")
    return await office.token(person)


async def test_an_account_from_its_opening_to_its_first_role(office, operator):
    wish = {"login": "wang.guilan", "name": "王桂兰", "official_id": "head-land"}
    answered = await office.ask("POST", "/operator/accounts", operator, json=wish)
    assert answered.status_code == 201
    opened = answered.json()
    assert opened["account"]["grants"] == []
    taken = await office.ask("POST", "/operator/accounts", operator, json=wish)
    assert (taken.status_code, taken.json()["code"]) == (409, "login_taken")
    other = await office.ask("POST", "/operator/accounts", operator, json={**wish, "login": "another"})
    assert (other.status_code, other.json()["code"]) == (409, "official_taken")
    body = {"login": "Wang.Guilan ", "password": opened["initial_password"]}
    first = await office.client.post(f"{BASE}/sign-in", json=body)
    assert first.json()["scope"] == "enrol"
    account_id = opened["account"]["account_id"]
    role = {"role": "window_staff", "department_id": "land", "venue_id": "hall"}
    for _ in range(2):
        granted = await office.ask("POST", f"/operator/accounts/{account_id}/grants", operator, json=role)
        assert [each["role"] for each in granted.json()["grants"]] == ["window_staff"]
    listed = (await office.ask("GET", "/operator/accounts", operator)).json()["items"]
    assert [each["login"] for each in listed] == ["admin", "wang.guilan"]
    page = (await office.ask("GET", "/operator/accounts", operator, params={"limit": 1})).json()
    assert page["next_after"] == "admin"
    for kept in await office.owner("select to_jsonb(account)::text as row from account"):
        assert "王桂兰" not in kept["row"]
    for event in await office.owner("select payload from outbox"):
        assert not {"王桂兰", "wang.guilan"} & set(event["payload"])
        assert "王桂兰" not in event["payload"]
        assert "guilan" not in event["payload"]


@pytest.mark.parametrize("role", ["auditor", "hall_manager", "supervisor", "window_staff"])
async def test_only_an_operator_is_served(office, role):
    token = await office.token(await office.enrol("wang.guilan", role))
    nobody = uuid.uuid4()
    for method, path in (
        ("GET", "/operator/accounts"),
        ("GET", f"/operator/accounts/{nobody}"),
        ("POST", "/operator/accounts"),
        ("POST", f"/operator/accounts/{nobody}/grants"),
        ("POST", f"/operator/accounts/{nobody}/reset"),
        ("DELETE", f"/operator/accounts/{nobody}/grants/{nobody}"),
        ("POST", f"/operator/accounts/{nobody}/suspend"),
        ("POST", f"/operator/accounts/{nobody}/resume"),
        ("DELETE", f"/operator/accounts/{nobody}/sessions"),
    ):
        body = {"json": {"login": "a.b", "name": "x", "role": "auditor"}} if method == "POST" else {}
        assert (await office.ask(method, path, token, **body)).status_code == 403, path
        anonymous = await office.client.request(method, f"{BASE}{path}", **body)
        assert (anonymous.status_code, anonymous.json()["code"]) == (401, "sign_in_needed"), path
    refused = await office.ask("POST", "/operator/accounts", token, json={"login": "a.b.c", "name": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")


async def test_roles_that_changed_void_the_token_and_are_in_the_next(office, operator):
    person = await office.enrol("wang.guilan", "window_staff")
    token = await office.token(person)
    assert (await office.ask("GET", "/me", token)).status_code == 200
    grants = f"/operator/accounts/{person.account_id}/grants"
    assert (await office.ask("POST", grants, operator, json={"role": "auditor"})).status_code == 200
    assert (await office.ask("GET", "/me", token)).json()["code"] == "sign_in_needed"
    renewed = await office.ask("POST", "/session/renew", token)
    principal = await office.believed(renewed.json()["token"])
    assert {each.role for each in principal.held} == {"window_staff", "auditor"}
    assert (await office.ask("GET", "/me", renewed.json()["token"])).status_code == 200, "even within the same second"
    last = (await said(office, person))[-1]
    assert isinstance(last, AccountGranted)
    assert {each.role for each in last.account.grants} == {"window_staff", "auditor"}
    assert (await office.believed(token)).issued_at < last.account.tokens_from <= principal.issued_at


async def test_of_two_changes_in_one_second_each_voids_what_came_before(office, operator):
    person = await office.enrol("wang.guilan", "window_staff")
    token = await office.token(person)
    grants = f"/operator/accounts/{person.account_id}/grants"
    for role in ("auditor", "supervisor", "hall_manager"):
        await office.ask("POST", grants, operator, json={"role": role})
        before, token = token, (await office.ask("POST", "/session/renew", token)).json()["token"]
        assert (await office.ask("GET", "/me", before)).status_code == 401
        assert (await office.ask("GET", "/me", token)).status_code == 200


async def test_a_role_taken_back_and_one_whose_time_is_over_are_held_no_more(
    office, operator, database, set_county_now
):
    person = await office.enrol("wang.guilan", "auditor")
    soon = datetime.now(UTC) + timedelta(hours=1)
    grants = f"/operator/accounts/{person.account_id}/grants"
    body = {"role": "supervisor", "valid_until": soon.isoformat()}
    shown = (await office.ask("POST", grants, operator, json=body)).json()["grants"]
    token = await office.token(person)
    believed = await office.believed(token)
    assert {each.role for each in believed.held} == {"auditor", "supervisor"}
    (auditor,) = (each["grant_id"] for each in shown if each["role"] == "auditor")
    assert (await office.ask("DELETE", f"{grants}/{auditor}", operator)).status_code == 200
    again = await office.ask("DELETE", f"{grants}/{auditor}", operator)
    assert (again.status_code, again.json()["code"]) == (404, "grant_unknown")
    await set_county_now(office.owner_dsn, soon + timedelta(seconds=1))
    token = (await office.ask("POST", "/session/renew", token)).json()["token"]
    assert (await office.believed(token)).held == ()


async def test_no_token_outlives_a_role_that_it_names(office, operator):
    person = await office.enrol("wang.guilan", "auditor")
    soon = datetime.now(UTC) + timedelta(minutes=2)
    body = {"role": "supervisor", "valid_until": soon.isoformat()}
    await office.ask("POST", f"/operator/accounts/{person.account_id}/grants", operator, json=body)
    believed = await office.believed(await office.token(person))
    assert {each.role for each in believed.held} == {"auditor", "supervisor"}
    assert believed.expires_at <= soon + timedelta(seconds=1)


async def test_a_moved_county_clock_moves_no_token_and_no_session(office, operator, set_county_now):
    await set_county_now(office.owner_dsn, datetime(2031, 1, 1, tzinfo=UTC))
    person = await office.enrol("wang.guilan")
    token = await office.token(person)
    principal = await office.believed(token)
    assert abs((principal.issued_at - datetime.now(UTC)).total_seconds()) < 60
    assert (await office.ask("GET", "/me", token)).status_code == 200


async def test_whoever_is_suspended_is_out_at_once_and_stays_out_when_resumed(office, operator):
    person = await office.enrol("wang.guilan", "window_staff")
    token = await office.token(person)
    path = f"/operator/accounts/{person.account_id}"
    assert (await office.ask("POST", f"{path}/suspend", operator)).json()["state"] == "suspended"
    assert (await office.ask("GET", "/me", token)).status_code == 401
    assert (await office.ask("POST", "/session/renew", token)).status_code == 401
    assert (await office.sign_in(person)).json()["code"] == "sign_in_refused"
    told = (await said(office, person))[-1]
    assert isinstance(told, AccountSuspended)
    assert told.account.state == "suspended"
    principal = await office.believed(token)
    assert principal.session_id in {each.session_id for each in told.account.ended_sessions}
    assert principal.issued_at < told.account.tokens_from
    twice = await office.ask("POST", f"{path}/suspend", operator)
    assert (twice.status_code, twice.json()["code"]) == (409, "account_shut")
    assert (await office.ask("POST", f"{path}/resume", operator)).json()["state"] == "active"
    assert (await office.ask("POST", "/session/renew", token)).status_code == 401
    assert (await office.sign_in(person)).status_code == 200


async def test_signing_out_ends_one_sign_in_and_tells_until_its_last_token_is_over(office):
    person = await office.enrol("wang.guilan", "window_staff")
    here, there = await office.token(person), await office.token(person)
    listed = (await office.ask("GET", "/me/sessions", here)).json()["items"]
    assert [each["is_this"] for each in listed] == [False, True]
    assert (await office.ask("DELETE", "/session", here)).status_code == 204
    assert (await office.ask("GET", "/me", here)).status_code == 401
    assert (await office.ask("GET", "/me", there)).status_code == 200
    principal = await office.believed(here)
    told = (await said(office, person))[-1]
    assert isinstance(told, AccountSignedOut)
    (ended,) = [each for each in told.account.ended_sessions if each.session_id == principal.session_id]
    assert ended.until >= principal.expires_at + timedelta(seconds=30)
    third = await office.token(person)
    other = (await office.believed(there)).session_id
    assert (await office.ask("DELETE", f"/me/sessions/{other}", third)).status_code == 204
    assert (await office.ask("GET", "/me", there)).status_code == 401
    assert (await office.ask("DELETE", f"/me/sessions/{other}", third)).json()["code"] == "session_unknown"
    await office.owner("update session set ended_at = now() - interval '33 minutes' where ended_at is not null")
    await office.ask("DELETE", "/session", third)
    told = (await said(office, person))[-1]
    assert [each.session_id for each in told.account.ended_sessions] == [(await office.believed(third)).session_id]


async def test_nobody_ends_another_ones_sign_in(office):
    mine = await office.token(await office.enrol("wang.guilan"))
    other = await office.token(await office.enrol("li.si"))
    theirs = (await office.believed(other)).session_id
    assert (await office.ask("DELETE", f"/me/sessions/{theirs}", mine)).status_code == 404
    assert (await office.ask("GET", "/me", other)).status_code == 200


async def test_a_sign_in_ends_after_twelve_hours_however_often_it_is_renewed(office):
    person = await office.enrol("wang.guilan")
    token = await office.token(person)
    await office.owner("update session set expires_at = now() + interval '10 minutes'")
    token = (await office.ask("POST", "/session/renew", token)).json()["token"]
    principal = await office.believed(token)
    assert (principal.expires_at - principal.issued_at).total_seconds() <= 601, (
        "issued at the whole second, or before it"
    )
    await office.owner("update session set expires_at = now()")
    assert (await office.ask("POST", "/session/renew", token)).status_code == 401
    assert (await office.ask("GET", "/me", token)).status_code == 401


async def test_a_new_password_ends_the_other_sign_ins(office):
    person = await office.enrol("wang.guilan")
    here, there = await office.token(person), await office.token(person)
    body = {"password": PASSWORD, "new_password": "another horse battery"}
    assert (await office.ask("POST", "/me/password", here, json=body)).status_code == 204
    assert (await office.ask("GET", "/me", here)).status_code == 200
    assert (await office.ask("GET", "/me", there)).status_code == 401


async def test_another_telephone_needs_the_password(office):
    person = await office.enrol("wang.guilan")
    token = await office.token(person)
    for body in ({}, {"password": "wrong"}):
        assert (await office.ask("POST", "/me/totp", token, json=body)).json()["code"] == "password_refused"
    pending = await office.ask("POST", "/me/totp", token, json={"password": PASSWORD})
    assert (await office.sign_in(person)).status_code == 200, "the old one counts until the new one was shown"
    person.secret = pending.json()["secret"]
    await office.free_code(person)
    confirmed = await office.ask("POST", "/me/totp/confirm", token, json={"code": person.code()})
    assert confirmed.status_code == 200
    await office.free_code(person)
    assert (await office.sign_in(person)).status_code == 200


async def test_guesses_at_a_pending_telephones_code_are_counted_as_at_a_password(office):
    person = await office.enrol("wang.guilan")
    token = await office.token(person)
    pending = await office.ask("POST", "/me/totp", token, json={"password": PASSWORD})
    guesses = [await office.ask("POST", "/me/totp/confirm", token, json={"code": f"{each:06}"}) for each in range(11)]
    assert [each.json()["code"] for each in guesses] == ["code_refused"] * 10 + ["too_many_tries"]
    person.secret = pending.json()["secret"]
    right = await office.ask("POST", "/me/totp/confirm", token, json={"code": person.code(1)})
    assert right.json()["code"] == "too_many_tries", "or whoever has the browser for an hour gets the codes on paper"


async def test_whoever_lost_the_telephone_begins_anew(office, operator):
    person = await office.enrol("wang.guilan", "auditor")
    token = await office.token(person)
    answered = await office.ask("POST", f"/operator/accounts/{person.account_id}/reset", operator)
    assert (await office.ask("GET", "/me", token)).status_code == 401
    assert (await office.sign_in(person)).status_code == 401
    person.password = answered.json()["initial_password"]
    assert (await office.sign_in(person, code=None)).json()["scope"] == "enrol"


async def test_the_last_operator_stays_one(office, operator):
    (me,) = (await office.ask("GET", "/operator/accounts", operator)).json()["items"]
    path = f"/operator/accounts/{me['account_id']}"
    for method, rest, body in (
        ("POST", "/suspend", {}),
        ("DELETE", f"/grants/{me['grants'][0]['grant_id']}", {}),
        ("POST", "/grants", {"json": {"role": "operator", "valid_until": "2099-01-01T00:00:00Z"}}),
    ):
        refused = await office.ask(method, path + rest, operator, **body)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_operator")
    assert (await office.ask("GET", "/me", operator)).status_code == 200


async def test_two_operators_who_suspend_each_other_leave_one(office):
    both = [await office.enrol(login, "operator") for login in ("admin", "second")]
    tokens = [await office.token(each) for each in both]
    paths = [f"/operator/accounts/{each.account_id}/suspend" for each in reversed(both)]
    answers = await asyncio.gather(
        *(office.ask("POST", path, token) for path, token in zip(paths, tokens, strict=True))
    )
    assert sorted(each.status_code for each in answers) in ([200, 401], [200, 409])
    rows = await office.owner("select state from account order by state")
    assert [row["state"] for row in rows] == ["active", "suspended"]


async def test_of_four_first_operators_at_once_one_is_made(office):
    vault = office.app.state.runtime.parts["vault"]

    all_have_begun = asyncio.Barrier(4)

    async def make(login):
        async with database.transaction(office.pool) as connection:
            await all_have_begun.wait()  # the clock of each stands still before any has made one
            return await people.open_first_operator(
                connection, vault, "command-line", NewAccount(login=login, name="张三"), "no hash"
            )

    made = await asyncio.gather(*(make(f"admin.{n}") for n in range(4)), return_exceptions=True)
    assert len([each for each in made if not isinstance(each, OperatorExists)]) == 1
    assert len(await office.owner("select 1 from account")) == 1


@pytest.mark.parametrize(
    "wish",
    [
        {"role": "emperor"},
        {"role": "operator", "department_id": "land"},
        {"role": "auditor", "valid_from": "2027-01-02T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"},
        {"role": "auditor", "valid_until": "2020-01-01T00:00:00Z"},
        {"role": "auditor", "valid_until": "2030-01-01T00:00:00"},
        {"role": "auditor", "valid_until": "9999-12-31T23:59:59-12:00"},
        {"role": "auditor", "valid_from": "0001-01-01T00:00:00+12:00"},
        {"role": "auditor", "venue_id": ""},
    ],
)
async def test_a_role_that_makes_no_sense_is_refused(office, operator, wish):
    person = await office.open("wang.guilan")
    refused = await office.ask("POST", f"/operator/accounts/{person.account_id}/grants", operator, json=wish)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_what_is_told_again_is_what_was_told_last(office, operator):
    person = await office.enrol("wang.guilan", "auditor", "supervisor")
    quiet = await office.open("li.si")
    before = {each.account_id: (await said(office, each))[-1] for each in (person, quiet)}
    async for _ in republish_all(office.pool, queries.aggregate_ids, recording.state_events):
        pass
    for each in (person, quiet):
        events = await said(office, each)
        assert events[-1].account == before[each.account_id].account
        assert events[-1].version == before[each.account_id].version
        assert [event.version for event in events[:-1]] == list(range(1, len(events)))
    assert isinstance((await said(office, quiet))[-1], AccountOpened)


async def test_no_event_grows_past_its_bound(office):
    person = await office.enrol("wang.guilan", "auditor")
    token = await office.token(person)
    await office.owner(
        """
        insert into session (account_id, expires_at, ended_at, ended_why, address, agent)
        select $1, now() + interval '1 hour', now(), 'signed_out', '', '' from generate_series(1, 60)
        """,
        person.account_id,
    )
    other = await office.token(person)
    await office.ask("DELETE", "/session", token)
    told = (await said(office, person))[-1]
    assert len(told.account.ended_sessions) == 50
    assert told.account.tokens_from > (await office.believed(other)).issued_at
    assert (await office.ask("GET", "/me", other)).status_code == 401


async def test_an_account_holds_as_many_roles_as_a_token_can_carry(office, operator):
    person = await office.enrol("wang.guilan")
    path = f"/operator/accounts/{person.account_id}/grants"
    for n in range(12):
        body = {"role": "chief_representative", "department_id": f"{n:02}".ljust(64, "d"), "venue_id": "v" * 64}
        assert (await office.ask("POST", path, operator, json=body)).status_code == 200
    more = await office.ask("POST", path, operator, json={"role": "auditor"})
    assert (more.status_code, more.json()["code"]) == (409, "too_many_grants")
    token = await office.token(person)
    assert len(token) <= 4096
    assert len((await office.believed(token)).held) == 12


async def test_one_person_has_ten_sign_ins_at_a_time(office):
    person = await office.enrol("wang.guilan")
    tokens = [await office.token(person) for _ in range(11)]
    assert (await office.ask("GET", "/me", tokens[0])).status_code == 401
    assert (await office.ask("GET", "/me", tokens[1])).status_code == 200


async def test_a_token_that_was_tampered_with_opens_nothing(office):
    token = await office.token(await office.enrol("wang.guilan"))
    head, body, signature = token.split(".")
    for forged in (f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}.", "x", "", f"{token} {token}"):
        assert (await office.ask("GET", "/me", forged)).status_code == 401


async def test_where_somebody_signed_in_is_bounded_and_believed_of_our_pages_alone(office, settings_env):
    person = await office.enrol("wang.guilan")
    body = {"login": person.login, "password": person.password, "code": person.code()}
    forged = {"X-Client-Address": "6.6.6.6", "X-Forwarded-For": "1.2.3.4, 10.0.0.9", "User-Agent": "a" * 300}
    first = (await office.client.post(f"{BASE}/sign-in", json=body, headers=forged)).json()["token"]
    (seen,) = (await office.ask("GET", "/me/sessions", first)).json()["items"]
    assert (seen["address"], seen["agent"]) == ("10.0.0.9", "a" * 200)
    await office.free_code(person)
    ours = {
        "X-Service-Secret": settings_env["SERVICE_SECRET"],
        "X-Client-Address": "10.0.0.7",
        "X-Client-Agent": "Browser",
    }
    await office.client.post(f"{BASE}/sign-in", json=body, headers=ours)
    newest = (await office.ask("GET", "/me/sessions", first)).json()["items"][0]
    assert (newest["address"], newest["agent"]) == ("10.0.0.7", "Browser")


def test_a_grant_says_its_zone():
    with pytest.raises(ValueError, match="zone"):
        NewGrant.model_validate(json.loads('{"role": "auditor", "valid_from": "2027-01-01T00:00:00"}'))


async def test_the_service_changes_nobody_but_by_its_rights(office):
    async with database.transaction(office.pool) as connection:
        for right in ("delete", "truncate", "references", "trigger"):
            allowed = await connection.fetchval("select has_table_privilege('account', $1)", right)
            assert not allowed, right


async def test_the_auditor_is_told_who_an_account_is_and_nobody_else(office, operator):
    auditor = await office.enrol("shen.ji", "auditor")
    answered = await office.ask("GET", "/staff/audit/people", await office.token(auditor))
    assert answered.status_code == 200, answered.text
    assert answered.headers["cache-control"] == "no-store"
    assert {"account_id": str(auditor.account_id), "login": "shen.ji", "name": "王桂兰"} in answered.json()["items"]
    refused = await office.ask("GET", "/staff/audit/people", operator)
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
