"""Live: what changes in the hall reaches every screen at once, whichever process made the change.

Each command counts a change of its session and has Postgres tell it at the commit; every process listens on one
connection and passes it on to its streams as a small event `changed` with the session's count as its id. A stream
begins with the present count, so that a screen that was away sees that something happened meanwhile and asks anew;
nothing is kept for it, and nothing personal is in it. While the connection to Postgres is lost the streams stay
open; once it is back each is told the count of that moment. Where nothing happens a `beat` says every ten seconds
that the stream is alive.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

import asyncpg
import structlog
from fastapi.sse import ServerSentEvent
from prometheus_client import Gauge

from services.queue.domain import problems
from services.queue.sql import days
from shared.application import Runtime
from shared.database import SERVER_SETTINGS

logger = structlog.get_logger(__name__)

RETRY_MILLISECONDS = 2000
"""After how long a browser that lost its stream comes back."""
BEAT_SECONDS = 10.0
"""So often a stream says something even where nothing happens: a network can be gone without a word, and a screen
that hears nothing for three times as long knows."""
LOOK_SECONDS = 5.0
"""How often the listening connection is asked whether it is alive."""

open_streams = Gauge("queue_live_streams", "Live streams that this process serves")


class _Stream:
    """One screen. Holds the newest count only: whoever is slow misses steps, never the state."""

    def __init__(self, changes: int) -> None:
        self.changes = changes
        self.news = asyncio.Event()

    def tell(self, changes: int) -> None:
        if changes > self.changes:
            self.changes = changes
            self.news.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for news; False where there were none for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self.news.wait()
        except TimeoutError:
            return False
        self.news.clear()
        return True


class Hub:
    """The streams of this process."""

    def __init__(self, runtime: Runtime, limit: int, per_address: int | None = None) -> None:
        self._runtime = runtime
        self._limit = limit
        self._per_address = limit if per_address is None else per_address
        self._taken: Counter[str] = Counter()
        self._streams: dict[str, set[_Stream]] = defaultdict(set)
        self._closing = asyncio.Event()

    async def listen(self, runtime: Runtime) -> None:
        """Hear what Postgres tells, and pass it on; a lost connection is begun anew by whoever supervises this."""
        connection = await asyncpg.connect(
            runtime.settings.database_url.get_secret_value(),
            timeout=10,
            command_timeout=10,
            server_settings={**SERVER_SETTINGS, "application_name": "queue-live"},
        )
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            await connection.add_listener(days.CHANNEL, self._on_change)
            await self._catch_up()
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await lost.wait()
                await days.ping(connection)
        finally:
            connection.terminate()

    def close(self) -> None:
        """End every stream, so that a stop does not wait for screens that stay on for the day."""
        self._closing.set()
        for streams in self._streams.values():
            for each in streams:
                each.news.set()

    @contextmanager
    def room(self, address: str) -> Iterator[None]:
        """A place for one stream, taken before it begins: of many that come back at once no more than fit get one.

        Raises StreamsExhausted, also where whoever has `address` holds as many as one may.
        """
        if self._taken.total() >= self._limit or self._taken[address] >= self._per_address:
            raise problems.StreamsExhausted(headers={"Retry-After": "5"})
        self._taken[address] += 1
        try:
            yield
        finally:
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address]

    async def stream(self, session_id: str, changes: int) -> AsyncIterator[ServerSentEvent]:
        """The changes of a session from a count on, for as long as somebody looks."""
        stream = _Stream(changes)
        self._streams[session_id].add(stream)
        open_streams.inc()
        try:
            yield _event(session_id, changes, retry=RETRY_MILLISECONDS)
            while not self._closing.is_set():
                told = await stream.wait(BEAT_SECONDS)
                if not self._closing.is_set():
                    yield _event(session_id, stream.changes, name="changed" if told else "beat")
        finally:
            open_streams.dec()
            self._streams[session_id].discard(stream)
            if not self._streams[session_id]:
                del self._streams[session_id]

    def _on_change(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        session_id, _, changes = str(payload).rpartition(" ")
        for each in self._streams.get(session_id, ()):
            each.tell(int(changes))

    async def _catch_up(self) -> None:
        """Tell every stream what it may have missed while nobody listened."""
        if not self._streams:
            return
        async with self._runtime.pool.acquire(timeout=10) as connection:
            rows = await days.select_changes(connection, list(self._streams))
        for row in rows:
            for each in self._streams.get(row["session_id"], ()):
                each.tell(row["changes"])


def _event(session_id: str, changes: int, *, name: str = "changed", retry: int | None = None) -> ServerSentEvent:
    data = json.dumps({"session_id": session_id, "version": changes})
    return ServerSentEvent(raw_data=data, event=name, id=str(changes), retry=retry)
