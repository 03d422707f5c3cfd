"""Citizens sign in by phone and code: what opens, what does not, and what nobody can learn or guess."""

import asyncio

import pytest

from services.accounts.commands import citizens, entering
from services.accounts.domain import citizens as rules
from services.notifications import commands
from shared import database as databases
from shared.identity.tokens import SignInNeeded
from tests.integration.booking_desk import opened
from tests.integration.citizens_town import CITIZENS, PHONE, bearer, town_open

OTHER = "13900005678"


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now):
    async with (
        opened(database, settings_env, monkeypatch, set_county_now) as desk,
        town_open(database, settings_env, monkeypatch, desk) as found,
    ):
        yield found


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def said(answer):
    """All that an answer says, but for the request's own number."""
    body = {name: value for name, value in answer.json().items() if name != "correlation_id"}
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-correlation-id", "date"}}
    return answer.status_code, body, headers


async def test_a_code_signs_in_and_makes_the_account_at_the_first_time_only(town):
    assert await town.office.owner("select 1 from account") == []
    code = await town.code()
    assert await town.office.owner("select 1 from account") == [], "asking for a code makes no account"
    first = (await town.try_code(code)).json()
    principal = await town.office.believed(first["token"])
    assert (principal.kind, principal.held, principal.scope) == ("citizen", (), None)
    assert (principal.expires_at - principal.issued_at).total_seconds() == 1800
    assert first["account"] == {
        "account_id": principal.account_id, "kind": "citizen", "phone_masked": "+*********1234",
    }  # fmt: skip
    again = await town.sign_in()
    assert again["account"] == first["account"]
    (event,) = await town.office.owner("select type, payload::text as said from outbox")
    assert event["type"] == "accounts.AccountOpened"
    assert '"citizen"' in event["said"]
    assert PHONE not in event["said"]


async def test_the_phone_and_the_code_stand_in_no_table_as_they_are(town):
    code = await town.code()
    await town.try_code(code)
    for table in ("account", "session", "citizen_code", "tries", "audit_entry", "outbox"):
        rows = await town.office.owner(f"select t::text as said from {table} as t")
        assert rows or table == "citizen_code"
        assert not [row for row in rows if PHONE in row["said"] or code in row["said"]], table
    for table in ("code_message", "console_message", "outbox"):
        rows = await town.notified(f"select t::text as said from {table} as t")
        assert not [row for row in rows if PHONE in row["said"]], table
    assert await town.notified("select 1 from outbox") == []
    assert await town.notified("select 1 from message") == []


async def test_asking_for_a_code_is_answered_alike_whether_the_phone_is_known_or_not(town):
    await town.sign_in()
    known, unknown = await town.ask_code(PHONE), await town.ask_code(OTHER)
    assert known.status_code == 202
    assert said(known) == said(unknown)
    tried = [
        await town.try_code("000000x", PHONE),
        await town.try_code("000000x", OTHER),
        await town.try_code("000000x", "13900009999"),
    ]
    assert {each.status_code for each in tried} == {401}
    assert len({str(said(each)) for each in tried}) == 1


async def test_however_many_try_at_once_a_code_is_compared_five_times(town):
    town.office.set(tries_per_login=1000, tries_per_address=1000)
    code = await town.code()
    guesses = [wrong(code) for _ in range(30)]
    answers = await asyncio.gather(*(town.try_code(each) for each in guesses))
    assert {each.status_code for each in answers} == {401}
    (row,) = await town.office.owner("select tries from citizen_code")
    assert row["tries"] == 5
    assert (await town.try_code(code)).json()["code"] == "citizen_code_refused", "the right one comes too late"
    assert await town.office.owner("select 1 from account") == []


async def test_guessing_is_bounded_by_phone_also_over_many_codes(town):
    town.office.set(tries_per_login=3)
    code = await town.code()
    for _ in range(3):
        assert (await town.try_code(wrong(code))).status_code == 401
    refused = await town.try_code(code)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
    assert int(refused.headers["retry-after"]) > 0


