"""The roster through its HTTP API, on a real database."""

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from services.roster import workers
from services.roster.app import create_app
from tests import identity
from tests.integration.roster_county import CALENDAR_2027, PACK, at

NOW = at("2026-11-23", "08:00")
API = "/api/roster/v1"


@dataclass
class Hall:
    """The roster's app, spoken to as the operator, and its database looked at as the owner."""

    client: httpx.AsyncClient
    owner_dsn: str

    async def post(self, path: str, body: Any = None, **params: str) -> httpx.Response:
        if isinstance(body, str):
            sent = {"content": body.encode(), "headers": {"content-type": "application/yaml"}}
        else:
            sent = {"json": body}
        return await self.client.post(API + path, params=params, **sent)

    async def done(self, path: str, body: Any = None, **params: str) -> Any:
        answer = await self.post(path, body, **params)
        assert answer.status_code == 200, answer.text[:500]
        return answer.json()

    async def get(self, path: str, expected: int = 200, **params: Any) -> Any:
        answer = await self.client.get(API + path, params=params)
        assert answer.status_code == expected, answer.text[:500]
        return answer.json()

    async def outbox(self) -> list[tuple[str, str, int]]:
        """Type, subject and version of all that was said, in its order."""
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            rows = await connection.fetch("select type, subject, version from outbox order by position")
        finally:
            await connection.close()
        return [tuple(row) for row in rows]

    async def said(self, before: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
        """What was said since `before`."""
        return (await self.outbox())[len(before) :]


@asynccontextmanager
async def opened(made, settings_env, monkeypatch, **env):
    for name, value in {**settings_env, "ROSTER_DATABASE_URL": made.runtime_dsn, **env}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(workers, "POLL_SECONDS", 0.05)
    app = create_app()
    headers = {"x-operator-secret": settings_env["OPERATOR_SECRET"], "x-correlation-id": "the-test-itself"}
    headers |= identity.bearer()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://roster", headers=headers) as client,
    ):
        yield Hall(client, made.owner_dsn)


@pytest.fixture
async def empty(database, settings_env, set_county_now, monkeypatch):
    made = await database("roster")
    await set_county_now(made.owner_dsn, NOW)
    async with opened(made, settings_env, monkeypatch) as hall:
        yield hall


@pytest.fixture
async def hall(empty):
    await empty.done("/packs", PACK)
    return empty


async def test_before_the_first_pack_everything_answers(empty):
    assert (await empty.get("/venue", 404))["code"] == "venue_unknown"
    for path in ("/departments", "/matters", "/sessions", "/staff/officials"):
        assert await empty.get(path) == {"items": [], "total": 0}
    answer = await empty.post("/plan")
    assert (answer.status_code, answer.json()["code"]) == (409, "roster_empty")
    assert await empty.outbox() == []


async def test_a_pack_is_told_once(empty):
    report = await empty.done("/packs", PACK)
    assert report["venue_changed"]
    assert set(report["matters_described"]) == {"second-hand-house", "low-income", "marriage-certificate", "enquiry"}
    said = await empty.outbox()
    assert said[0] == ("roster.VenueDescribed", "hall", 1)
    assert [each[0] for each in said[1:5]] == ["roster.MatterDescribed"] * 4
    planned = [each for each in said if each[0] == "roster.SessionPlanned"]
    calendars = [each for each in said if each[0] == "roster.CalendarAdopted"]
    assert [each[1:] for each in calendars] == [("2026", 1), ("2027", 1)]
    assert len(planned) == len(said) - 7 == len(report["plan"]["changes"])
    assert ("roster.SessionPlanned", "hall.service-day.2026-12-21", 1) in planned
    again = await empty.done("/packs", PACK)
    assert not again["venue_changed"]
    assert (again["matters_described"], again["matters_unchanged"]) == ([], 4)
    assert again["plan"]["changes"] == []
    assert (await empty.done("/plan"))["changes"] == []
    assert await empty.said(said) == []


