"""The queue put together: the only place where its parts meet."""

from contextlib import AsyncExitStack
from functools import partial

from fastapi import FastAPI

from services.queue import cards
from services.queue.consumers import subscriptions
from services.queue.live import Hub
from services.queue.routes import routers
from services.queue.settings import QueueSettings
from services.queue.sheets.press import Press
from services.queue.speech.announcer import Announcer
from services.queue.workers import retain, watch_lateness
from shared.application import Runtime, build
from shared.privacy import PrivacySettings, Vault


def create_app() -> FastAPI:
    """The service; its settings are read now."""
    settings = QueueSettings()
    vault = Vault(PrivacySettings())

    async def start(runtime: Runtime, _: AsyncExitStack) -> None:
        hub = Hub(runtime, settings.streams, settings.streams_per_address)
        runtime.parts["vault"] = vault
        runtime.parts["hub"] = hub
        runtime.parts["press"] = Press(vault, settings.zone)
        runtime.parts["announcer"] = Announcer()
        runtime.at_exit.append(hub.close)

    async def listen(runtime: Runtime) -> None:
        hub: Hub = runtime.parts["hub"]
        await hub.listen(runtime)

    return build(
        name="queue",
        title="服务日 queue",
        settings=settings,
        routers=routers,
        subscriptions=subscriptions,
        workers={
            "cards": partial(cards.keep, settings=settings, vault=vault),
            "live": listen,
            "lateness": watch_lateness,
            "retention": retain,
        },
        on_start=start,
    )
