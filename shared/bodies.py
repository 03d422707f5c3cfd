"""Request bodies with a deadline: who sends a byte at a time would else hold a connection for ever.

The term counts from the first look at the body, the bytes not yet sent included. Nearly every body is there whole by
then, so a request pays for an entry in a list and its removal, not for a timer or a task of its own: all terms are the
same, so one timer for the oldest body does for all.
"""

import asyncio
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive


class BodyTooSlow(HTTPException):
    """The body was not there in time."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_TIMEOUT)


class Body:
    """The body of one request, as the application receives it."""

    __slots__ = ("_bodies", "_receive", "deadline", "ended", "late", "reader")

    def __init__(self, bodies: "Bodies", receive: Receive) -> None:
        self._bodies = bodies
        self._receive = receive
        self.deadline: float | None = None
        """By the event loop's clock; None before the first look."""
        self.ended = False
        self.late = False
        self.reader: asyncio.Task[object] | None = None
        """Who waits for bytes now."""

    async def receive(self) -> Message:
        """The next bytes. Raises BodyTooSlow past the deadline."""
        if self.ended:
            return await self._receive()
        if self.deadline is None:
            self._bodies.begin(self)
        if self.late:
            raise BodyTooSlow
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (a request is served by a task)
        cancelled_before = task.cancelling()
        self.reader = task
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            if self.late and task.uncancel() <= cancelled_before:
                raise BodyTooSlow from None
            raise
        finally:
            self.reader = None
        if not message.get("more_body", False):
            self.end()
        return message

    def end(self) -> None:
        """Wait for nothing more: the body is whole, its sender has left, or the answer begins."""
        self.ended = True
        self._bodies.forget(self)


class Bodies:
    """The bodies that are awaited now, the oldest first."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._awaited: dict[Body, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, body: Body) -> None:
        """Give a body its deadline."""
        loop = asyncio.get_running_loop()
        body.deadline = loop.time() + self._seconds
        self._awaited[body] = None
        if self._timer is None:
            self._timer = loop.call_at(body.deadline, self._look, loop)

    def forget(self, body: Body) -> None:
        """Await a body no longer."""
        self._awaited.pop(body, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the wait for what is late; then sleep until the next one may be."""
        self._timer = None
        now = loop.time()
        for body in self._awaited:
            assert body.deadline is not None  # noqa: S101  (it was begun)
            if body.late:
                continue
            if body.deadline > now:
                self._timer = loop.call_at(body.deadline, self._look, loop)
                return
            body.late = True
            if body.reader is not None:
                body.reader.cancel()