async def test_a_code_opens_once_also_when_it_is_shown_many_times_at_once(town):
    code = await town.code()
    answers = await asyncio.gather(*(town.try_code(code) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [200, 401, 401, 401, 401]
    assert (await town.try_code(code)).status_code == 401
    assert len(await town.office.owner("select 1 from account")) == 1
    assert len(await town.office.owner("select 1 from session")) == 1


async def test_of_many_who_were_right_at_once_one_is_let_in(town):
    code, vault = await town.code(), town.vault
    phone = f"+86{PHONE}"
    phone_key = rules.phone_key(vault, phone)
    settings, origin = town.office.app.state.runtime.settings, entering.Origin("10.0.0.1", "")
    digest = rules.digest(vault, phone_key, code)
    ready = asyncio.Barrier(5)

    async def enter():
        async with databases.transaction(town.office.pool) as connection:
            await ready.wait()  # each has compared already, and found the code to be right
            return await citizens.enter(
                connection, vault, settings, phone=phone, phone_key=phone_key, digest=digest, origin=origin
            )

    entered = await asyncio.gather(*(enter() for _ in range(5)))
    assert len([each for each in entered if each is not None]) == 1
    assert len(await town.office.owner("select 1 from session")) == 1


async def test_a_new_code_voids_the_one_before(town):
    first = await town.code()
    second = await town.code()
    if first != second:
        assert (await town.try_code(first)).status_code == 401
    assert (await town.try_code(second)).status_code == 200


async def test_a_code_is_dead_after_five_minutes_here_and_where_it_was_sent(town):
    code = await town.code()
    (row,) = await town.office.owner("select extract(epoch from expires_at - now()) as left from citizen_code")
    assert 290 < row["left"] <= 300
    await town.office.owner("update citizen_code set expires_at = now() - interval '1 second'")
    assert (await town.try_code(code)).json()["code"] == "citizen_code_refused"
    await town.notified("update code_message set expires_at = now() - interval '1 second'")
    pool = await databases.open_pool(town.notifications_dsn, size=1, application_name="citizens-test")
    try:
        async with databases.transaction(pool) as connection:
            assert await commands.forget_dead_codes(connection, 100) == 1
    finally:
        await pool.close()
    assert await town.box() == []
    assert await town.notified("select 1 from code_message") == []


async def test_codes_are_limited_by_phone_by_day_by_device_and_by_address(town):
    town.office.set(codes_per_phone=2, codes_per_phone_and_day=100, codes_per_device=3, codes_per_address=4)

    async def asked(phone, address, device):
        return (await town.ask_code(phone, **town.by_pages(address, device))).status_code

    assert [await asked(PHONE, "10.0.0.1", "d1") for _ in range(3)] == [202, 202, 429]
    assert await asked(OTHER, "10.0.0.2", "d1") == 202
    assert await asked(OTHER, "10.0.0.2", "d1") == 429, "the device has had three"
    assert await asked(OTHER, "10.0.0.1", "d2") == 202
    assert await asked("13900001111", "10.0.0.1", "d3") == 202
    assert await asked("13900001111", "10.0.0.1", "d4") == 429, "the address has had four"
    assert await asked("13900001111", "10.0.0.3", "d4") == 202
    town.office.set(codes_per_phone=100, codes_per_phone_and_day=2)
    assert [await asked("13900002222", "10.0.0.4", f"d{each}") for each in range(4, 7)] == [202, 202, 429]
    told = await town.ask_code("13900003333", **{"X-Client-Device": "d1"})
    assert told.status_code == 202, "only our own pages say which browser it is"


async def test_all_addresses_of_one_ipv6_network_are_one_asker(town):
    town.office.set(codes_per_address=2, tries_per_address=2)

    def from_address(last):
        return town.by_pages(f"2001:db8:1:2::{last}", f"device-{last}")

    asked = [await town.ask_code(f"1390000{each:04}", **from_address(each)) for each in range(1, 4)]
    assert [each.status_code for each in asked] == [202, 202, 429]
    guess = {"code": "000000"}
    guesses = [
        await town.office.client.post(
            f"{CITIZENS}/sign-in", json={"phone": f"1390001{each:04}", **guess}, headers=from_address(each)
        )
        for each in range(1, 4)
    ]
    assert [each.status_code for each in guesses] == [401, 401, 429]
    elsewhere = town.by_pages("2001:db8:1:3::1", "device-9")
    assert (await town.ask_code("13900002222", **elsewhere)).status_code == 202


async def test_while_notifications_is_away_nothing_is_half_kept(town):
    running = town.office.app.state.runtime
    town.office.set(notifications_url="http://127.0.0.1:1")
    answer = await town.ask_code()
    assert (answer.status_code, answer.json()["code"]) == (503, "code_not_sent")
    assert await town.office.owner("select 1 from citizen_code") == []
    assert running.settings.notifications_url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("12", "phone_invalid"),
        ("01088886666", "phone_takes_no_texts"),
        ("", "string_too_short"),
        ("a\0", "text_control_character"),
    ],
)
async def test_what_is_no_mobile_phone_is_said_so_by_its_form_alone(town, phone, code):
    answer = await town.ask_code(phone)
    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["errors"]] == [code]
    if phone:
        assert phone not in answer.text


