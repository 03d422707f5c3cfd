"""Every role on every staff route of every service, for one's own and for others' places: the committed matrix holds.

What is asked for is wrong in itself (an empty body), so that whoever gets past the permission changes nothing.
"""

import json
import re
import uuid
from typing import Any, NamedTuple
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from services.roster.app import create_app as create_roster
from shared.access import Caller
from tests import identity
from tests.contracts.export import PERMISSIONS
from tests.integration import booking_desk, cases_town, queue_hall, test_cases_meetings
from tests.integration.accounts_office import office_open
from tests.integration.notifications_hall import hall_open
from tests.integration.roster_county import PACK
from tests.integration.test_notifications_service import running as notifications_running

MATRIX: dict[str, dict[str, Any]] = json.loads(PERMISSIONS.read_text())


class Held(NamedTuple):
    """Where somebody holds a role, seen from a thing of the department `own` in the venue `hall`."""

    name: str
    where: dict[str, str]
    reaches: frozenset[str]


def holdings(own: str, *, venue_known: bool) -> list[Held]:
    """How a role may be held, and which reaches that satisfies."""
    beyond = frozenset({"anywhere"}) if venue_known else frozenset({"there", "hall", "venue", "anywhere"})
    return [
        Held("everywhere", {}, frozenset({"there", "hall", "venue", "anywhere"})),
        Held("own venue", {"venue_id": "hall"}, frozenset({"there", "hall", "venue", "anywhere"})),
        Held("other venue", {"venue_id": "other"}, beyond),
        Held("own department", {"department_id": own}, frozenset({"there", "venue", "anywhere"})),
        Held("other department", {"department_id": "elsewhere"}, frozenset({"venue", "anywhere"})),
    ]


def path_of(route: str, known: dict[str, str]) -> tuple[str, str]:
    method, path = route.split(" ")
    return method, re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], str(uuid.UUID(int=0))), path)


async def is_let_in(http: httpx.AsyncClient, route: str, known: dict[str, str], headers: dict[str, str]) -> bool:
    method, path = path_of(route, known)
    body = {"json": {}} if method == "POST" else {}
    answer = await http.request(method, path, headers={"X-Operator-Secret": "", **headers}, **body)
    refused = answer.status_code == 403 and answer.json()["code"] == "access_denied"
    assert refused or answer.status_code not in {401, 403, 500}, (route, answer.status_code, answer.text[:200])
    return not refused


async def tried(
    http: httpx.AsyncClient, routes: dict[str, Any], own: str, known: dict[str, str], *, venue_known: bool = True
) -> int:
    """Try every role on every route; what differs from the matrix is an AssertionError."""
    count, wrong = 0, []
    for route, told in routes.items():
        for role in identity.ROLES:
            may = role in told["roles"]
            for held in holdings(own, venue_known=venue_known)[: None if may else 1]:
                expected = may and told["reach"] in held.reaches
                let_in = await is_let_in(http, route, known, identity.bearer(role, **held.where))
                count += 1
                if let_in != expected:
                    wrong.append((route, role, held.name, f"let in: {let_in}"))
        for headers, expected in others(told):
            if await is_let_in(http, route, known, headers) != expected:
                wrong.append((route, "other", headers, not expected))
    assert not wrong, wrong
    return count


def others(told: dict[str, Any]) -> list[tuple[dict[str, str], bool]]:
    """Whoever is signed in otherwise, and whether they get in."""
    devices = told.get("devices", [])
    return [
        (identity.bearer(kind="citizen"), False),
        (identity.bearer(scope="enrol"), False),
        (identity.bearer(kind="device", scope="kiosk:hall"), "kiosk" in devices),
        (identity.bearer(kind="device", scope="screen:hall"), "screen" in devices),
        (identity.bearer(kind="device", scope="kiosk:other"), False),
        (identity.bearer(kind="device", scope="screen:other"), False),
        (identity.bearer("hall_manager", kind="device", scope="lamp:hall"), False),
    ]


