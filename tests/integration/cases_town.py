"""What the tests of cases stand in: its database with a hall and a calendar, its app, and people who act."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
from fastapi import FastAPI

from services.cases import workers
from services.cases.app import create_app
from services.cases.commands import projections
from services.cases.settings import CasesSettings
from shared import database
from shared.application import Runtime
from shared.events.queue import Finding, Visit
from shared.events.roster import CalendarYear, Department, Session, Venue
from shared.privacy import PrivacySettings, Vault
from tests import identity

ZONE = ZoneInfo("Asia/Shanghai")
API = "/api/cases/v1"
STAFF = f"{API}/staff"
DEPARTMENTS = ("land", "health", "transport", "water", "petition")
MONDAY = date(2026, 3, 2)
"""A working day with working days after it: 清明 is 4 to 6 April."""
PERSON = {"name": "王桂兰", "phone": "13800002741"}
DIGITS = "2741"
RESTS = (date(2026, 4, 4), date(2026, 4, 5), date(2026, 4, 6))


def venue() -> Venue:
    departments = tuple(Department(department_id=each, name_zh=f"{each}局", name_en=each) for each in DEPARTMENTS)
    return Venue(
        venue_id="hall", name_zh="大厅", name_en="Hall", address_zh="", address_en="", phone="12345",
        departments=departments, windows=(),
    )  # fmt: skip


def year(number: int = 2026, *, rest: tuple[date, ...] = RESTS, **changes: Any) -> CalendarYear:
    return CalendarYear(**{"year": number, "status": "known", "rest_days": rest, **changes})


WHO: dict[str, dict[str, Any]] = {
    "land": {"roles": ("window_staff",), "department_id": "land", "account_id": "land-1"},
    "land2": {"roles": ("window_staff",), "department_id": "land", "account_id": "land-2"},
    "land_head": {"roles": ("director",), "department_id": "land", "account_id": "land-h", "official_id": "head-land"},
    "health": {"roles": ("window_staff",), "department_id": "health", "account_id": "health-1"},
    "transport": {"roles": ("chief_representative",), "department_id": "transport", "account_id": "transport-1"},
    "water": {"roles": ("deputy",), "department_id": "water", "account_id": "water-1"},
    "manager": {"roles": ("hall_manager",), "account_id": "manager-1"},
    "county": {"roles": ("deputy_county_head",), "account_id": "county-1", "official_id": "county-head"},
    "supervisor": {"roles": ("supervisor",), "account_id": "supervisor-1"},
    "auditor": {"roles": ("auditor",), "account_id": "auditor-1"},
}
OVERSEEN = frozenset({
    "assign", "grant_extension", "refuse_extension", "set_date", "move", "list", "delist", "look_back", "call_back",
    "review", "close", "merge", "link",
})  # fmt: skip


def bearer(who: str) -> dict[str, str]:
    known = dict(WHO[who])
    return identity.bearer(*known.pop("roles"), **known)


@dataclass
class Town:
    """Cases' database and app, at nine on a Monday unless a test says otherwise."""

    pool: database.Pool
    owner_dsn: str
    set_now: Any
    vault: Vault
    http: httpx.AsyncClient
    runtime: Runtime
    app: FastAPI
    today: date = MONDAY

    async def on(self, day: date, clock: str = "09:00") -> None:
        """Stop the county's clock at a time of a day."""
        self.today = day
        hour, minute = (int(each) for each in clock.split(":"))
        await self.set_now(self.owner_dsn, datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE))

    async def take(self, told: Any, version: int = 1) -> int | None:
        """What others tell, as a consumer takes it."""
        command = {
            Venue: projections.take_venue,
            Session: projections.take_session,
            CalendarYear: projections.take_calendar,
            Visit: projections.take_visit,
            Finding: projections.take_finding,
        }[type(told)]
        async with database.transaction(self.pool) as connection:
            return await command(connection, told, version)

    async def look(self) -> None:
        """What the worker does every few seconds."""
        await workers.look(self.runtime)

    async def ask(self, who: str | None, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {**(bearer(who) if who else {}), **request.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **request)

    async def raised(self, **wish: Any) -> dict[str, Any]:
        """A case that a citizen raised online."""
        answer = await self.raise_(**wish)
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def raise_(self, *, key: str = "", **wish: Any) -> httpx.Response:
        body = {
            "kind": "problem",
            "title": "村道路灯坏了三个月",
            "text": "青石村东头的路灯不亮, 老人晚上不敢出门。",
            "department_id": "land",
            "person": PERSON,
            **wish,
        }
        return await self.ask(
            None, "POST", f"{API}/cases", json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex}
        )

    async def enter_(self, who: str = "manager", *, key: str = "", **wish: Any) -> httpx.Response:
        body = {
            "source": "counter",
            "kind": "problem",
            "title": "办证要跑三趟",
            "text": "材料清单前后不一样。",
            "venue_id": "hall",
            "department_id": "land",
            **wish,
        }
        return await self.ask(
            who, "POST", f"{STAFF}/cases", json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex}
        )

    async def entered(self, who: str = "manager", **wish: Any) -> str:
        """The id of a case that staff wrote down."""
        answer = await self.enter_(who, **wish)
        assert answer.status_code == 201, answer.text
        case_id: str = answer.json()["card"]["case_id"]
        return case_id

    async def file(self, case_id: str, who: str = "supervisor") -> dict[str, Any]:
        answer = await self.ask(who, "GET", f"{STAFF}/cases/{case_id}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def card(self, case_id: str, who: str = "supervisor") -> dict[str, Any]:
        card: dict[str, Any] = (await self.file(case_id, who))["card"]
        return card

    async def try_(
        self, who: str, case_id: str, act: str, *, version: int | None = None, **wish: Any
    ) -> httpx.Response:
        """An act with a case as it is now, unless a version is given."""
        if version is None:
            (row,) = await self.fetch('select version from "case" where case_id = $1', uuid.UUID(case_id))
            version = row["version"]
        over = act in OVERSEEN or (act in {"note", "keep_measure"} and who in {"manager", "county", "supervisor"})
        path = f"{STAFF}/cases/{case_id}/{'oversee' if over else 'handle'}"
        return await self.ask(who, "POST", path, json={"act": act, "version": version, **wish})

    async def do(self, who: str, case_id: str, act: str, **wish: Any) -> dict[str, Any]:
        answer = await self.try_(who, case_id, act, **wish)
        assert answer.status_code == 200, f"{act}: {answer.text}"
        card: dict[str, Any] = answer.json()["card"]
        return card

    async def refused(self, who: str, case_id: str, act: str, **wish: Any) -> str:
        """The code of the problem that an act meets."""
        answer = await self.try_(who, case_id, act, **wish)
        assert answer.status_code >= 400, f"{act} was done"
        code: str = answer.json()["code"]
        return code

    async def answered(self, **wish: Any) -> dict[str, Any]:
        """A citizen's case that its lead has answered."""
        case = await self.raised(**wish)
        await self.work(case["case_id"])
        return case

    async def work(self, case_id: str, who: str = "land") -> dict[str, Any]:
        """Bring a case from wherever its lead has it to the answer."""
        card = await self.card(case_id)
        if card["state"] == "registered":
            card = await self.do(who, case_id, "accept")
        if card["state"] == "accepted":
            await self.do(who, case_id, "take")
        return await self.do(who, case_id, "answer", words="灯已经修好。")

    async def looked_up(self, number: str, digits: str = DIGITS) -> httpx.Response:
        return await self.http.post(f"{API}/cases/look-up", json={"number": number, "digits": digits})

    async def reply(self, case: dict[str, Any], reply: str, **wish: Any) -> httpx.Response:
        """What the citizen says to a case as it is now."""
        known = (await self.looked_up(case["number"])).json()
        body = {"number": case["number"], "digits": DIGITS, "reply": reply, "version": known["version"], **wish}
        return await self.http.post(f"{API}/cases/reply", json=body)

    async def story(self, case_id: str) -> list[tuple[str, str | None]]:
        rows = await self.fetch("select kind, why from step where case_id = $1 order by version", uuid.UUID(case_id))
        return [(row["kind"], row["why"]) for row in rows]

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """A statement as the owner, who may read and change everything."""
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    def days(self, count: int) -> date:
        return self.today + timedelta(days=count)


@asynccontextmanager
async def opened(
    database_of: Any, settings_env: dict[str, str], monkeypatch: Any, set_county_now: Any, **env: str
) -> AsyncIterator[Town]:
    """The town at nine on a Monday, with its hall and the calendars of three years. Workers are run by hand."""
    made = await database_of("cases")
    for name, value in {**settings_env, "CASES_DATABASE_URL": made.runtime_dsn, **env}.items():
        monkeypatch.setenv(name, value)
    for name in ("CASES_CASES_PER_ADDRESS", "CASES_CASES_PER_PHONE", "CASES_TRIES_PER_ADDRESS"):
        monkeypatch.setenv(name, env.get(name, str(10**6)))
    for worker in ("watch", "take_in", "retain"):
        monkeypatch.setattr(f"services.cases.app.{worker}", _nothing)
    pool = await database.open_pool(made.runtime_dsn, size=8, application_name="cases-test")
    app = create_app()
    vault = Vault(PrivacySettings())
    transport = httpx.ASGITransport(app)
    try:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://cases") as http,
        ):
            runtime = Runtime("cases", CasesSettings(), http, pool)
            runtime.parts["vault"] = vault
            town = Town(pool, made.owner_dsn, set_county_now, vault, http, runtime, app)
            await town.on(MONDAY)
            await town.take(venue())
            for each in (2025, 2026, 2027):
                await town.take(year(each, rest=RESTS if each == MONDAY.year else ()))
            await town.look()
            yield town
    finally:
        await pool.close()


async def _nothing(_: Runtime) -> None:
    """No worker."""
