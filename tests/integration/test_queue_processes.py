"""The queue as real processes on one database: two at once, and one killed in the middle of its calls."""

import asyncio
import json
import signal
import uuid

import httpx
import pytest

from tests import identity
from tests.integration import queue_hall
from tests.integration.queue_hall import API, Hall
from tests.integration.test_queue_live import process
from tests.ports import free_ports

WINDOWS = ("w1", "w2")


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def work(http: httpx.AsyncClient, url: str, window: str, called: list[str]) -> None:
    """A window that calls, receives and finishes until nobody waits or its process is gone."""
    path = f"{url}{API}/staff/sessions/day/windows/{window}"

    async def do(verb: str, **body: object) -> httpx.Response:
        seen = (await http.get(path)).json()
        return await http.post(f"{path}/{verb}", json={"version": seen["window_version"], **body})

    while True:
        answer = await do("call-next")
        if answer.status_code != 200:
            assert answer.json()["code"] in {"nobody_waits", "window_busy"}, answer.text
            return
        called.append(answer.json()["at"]["number"])
        await do("start")
        await do("finish", outcomes=[{"matter_id": "house", "kind": "handled"}])


async def invariants(hall: Hall) -> None:
    """Every ticket is in one place, and every version of it was said."""
    twice = await hall.fetch(
        "select at_window from ticket where state in ('called', 'serving') group by at_window having count(*) > 1"
    )
    assert twice == []
    rows = await hall.fetch("select ticket_id::text as id, version from ticket")
    said = await hall.fetch("select subject, array_agg(version order by position) as versions from outbox"
                            " where topic = 'queue.visits.v1' group by subject")  # fmt: skip
    versions = {row["subject"]: row["versions"] for row in said}
    for row in rows:
        assert versions[row["id"]] == list(range(1, row["version"] + 1)), "a change and its event are there together"


async def test_two_processes_call_sixty_people_and_nobody_twice(hall: Hall):
    await asyncio.gather(*(hall.walk_in() for _ in range(60)))
    called: list[str] = []
    ports = free_ports(2)
    async with (
        process(ports[0]) as (one, _),
        process(ports[1]) as (two, _),
        httpx.AsyncClient(trust_env=False, timeout=30, headers=identity.bearer()) as http,
    ):
        await asyncio.gather(
            *(work(http, url, window, called) for url, window in zip((one, two), WINDOWS, strict=True))
        )
    assert sorted(called) == [f"A{serial:03}" for serial in range(1, 61)]
    await invariants(hall)


async def test_a_process_killed_in_the_middle_of_its_calls_leaves_everybody_in_one_place(hall: Hall):
    await asyncio.gather(*(hall.walk_in() for _ in range(40)))
    called: list[str] = []
    (port,) = free_ports(1)
    async with (
        process(port) as (url, victim),
        httpx.AsyncClient(trust_env=False, timeout=30, headers=identity.bearer()) as http,
    ):
        works = [asyncio.create_task(work(http, url, window, called)) for window in WINDOWS]
        while len(called) < 10:
            await asyncio.sleep(0.005)
        victim.send_signal(signal.SIGKILL)
        ended = await asyncio.gather(*works, return_exceptions=True)
        await victim.wait()
    assert any(isinstance(each, httpx.TransportError) for each in ended), "it died in the middle of its work"
    await invariants(hall)
    for window in WINDOWS:  # whoever was at a window then is there still, and the day goes on through another process
        at = (await hall.desk(window))["at"]
        if at is not None and at["state"] == "called":
            await hall.do(window, "start")
        if at is not None:
            await hall.finish(window)
    while (await hall.ask("w1", "call-next")).status_code == 200:
        await hall.do("w1", "start")
        await hall.finish("w1")
    assert (await hall.desk())["figures"]["visits"] + (await hall.desk("w2"))["figures"]["visits"] == 40
    await invariants(hall)


async def test_a_stolen_or_foreign_id_opens_nothing(hall: Hall):
    ticket = (await hall.walk_in()).json()
    other = str(uuid.uuid4())
    for path in (f"tickets/{ticket['ticket_id']}", f"tickets/{other}", "tickets/" + "A" * 22):
        assert (await hall.http.get(f"{API}/{path}")).json()["code"] == "ticket_unknown"
    await hall.take(queue_hall.service_day(session_id="other"), 1)
    foreign = f"{API}/staff/sessions/other/tickets/{ticket['ticket_id']}/notice"
    assert (await hall.http.get(foreign)).json()["code"] == "ticket_unknown"
    seen = (await hall.http.get(f"{API}/staff/sessions/other/windows/w1")).json()["window_version"]
    await hall.http.post(f"{API}/staff/sessions/other/windows/w1/open", json={"version": seen})
    seen = (await hall.http.get(f"{API}/staff/sessions/other/windows/w1")).json()["window_version"]
    call = {"version": seen, "ticket_id": ticket["ticket_id"]}
    answer = await hall.http.post(f"{API}/staff/sessions/other/windows/w1/call", json=call)
    assert answer.json()["code"] == "ticket_unknown"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"version": "1"}', json.dumps({"version": 2**70}).encode()])
async def test_bad_bytes_are_refused_and_change_nothing(hall: Hall, body: bytes):
    before = (await hall.desk())["version"]
    answer = await hall.http.post(
        f"{API}/staff/sessions/day/windows/w1/call-next", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 409, 422}, answer.text
    assert answer.json()["code"] in {"malformed_json", "invalid_request", "window_moved_on"}
    assert (await hall.desk())["version"] == before


async def test_a_text_of_u_0000_and_a_huge_one_are_refused(hall: Hall):
    for reason in ("a\u0000b", "x" * 5000, "   "):
        assert (await hall.ask("w1", "pause", reason=reason)).json()["code"] == "invalid_request"
    assert (await hall.walk_in(name="\u0000")).json()["code"] == "invalid_request"
    assert (await hall.walk_in("no-such-matter")).json()["code"] == "matter_unknown"
    assert (await hall.walk_in(key="short")).json()["code"] == "idempotency_key_malformed"
    answer = await hall.http.post(f"{API}/staff/sessions/{hall.session_id}/walk-ins", json={"matter_ids": ["house"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
