"""What every service does at its edge: declared callers, bounded bodies, problems, correlation ids."""

import asyncio
import contextlib
import json
import re
import socket
from contextlib import suppress

import asyncpg
import httpx
import pytest
import structlog
import uvicorn
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from shared import application, bodies, logs
from shared.access import OPERATOR_HEADER, SERVICE_HEADER, Caller, Permission, allow, permit
from shared.identity.tokens import Place
from shared.problems import CONTENT_TYPE, Problem
from shared.settings import ServiceSettings
from tests import identity

SECRETS = {"service_secret": "s" * 32, "operator_secret": "o" * 32}


class SeatGone(Problem):
    status = 409
    code = "slot_full"
    title = "The slot is full."


class Body(BaseModel):
    size: int


async def at_land(_):
    return Place("hall", "land")


SERVE = Permission("serve", ("director",), "there", at_land, devices=("kiosk",))


def routes():
    router = APIRouter()

    @router.get("/public", dependencies=[allow(Caller.CITIZEN)])
    async def public():
        return {"ok": True}

    @router.post("/public", dependencies=[allow(Caller.CITIZEN)])
    async def write(body: Body):
        if body.size == 12:
            raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
        if body.size == 11:
            raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")
        if body.size == 13:
            raise RuntimeError("a secret inside")
        raise SeatGone(free_at="10:00")

    @router.get("/staff", dependencies=[permit(SERVE)])
    async def staff():
        return {"ok": True}

    @router.get("/internal/v1/cards", dependencies=[allow(Caller.SERVICE)])
    async def cards():
        return {"ok": True}

    @router.get("/operator", dependencies=[allow(Caller.OPERATOR)])
    async def operator():
        return {"ok": True}

    return router


def test_a_router_inside_a_router_cannot_hide_its_routes():
    outer = APIRouter()
    outer.include_router(routes())
    with pytest.raises(RuntimeError, match="declares no caller"):
        build(outer)


def build(router=None, short_cuts=None, **settings):
    app = application.build(
        name="trial",
        title="Trial",
        settings=ServiceSettings(**SECRETS, **settings),
        routers=[router or routes()],
        database=False,
        short_cuts=short_cuts,
    )
    keys = httpx.MockTransport(lambda _: httpx.Response(200, json=identity.key_set()))
    app.state.runtime = application.Runtime("trial", app.state.settings, httpx.AsyncClient(transport=keys))
    return app


def client(app, **options):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, **options), base_url="http://trial")


