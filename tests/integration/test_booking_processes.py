"""Booking as real processes on one database: two at once, one killed at its work, and what lies there at rest."""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests import identity
from tests.integration.booking_desk import at, new_key, opened, resident_id, session, wish
from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
KEY = "Idempotency-Key"


@pytest.fixture
async def desk(database, settings_env, monkeypatch, set_county_now):
    async with opened(database, settings_env, monkeypatch, set_county_now) as desk:
        yield desk


@pytest.fixture
def start(desk, settings_env, tmp_path):
    """Starts a booking process on the desk's database; its log stands in `process.log`."""
    return lambda: started(desk, settings_env, tmp_path)


@asynccontextmanager
async def started(desk, settings_env, folder):
    (port,) = free_ports(1)
    log = folder / f"booking-{port}.log"
    env = {**settings_env, "BOOKING_DATABASE_URL": desk.runtime_dsn, "BOOKING_PORT": str(port), "LOG_LEVEL": "debug"}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.booking", cwd=ROOT, env={**env, "PATH": ""}, stdout=output, stderr=output
        )
    process.log, process.url = log, f"http://127.0.0.1:{port}"
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=process.url, timeout=90, limits=limits, trust_env=False, headers=identity.bearer()
    ) as client:
        process.client = client
        try:
            await until_ready(process)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def until_ready(process):
    async with asyncio.timeout(90):
        while True:
            try:
                if (await process.client.get("/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                assert process.returncode is None, process.log.read_text()
            await asyncio.sleep(0.05)


async def book(process, body, key=None):
    return await process.client.post("/api/booking/v1/bookings", json=body, headers={KEY: key or new_key()})


async def test_200_people_200_seats_two_processes_none_refused(desk, start):
    await desk.take(
        session(opening=(("09:00", "11:00"),), rules={"capacity": 50, "counter_seats": 0, "closes_at": at("11:00")})
    )
    slots = await desk.slots()
    assert len(slots) == 4
    async with start() as one, start() as two:
        for round_number in range(5):
            people = [round_number * 1000 + person for person in range(200)]
            answers = await asyncio.gather(
                *(book((one, two)[place % 2], wish(slots[place // 50], person)) for place, person in enumerate(people))
            )
            assert [answer.status_code for answer in answers] == [201] * 200, {answer.text for answer in answers}
            (row,) = await desk.fetch(
                "select count(*) as n, count(distinct (slot_id, seat)) as seats from booking where live"
            )
            assert (row["n"], row["seats"]) == (200, 200)
            await desk.fetch("update booking set state = 'cancelled', cancelled_at = now()")
            await desk.fetch("update slot set online_taken = 0")


async def test_a_process_killed_under_load_loses_no_confirmed_booking(desk, start):
    await desk.take(
        session(opening=(("09:00", "17:00"),), rules={"capacity": 64, "counter_seats": 0, "closes_at": at("17:00")})
    )
    slots = await desk.slots()
    confirmed, unanswered = {}, []

    async def visitor(process, person):
        body, key = wish(slots[person % len(slots)], person), new_key()
        try:
            answer = await book(process, body, key)
        except httpx.TransportError:
            unanswered.append((body, key))
            return
        assert answer.status_code == 201, answer.text
        confirmed[answer.json()["booking_id"]] = (body, key)

    async with start() as victim, start() as other:
        load = [asyncio.create_task(visitor(victim, person)) for person in range(600)]
        while len(confirmed) < 100:
            await asyncio.sleep(0.001)
        victim.send_signal(signal.SIGKILL)
        await asyncio.gather(*load)
        assert unanswered, "the process died in the middle of its work"
        rows = await desk.fetch("select booking_id::text as id from booking where live")
        assert set(confirmed) <= {row["id"] for row in rows}
        told = [row["subject"] for row in await desk.outbox()]
        assert sorted(told) == sorted(row["id"] for row in rows), (
            "a booking and its event are there together or not at all"
        )

        again = await asyncio.gather(*(book(other, body, key) for body, key in unanswered))
        assert {answer.status_code for answer in again} == {201}, "the same key finds its booking, or makes it now"
        (row,) = await desk.fetch(
            "select count(*) as n, count(distinct document_key) as people from booking where live"
        )
        assert (row["n"], row["people"]) == (600, 600)


async def test_a_document_number_is_readable_nowhere_at_rest(desk, start, stack_folder):
    number, phone, name, note = resident_id(77_777), "13987654321", "慕容雪莲", "隔壁修路堵了我家门口"
    slot, *_ = await desk.slots()
    body = wish(slot, 77_777, note=note)
    body["visitor"] |= {"name": name, "phone": phone, "email": "canary@example.com"}
    body["proxy"] = {"name": "欧阳阳光", "relation": "邻居", "phone": "0571-87654321"}
    async with start() as process:
        made = await book(process, body)
        assert made.status_code == 201, made.text
        view = made.json()
        key = {"code": view["code"], "digits": number[-4:]}
        for path in ("lookup", "cancel"):
            await process.client.post(f"/api/booking/v1/bookings/{path}", json={**key, "digits": "0000"})
            await process.client.post(f"/api/booking/v1/bookings/{path}", json=key)
        bad = {**body, "visitor": {**body["visitor"], "document": {"type": "resident_id", "number": number[:-1] + "?"}}}
        refused = await book(process, bad)
        assert refused.status_code == 422
        again = await book(process, wish(999_999, 77_777))
        assert again.status_code == 404
        log = process.log.read_text()
    tables = await desk.fetch("select table_name from information_schema.tables where table_schema = 'public'")
    stored = ""
    for table in tables:
        rows = await desk.fetch(f"select t::text as row, to_jsonb(t)::text as json from {table['table_name']} as t")
        stored += "\n".join(row["row"] + row["json"] for row in rows)
    assert view["code"].replace(" ", "") in stored, "the search sees what stands in the tables"
    secrets = (number, number[:-1], phone, name, note, "canary@example.com", "欧阳阳光", "57187654321")
    for secret in secrets:
        for shape in (secret, secret.encode().hex(), secret.encode("unicode_escape").decode()):
            assert shape not in stored, f"{secret} stands in a table"
            assert shape not in log, f"{secret} stands in the log"
            assert shape not in refused.text
            assert shape not in again.text
    files = [path for path in stack_folder.rglob("*") if path.is_file() and "kafka" not in path.parts]
    assert any(path.parent.name == "pg_wal" for path in files)
    for path in files:  # the server's pages, its write-ahead log and its own log
        content = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, f"{secret} stands in {path.name}"
    assert number not in made.text
    assert phone not in made.text
    assert name not in made.text
