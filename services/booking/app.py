"""Booking put together: the only place where its parts meet."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from fastapi import FastAPI

from services.booking import commands
from services.booking.combiner import Combiner
from services.booking.consumers import subscriptions
from services.booking.routes import BOOKINGS_PATH, book_past_the_framework, routers
from services.booking.settings import BookingSettings
from shared import database
from shared.application import Runtime, build
from shared.privacy import PrivacySettings, Vault

RETENTION_BATCH = 200
RETENTION_PAUSE_SECONDS = 600.0


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
        workers={"retention": partial(retain, settings=settings)},
        on_start=partial(_start, settings=settings, vault=vault),
        short_cuts={("POST", BOOKINGS_PATH): book_past_the_framework},
    )


async def _start(runtime: Runtime, _: AsyncExitStack, *, settings: BookingSettings, vault: Vault) -> None:
    runtime.parts["vault"] = vault
    runtime.parts["combiner"] = Combiner(runtime.pool, settings, published=runtime.published)


async def retain(runtime: Runtime, *, settings: BookingSettings) -> None:
    """Take persons out of old bookings, and forget old tries, a batch a transaction, for ever."""
    while True:
        async with database.transaction(runtime.pool) as connection:
            anonymised = await commands.anonymise(connection, settings.retention_days, RETENTION_BATCH)
        async with database.transaction(runtime.pool) as connection:
            forgotten = await commands.forget_tries(connection, settings.tries_window_minutes, RETENTION_BATCH)
        if max(anonymised, forgotten) < RETENTION_BATCH:
            await asyncio.sleep(RETENTION_PAUSE_SECONDS)
