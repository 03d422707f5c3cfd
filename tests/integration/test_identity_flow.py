"""From signing in at accounts to a staff route of another service, over real HTTP and Kafka, and out again."""

import asyncio

import asyncpg
import httpx
import pytest

from services.queue.app import create_app as create_queue
from services.roster.app import create_app
from shared.identity import sql
from tests import identity
from tests.integration.accounts_office import BASE, office_open
from tests.serving import served

IN_FORCE_SECONDS = 5.0
"""What is promised for a revocation, wherever it is asked for."""
ROUTE = "/api/roster/v1/staff/officials"
VENUE = "/api/queue/v1/staff/venues/{}/today"


@pytest.fixture
async def office(database, kafka, topic_prefix, settings_env, monkeypatch):
    reached = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "TOPIC_PREFIX": topic_prefix}
    async with office_open(database, settings_env | reached, monkeypatch) as found:
        yield found


@pytest.fixture
async def roster(office, database, monkeypatch):
    made = await database("roster")
    async with served(office.app) as address:
        monkeypatch.setenv("ACCOUNTS_URL", address)
        monkeypatch.setenv("ROSTER_DATABASE_URL", made.runtime_dsn)
        app = create_app()
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://roster") as client,
        ):
            yield client


@pytest.fixture
async def queue(office, database, monkeypatch):
    made = await database("queue")
    async with served(office.app) as address:
        monkeypatch.setenv("ACCOUNTS_URL", address)
        monkeypatch.setenv("QUEUE_DATABASE_URL", made.runtime_dsn)
        app = create_queue()
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://queue") as client,
        ):
            yield client


async def asked(service, token, route=ROUTE):
    answer = await service.get(route, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("code")


async def refused(service, token, route=ROUTE):
    """Wait until the token counts no more; the seconds that it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(30):
        while (await asked(service, token, route))[0] != 401:
            await asyncio.sleep(0.05)
    return loop.time() - began


async def test_staff_routes_open_to_a_token_of_accounts_alone(office, roster):
    person = await office.enrol("zhou.wenqing", "director", department_id="land")
    first = await office.open("fresh.one", "director")
    assert (await roster.get(ROUTE)).status_code == 401
    assert await asked(roster, "made-up") == (401, "token_unknown")
    enrolling = (await office.sign_in(first, code=None)).json()["token"]
    assert await asked(roster, enrolling) == (403, "access_denied")
    assert await asked(roster, await office.token(person)) == (200, None)


async def test_a_revocation_is_in_force_elsewhere_within_five_seconds(office, roster):
    person = await office.enrol("zhou.wenqing", "director")
    operator = await office.token(await office.enrol("operator.one", "operator"))
    left, kept = await office.token(person), await office.token(person)
    assert await asked(roster, left) == await asked(roster, kept) == (200, None)

    assert (await office.ask("DELETE", "/session", left)).status_code == 204
    assert await refused(roster, left) < IN_FORCE_SECONDS
    assert await asked(roster, kept) == (200, None), "another sign-in of the same person goes on"

    suspended = await office.ask("POST", f"/operator/accounts/{person.account_id}/suspend", operator, json={})
    assert suspended.status_code == 200, suspended.text
    assert await refused(roster, kept) < IN_FORCE_SECONDS
    assert (await office.sign_in(person)).json()["code"] == "sign_in_refused"


async def test_who_was_sent_away_is_not_let_in_by_a_restart(database, settings_env, monkeypatch):
    made = await database("roster")
    for name, value in {**settings_env, "ROSTER_DATABASE_URL": made.runtime_dsn}.items():
        monkeypatch.setenv(name, value)
    owner = await asyncpg.connect(made.owner_dsn)
    await owner.execute("insert into account_standing (account_id, version, state) values ('gone', 2, 'suspended')")
    await owner.close()
    read = sql.select_standings

    async def slowly(connection, seconds):
        await asyncio.sleep(0.5)  # a database that has just come up
        return await read(connection, seconds)

    monkeypatch.setattr(sql, "select_standings", slowly)
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://roster") as client,
    ):
        assert (await asked(client, identity.token(account_id="gone")))[0] == 401
        assert await asked(client, identity.token(account_id="here")) == (200, None)


async def test_a_device_sees_its_own_hall_until_five_seconds_after_it_was_revoked(office, queue):
    manager = await office.token(await office.enrol("manager.one", "hall_manager", venue_id="hall"))
    paired = []
    for kind in ("kiosk", "screen"):
        wish = {"kind": kind, "venue_id": "hall", "label": "一楼东门"}
        named = (await office.ask("POST", "/operator/devices", manager, json=wish)).json()
        given = await office.client.post(f"{BASE}/devices/pair", json={"code": named["pairing_code"]})
        paired.append((named["device"]["device_id"], given.json()["secret"], given.json()["token"]))
    own, other = VENUE.format("hall"), VENUE.format("other")
    for _, _, token in paired:
        assert await asked(queue, token, own) == (200, None)
        assert await asked(queue, token, other) == (403, "access_denied")
        assert await asked(queue, token, "/api/queue/v1/staff/today") == (403, "access_denied")

    (device_id, secret, token), (_, _, kept) = paired
    revoked = await office.ask("POST", f"/operator/devices/{device_id}/revoke", manager)
    assert revoked.status_code == 200, revoked.text
    assert await refused(queue, token, own) < IN_FORCE_SECONDS
    assert await asked(queue, kept, own) == (200, None), "another device goes on"
    renewed = await office.client.post(f"{BASE}/devices/renew", json={"secret": secret})
    assert renewed.json()["code"] == "sign_in_needed"