def test_a_route_that_does_not_say_whom_it_is_for_fails_the_start():
    router = APIRouter()

    @router.get("/forgotten")
    async def forgotten():
        return {}

    with pytest.raises(RuntimeError, match="GET /forgotten must declare exactly one caller"):
        build(router)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/public", {}, 200),
        ("/internal/v1/cards", {}, 403),
        ("/internal/v1/cards", {SERVICE_HEADER: "s" * 31}, 403),
        ("/internal/v1/cards", {SERVICE_HEADER: "o" * 32}, 403),
        ("/internal/v1/cards", {SERVICE_HEADER: "s" * 32}, 200),
        ("/operator", {}, 403),
        ("/operator", {SERVICE_HEADER: "s" * 32}, 403),
        ("/operator", {OPERATOR_HEADER: "o" * 32}, 200),
        ("/operator", identity.bearer("director"), 403),
        ("/operator", identity.bearer("operator"), 200),
        ("/staff", {SERVICE_HEADER: "s" * 32}, 401),
        ("/staff", identity.bearer("director", department_id="land"), 200),
        ("/staff", identity.bearer("director", department_id="tax"), 403),
        ("/staff", identity.bearer("director", department_id="land", venue_id="other"), 403),
        ("/staff", identity.bearer("supervisor"), 403),
        ("/staff", identity.bearer("director", scope="enrol"), 403),
        ("/staff", identity.bearer("director", kind="citizen"), 403),
        ("/staff", identity.bearer(kind="device", scope="kiosk:hall"), 200),
        ("/staff", identity.bearer(kind="device", scope="kiosk:other"), 403),
        ("/staff", identity.bearer(kind="device", scope="screen:hall"), 403),
    ],
)
async def test_only_whom_a_route_is_for_gets_in(path, headers, status):
    async with client(build()) as http:
        assert (await http.get(path, headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("path", "headers", "kept"),
    [
        ("/api/trial/v1/one", {"Cookie": "session=x"}, "no-store"),
        ("/api/trial/v1/one", identity.bearer("director"), "no-store"),
        ("/api/trial/v1/one", {}, None),
        ("/api/trial/v1/for-ever", {"Cookie": "session=x"}, "public, max-age=60"),
        ("/public", {"Cookie": "session=x"}, None),
    ],
)
async def test_no_browser_keeps_what_an_api_told_somebody(path, headers, kept):
    router = APIRouter(dependencies=[allow(Caller.CITIZEN)])
    router.add_api_route("/api/trial/v1/one", lambda: {"name": "王"})
    router.add_api_route("/api/trial/v1/for-ever", lambda: Response(headers={"Cache-Control": "public, max-age=60"}))
    router.add_api_route("/public", lambda: {"name": ""})
    async with client(build(router)) as http:
        assert (await http.get(path, headers=headers)).headers.get("cache-control") == kept


def test_a_route_for_staff_names_who_of_them():
    with pytest.raises(RuntimeError, match="names its permission"):
        allow(Caller.STAFF)
    with pytest.raises(RuntimeError, match="has a reach, and no place"):
        Permission("serve", ("director",), "there")


async def test_a_problem_is_answered_with_its_code_and_members():
    async with client(build()) as http:
        answer = await http.post("/public", json={"size": 1}, headers={"X-Correlation-Id": "given-by-caller"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert answer.headers["x-correlation-id"] == "given-by-caller"
    body = answer.json()
    assert (body["code"], body["free_at"], body["correlation_id"]) == ("slot_full", "10:00", "given-by-caller")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b'{"size": "\xff"}', 400, "malformed_json"),
        (b'{"size": "big"}', 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b"", 422, "invalid_request"),
        (b" " * (application.BODY_BYTES + 1), 413, "body_too_large"),
    ],
)
async def test_bad_bodies_have_stable_codes(content, status, code):
    async with client(build()) as http:
        answer = await http.post("/public", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_body_that_hides_its_length_is_bounded_too():
    async def endless():
        for _ in range(1100):
            yield b" " * 1024

    async with client(build()) as http:
        answer = await http.post("/public", content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_the_unforeseen_tells_nothing_but_its_id(capsys):
    logs.configure("trial", "error")
    async with client(build(), raise_app_exceptions=False) as http:
        answer = await http.post("/public", json={"size": 13})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (line["event"], line["correlation_id"]) == ("request_failed", answer.json()["correlation_id"])
    assert "size=13" not in str(line), "what the visitor sent must not be in the log"


@pytest.mark.parametrize("size", [11, 12], ids=["a lost connection", "a lock"])
async def test_what_is_over_by_itself_asks_to_try_again(size):
    async with client(build()) as http:
        answer = await http.post("/public", json={"size": size})
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "try_again", "2")


async def test_whoever_leaves_in_the_middle_of_a_body_is_no_error():
    router = APIRouter()

    @router.post("/public", dependencies=[allow(Caller.CITIZEN)])
    async def read(request: Request):
        await request.body()

    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    scope = {"type": "http", "method": "POST", "path": "/public", "raw_path": b"/public", "query_string": b""}
    sent = []

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    await build(router)({**scope, "headers": []}, receive, send)
    assert sent == []


async def test_a_correlation_id_that_could_write_into_logs_is_replaced():
    async with client(build()) as http:
        answer = await http.get("/public", headers={"X-Correlation-Id": 'x"} {"level": "fake'})
    assert answer.headers["x-correlation-id"].isalnum()


async def test_an_unknown_page_is_a_problem_too():
    async with client(build()) as http:
        answer = await http.get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def quick(request: Request) -> Response:
    size = json.loads(await request.body())["size"]
    if size == 12:
        raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
    if size == 13:
        raise RuntimeError("a secret inside")
    if size == 14:
        raise SeatGone(free_at="10:00")
    return Response(structlog.contextvars.get_contextvars()["correlation_id"])


@pytest.mark.parametrize(
    ("size", "status", "code"), [(12, 503, "try_again"), (13, 500, "internal_error"), (14, 409, "slot_full")]
)
async def test_a_short_cut_answers_every_error_as_the_framework_does(size, status, code):
    app = build(short_cuts={("POST", "/public"): quick})
    async with client(app) as http:
        answer = await http.post("/public", json={"size": size}, headers={"X-Correlation-Id": "of-this-request"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert answer.headers["x-correlation-id"] == "of-this-request"
    assert "secret" not in answer.text


async def test_a_short_cut_has_the_edge_of_every_route():
    app = build(short_cuts={("POST", "/public"): quick})
    async with client(app) as http:
        answer = await http.post("/public", json={"size": 1}, headers={"X-Correlation-Id": "of-this-request"})
        assert answer.text == answer.headers["x-correlation-id"] == "of-this-request"
        too_long = await http.post("/public", content=b"x" * 1024 * 1024)
        assert (too_long.status_code, too_long.json()["code"]) == (413, "body_too_large")
        assert (await http.get("/public")).json() == {"ok": True}


async def test_a_body_of_unknown_length_takes_the_way_that_counts_it():
    async def chunks():
        yield b'{"size": 1}'

    async with client(build(short_cuts={("POST", "/public"): quick})) as http:
        answer = await http.post("/public", content=chunks(), headers={"Content-Type": "application/json"})
    assert answer.json()["code"] == "slot_full", "the framework's route answered"


@contextlib.asynccontextmanager
async def served(app):
    """The application behind the server that it has in earnest; a way to open a connection to it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http="httptools", log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        try:
            yield lambda: asyncio.open_connection(*listening.getsockname())
        finally:
            server.should_exit = True
            await serving


HEAD = b"POST /public HTTP/1.1\r\nHost: trial\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("short_cuts", [{}, {("POST", "/public"): quick}], ids=["framework", "short cut"])
@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (HEAD + b"Content-Length: 1000\r\n\r\n", b""),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["nothing", "drops", "chunked drops"],
)
async def test_a_body_that_dawdles_is_answered_and_its_connection_closed(short_cuts, head, drop):
    app = build(short_cuts=short_cuts, body_seconds=0.3)
    async with served(app) as connect, asyncio.timeout(10):
        reader, writer = await connect()
        writer.write(head)

        async def dawdle():
            while True:
                writer.write(drop)
                await asyncio.sleep(0.02)

        dawdling = asyncio.create_task(dawdle())
        said = b""
        try:
            with suppress(ConnectionResetError):  # what is sent to a closed connection is answered by a reset
                while part := await reader.read(65_536):  # to the end: the server closes
                    dawdling.cancel()
                    said += part
        finally:
            dawdling.cancel()
            writer.close()
    answered, _, body = said.partition(b"\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert b"content-type: application/problem+json" in answered
    assert b"connection: close" in answered
    told = json.loads(body)
    assert (told["code"], told["title"]) == ("request_timeout", "The body did not arrive in time.")


async def test_a_body_in_time_is_served_and_its_connection_kept():
    async with served(build(body_seconds=0.3)) as connect, asyncio.timeout(10):
        reader, writer = await connect()
        for _ in range(2):
            writer.write(HEAD + b"Content-Length: 11\r\n\r\n" + b'{"siz')
            await asyncio.sleep(0.2)
            writer.write(b'e": 1}')
            answered = await reader.readuntil(b"\r\n\r\n")
            assert answered.startswith(b"HTTP/1.1 409 ")
            assert b"connection: close" not in answered
            length = int(re.search(rb"content-length: (\d+)", answered)[1])
            assert json.loads(await reader.readexactly(length))["code"] == "slot_full"
        writer.close()


async def test_a_slow_answer_to_a_prompt_body_is_left_alone():
    router = APIRouter()

    @router.post("/public", dependencies=[allow(Caller.CITIZEN)])
    async def slow(body: Body):
        await asyncio.sleep(0.2)
        return body

    async with client(build(router, body_seconds=0.1)) as http:
        assert (await http.post("/public", json={"size": 1})).json() == {"size": 1}


async def test_once_the_answer_begins_the_body_is_awaited_no_longer():
    router = APIRouter()

    @router.post("/public", dependencies=[allow(Caller.CITIZEN)])
    async def tell():
        async def parts():
            for part in (b"one ", b"two"):
                yield part
                await asyncio.sleep(0.2)

        return StreamingResponse(parts())

    async with served(build(router, body_seconds=0.1)) as connect, asyncio.timeout(10):
        reader, writer = await connect()
        writer.write(HEAD + b"Connection: close\r\nContent-Length: 1000\r\n\r\n")
        said = await reader.read()
        writer.close()
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"two\r\n0\r\n\r\n")


async def test_a_request_cancelled_from_outside_is_not_taken_for_a_slow_one():
    async def never():
        await asyncio.Event().wait()

    body = bodies.Body(bodies.Bodies(60), never)
    reading = asyncio.create_task(body.receive())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
