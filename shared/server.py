"""The HTTP server of a service's process, with a hard end.

A stop that hangs, as one does for minutes when Kafka is gone, is ended by a thread, whatever the event
loop does: rows not yet marked as published are published after the next start.
"""

import asyncio
import os
import threading
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from shared.settings import ServiceSettings

logger = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    def __init__(self, app: FastAPI, config: uvicorn.Config, deadline_seconds: float) -> None:
        super().__init__(config)
        self._app = app
        self._deadline_seconds = deadline_seconds
        self._armed = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self._armed:
            self._armed = True
            timer = threading.Timer(self._deadline_seconds, self._end)
            timer.daemon = True
            timer.start()
            asyncio.get_running_loop().call_soon_threadsafe(self._end_streams)
        super().handle_exit(sig, frame)

    def _end_streams(self) -> None:
        """End what would hold the stop up for ever, such as live streams."""
        running = getattr(self._app.state, "runtime", None)
        for call in running.at_exit if running is not None else ():
            call()

    def _end(self) -> None:
        logger.error("shutdown_deadline_passed", seconds=self._deadline_seconds)
        os._exit(1)


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; the process ends at most `shutdown_seconds` later."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=1024,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=max(1, int(settings.shutdown_seconds) - 4),
    )
    _Server(app, config, settings.shutdown_seconds).run()
