"""One service as one process: HTTP, its database, messaging and workers, started and stopped as one.

What is promised:
- The service answers while Kafka is away: the broker connects in the background.
- A worker that crashes is logged and started again with backoff; the others go on.
- Every request has a correlation id, and a body of less than 1 MiB that is there within `BODY_SECONDS`.
- The start fails where a route does not declare whom it is for.
The hard end of a stop stands in `shared.server`.
"""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import structlog
from fastapi import APIRouter, FastAPI, Request
from prometheus_client import Counter
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import access, health, logs, problems
from shared.audit import actors
from shared.bodies import Bodies, Body
from shared.database import PASSING_ERRORS, Pool, open_pool
from shared.identity.keys import Keys
from shared.identity.recognition import Recognition
from shared.identity.standing import Standings
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from shared.messaging.consumer import Subscriptions
    from shared.messaging.runner import Messaging

logger = structlog.get_logger(__name__)

BODY_BYTES = 1024 * 1024 - 1
TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context, version 00."""
IDENTIFYING = frozenset({b"authorization", b"cookie"})
"""What an API was told by these headers is for one person: unless the route says otherwise, no browser keeps it on the
hall's own computers."""
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 60.0
"""A worker that ran this long before it crashed starts over with the short waits."""

worker_crashes = Counter("worker_crashes_total", "Times that a worker ended by an exception", ["worker"])


@dataclass
class Runtime:
    """What a running service has at hand."""

    name: str
    settings: ServiceSettings
    http: httpx.AsyncClient
    database: Pool | None = None
    messaging: "Messaging | None" = None
    parts: dict[str, Any] = field(default_factory=dict)
    """What the service itself adds at its start, such as booking's combiner."""
    takes_forms: bool = False
    """Whether its requests are forms of pages, which it guards itself."""
    recognition: Recognition = field(init=False)
    """Tells who asks."""
    at_exit: list[Callable[[], None]] = field(default_factory=list)
    """Called when the process is asked to end, before its connections are waited for: to end what never ends itself."""

    def __post_init__(self) -> None:
        """Ask accounts for its keys through this process's client."""
        keys = Keys(self.http, self.settings.accounts_url)
        self.recognition = Recognition(keys, Standings(), takes_forms=self.takes_forms)

    @property
    def pool(self) -> Pool:
        """The database pool; RuntimeError in a service without a database."""
        if self.database is None:
            raise RuntimeError(f"{self.name} has no database")
        return self.database

    def published(self) -> None:
        """Tell the relay that a transaction with outbox rows has committed. Never waits, never fails."""
        if self.messaging is not None:
            self.messaging.wake()


Worker = Callable[[Runtime], Awaitable[None]]
Endpoint = Callable[[Request], Awaitable[Response]]


async def runtime(request: Request) -> Runtime:
    """The runtime of the service that serves this request (a FastAPI dependency).

    A coroutine, because the framework sends plain functions through a thread.
    """
    found: Runtime = request.app.state.runtime
    return found


def build(  # noqa: PLR0913  (the parts a service is made of)
    *,
    name: str,
    title: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    subscriptions: "Subscriptions | None" = None,
    workers: Mapping[str, Worker] | None = None,
    on_start: Callable[[Runtime, AsyncExitStack], Awaitable[None]] | None = None,
    database: bool = True,
    takes_forms: bool = False,
    short_cuts: "Mapping[tuple[str, str], Endpoint] | None" = None,
) -> FastAPI:
    """Put a service together. RuntimeError where a route does not declare whom it is for.

    `on_start` runs once the database is there and before anything is consumed; what it enters on the
    stack is left again at the stop. `short_cuts` are endpoints by method and path that are served past the
    framework, whose layers cost more than a hot route's own work; each is a route for citizens as well.
    `takes_forms`: its routes act on forms of pages, and guard them.
    """
    asyncapi = _asyncapi(name, subscriptions) if database else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.configure(name, settings.log_level)
        async with AsyncExitStack() as stack:
            limits = httpx.Limits(max_connections=64)
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=5.0, limits=limits, trust_env=False))
            running = Runtime(name=name, settings=settings, http=http, takes_forms=takes_forms)
            app.state.runtime = running
            if database:
                running.database = await _open_pool(running)
                stack.push_async_callback(_close_pool, running.pool)
                running.messaging = _messaging(running, subscriptions)
            if on_start is not None:
                await on_start(running, stack)
            if database:
                await _read_standings(running)
            if running.messaging is not None:
                running.messaging.start()
                stack.push_async_callback(running.messaging.stop)
            running_workers = {**(workers or {}), **({"standings": _keep_standings} if database else {})}
            tasks = [asyncio.create_task(_supervise(each, worker, running)) for each, worker in running_workers.items()]
            stack.push_async_callback(_cancel, tasks)
            logger.info("service_started", host=settings.host, port=settings.port)
            yield
            logger.info("service_stopping")

    bodies = Bodies(settings.body_seconds)
    app = _Application(
        short_cuts or {},
        bodies,
        title=title,
        version="1",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=problems.RESPONSES,
    )
    app.state.settings = settings
    problems.install(app)
    for passing in PASSING_ERRORS:
        app.add_exception_handler(passing, problems.on_passing)
    for router in (*routers, health.router(app, asyncapi)):
        access.declared(router)
        app.include_router(router)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_BYTES)
    app.add_middleware(_Edge, bodies=bodies)
    return app


