"""Signing keys, one however many start; and the audit's chain, which shows what was done to it."""

import asyncio
import base64

import asyncpg
import httpx
import pytest

from services.accounts.app import create_app
from services.accounts.commands import signing
from shared import database
from shared.audit import recording as audit
from shared.identity.tokens import TokenUnknown, key_id_of
from tests.integration.accounts_office import BASE, office_open


@pytest.fixture
async def office(database, settings_env, monkeypatch):
    async with office_open(database, settings_env, monkeypatch) as opened:
        yield opened


async def rotate(office):
    async with database.transaction(office.pool) as connection:
        return await signing.rotate(connection, office.app.state.runtime.parts["vault"])


async def key_ids(office):
    return [each["kid"] for each in (await office.client.get(f"{BASE}/keys")).json()["keys"]]


async def age(office, days):
    """Let so many days go by for the keys."""
    await office.owner(
        "update signing_key set signs_from = signs_from - $1 * interval '1 day',"
        " retires_at = retires_at - $1 * interval '1 day'",
        days,
    )


async def test_replicas_that_start_together_make_one_key(office):
    await office.owner("delete from signing_key")
    made = await asyncio.gather(*(rotate(office) for _ in range(8)))
    (only,) = await key_ids(office)
    assert [each for each in made if each] in ([only], []), "the service's own worker may have been the first"
    again = create_app()
    async with again.router.lifespan_context(again):
        assert len(await key_ids(office)) == 1, "a later start makes none"


async def test_a_key_is_published_a_day_before_it_signs_and_the_old_one_stays_until_its_tokens_are_over(office):
    person = await office.enrol("wang.guilan")
    (first,) = await key_ids(office)
    old_token = await office.token(person)
    await age(office, 28.9)
    assert await rotate(office) is None
    await age(office, 0.2)
    second = await rotate(office)
    assert await key_ids(office) == [second, first]
    assert await rotate(office) is None, "one is enough"
    assert key_id_of(await office.token(person)) == first, "the new one does not sign yet"
    await age(office, 1)
    new_token = await office.token(person)
    assert key_id_of(new_token) == second
    for each in (old_token, new_token):
        assert (await office.believed(each)).account_id == str(person.account_id)
    await office.owner("update signing_key set retires_at = retires_at - interval '20 minutes'")
    assert first in await key_ids(office), "its last token may live for half an hour"
    await office.owner("update signing_key set retires_at = retires_at - interval '13 minutes'")
    assert await key_ids(office) == [second]
    with pytest.raises(TokenUnknown):
        await office.believed(old_token)
    await rotate(office)
    assert [row["key_id"] for row in await office.owner("select key_id from signing_key")] == [second]


async def test_a_service_that_was_away_for_months_still_publishes_before_it_signs(office):
    (first,) = await key_ids(office)
    await age(office, 200)
    second = await rotate(office)
    (row,) = await office.owner(
        "select signs_from > now() + interval '23 hours' as later from signing_key where key_id = $1", second
    )
    assert row["later"]
    assert key_id_of(await office.token(await office.enrol("wang.guilan"))) == first


async def test_no_private_key_stands_in_a_table_or_an_answer(office):
    vault = office.app.state.runtime.parts["vault"]
    (row,) = await office.owner("select private_key, to_jsonb(signing_key)::text as row from signing_key")
    private = base64.b64decode(vault.decrypt(row["private_key"], "accounts.signing-key"))
    assert len(private) == 32
    assert private not in row["private_key"]
    assert private.hex() not in row["row"]
    (published,) = (await office.client.get(f"{BASE}/keys")).json()["keys"]
    assert set(published) == {"kty", "crv", "use", "alg", "kid", "x"}


async def whole(office):
    async with office.pool.acquire() as connection:
        return await audit.verify(connection)


@pytest.mark.parametrize(
    ("damage", "found_at"),
    [
        ("update audit_entry set actor = 'command-line' where number = 3", 3),
        ("update audit_entry set at = at + interval '1 microsecond' where number = 2", 2),
        ('update audit_entry set details = \'{"role": "operator"}\' where number = 2', 2),
        ("delete from audit_entry where number = 2", 3),
        ("delete from audit_entry where number = 1", 2),
    ],
)
async def test_a_row_that_was_changed_or_taken_out_is_found(office, damage, found_at):
    await office.enrol("wang.guilan", "auditor")
    before = await whole(office)
    rows = await office.owner("select action from audit_entry order by number")
    assert [row["action"] for row in rows] == [
        f"account.{each}"
        for each in ("opened", "granted", "signed_in", "telephone_offered", "telephone_set", "password_changed")
    ]
    assert (before.rows, before.broken_at) == (6, None)
    await office.owner(damage)
    assert (await whole(office)).broken_at == found_at