async def nobody_gets_in(http: httpx.AsyncClient, service: str, known: dict[str, str]) -> None:
    for route in MATRIX[service]:
        method, path = path_of(route, known)
        answer = await http.request(method, path, headers={"Authorization": "", "X-Operator-Secret": ""})
        code = "access_denied" if service == "roster" and "/staff/" not in route else "sign_in_needed"
        assert answer.json()["code"] == code, route


async def test_the_queue(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as hall:
        ticket = (await hall.walk_in()).json()["ticket_id"]
        known = {"session_id": "day", "window_id": "w1", "ticket_id": ticket, "venue_id": "hall"}
        assert await tried(hall.http, MATRIX["queue"], "land", known) > 400
        await nobody_gets_in(hall.http, "queue", known)


async def test_a_kiosk_gives_nobody_what_the_counter_gives(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as hall:
        plain = {"matter_ids": ["house"]}
        counters = ({"priority": "elderly"}, {"delegation": True}, {"persons": 2}, {"name": "王桂兰"})
        arrivals = [("walk-ins", plain | more) for more in counters]
        arrivals += [("check-ins", {"code": "40812736"} | more) for more in ({"priority": "elderly"}, {"persons": 2})]
        arrivals += [("check-ins", {"booking_id": str(uuid.uuid4())})]

        async def asked(path: str, body: dict[str, Any], **who: Any) -> bool:
            headers = {**identity.bearer(**who), "Idempotency-Key": booking_desk.new_key()}
            answer = await hall.http.post(f"/api/queue/v1/staff/sessions/day/{path}", json=body, headers=headers)
            return answer.status_code != 403

        kiosk = {"kind": "device", "scope": "kiosk:hall"}
        assert [await asked(path, body, **kiosk) for path, body in arrivals] == [False] * len(arrivals)
        assert [await asked(path, body) for path, body in arrivals] == [True] * len(arrivals)
        assert await asked("walk-ins", plain, **kiosk)
        assert await asked("check-ins", {"code": "40812736"}, **kiosk)


async def test_booking(database, settings_env, monkeypatch, set_county_now):
    async with (
        booking_desk.opened(database, settings_env, monkeypatch, set_county_now) as desk,
        booking_desk.running(desk) as http,
    ):
        window = (await desk.fetch("select window_id, department_id from slot limit 1"))[0]
        routes = dict(MATRIX["booking"])
        told = routes.pop("GET /api/booking/v1/staff/sessions/{session_id}/bookings")
        known = {"session_id": "day"}
        address = f"GET /api/booking/v1/staff/sessions/{{session_id}}/bookings?window_id={window['window_id']}"
        await tried(http, {address: told}, window["department_id"], known)
        await tried(http, routes, window["department_id"], known, venue_known=False)
        await nobody_gets_in(http, "booking", known)


@pytest.mark.parametrize("written", ["{0}", " {0}", "{0} ", "\u3000{0}", "{0}\u00a0"])
async def test_another_departments_bookings_stay_closed_however_their_ids_are_written(
    database, settings_env, monkeypatch, set_county_now, written
):
    async with (
        booking_desk.opened(database, settings_env, monkeypatch, set_county_now) as desk,
        booking_desk.running(desk) as http,
    ):
        slot, *_ = await desk.slots("land")
        key = {"Idempotency-Key": booking_desk.new_key()}
        assert (await http.post("/api/booking/v1/bookings", json=booking_desk.wish(slot), headers=key)).is_success

        async def seen(session_id: str, window_id: str) -> str:
            path = f"/api/booking/v1/staff/sessions/{quote(session_id)}/bookings"
            elsewhere = identity.bearer("window_staff", department_id="health")
            return (await http.get(path, params={"window_id": window_id}, headers=elsewhere)).text

        for session_id, window_id in ((written.format("day"), "w1"), ("day", written.format("w1"))):
            assert "王" not in await seen(session_id, window_id)
        own = identity.bearer("window_staff", department_id="land")
        answer = await http.get("/api/booking/v1/staff/sessions/day/bookings?window_id=w1", headers=own)
        assert "王" in answer.text  # so that there was something to see


async def test_an_address_that_no_database_takes_is_refused_by_its_form(
    database, settings_env, monkeypatch, set_county_now
):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as hall:
        for path in ("sessions/%00", "sessions/%00/windows/w1", "sessions/day/windows/%00", "venues/%00/today"):
            answer = await hall.http.get(f"/api/queue/v1/staff/{path}", headers=identity.bearer("director"))
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), path
            kiosk = identity.bearer(kind="device", scope="kiosk:hall")
            assert (await hall.http.get(f"/api/queue/v1/staff/{path}", headers=kiosk)).status_code == 403, path


async def test_the_roster(database, settings_env, monkeypatch):
    made = await database("roster")
    for name, value in {**settings_env, "ROSTER_DATABASE_URL": made.runtime_dsn}.items():
        monkeypatch.setenv(name, value)
    app = create_roster()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://roster") as http,
    ):
        operator = {"X-Operator-Secret": settings_env["OPERATOR_SECRET"], "Content-Type": "application/yaml"}
        packed = await http.post("/api/roster/v1/packs", content=PACK, headers=operator)
        assert packed.status_code == 200, packed.text
        known = {"official_id": "zhou", "session_id": "hall.service-day.2026-12-21"}
        await tried(http, MATRIX["roster"], "natural-resources", known, venue_known=False)
        await nobody_gets_in(http, "roster", known)
        own = identity.bearer("director", department_id="elsewhere", official_id="zhou")
        for official, expected in (("zhou", True), ("he", False)):
            route = "GET /api/roster/v1/staff/officials/{official_id}/sessions"
            assert await is_let_in(http, route, {"official_id": official}, own) is expected
        owner = await asyncpg.connect(made.owner_dsn)
        await owner.execute("update official set withdrawn = true where official_id = 'wu'")
        await owner.close()
        for department, expected in (("civil-affairs", True), ("natural-resources", False)):
            theirs = identity.bearer("window_staff", department_id=department)
            assert await is_let_in(http, route, {"official_id": "wu"}, theirs) is expected, "also once they have left"