async def test_a_sign_in_goes_on_after_its_token_and_ends_everywhere(town):
    begun = await town.sign_in()
    (row,) = await town.office.owner("select expires_at - created_at as lives from session")
    assert row["lives"].days == 30
    client = town.office.client
    renewed = await client.post(f"{CITIZENS}/renew", json={"renewal": begun["renewal"]})
    assert renewed.status_code == 200
    assert renewed.json()["renewal"] is None
    assert (await town.office.believed(renewed.json()["token"])).session_id == (
        await town.office.believed(begun["token"])
    ).session_id
    made_up = await client.post(f"{CITIZENS}/renew", json={"renewal": "x" * 43})
    assert made_up.json()["code"] == SignInNeeded.code
    other = await town.sign_in()
    assert len((await town.office.ask("GET", "/me/sessions", other["token"])).json()["items"]) == 2
    assert (await town.office.ask("DELETE", "/me/sessions?here=true", other["token"])).status_code == 204
    for each in (begun, other):
        assert (await town.office.ask("GET", "/me", each["token"])).status_code == 401
        gone = await client.post(f"{CITIZENS}/renew", json={"renewal": each["renewal"]})
        assert gone.status_code == 401
    (event, *_) = await town.office.owner("select payload from outbox order by position desc limit 1")
    assert "tokens_from" in event["payload"]


async def test_a_citizen_ends_the_other_sign_ins_and_keeps_this_one(town):
    lost, kept = await town.token(), await town.token()
    assert (await town.office.ask("DELETE", "/me/sessions", kept)).status_code == 204
    assert (await town.office.ask("GET", "/me", lost)).status_code == 401
    assert (await town.office.ask("GET", "/me", kept)).status_code == 200


async def test_a_suspended_citizen_is_answered_like_a_wrong_code(town):
    await town.sign_in()
    await town.office.owner("update account set state = 'suspended'")
    refused = await town.try_code(await town.code())
    assert (refused.status_code, refused.json()["code"]) == (401, "citizen_code_refused")


async def test_a_citizens_token_opens_nothing_of_the_staffs(town):
    citizen = await town.token()
    ask = town.office.ask
    assert (await ask("GET", "/operator/accounts", citizen)).json()["code"] == "access_denied"
    for path, body in (("/me/totp", {}), ("/me/password", {"password": "x", "new_password": "y" * 12})):
        assert (await ask("POST", path, citizen, json=body)).json()["code"] == "access_denied", path
    account_id = (await town.office.believed(citizen)).account_id
    operator = await town.office.token(await town.office.enrol("operator.one", "operator"))
    listed = (await ask("GET", "/operator/accounts", operator)).json()["items"]
    assert [each["login"] for each in listed] == ["operator.one"]
    granted = await ask("POST", f"/operator/accounts/{account_id}/grants", operator, json={"role": "operator"})
    assert granted.json()["code"] == "account_unknown"
    assert (await town.booking.get("/api/booking/v1/mine", headers=bearer(citizen))).status_code == 200
