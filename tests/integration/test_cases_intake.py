"""What is handed on in the hall becomes a case, once: the queue's real words, and booking's real card."""

import uuid

import pytest

from services.booking import app as booking
from services.cases import workers
from services.queue.commands.results import results_of
from services.queue.domain.tickets import Ticket
from shared import database as databases
from shared.events.queue import Finding, Visit
from tests.integration import booking_desk, cases_town, queue_hall
from tests.integration.booking_desk import resident_id
from tests.integration.cases_town import API, Town
from tests.integration.queue_hall import Hall
from tests.serving import served

SAID = "/internal/v1/said"


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now, hall):
    monkeypatch.setenv("CASES_INTAKE_DELAY_SECONDS", "0")
    async with served(hall.http._transport.app) as queue_url:
        monkeypatch.setenv("QUEUE_URL", queue_url)
        async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
            yield opened


async def served_visit(hall: Hall, token: str, **wish: object) -> Visit:
    """Somebody is received, and something is found; the visit as the queue tells it."""
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    await hall.finish("w1", **wish)
    (row,) = await hall.fetch("select * from ticket where token = $1", token)
    async with databases.transaction(hall.pool) as connection:
        ticket = Ticket.of(row)
        (results,) = await results_of(connection, [ticket])
    return ticket.public(*results)


async def cases_of(town: Town) -> list[dict[str, object]]:
    rows = await town.fetch('select * from "case" order by registered_at, case_id')
    return [await town.file(str(row["case_id"])) for row in rows]


async def take_in(town: Town, monkeypatch: pytest.MonkeyPatch) -> bool:
    import httpx  # noqa: PLC0415  (over the network, not into the app)

    async with httpx.AsyncClient() as http:
        monkeypatch.setattr(town.runtime, "http", http)
        return await workers.take_in_some(town.runtime)


async def test_a_problem_and_a_suggestion_become_cases_once_and_what_was_mended_on_the_spot_does_not(
    hall: Hall, town: Town, monkeypatch
):
    token = (await hall.walk_in(name="王桂兰")).json()["token"]
    visit = await served_visit(
        hall,
        token,
        problems=[
            {"text": "缴税要另排一次队。跑了三趟。", "settled": "handed_on"},
            {"text": "没有笔", "settled": "on_the_spot"},
        ],
        suggestions=["多开一个窗口"],
    )
    for version in (5, 5, 6):
        await town.take(visit, version)
    assert await take_in(town, monkeypatch)
    assert not await take_in(town, monkeypatch)
    found = await cases_of(town)
    assert {(each["card"]["kind"], each["card"]["title"], each["text"]) for each in found} == {
        ("problem", "缴税要另排一次队", "缴税要另排一次队。跑了三趟。"),
        ("suggestion", "多开一个窗口", "多开一个窗口"),
    }
    assert {(each["card"]["source"], each["card"]["department_id"], each["session_id"]) for each in found} == {
        ("visit", "land", "day")
    }
    assert found[0]["person"] == {"name": "王桂兰", "phone": None, "masked": False}


async def test_what_is_taken_back_in_time_is_no_case(hall: Hall, town: Town, monkeypatch):
    token = (await hall.walk_in()).json()["token"]
    visit = await served_visit(hall, token, problems=[{"text": "排队太久", "settled": "handed_on"}])
    await town.take(visit, 5)
    await town.take(visit.model_copy(update={"remarks": (), "state": "serving"}), 6)
    assert not await take_in(town, monkeypatch)
    await town.take(visit, 7)
    assert await take_in(town, monkeypatch)
    assert len(await cases_of(town)) == 1


async def test_a_delegations_remarks_and_what_the_queue_has_forgotten_are_no_cases(hall: Hall, town: Town, monkeypatch):
    token = (await hall.walk_in()).json()["token"]
    visit = await served_visit(hall, token, problems=[{"text": "排队太久", "settled": "handed_on"}])
    await town.take(visit.model_copy(update={"counted": False}), 5)
    assert await town.fetch("select from intake") == []
    await hall.fetch("update remark set text = null, forgotten_at = now()")
    await town.take(visit.model_copy(update={"counted": True}), 6)
    assert await take_in(town, monkeypatch)
    assert await cases_of(town) == []
    assert [row["state"] for row in await town.fetch("select state from intake")] == ["forgotten"]


async def test_a_finding_becomes_a_case_and_a_decision_none(hall: Hall, town: Town, monkeypatch):
    for kind, body in (
        ("findings", {"text": "缴税要另排一次队", "settled": "handed_on"}),
        ("decisions", {"text": "两条村道一并审批", "scope": "全乡"}),
    ):
        path = f"{queue_hall.API}/staff/sessions/day/windows/w1/{kind}"
        assert (await hall.http.post(path, json=body)).status_code == 201
    for row in await hall.fetch(
        "select payload::jsonb -> 'finding' as finding from outbox where topic = 'queue.findings.v1'"
    ):
        await town.take(Finding.model_validate_json(row["finding"]), 1)
    assert await take_in(town, monkeypatch)
    (case,) = await cases_of(town)
    assert (case["card"]["source"], case["card"]["title"]) == ("finding", "缴税要另排一次队")


async def test_it_waits_while_the_queue_is_away_and_nothing_is_lost(hall: Hall, town: Town, monkeypatch):
    token = (await hall.walk_in()).json()["token"]
    visit = await served_visit(hall, token, problems=[{"text": "排队太久", "settled": "handed_on"}])
    await town.take(visit, 5)
    there = town.runtime.settings
    monkeypatch.setattr(town.runtime, "settings", there.model_copy(update={"queue_url": "http://127.0.0.1:1"}))
    assert not await take_in(town, monkeypatch)
    monkeypatch.setattr(town.runtime, "settings", there)
    assert await take_in(town, monkeypatch)
    assert len(await cases_of(town)) == 1


async def test_whoever_booked_the_visit_follows_the_case_with_the_digits_of_their_phone(  # noqa: PLR0917
    hall: Hall, town: Town, database, settings_env, monkeypatch, set_county_now
):
    async with booking_desk.opened(database, settings_env, monkeypatch, set_county_now) as desk:
        slot, *_ = await desk.slots()
        made = await desk.combiner().claim(desk.claim(slot, 7))
        booked, code = await hall.booked("09:30", booking_id=str(made.booking_id))
        assert booked.booking_id == str(made.booking_id)
        token = (await hall.check_in(code)).json()["token"]
        visit = await served_visit(hall, token, problems=[{"text": "排队太久", "settled": "handed_on"}])
        await town.take(visit, 5)
        app = booking.create_app()
        async with app.router.lifespan_context(app), served(app) as booking_url:
            known = town.runtime.settings.model_copy(update={"booking_url": booking_url})
            monkeypatch.setattr(town.runtime, "settings", known)
            assert await take_in(town, monkeypatch)
    (case,) = await cases_of(town)
    opened = await town.looked_up(case["card"]["number"], resident_id(7)[-4:])
    assert opened.status_code == 200, opened.text
    (row,) = await town.fetch('select person_key from "case"')
    assert row["person_key"] == hall.document_key(resident_id(7))


async def test_the_queues_words_are_for_services_alone(hall: Hall, settings_env):
    body = {"remark_ids": [str(uuid.uuid4())]}
    assert (await hall.http.post(SAID, json=body)).status_code == 403
    shown = {"X-Service-Secret": settings_env["SERVICE_SECRET"]}
    assert (await hall.http.post(SAID, json=body, headers=shown)).json() == {"items": []}
    assert API.startswith("/api/cases")