async def test_cases(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as town:
        await town.take(test_cases_meetings.meeting("joint_review"))
        known = {"case_id": (await town.raised())["case_id"], "session_id": "hall.joint_review.2026-03-09"}
        assert await tried(town.http, MATRIX["cases"], "land", known) > 100
        await nobody_gets_in(town.http, "cases", known)


async def test_notifications(database, settings_env, monkeypatch, set_county_now):
    async with (
        hall_open(database, settings_env, monkeypatch, set_county_now),
        notifications_running() as http,
    ):
        await tried(http, MATRIX["notifications"], "land", {}, venue_known=False)
        await nobody_gets_in(http, "notifications", {})


async def test_accounts(database, settings_env, monkeypatch):
    async with office_open(database, settings_env, monkeypatch) as office:
        for role in identity.ROLES:
            token = await office.token(await office.enrol(f"one.{role.replace('_', '.')}", role))
            for route, told in MATRIX["accounts"].items():
                let_in = await is_let_in(office.client, route, {}, {"Authorization": f"Bearer {token}"})
                assert let_in is (role in told["roles"]), (route, role)
        await nobody_gets_in(office.client, "accounts", {})


@pytest.mark.parametrize("service", MATRIX)
def test_the_matrix_names_every_staff_route(service):
    from tests.architecture.test_routes import callers  # noqa: PLC0415  (it builds every service)
    from tests.contracts.export import application  # noqa: PLC0415

    wanted = {
        path for path, caller in callers(application(service)).items() if caller in {Caller.STAFF, Caller.OPERATOR}
    }
    assert {route.split(" ")[1] for route in MATRIX[service]} == wanted
