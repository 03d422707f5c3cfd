"""Who came is forgotten, the figures are not: after the term, and whatever state the day was left in."""

import json
from datetime import date

import pytest

from services.queue.commands import state_events
from services.queue.commands.retention import RULES
from services.queue.queries import aggregate_ids
from shared import database
from shared.rights import retention
from tests.integration import queue_hall
from tests.integration.queue_hall import API, Hall

PERSON = b"p" * 32
DAY = f"{API}/staff/sessions/day"
NOTHING = {"tickets": 0, "outcomes": 0, "remarks": 0, "promises": 0}


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def receive(hall: Hall) -> str:
    """Somebody with a booking is received with words and a problem; the ticket's id."""
    _, code = await hall.booked("09:00", person=PERSON, born_on=date(1950, 1, 1))
    ticket = (await hall.check_in(code)).json()["ticket_id"]
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    said = [{"matter_id": "house", "kind": "incomplete", "said": "缺一份证明"}]
    await hall.do("w1", "finish", outcomes=said, problems=[{"text": "排两次队", "settled": "handed_on"}])
    return str(ticket)


async def totals(hall: Hall) -> dict:
    shown = (await hall.http.get(f"{DAY}/closing")).json()
    return shown["totals"]


async def run(hall: Hall) -> dict[str, int] | None:
    return await retention.run(hall.pool, RULES, 90)


async def written_issue(hall: Hall) -> str:
    """A walk-in whose director has left writes something down; the promise's id."""
    token = (await hall.walk_in(name="李后来")).json()["token"]
    for window in ("w1", "w2"):
        await hall.do(window, "attend", attendance="away", reason="县里会议")
    wish = {"choice": "written_issue", "text": "宅基地证办了两年", "phone": "13900002741"}
    assert (await hall.http.post(f"{API}/tickets/{token}/choice", json=wish)).status_code == 200
    (row,) = await hall.fetch("select promise_id from promise")
    return str(row["promise_id"])


async def test_the_visitors_of_a_day_never_signed_are_forgotten_and_its_figures_stay(hall: Hall):
    ticket = await receive(hall)
    await hall.walk_in(name="李后来")
    before = await totals(hall)
    await hall.at("08:30", days=90)
    assert await retention.due(hall.pool, RULES, 90) == NOTHING
    await hall.at("08:30", days=91)
    due = {"tickets": 2, "outcomes": 1, "remarks": 1, "promises": 0}
    assert await retention.due(hall.pool, RULES, 90) == due
    assert await totals(hall) == before, "a count changes nothing"
    assert await run(hall) == due
    assert await run(hall) == NOTHING
    rows = await hall.fetch("select * from ticket")
    assert {row["card"] or row["person_key"] or row["request_digest"] for row in rows} == {None}
    assert await hall.fetch("select from outcome where said is not null") == []
    assert await hall.fetch("select from remark where text is not null") == []
    assert await totals(hall) == before
    async with database.transaction(hall.pool) as connection:
        told = await aggregate_ids(connection, None, 100)
        assert ticket not in told
        assert await state_events(connection, [ticket]) == [], "republish does not bring it back"


async def test_a_visit_without_anything_of_a_person_is_told_of_for_ever(hall: Hall):
    ticket = (await hall.walk_in()).json()["ticket_id"]
    await hall.fetch("update ticket set request_digest = null")  # as the day's signature does
    await hall.at("08:30", days=200)
    assert await run(hall) == NOTHING
    async with database.transaction(hall.pool) as connection:
        assert len(await state_events(connection, [ticket])) == 1


async def test_a_day_that_is_signed_late_tells_nothing_of_the_forgotten(hall: Hall):
    waiting = (await hall.walk_in(name="李后来")).json()["ticket_id"]
    await hall.at("08:30", days=91)
    assert (await run(hall) or {})["tickets"] == 1
    before = await hall.fetch("select version from ticket")
    closed = await hall.http.post(f"{DAY}/tickets/{waiting}/close", json={"reason": "left"})
    assert closed.is_success, closed.text
    after = await hall.fetch("select version, state from ticket")
    assert (after[0]["state"], after[0]["version"]) == ("closed", before[0]["version"] + 1)
    told = await hall.fetch("select type, payload from outbox where subject = $1 order by position", waiting)
    assert [json.loads(row["payload"])["version"] for row in told] == [1]


async def test_an_open_promise_holds_what_it_needs_and_a_kept_one_is_forgotten(hall: Hall):
    promise = await written_issue(hall)
    await hall.at("08:30", days=200)
    assert (await run(hall) or {})["promises"] == 0
    (row,) = await hall.fetch("select * from promise")
    assert all(row[each] for each in ("text", "phone", "name")), "somebody still has to call"
    kept = await hall.http.post(
        f"{DAY}/windows/w1/promises/{promise}/kept", json={"by": "周文清", "said": "打过电话了"}
    )
    assert kept.is_success, kept.text
    await hall.at("08:29", days=290)
    assert (await run(hall) or {})["promises"] == 0
    await hall.at("08:31", days=290)
    assert (await run(hall) or {})["promises"] == 1
    (row,) = await hall.fetch("select * from promise")
    assert {row[name] for name in ("text", "said", "person_key", "name", "phone")} == {None}
    assert row["kept_by"] == "周文清"


async def test_one_process_forgets_at_a_time(hall: Hall):
    await receive(hall)
    await hall.at("08:30", days=91)
    async with database.transaction(hall.pool) as connection:
        await connection.execute("select pg_advisory_xact_lock(hashtext('rights.retention'))")
        assert await run(hall) is None
        assert await connection.fetchval("select count(*) from ticket where forgotten_at is not null") == 0
    assert (await run(hall) or {})["tickets"] == 1