async def test_only_what_changed_is_a_new_version(hall):
    before = await hall.outbox()
    await hall.done("/packs", PACK.replace("promised_days: 3", "promised_days: 2"))
    assert await hall.said(before) == [("roster.MatterDescribed", "second-hand-house", 2)]
    await hall.done("/packs", PACK.replace("promised_days: 3", "promised_days: 2").replace("低保]", "低保, 困难户]"))
    assert len(await hall.said(before)) == 1, "another synonym is nobody's business but search's"
    assert (await hall.get("/matters", q="困难户"))["items"][0]["matter_id"] == "low-income"
    await hall.done(
        "/packs",
        PACK.replace("promised_days: 3", "promised_days: 2").replace("一楼", "二楼").replace("zh: 东侧", "zh: 西侧"),
    )
    assert (await hall.said(before))[1:] == [("roster.VenueDescribed", "hall", 2)]


async def test_a_matter_taken_out_is_withdrawn_and_comes_back_with_the_next_version(hall):
    without = PACK[: PACK.index("  - id: enquiry")] + PACK[PACK.index("programmes:") :]
    before = await hall.outbox()
    report = await hall.done("/packs", without)
    assert report["matters_withdrawn"] == ["enquiry"]
    assert await hall.said(before) == [("roster.MatterWithdrawn", "enquiry", 2)]
    assert await hall.done("/packs", without) | {"plan": None} == report | {"matters_withdrawn": [], "plan": None}
    assert "enquiry" not in {each["matter_id"] for each in (await hall.get("/matters"))["items"]}
    assert (await hall.get("/matters/enquiry"))["withdrawn"], "who booked it still sees what it was"
    await hall.done("/packs", PACK)
    assert (await hall.said(before))[1:] == [("roster.MatterDescribed", "enquiry", 3)]


async def test_another_head_is_said_of_the_coming_sessions(hall):
    before = await hall.outbox()
    await hall.done("/packs", PACK.replace("id: wu, name: 吴春生", "id: ma, name: 马建国"))
    said = await hall.said(before)
    assert {each[0] for each in said} == {"roster.SessionAmended"}
    assert all(subject.startswith("hall.service-day.") and version == 2 for _, subject, version in said)
    session = (await hall.get("/sessions"))["items"][0]
    assert [each["official_name"] for each in session["duties"]] == ["周文清", "何立新", "马建国"]


async def test_a_pack_with_mistakes_changes_nothing_and_tells_all_of_them(hall):
    before = await hall.outbox()
    broken = PACK.replace("promised_days: 3", "promised_days: 99").replace("deputy: he}", "deputy: she}")
    answer = await hall.post("/packs", broken)
    assert answer.status_code == 422
    body = answer.json()
    assert body["code"] == "pack_invalid"
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(each["pointer"], each["code"]) for each in body["errors"]] == [
        ("/officials/0/deputy", "official_unknown"),
        ("/matters/0", "value_error"),
    ]
    assert body["errors"][0]["detail"].startswith("pack.yaml:12: officials[0].deputy: there is no official she")
    assert [each["line"] for each in body["findings"]] == [12, 21]
    assert await hall.said(before) == []


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"\xff\xfe\x00", "application/yaml", 400, "malformed_yaml"),
        (b"{}", "application/json", 415, "unsupported_media_type"),
        (b"", "application/yaml", 422, "pack_invalid"),
        (b"a: [", "text/yaml; charset=utf-8", 422, "pack_invalid"),
        (b"[" * 100_000, "application/yaml", 422, "pack_invalid"),
        (b"x" * 1024 * 1024, "application/yaml", 413, "body_too_large"),
    ],
)
async def test_what_is_no_pack_is_refused(empty, body, content_type, status, code):
    answer = await empty.client.post(f"{API}/packs", content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_another_hall_is_refused(hall):
    answer = await hall.post("/packs", PACK.replace("id: hall", "id: other-hall"))
    assert (answer.status_code, answer.json()["code"]) == (409, "venue_other")


async def test_a_pack_that_disturbs_must_be_confirmed(hall):
    before = await hall.outbox()
    other = PACK.replace("BYMONTHDAY=1,11,21", "BYMONTHDAY=1,15")
    answer = await hall.post("/packs", other)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "confirmation_needed")
    falls = [each["session_id"] for each in body["plan"]["changes"] if each["event"] == "SessionCancelled"]
    assert "hall.service-day.2026-12-11" in falls
    assert await hall.said(before) == [], "nothing was taken over"
    wrong = await hall.post("/packs", other, confirm="0" * 32)
    assert wrong.json()["code"] == "difference_changed"
    await hall.done("/packs", other, confirm=body["confirm"])
    session = await hall.get("/sessions/hall.service-day.2026-12-11")
    assert (session["status"], session["reason"], session["version"]) == ("cancelled", "other", 2)