def _asyncapi(name: str, subscriptions: "Subscriptions | None") -> dict[str, Any]:
    from shared.asyncapi import document  # noqa: PLC0415  (a service without a database loads no Kafka)

    return document(name, subscriptions)


def _messaging(running: Runtime, subscriptions: "Subscriptions | None") -> "Messaging":
    from shared.messaging.runner import Messaging  # noqa: PLC0415  (see above)

    return Messaging(running.settings, running.name, running.pool, subscriptions)


async def _read_standings(running: Runtime) -> None:
    """Know whose tokens count no more before anybody is served: a restart must not let in who was sent away."""
    waits = _backoff()
    while True:
        try:
            await running.recognition.standings.read(running.pool)
        except PASSING_ERRORS as error:
            logger.warning("standings_not_read", error=type(error).__name__)
            await asyncio.sleep(next(waits))
        else:
            return


async def _keep_standings(running: Runtime) -> None:
    await running.recognition.standings.keep(running.pool)


class _Application(FastAPI):
    """The framework's application, and short cuts past it for requests whose body's length is told beforehand.

    A short cut has the same edge: correlation id, bounded body, every error a problem document.
    """

    def __init__(self, short_cuts: Mapping[tuple[str, str], Endpoint], bodies: Bodies, **options: Any) -> None:
        super().__init__(**options)
        self._short_cuts = {each: _Edge(_ShortCut(self, endpoint), bodies) for each, endpoint in short_cuts.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        short_cut = self._short_cuts.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if short_cut is None or all(name != b"content-length" for name, _ in scope["headers"]):
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await short_cut(scope, receive, send)


class _ShortCut:
    """One endpoint as an ASGI application that raises nothing but what a lost connection does."""

    def __init__(self, app: FastAPI, endpoint: Endpoint) -> None:
        self.app = app
        self.endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self.endpoint(request)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001  (what the framework's outermost layers would catch)
            response = await problems.answer_error(request, error, passing=PASSING_ERRORS)
        await response(scope, receive, send)


class _Edge:
    """Outermost ASGI layer: every request and its answer carry a correlation id, and a body has its bounds."""

    def __init__(self, app: ASGIApp, bodies: Bodies) -> None:
        self.app = app
        self.bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        correlation_id = _correlation_id(headers.get(b"x-correlation-id", b""))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        scope.setdefault("state", {})  # made here, so that whoever is recognised further in is known out here
        actors.bind(scope)
        if TRACEPARENT.fullmatch(traceparent := headers.get(b"traceparent", b"").decode("ascii", "ignore")):
            structlog.contextvars.bind_contextvars(traceparent=traceparent)

        has_body = b"content-length" in headers or b"transfer-encoding" in headers
        body = Body(self.bodies, receive) if has_body else None

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-correlation-id", correlation_id.encode())]
                message["headers"] += _keeping(scope["path"], headers, message)
                if body is not None:
                    body.end()
                    if body.late:  # the rest of it would hold the connection on
                        message["headers"].append((b"connection", b"close"))
            await send(message)

        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > BODY_BYTES:  # the framework's own refusal is no problem document
            refusal = HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            await (await problems.on_http(Request(scope), refusal))(scope, receive, send_with_id)
            return
        try:
            await self.app(scope, receive if body is None else body.receive, send_with_id)
        except ClientDisconnect:
            pass  # who left in the middle of a body is told nothing, and is no error of ours
        finally:
            if body is not None:
                body.end()


def _keeping(path: str, asked: Mapping[bytes, bytes], answer: Message) -> list[tuple[bytes, bytes]]:
    """What an answer is to say of its keeping, where it says nothing itself."""
    if not path.startswith("/api/") or asked.keys().isdisjoint(IDENTIFYING):
        return []
    is_said = any(name.lower() == b"cache-control" for name, _ in answer["headers"])
    return [] if is_said else [(b"cache-control", b"no-store")]


def _correlation_id(raw: bytes) -> str:
    """The caller's id where it is a plain one; else a new one, so that nobody writes into our logs."""
    text = raw.decode("ascii", "ignore")
    if 8 <= len(text) <= 64 and all(each.isalnum() or each in "-_." for each in text):  # noqa: PLR2004
        return text
    return uuid.uuid4().hex


def _backoff() -> Iterator[float]:
    yield from BACKOFF_SECONDS
    while True:
        yield BACKOFF_SECONDS[-1]


async def _open_pool(running: Runtime) -> Pool:
    """Wait for the database as long as it takes: Compose and a restart bring it up in any order."""
    waits = _backoff()
    while True:
        try:
            return await open_pool(
                running.settings.database_url.get_secret_value(),
                size=running.settings.pool_size,
                application_name=running.name,
            )
        except PASSING_ERRORS as error:
            logger.warning("database_not_there", error=type(error).__name__)
            await asyncio.sleep(next(waits))


async def _close_pool(pool: Pool) -> None:
    try:
        async with asyncio.timeout(3):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _supervise(name: str, worker: Worker, running: Runtime) -> None:
    waits = _backoff()
    while True:
        started = time.monotonic()
        try:
            await worker(running)
        except PASSING_ERRORS as error:
            logger.warning("worker_waits", worker=name, error=type(error).__name__)
        except Exception:
            worker_crashes.labels(name).inc()
            logger.exception("worker_crashed", worker=name)
        else:
            return
        if time.monotonic() - started > STEADY_SECONDS:
            waits = _backoff()
        await asyncio.sleep(next(waits))


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
