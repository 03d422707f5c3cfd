"""Screens that look on live: real HTTP streams of real processes on one database."""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest

from deploy.local.installation import ROOT
from services.queue import live
from tests.integration import queue_hall
from tests.integration.queue_hall import API, Hall
from tests.ports import free_ports

READY_SECONDS = 30.0
SOON_SECONDS = 10.0
STREAM_SECONDS = 60.0


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


@asynccontextmanager
async def process(port: int):
    """A process of the queue on the hall's database; ended by SIGTERM where the test has not ended it."""
    environment = {**os.environ, "QUEUE_PORT": str(port)}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.queue", cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(trust_env=False) as http:
            while True:
                with suppress(httpx.HTTPError):
                    if (await http.get(f"{url}/ready")).is_success:
                        break
                await asyncio.sleep(0.1)
        yield url, started
    finally:
        if started.returncode is None:
            started.terminate()
            await asyncio.wait_for(started.wait(), 15)


async def changes(
    http: httpx.AsyncClient,
    url: str,
    versions: "asyncio.Queue[tuple[float, int]]",
    *,
    wanted: str = "changed",
    **headers: str,
):
    """Put each event `wanted` of a stream into the queue, with when it came; ends with the stream."""
    async with http.stream("GET", f"{url}{API}/sessions/day/stream", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        async for line in answer.aiter_lines():
            name = line[7:] if line.startswith("event: ") else name
            if line.startswith("data: ") and name == wanted:
                await versions.put((time.monotonic(), json.loads(line[6:])["version"]))


@asynccontextmanager
async def watching(url: str, count: int = 1):
    """Streams that have had their first event; what comes after it, per stream."""
    queues = [asyncio.Queue() for _ in range(count)]
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(trust_env=False, timeout=STREAM_SECONDS, limits=limits) as http:
        tasks = [asyncio.create_task(changes(http, url, each)) for each in queues]
        try:
            async with asyncio.timeout(READY_SECONDS):
                for each in queues:
                    await each.get()
            yield queues, tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_call_made_through_one_process_reaches_a_stream_of_another(hall: Hall):
    (port,) = free_ports(1)
    async with process(port) as (url, _), watching(url) as ((stream,), _):
        await hall.walk_in()
        await hall.do("w1", "call-next")
        async with asyncio.timeout(SOON_SECONDS):
            seen = 0
            wanted = (await hall.desk())["version"]
            while seen < wanted:
                _, seen = await stream.get()


async def test_a_stream_that_comes_back_begins_with_what_it_missed(hall: Hall):
    (port,) = free_ports(1)
    async with process(port) as (url, _), httpx.AsyncClient(trust_env=False, timeout=SOON_SECONDS) as http:
        before = (await hall.desk())["version"]
        await hall.walk_in()
        stream = asyncio.Queue()
        task = asyncio.create_task(changes(http, url, stream, **{"Last-Event-ID": str(before)}))
        async with asyncio.timeout(SOON_SECONDS):
            _, first = await stream.get()
        task.cancel()
        assert first == before + 1


async def test_a_stream_says_that_it_is_alive_while_nothing_happens(hall: Hall, monkeypatch):
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.1)
    hub = live.Hub(None, 1)  # it asks its runtime only after a lost connection
    stream = hub.stream(hall.session_id, 7)
    told = [await anext(stream) for _ in range(3)]
    assert [each.event for each in told] == ["changed", "beat", "beat"]
    assert {each.id for each in told} == {"7"}
    hub.close()
    assert [each async for each in stream] == []


async def test_a_stream_of_no_session_is_refused_and_so_is_one_too_many(hall: Hall, monkeypatch):
    answer = await hall.http.get(f"{API}/sessions/nowhere/stream")
    assert (answer.status_code, answer.json()["code"]) == (404, "session_unknown")
    (port,) = free_ports(1)
    monkeypatch.setenv("QUEUE_STREAMS", "1")
    async with process(port) as (url, _), watching(url), httpx.AsyncClient(trust_env=False) as http:
        refused = await http.get(f"{url}{API}/sessions/day/stream")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")


