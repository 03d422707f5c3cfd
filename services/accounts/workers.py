"""What accounts does because time goes by: the next signing key, and forgetting what nobody needs any more."""

import asyncio
from collections.abc import Sequence

import structlog

from services.accounts.commands import entering, signing
from services.accounts.settings import AccountsSettings
from shared import database
from shared.application import Runtime
from shared.database import Connection
from shared.privacy import Vault
from shared.rights import retention
from shared.rights.retention import Rule

logger = structlog.get_logger(__name__)

PAUSE_SECONDS = 600.0
CODES_SECONDS = 60.0
BATCH = 500


async def rotate_keys(runtime: Runtime, *, vault: Vault) -> None:
    """Make the next signing key a day before it is needed, for ever."""
    while True:
        async with database.transaction(runtime.pool) as connection:
            made = await signing.rotate(connection, vault)
        if made is not None:
            logger.info("signing_key_made", key=made)
        await asyncio.sleep(PAUSE_SECONDS)


async def forget_codes(runtime: Runtime) -> None:
    """Delete citizens' codes once they are dead, for ever."""
    while True:
        forgotten = BATCH
        while forgotten == BATCH:
            async with database.transaction(runtime.pool) as connection:
                forgotten = await entering.forget_codes(connection, BATCH)
        await asyncio.sleep(CODES_SECONDS)


def rules(settings: AccountsSettings) -> Sequence[Rule]:
    """What accounts forgets, by the machine's clock as everything about sign-ins."""

    async def count(connection: Connection, _: int) -> int:
        return await entering.count_over(connection, settings)

    async def forget(connection: Connection, _: int, limit: int) -> int:
        return await entering.forget(connection, settings, limit)

    return (Rule("sign_ins_and_tries", count, forget),)


async def retain(runtime: Runtime, *, settings: AccountsSettings) -> None:
    """Forget, once a day, for ever."""
    await retention.keep(runtime, rules(settings), settings.retention_days)
