"""The roster put together: the only place where its parts meet."""

from fastapi import FastAPI

from services.roster.consumers import subscriptions
from services.roster.routes import routers
from services.roster.settings import RosterSettings
from services.roster.workers import plan_daily
from shared.application import build


def create_app() -> FastAPI:
    """The service; its settings are read now."""
    return build(
        name="roster",
        title="服务日 roster",
        settings=RosterSettings(),
        routers=routers,
        subscriptions=subscriptions,
        workers={"planning": plan_daily},
    )
