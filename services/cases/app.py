"""Cases put together: the only place where its parts meet."""

from contextlib import AsyncExitStack

from fastapi import FastAPI

from services.cases.consumers import subscriptions
from services.cases.papers.press import Press
from services.cases.routes import routers
from services.cases.settings import CasesSettings
from services.cases.workers import retain, take_in, watch
from shared.application import Runtime, build
from shared.limits import Limits
from shared.privacy import PrivacySettings, Vault


def create_app() -> FastAPI:
    """The service; its settings are read now."""
    settings = CasesSettings()
    vault = Vault(PrivacySettings())

    async def start(runtime: Runtime, _: AsyncExitStack) -> None:
        runtime.parts["vault"] = vault
        runtime.parts["limits"] = Limits(runtime.pool)
        runtime.parts["press"] = Press()

    async def keep_limits(runtime: Runtime) -> None:
        limits: Limits = runtime.parts["limits"]
        await limits.keep()

    return build(
        name="cases",
        title="服务日 cases",
        settings=settings,
        routers=routers,
        subscriptions=subscriptions,
        workers={"watch": watch, "intakes": take_in, "retention": retain, "limits": keep_limits},
        on_start=start,
    )
