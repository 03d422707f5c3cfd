"""What directors find and decide without a visitor, and how attendance is counted apart."""

import json
import uuid
from typing import Any

import httpx
import pytest

from services.queue.commands import state_events
from services.queue.queries import aggregate_ids
from shared import database
from tests.integration import queue_hall
from tests.integration.queue_hall import API, Hall

DAY = f"{API}/staff/sessions/day"


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def post(hall: Hall, kind: str, window: str = "w1", *, key: str | None = None, **body: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await hall.http.post(f"{DAY}/windows/{window}/{kind}", json=body, headers=headers)


async def said(hall: Hall) -> list[dict[str, Any]]:
    rows = await hall.fetch("select type, payload from outbox where topic = 'queue.findings.v1' order by position")
    return [{"type": row["type"], **json.loads(row["payload"])["finding"]} for row in rows]


async def test_a_finding_and_a_decision_are_shown_counted_and_told_without_their_words(hall: Hall):
    await hall.do("w1", "attend", attendance="present")
    before = (await hall.desk())["version"]
    found = await post(hall, "findings", text="缴税要另排一次队", settled="handed_on")
    assert found.status_code == 201, found.text
    await hall.at("09:05")
    decided = await post(hall, "decisions", text="两条村道一并审批", scope="青石乡的村道", basis="县办〔2026〕3 号")
    assert decided.json()["version"] > before, "screens are told"
    shown = (await hall.desk())["findings"]
    assert [(each["kind"], each["settled"], each["text"], each["scope"], each["basis"]) for each in shown] == [
        ("decision", None, "两条村道一并审批", "青石乡的村道", "县办〔2026〕3 号"),
        ("finding", "handed_on", "缴税要另排一次队", None, None),
    ]
    assert (await hall.desk("w2"))["findings"] == []
    assert [(each["type"], each["kind"], each["settled"], each["official_id"]) for each in await said(hall)] == [
        ("queue.FindingNoted", "finding", "handed_on", "head-land"),
        ("queue.DecisionMade", "decision", None, "head-land"),
    ]
    payloads = " ".join(row["payload"] for row in await hall.fetch("select payload from outbox"))
    stored = b"".join(
        value for row in await hall.fetch("select text, scope, basis from finding") for value in row.values() if value
    )
    for words in ("缴税", "村道", "县办"):
        assert words not in payloads
        assert words.encode() not in stored
    totals = (await hall.http.get(f"{DAY}/closing")).json()["totals"]
    assert (totals["findings"], totals["decisions"], totals["problems"]) == (1, 1, 0)


async def test_the_key_of_another_finding_is_refused_and_nothing_is_lost_in_silence(hall: Hall):
    key = uuid.uuid4().hex
    assert (await post(hall, "findings", key=key, text="排两次队", settled="on_the_spot")).status_code == 201
    for answer in (
        await post(hall, "findings", key=key, text="没有写字台", settled="on_the_spot"),
        await post(hall, "findings", key=key, text="排两次队", settled="handed_on"),
        await post(hall, "findings", "w2", key=key, text="排两次队", settled="on_the_spot"),
        await post(hall, "decisions", key=key, text="排两次队", scope="全县"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_same_key_is_one_finding_and_a_closed_day_takes_none(hall: Hall):
    key = uuid.uuid4().hex
    for _ in range(2):
        assert (await post(hall, "findings", key=key, text="x", settled="on_the_spot")).status_code == 201
    assert len((await hall.desk())["findings"]) == len(await said(hall)) == 1
    for wrong in ({"text": "x"}, {"text": "", "settled": "on_the_spot"}, {"text": "x", "settled": "later"}):
        assert (await post(hall, "findings", **wrong)).json()["code"] == "invalid_request"
    assert (await post(hall, "decisions", text="没有范围")).json()["code"] == "invalid_request"
    assert (await post(hall, "findings", "w9", text="x", settled="on_the_spot")).json()["code"] == "window_unknown"
    for window in ("w1", "w2", "w3"):
        await hall.do(window, "close")
        await hall.do(window, "confirm", by="李春燕")
    await hall.http.post(f"{DAY}/closing", json={"by": "王经理"})
    assert (await post(hall, "findings", text="x", settled="on_the_spot")).json()["code"] == "day_closed"


async def test_whose_finding_it_is_follows_who_sits_there(hall: Hall):
    await hall.do("w1", "attend", attendance="away", reason="开会", substitute_id="deputy-land")
    await post(hall, "findings", text="x", settled="on_the_spot")
    await post(hall, "findings", "w3", text="y", settled="on_the_spot")
    assert [each["official_id"] for each in await said(hall)] == ["deputy-land", "head-health"]


async def test_republish_says_findings_again(hall: Hall):
    await post(hall, "findings", text="x", settled="on_the_spot")
    await post(hall, "decisions", text="y", scope="z")
    async with database.transaction(hall.pool) as connection:
        ids = await aggregate_ids(connection, None, 100)
        again = [each for each in await state_events(connection, ids) if each.topic == "queue.findings.v1"]
    assert sorted(each.model_dump_json() for each in again) == sorted(
        row["payload"] for row in await hall.fetch("select payload from outbox where topic = 'queue.findings.v1'")
    )
    assert len(again) == 2


async def test_present_substituted_and_absent_are_counted_apart(hall: Hall):
    await hall.do("w1", "attend", attendance="present")
    await hall.do("w1", "attend", attendance="away", reason="开会", substitute_id="deputy-land")
    await hall.do("w1", "attend", attendance="present")
    await hall.do("w3", "attend", attendance="absent", reason="出差")
    closing = (await hall.http.get(f"{DAY}/closing")).json()
    totals = closing["totals"]
    assert (
        totals["principals_present"], totals["principals_substituted"], totals["principals_absent"],
    ) == (1, 0, 1), "land's head has two windows, and came"  # fmt: skip
    assert [(each["attendance"], each["came"], each["substituted"]) for each in closing["windows"]] == [
        ("present", True, True),
        ("expected", True, True),
        ("absent", False, False),
    ], "who was substituted in the morning is still told in the evening"
    rows = await hall.fetch("select attendance, reason from attendance order by attendance_id")
    assert [tuple(row) for row in rows] == [
        ("present", None), ("away", "开会"), ("present", None), ("absent", "出差"),
    ]  # fmt: skip
