"""Opens the accounts of a demonstration, ready to be signed in to. An installation of its own never gets any."""

from collections.abc import Mapping

from services.accounts.commands import people
from services.accounts.domain import problems
from services.accounts.domain.accounts import TOTP
from services.accounts.domain.demonstration import Credentials, DemoAccount, DemoAccounts
from services.accounts.hashing import Hasher
from services.accounts.sql import accounts
from shared.audit.actors import COMMAND_LINE
from shared.database import Connection
from shared.privacy import Vault


async def open_all(
    connection: Connection, vault: Vault, wish: DemoAccounts, kept: Mapping[str, Credentials], hasher: Hasher
) -> None:
    """Open those that are not there yet. Raises OperatorExists where others than they sign in."""
    await accounts.lock_operators(connection)
    logins = {each.login for each in wish.accounts}
    if await accounts.has_others(connection, sorted(logins)):
        raise problems.OperatorExists
    for each in wish.accounts:
        if await accounts.select_by_login(connection, each.login) is None:
            await _open(connection, vault, each, kept[each.login], hasher)


async def _open(connection: Connection, vault: Vault, wish: DemoAccount, made: Credentials, hasher: Hasher) -> None:
    password_hash = await hasher.hash(made.password)
    account = await people.open_account(connection, vault, COMMAND_LINE.actor, wish, password_hash)
    await accounts.update_password(connection, account.account_id, password_hash, must_change=False)
    await accounts.update_totp_pending(connection, account.account_id, vault.encrypt(made.telephone, TOTP))
    await accounts.confirm_totp(connection, account.account_id, 0)
    for role in wish.roles:
        await people.grant(connection, COMMAND_LINE.actor, account.account_id, role)
