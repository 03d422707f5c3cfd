"""Booking put together: the only place where its parts meet."""

from contextlib import AsyncExitStack
from functools import partial

from fastapi import FastAPI

from services.booking.combiner import Combiner
from services.booking.consumers import subscriptions
from services.booking.routes import BOOKINGS_PATH, book_past_the_framework, routers
from services.booking.settings import BookingSettings
from services.booking.workers import retain
from shared.application import Runtime, build
from shared.limits import Limits
from shared.privacy import PrivacySettings, Vault


def create_app() -> FastAPI:
    """The service; its settings are read now."""
    settings = BookingSettings()
    vault = Vault(PrivacySettings())
    return build(
        name="booking",
        title="服务日 booking",
        settings=settings,
        routers=routers,
        subscriptions=subscriptions,
        workers={"retention": partial(retain, settings=settings), "limits": _keep_limits},
        on_start=partial(_start, settings=settings, vault=vault),
        short_cuts={("POST", BOOKINGS_PATH): book_past_the_framework},
    )


async def _start(runtime: Runtime, _: AsyncExitStack, *, settings: BookingSettings, vault: Vault) -> None:
    runtime.parts["vault"] = vault
    runtime.parts["combiner"] = Combiner(runtime.pool, settings, published=runtime.published)
    runtime.parts["limits"] = Limits(runtime.pool)


async def _keep_limits(runtime: Runtime) -> None:
    limits: Limits = runtime.parts["limits"]
    await limits.keep()