async def test_of_many_screens_that_come_back_at_once_no_more_than_fit_are_let_in(hall: Hall, monkeypatch):
    (port,) = free_ports(1)
    monkeypatch.setenv("QUEUE_STREAMS", "5")
    limits = httpx.Limits(max_connections=None)
    async with process(port) as (url, _), httpx.AsyncClient(trust_env=False, timeout=30, limits=limits) as http:
        for _ in range(2):  # and once they have gone, as many again
            ended = asyncio.Event()
            codes: asyncio.Queue[int] = asyncio.Queue()

            async def look(codes: "asyncio.Queue[int]" = codes, ended: asyncio.Event = ended) -> None:
                async with http.stream("GET", f"{url}{API}/sessions/day/stream") as answer:
                    await codes.put(answer.status_code)
                    if answer.is_success:
                        await ended.wait()

            screens = [asyncio.create_task(look()) for _ in range(60)]
            told = [await asyncio.wait_for(codes.get(), 30) for _ in screens]
            assert (told.count(200), told.count(429)) == (5, 55)
            ended.set()
            await asyncio.gather(*screens)
            async with asyncio.timeout(SOON_SECONDS):
                while "queue_live_streams 0.0" not in (await http.get(f"{url}/metrics")).text:
                    await asyncio.sleep(0.05)


async def test_nobody_takes_all_places_from_one_address(hall: Hall, monkeypatch):
    (port,) = free_ports(1)
    monkeypatch.setenv("QUEUE_STREAMS_PER_ADDRESS", "2")
    async with process(port) as (url, _), httpx.AsyncClient(trust_env=False) as http, AsyncExitStack() as stack:

        async def look(address: str) -> int:
            came = {"X-Forwarded-For": f"203.0.113.9, {address}"}
            told = http.stream("GET", f"{url}{API}/sessions/day/stream", headers=came)
            return (await stack.enter_async_context(told)).status_code

        one = ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2::3"]
        assert [await look(each) for each in one] == [200, 200, 429]
        assert await look("10.0.0.7") == 200, "a screen of the hall"


@pytest.mark.parametrize("odd", ["%00", "a%1b", "x" * 201])
async def test_an_id_that_can_be_no_sessions_is_refused_and_no_error(hall: Hall, odd: str):
    for page in ("screen", "stream"):
        assert (await hall.http.get(f"{API}/sessions/{odd}/{page}")).status_code == 422


async def test_a_process_asked_to_end_lets_its_streams_go(hall: Hall):
    (port,) = free_ports(1)
    async with process(port) as (url, running), watching(url) as (_, (task,)):
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(SOON_SECONDS):
            await running.wait()
            await asyncio.gather(task, return_exceptions=True)
        assert time.monotonic() - began < 5, "it waited for its streams"


async def test_streams_go_on_after_the_listening_connection_was_lost(hall: Hall):
    (port,) = free_ports(1)
    async with process(port) as (url, _), watching(url) as ((stream,), _):
        async with hall.pool.acquire() as connection:
            ended = await connection.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'queue-live' and datname = current_database()"
            )
        assert ended, "nobody listened"
        await hall.walk_in()
        wanted = (await hall.desk())["version"]
        async with asyncio.timeout(READY_SECONDS):
            seen = 0
            while seen < wanted:
                _, seen = await stream.get()


async def test_a_change_reaches_every_one_of_a_hundred_streams(hall: Hall):
    (port,) = free_ports(1)
    async with process(port) as (url, _), watching(url, 100) as (streams, _):
        wanted = (await hall.walk_in()).json()["version"]
        async with asyncio.timeout(READY_SECONDS):
            for each in streams:
                seen = 0
                while seen < wanted:
                    _, seen = await each.get()
