"""Notifications put together: the only place where its parts meet."""

from contextlib import AsyncExitStack

from fastapi import FastAPI

from services.notifications.case_letters import CaseTeller
from services.notifications.channels import Console, Mail
from services.notifications.consumers import subscriptions
from services.notifications.delivery import Deliverer
from services.notifications.preparation import Preparer
from services.notifications.routes import routers
from services.notifications.settings import NotificationsSettings
from services.notifications.workers import measure, retain
from shared.application import Runtime, Worker, build
from shared.privacy import PrivacySettings, Vault


def create_app() -> FastAPI:
    """The service; its settings are read now."""
    settings = NotificationsSettings()
    vault = Vault(PrivacySettings())

    async def start(runtime: Runtime, _: AsyncExitStack) -> None:
        runtime.parts["vault"] = vault
        runtime.parts["texts"] = Console(runtime.pool, vault, settings.lease_seconds)

    async def prepare(runtime: Runtime) -> None:
        await Preparer(runtime, settings, vault).run()

    async def deliver_to_console(runtime: Runtime) -> None:
        await Deliverer(runtime, vault, Console(runtime.pool, vault, settings.lease_seconds)).run()

    async def deliver_by_mail(runtime: Runtime) -> None:
        await Deliverer(runtime, vault, Mail(settings)).run()

    async def tell_of_cases(runtime: Runtime) -> None:
        await CaseTeller(runtime, settings, Console(runtime.pool, vault, settings.lease_seconds)).run()

    workers: dict[str, Worker] = {
        "preparation": prepare,
        "console": deliver_to_console,
        "cases": tell_of_cases,
        "measure": measure,
        "retention": retain,
    }
    if settings.mail:
        workers["mail"] = deliver_by_mail
    return build(
        name="notifications",
        title="服务日 notifications",
        settings=settings,
        routers=routers,
        subscriptions=subscriptions,
        workers=workers,
        on_start=start,
    )