async def test_a_calendar_is_shown_and_only_then_carried_out(hall):
    before = await hall.outbox()
    assert (await hall.get("/sessions/hall.service-day.2027-01-01"))["status"] == "tentative"
    shown = await hall.done("/calendars", CALENDAR_2027)
    assert not shown["confirmed"]
    changes = {each["session_id"]: each for each in shown["plan"]["changes"]}
    february = changes["hall.service-day.2027-02-11"]
    assert (february["event"], february["from_date"], february["to_date"]) == (
        "SessionMoved",
        "2027-02-11",
        "2027-02-12",
    )
    assert {"day": "2027-02-20", "before": "rest_day", "after": "make_up_workday"} in shown["days"]
    assert await hall.said(before) == [], "showing changes nothing"

    wrong = await hall.post("/calendars", CALENDAR_2027, confirm="f" * 32)
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["confirm"]) == (
        409,
        "difference_changed",
        shown["confirm"],
    )
    other = CALENDAR_2027.replace("2027-02-11]", "2027-02-12]")
    assert (await hall.post("/calendars", other, confirm=shown["confirm"])).status_code == 409

    done = await hall.done("/calendars", CALENDAR_2027, confirm=shown["confirm"])
    assert done["confirmed"]
    said = await hall.said(before)
    assert ("roster.SessionMoved", "hall.service-day.2027-02-11", 2) in said
    assert ("roster.SessionPlanned", "hall.service-day.2027-01-11", 2) in said
    moved = await hall.get("/sessions/hall.service-day.2027-02-11")
    assert (moved["date"], moved["rule_date"], moved["status"], moved["reason"]) == (
        "2027-02-12", "2027-02-11", "planned", "calendar",
    )  # fmt: skip
    assert {each["status"] for each in (await hall.get("/sessions"))["items"]} == {"planned"}
    twice = await hall.done("/calendars", CALENDAR_2027, confirm=shown["confirm"])
    assert twice["confirmed"], "sent again because the answer was lost, it is no error"
    again = await hall.done("/calendars", CALENDAR_2027)
    assert (again["days"], again["plan"]["changes"]) == ([], [])
    assert await hall.said(before) == said


async def test_a_typhoon_day_moves_one_session(hall):
    typhoon = "calendars:\n  - {year: 2026, kind: county_days, source: 台风, rest_days: [2026-12-01]}\n"
    shown = await hall.done("/calendars", typhoon)
    assert [(each["session_id"], each["to_date"]) for each in shown["plan"]["changes"]] == [
        ("hall.service-day.2026-12-01", "2026-12-02")
    ]
    await hall.done("/calendars", typhoon, confirm=shown["confirm"])
    moved = await hall.get("/sessions/hall.service-day.2026-12-01")
    assert moved["date"] == "2026-12-02"
    assert moved["booking"]["release_at"] == "2026-11-17T00:30:00Z", "released already, and it stays so"