async def test_what_is_cut_off_the_end_is_told_by_the_head(office):
    await office.enrol("wang.guilan")
    before = await whole(office)
    await office.owner("delete from audit_entry where number = $1", before.rows)
    after = await whole(office)
    assert after.broken_at is None
    assert after.head != before.head


@pytest.mark.parametrize(
    "statement", ["update audit_entry set actor = 'x'", "delete from audit_entry", "truncate audit_entry"]
)
async def test_the_service_itself_can_neither_change_nor_delete_a_row(office, statement):
    await office.open("wang.guilan")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(office.pool) as connection:
            await connection.execute(statement)


async def test_the_chain_has_one_end_however_many_write(office):
    people = [await office.enrol(f"person.{n}") for n in range(6)]
    answers = await asyncio.gather(*(office.sign_in(each) for each in people))
    assert {each.status_code for each in answers} == {200}
    chain = await whole(office)
    assert chain.broken_at is None
    assert chain.rows == (await office.owner("select count(*) from audit_entry"))[0][0]


async def test_a_right_password_with_a_wrong_code_stands_in_the_audit(office):
    person = await office.enrol("wang.guilan")
    await office.sign_in(person, code="000000")
    (last,) = await office.owner("select action, record_id from audit_entry order by number desc limit 1")
    assert (last["action"], last["record_id"]) == ("account.code_refused", str(person.account_id))


async def test_the_audit_is_read_by_whoever_is_signed_in_and_names_who_acted(office):
    person = await office.enrol("wang.guilan", "auditor")
    token = await office.token(person)
    path = "/staff/audit"
    assert (await office.client.get(f"{BASE}{path}")).status_code == 401
    read = await office.ask("GET", path, token)
    assert read.status_code == 200, read.text
    rows = {each["action"]: each for each in read.json()["items"]}
    assert rows["account.opened"]["actor"] == "command-line"
    for action, route in (("signed_in", "POST /sign-in"), ("password_changed", "POST /me/password")):
        method, _, end = route.partition(" ")
        row = rows[f"account.{action}"]
        assert (row["actor"], row["path"]) == (str(person.account_id), f"{method} {BASE}{end}")
    assert (await office.client.post(f"{BASE}{path}/exports", json={})).status_code == 401
    assert (await office.ask("POST", f"{path}/exports", token, json={})).status_code == 200
    (row,) = await office.owner("select * from audit_entry order by number desc limit 1")
    assert (row["action"], row["actor"], row["held"]) == ("audit.exported", str(person.account_id), ["auditor"])


async def test_nothing_secret_is_logged_or_stands_in_the_audit(office, capsys, caplog):
    person = await office.enrol("wang.guilan", "auditor")
    await office.sign_in(person, password="a password mistyped")
    await office.sign_in(Nobody, code=None)
    token = await office.token(person)
    told = capsys.readouterr().out + caplog.text
    told += str([tuple(row) for row in await office.owner("select * from audit_entry")])
    for secret in (person.password, "a password mistyped", person.secret, token, "wang.guilan", "王桂兰", Nobody.login):
        assert secret not in told
    assert "sign_in_refused" in told


class Nobody:
    login = "somebody.unknown"
    password = "a password of nobody"


async def test_old_sign_ins_and_tries_are_forgotten(office):
    from services.accounts.commands import entering  # noqa: PLC0415  (only here)

    person = await office.enrol("wang.guilan")
    await office.token(person)
    await office.owner(
        "update session set created_at = now() - interval '92 days', expires_at = now() - interval '91 days'"
        " where ended_at is null"
    )
    await office.owner("update tries set window_from = now() - interval '25 hours'")
    async with database.transaction(office.pool) as connection:
        await entering.forget(connection, office.app.state.runtime.settings, 500)
    assert await office.owner("select 1 from tries") == []
    left = await office.owner("select ended_why from session")
    assert [row["ended_why"] for row in left] == ["password_changed"]


async def test_without_a_key_nobody_is_let_in_and_nothing_is_kept(office):
    person = await office.enrol("wang.guilan")
    await office.owner("delete from signing_key")
    count = "select count(*) from session"
    before = await office.owner(count)
    transport = httpx.ASGITransport(office.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://accounts") as client:
        body = {"login": person.login, "password": person.password, "code": person.code()}
        assert (await client.post(f"{BASE}/sign-in", json=body)).status_code == 500
    assert await office.owner(count) == before
