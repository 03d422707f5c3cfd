"""Figures: what recognising a token costs a request, and what sign-ins cost those who book meanwhile.

A token check: one staff route beside the same route without its permission, asked in turn and in this process, with
a token that is remembered. Sign-ins: so many are offered a second, with wrong passwords, which cost the same hash as
right ones; accounts hashes one at a time and answers 429 past its queue. Beside them bookings are offered by the
clock, in turns with and without sign-ins, in the same run on the same databases.
"""

import asyncio
import base64
import itertools
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, FastAPI

from shared.access import OPERATE, Caller, allow, permit
from shared.application import Runtime
from shared.identity.tokens import TOKEN_SECONDS, Held, Principal, issue
from shared.settings import ServiceSettings
from tests.bench import sql
from tests.bench.bookings import SPREAD_SLOTS, new_slots, settle
from tests.bench.figures import Report, aim
from tests.bench.generator import Answers, Generator
from tests.bench.stack import Workshop, connected

CHECK_AIM_MICROSECONDS = 30.0
REQUESTS_EACH = 400
TURNS = 25
SIGN_INS = 50
BOOKINGS = 200
CONNECTIONS = 32
RATIO_AIM = 2.0
LATE_MS = 20.0
"""A generator that was behind its schedule by more than this measured itself."""


def _application(key: Ed25519PrivateKey) -> FastAPI:
    """One route for the staff and the same for anyone."""

    async def answer() -> dict[str, str]:
        return {"said": "yes"}

    settings = ServiceSettings(
        SERVICE_SECRET="s" * 40,  # type: ignore[arg-type]  # pydantic reads it as a secret
        OPERATOR_SECRET="o" * 40,  # type: ignore[arg-type]
    )
    app = FastAPI(openapi_url=None)
    app.state.settings = settings
    for path, who in (("/bare", allow(Caller.CITIZEN)), ("/staff", permit(OPERATE))):
        router = APIRouter(dependencies=[who])
        router.get(path)(answer)
        app.include_router(router)
    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    keys = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": public}]}
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=keys)))
    app.state.runtime = Runtime(name="bench", settings=settings, http=http)
    return app


def _token(key: Ed25519PrivateKey) -> str:
    now = datetime.now(UTC)
    ends = now + timedelta(seconds=TOKEN_SECONDS)
    said = Principal(
        account_id="a1",
        session_id="s1",
        kind="staff",
        issued_at=now,
        expires_at=ends,
        held=(Held(role="operator"),),
        scope=None,
    )
    return issue(said, key, "k1")


async def check_token(report: Report) -> None:
    """Microseconds that the check adds to a request: the median of many turns, each of both routes."""
    key = Ed25519PrivateKey.generate()
    app = _application(key)
    shown = [(b"authorization", f"Bearer {_token(key)}".encode())]
    took: dict[str, list[float]] = {"/bare": [], "/staff": []}
    for _ in range(TURNS):
        for path, turns in took.items():
            began = time.process_time()  # nothing is waited for, and other programs' turns are not ours
            for _ in range(REQUESTS_EACH):
                report.check(right=await _ask(app, path, shown) == 200, otherwise=f"{path} did not answer")
            turns.append((time.process_time() - began) / REQUESTS_EACH * 1e6)
    bare, staff = median(took["/bare"]), median(took["/staff"])
    added = median(with_check - without for without, with_check in zip(*took.values(), strict=True))
    report.figure(
        "token check, remembered",
        bare_route_microseconds=bare,
        staff_route_microseconds=staff,
        added_microseconds=added,
        **aim(f"at most {CHECK_AIM_MICROSECONDS:g} microseconds", met=added <= CHECK_AIM_MICROSECONDS),
    )


async def _ask(app: FastAPI, path: str, headers: list[tuple[bytes, bytes]]) -> int:
    """One request straight into the application: a client's work would be most of it."""
    status = 0

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return status


async def _offer_sign_ins(url: str, logins: Callable[[], str], answers: Counter[int]) -> None:
    """Offer sign-ins by the clock until cancelled, whether or not those before were answered."""
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30, limits=limits) as http:

        async def sign_in() -> None:
            body = {"login": logins(), "password": "a wrong word or two"}
            with suppress(httpx.HTTPError):
                answer = await http.post("/api/accounts/v1/sign-in", json=body)
                answers[answer.status_code] += 1

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in itertools.count(1):
                group.create_task(sign_in())
                await asyncio.sleep(max(0.0, began + number / SIGN_INS - time.monotonic()))


async def sign_in_beside_bookings(
    workshop: Workshop, generator: Generator, report: Report, *, rounds: int, seconds: int
) -> None:
    """Bookings by the clock, in turns with and without sign-ins beside them."""
    numbers = itertools.count()
    answers: Counter[int] = Counter()
    quiet: list[Answers] = []
    busy: list[Answers] = []
    async with connected(workshop.owner_dsn) as connection, AsyncExitStack() as stack:
        url = await workshop.start_accounts(stack)
        for number in range(1, rounds + 1):
            report.progress(f"sign-ins beside bookings: round {number} of {rounds}")
            quiet.append(await _book(workshop, connection, generator, seconds))
            offering = asyncio.create_task(_offer_sign_ins(url, lambda: f"nobody{next(numbers)}", answers))
            try:
                await asyncio.sleep(1)  # its queue is as full as it gets
                busy.append(await _book(workshop, connection, generator, seconds))
            finally:
                offering.cancel()
                with suppress(asyncio.CancelledError):
                    await offering
    _tell(report, quiet, busy, answers)


async def _book(workshop: Workshop, connection: sql.Connection, generator: Generator, seconds: int) -> Answers:
    slots = await new_slots(connection, "public", hot=False)
    url = workshop.booking_urls[0]
    answers = await generator.load([url], slots, connections=CONNECTIONS, seconds=seconds, rate=BOOKINGS)
    await settle(connection)
    return answers


def _tell(report: Report, quiet: list[Answers], busy: list[Answers], answers: Counter[int]) -> None:
    without, beside = median(each.p99_ms for each in quiet), median(each.p99_ms for each in busy)
    failed = sum(each.failed for each in (*quiet, *busy))
    report.check(right=failed == 0, otherwise=f"sign-ins beside bookings: {failed} requests failed")
    report.figure(
        f"{BOOKINGS} bookings/s offered over {SPREAD_SLOTS} slots, without and with {SIGN_INS} sign-ins/s offered",
        p99_ms_without=without,
        p99_ms_with=beside,
        ratio=beside / without,
        p50_ms_without=median(each.p50_ms for each in quiet),
        p50_ms_with=median(each.p50_ms for each in busy),
        booked_per_second=[round(each.booked / each.seconds) for each in (*quiet, *busy)],
        generator_late_ms=max(each.latest_ms for each in (*quiet, *busy)),
        generator_kept_time=all(each.latest_ms <= LATE_MS for each in (*quiet, *busy)),
        sign_ins={str(status): count for status, count in sorted(answers.items())},
        **aim(f"p99 at most {RATIO_AIM:g} times as long", met=beside <= RATIO_AIM * without),
    )