async def test_a_session_is_moved_and_cancelled_in_one_action(hall):
    before = await hall.outbox()
    path = "/sessions/hall.service-day.2026-12-11"
    moved = await hall.done(f"{path}/move", {"date": "2026-12-14", "reason": "weather"})
    assert (moved["date"], moved["reason"], moved["version"]) == ("2026-12-14", "weather", 2)
    assert moved["opening"][0]["starts_at"] == "2026-12-14T01:00:00Z"
    assert (await hall.done(f"{path}/move", {"date": "2026-12-14", "reason": "weather"}))["version"] == 2
    assert (await hall.done("/plan"))["changes"] == []
    cancelled = await hall.done(f"{path}/cancel", {"reason": "power"})
    assert (cancelled["status"], cancelled["version"]) == ("cancelled", 3)
    assert await hall.said(before) == [
        ("roster.SessionMoved", "hall.service-day.2026-12-11", 2),
        ("roster.SessionCancelled", "hall.service-day.2026-12-11", 3),
    ]
    assert (await hall.done("/plan"))["changes"] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("2026-12-11/move", {"date": "2026-12-21", "reason": "other"}, 409, "session_date_taken"),
        ("2026-12-11/move", {"date": "2026-12-12", "reason": "other"}, 409, "date_rest_day"),
        ("2026-12-11/move", {"date": "2026-11-20", "reason": "other"}, 409, "date_past"),
        ("2026-12-11/move", {"date": "9999-12-31", "reason": "other"}, 409, "calendar_unknown"),
        ("2026-12-11/move", {"date": "0001-01-01", "reason": "other"}, 409, "calendar_unknown"),
        ("2026-12-12/move", {"date": "2026-12-14", "reason": "other"}, 404, "session_unknown"),
        ("2026-12-11/move", {"date": "tomorrow", "reason": "other"}, 422, "invalid_request"),
        ("2026-12-11/cancel", {"reason": "mood"}, 422, "invalid_request"),
        ("2026-12-11/clash", {"choice": "keep"}, 409, "clash_unknown"),
        ("2026-12-11%00/cancel", {"reason": "other"}, 422, "invalid_request"),
    ],
)
async def test_what_a_session_does_not_do(hall, path, body, status, code):
    answer = await hall.post(f"/sessions/hall.service-day.{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_clash_after_national_day_is_told_and_settled(empty, set_county_now):
    await set_county_now(empty.owner_dsn, at("2026-09-01"))
    report = await empty.done("/packs", PACK)
    (clash,) = report["plan"]["clashes"]
    assert (clash["session_id"], clash["date"], clash["other_date"], clash["working_days"]) == (
        "hall.service-day.2026-10-01", "2026-10-08", "2026-10-12", 3,
    )  # fmt: skip
    path = "/sessions/hall.service-day.2026-10-01/clash"
    assert (await empty.done(path, {"choice": "keep"}))["version"] == 1
    assert (await empty.done("/plan"))["clashes"][0]["choice"] == "keep"
    merged = await empty.done(path, {"choice": "merge"})
    assert (merged["status"], merged["reason"], merged["version"]) == ("cancelled", "calendar", 2)
    assert (await empty.done("/plan"))["clashes"] == []


async def test_operators_routes_want_the_operators_secret(hall):
    routes = ["/packs", "/calendars", "/plan", "/sessions/x/move", "/sessions/x/cancel", "/sessions/x/clash"]
    elsewhere = identity.bearer("hall_manager")
    for path in routes:
        for secret in ("", "wrong"):
            answer = await hall.client.post(
                API + path,
                content=b'{"date": "2026-12-14", "reason": "other", "choice": "keep"}',
                headers={"x-operator-secret": secret, "content-type": "application/json", **elsewhere},
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "access_denied"), path


async def test_the_hall_and_its_people(hall):
    venue = await hall.get("/venue")
    assert (venue["venue_id"], venue["version"], len(venue["windows"])) == ("hall", 1, 4)
    departments = (await hall.get("/departments"))["items"]
    assert [(each["department_id"], each["general_desk"], each["windows"]) for each in departments] == [
        ("natural-resources", False, [3, 4]),
        ("civil-affairs", False, [7]),
        ("desk", True, [1]),
    ]
    officials = (await hall.get("/staff/officials"))["items"]
    assert officials[0] == {
        "official_id": "zhou", "name": "周文清", "title_zh": "局长", "title_en": "Director", "head": True,
        "deputy_id": "he", "department_id": "natural-resources", "department_name_zh": "自然资源局",
        "department_name_en": "Natural Resources Bureau",
    }  # fmt: skip
    mine = await hall.get("/staff/officials/he/sessions", limit=2)
    assert [each["session_id"] for each in mine["items"]] == [
        "hall.service-day.2026-11-21",
        "hall.service-day.2026-12-01",
    ]
    assert mine["items"][0]["date"] == "2026-11-23", "the 21st was a Saturday, and the doors have not opened yet"
    assert mine["total"] > 2
    assert (await hall.get("/staff/officials/nobody/sessions", 404))["code"] == "official_unknown"


async def test_sessions_are_listed_by_date_with_names(hall):
    found = await hall.get("/sessions", **{"from": "2026-12-01", "to": "2026-12-31"})
    assert [each["date"] for each in found["items"]] == ["2026-12-01", "2026-12-11", "2026-12-21"]
    assert found["total"] == 3, "the joint review day is internal"
    first = found["items"][0]
    assert [(each["window_id"], each["official_name"], each["official_title_zh"]) for each in first["duties"]] == [
        ("w3", "周文清", "局长"),
        ("w4", "何立新", "副局长"),
        ("w7", "吴春生", "局长"),
    ]
    assert [(each["number"], each["department_name_zh"]) for each in first["windows"]] == [
        (3, "自然资源局"),
        (4, "自然资源局"),
        (7, "民政局"),
    ]
    assert (await hall.get("/sessions", limit=1))["total"] > 1
    assert (await hall.get("/sessions", status="cancelled"))["items"] == []
    assert (await hall.get("/sessions", **{"from": "2026-12-31", "to": "2026-12-01"}))["items"] == []
    assert (await hall.get("/sessions", **{"from": "0001-01-01", "to": "9999-12-31"}))["total"] > 3
    assert (await hall.get("/sessions/hall.joint-review.2026-12-08", 404))["code"] == "session_unknown"
    assert (await hall.get("/sessions", 422, limit=501))["code"] == "invalid_request"


async def test_matters_are_found_and_shown(hall):
    found = await hall.get("/matters", q="房子过户")
    assert found["items"][0]["matter_id"] == "second-hand-house"
    assert found["items"][0]["windows"] == [3, 4]
    assert found["items"][0]["documents"] == [
        {"name_zh": "身份证原件", "name_en": "Identity cards", "note_zh": "买卖双方", "note_en": "of both sides"}
    ]
    assert [each["matter_id"] for each in (await hall.get("/matters", department_id="civil-affairs"))["items"]] == [
        "low-income",
        "marriage-certificate",
    ]
    everything = await hall.get("/matters", limit=1)
    assert (everything["total"], everything["items"][0]["matter_id"]) == (4, "second-hand-house")
    assert (await hall.get("/matters", department_id="nobody")) == {"items": [], "total": 0}
    assert (await hall.get("/matters", q="\x00"))["total"] == 0
    assert (await hall.get("/matters/nothing", 404))["code"] == "matter_unknown"
    matter = await hall.get("/matters/low-income")
    assert (matter["department_name_zh"], matter["synonyms"], matter["visit"]) == ("民政局", ["低保"], "optional")


async def test_events_carry_the_whole_state_and_the_correlation_id(hall):
    connection = await asyncpg.connect(hall.owner_dsn)
    try:
        row = await connection.fetchrow("select * from outbox where subject = 'hall.service-day.2026-12-21'")
    finally:
        await connection.close()
    assert row["correlation_id"] == "the-test-itself"
    assert (row["topic"], row["key"]) == ("roster.sessions.v1", row["subject"])
    session = json.loads(row["payload"])["session"]
    assert (session["status"], len(session["duties"]), session["booking"]["capacity"]) == ("planned", 3, 3)
    assert "周" not in row["payload"], "people appear by id alone"
