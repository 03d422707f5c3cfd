"""What accounts does because time goes by: the next signing key, and forgetting what nobody needs any more."""

import asyncio

import structlog

from services.accounts.commands import entering, signing
from services.accounts.settings import AccountsSettings
from shared import database
from shared.application import Runtime
from shared.privacy import Vault

logger = structlog.get_logger(__name__)

BATCH = 500
PAUSE_SECONDS = 600.0


async def rotate_keys(runtime: Runtime, *, vault: Vault) -> None:
    """Make the next signing key a day before it is needed, for ever."""
    while True:
        async with database.transaction(runtime.pool) as connection:
            made = await signing.rotate(connection, vault)
        if made is not None:
            logger.info("signing_key_made", key=made)
        await asyncio.sleep(PAUSE_SECONDS)


async def retain(runtime: Runtime, *, settings: AccountsSettings) -> None:
    """Forget old sign-ins and tries, a batch a transaction, for ever."""
    while True:
        async with database.transaction(runtime.pool) as connection:
            forgotten = await entering.forget(connection, settings, BATCH)
        if forgotten < BATCH:
            await asyncio.sleep(PAUSE_SECONDS)
