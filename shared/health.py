"""What every service answers besides its own API: `/live`, `/ready`, `/metrics` and its documents.

None of it is reachable through the gateway. Ready means that the database answers; Kafka may be away.
"""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from shared import database
from shared.access import Caller, allow

pool_connections = Gauge("pool_connections", "Database connections by state", ["state"])


def openapi(app: FastAPI) -> dict[str, Any]:
    """The service's OpenAPI document."""
    return get_openapi(title=app.title, version=app.version, routes=app.routes)


def router(app: FastAPI, asyncapi: dict[str, Any] | None) -> APIRouter:
    """The routes. `asyncapi` is None for a service without Kafka."""
    routes = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

    @routes.get("/live")
    async def live() -> JSONResponse:
        return JSONResponse({"status": "live"})

    @routes.get("/ready")
    async def ready() -> JSONResponse:
        pool = app.state.runtime.database
        if pool is not None and not await database.answers(pool):
            return JSONResponse({"status": "not ready", "missing": "database"}, status_code=503)
        return JSONResponse({"status": "ready"})

    @routes.get("/metrics")
    async def metrics() -> PlainTextResponse:
        pool, messaging = app.state.runtime.database, app.state.runtime.messaging
        if pool is not None:
            pool_connections.labels("idle").set(pool.get_idle_size())
            pool_connections.labels("busy").set(pool.get_size() - pool.get_idle_size())
        if messaging is not None:
            await messaging.measure()
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/internal/openapi.json")
    async def openapi_document() -> dict[str, Any]:
        return openapi(app)

    if asyncapi is not None:

        @routes.get("/internal/asyncapi.json")
        async def asyncapi_document() -> dict[str, Any]:
            return asyncapi

    return routes
