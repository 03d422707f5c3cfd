"""Accounts put together: the only place where its parts meet."""

from contextlib import AsyncExitStack
from functools import partial

from fastapi import FastAPI

from services.accounts.carrying import carry
from services.accounts.commands import signing
from services.accounts.hashing import Hasher
from services.accounts.provider import Provider
from services.accounts.routes import routers
from services.accounts.routes.bearer import OwnRecognition
from services.accounts.settings import AccountsSettings
from services.accounts.workers import forget_codes, retain, rotate_keys
from shared import database
from shared.application import Runtime, build
from shared.privacy import PrivacySettings, Vault

BODY_BYTES = 32 * 1024
"""Nothing that is sent here is longer: a person with five documents, an answer of the provider's."""


def create_app() -> FastAPI:
    """The service; its settings are read now."""
    settings = AccountsSettings()
    vault = Vault(PrivacySettings())

    async def start(runtime: Runtime, stack: AsyncExitStack) -> None:
        hasher = Hasher(settings.hash_queue)
        stack.callback(hasher.close)
        provider = Provider(settings, runtime.http) if settings.oidc_issuer else None
        runtime.parts.update(vault=vault, hasher=hasher, provider=provider)
        runtime.recognition = OwnRecognition(runtime)
        async with database.transaction(runtime.pool) as connection:
            await signing.rotate(connection, vault)  # before the first sign-in there must be a key

    return build(
        name="accounts",
        title="服务日 accounts",
        settings=settings,
        routers=routers,
        workers={
            "keys": partial(rotate_keys, vault=vault),
            "retention": partial(retain, settings=settings),
            "erasures": carry,
            "codes": forget_codes,
        },
        on_start=start,
        body_bytes=BODY_BYTES,
    )
