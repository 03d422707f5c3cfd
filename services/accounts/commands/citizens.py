"""A citizen's sign-in: a code is kept, tried and used, and the account made when the first one is right.

Nothing here asks whether there is an account before a code was right, so no answer can tell it.
"""

import secrets
from datetime import datetime, timedelta

from services.accounts.commands import recording
from services.accounts.commands.entering import Entered, Origin, noted, renew
from services.accounts.domain import citizens as rules
from services.accounts.domain import problems
from services.accounts.domain.accounts import PHONE, RENEWAL, Account, CitizenAccount, Session, account_of
from services.accounts.settings import AccountsSettings
from services.accounts.sql import accounts, citizens, sessions
from shared.database import Connection
from shared.privacy import Vault


async def keep_code(connection: Connection, phone_key: bytes, digest: bytes) -> datetime:
    """Make this the phone's only code; until when it is good."""
    row = await citizens.replace_code(connection, phone_key, digest, rules.CODE_MINUTES)
    assert row is not None  # noqa: S101  (an upsert returns its row)
    expires_at: datetime = row["expires_at"]
    return expires_at


async def withdraw_code(connection: Connection, phone_key: bytes, digest: bytes) -> None:
    """Keep nothing of a code that was not sent."""
    await citizens.withdraw_code(connection, phone_key, digest)


async def count_code_try(connection: Connection, phone_key: bytes) -> bytes | None:
    """Count a try at a phone's code, to be committed before it is compared; none where no try is left."""
    return await citizens.count_code_try(connection, phone_key, rules.CODE_TRIES)


async def enter(  # noqa: PLR0913  (who, how shown, from where)
    connection: Connection,
    vault: Vault,
    settings: AccountsSettings,
    *,
    phone: str,
    phone_key: bytes,
    digest: bytes,
    origin: Origin,
) -> Entered | None:
    """Sign a citizen in whose code was right: the code opens once. None where it is used, or the account suspended.

    None is a value, for the code is used up all the same.
    """
    if not await citizens.use_code(connection, phone_key, digest):
        return None
    account = await _account_of(connection, vault, phone, phone_key)
    if account.state != "active":
        return None
    secret = secrets.token_urlsafe(32)
    row = await sessions.insert(
        connection,
        account.account_id,
        None,
        timedelta(days=settings.citizen_session_days),
        origin.address,
        origin.agent,
        vault.blind_index(RENEWAL, secret),
    )
    assert row is not None  # noqa: S101  (an insert returns its row)
    session = Session.of(row)
    return Entered(await noted(connection, account, session), session, secret)


async def _account_of(connection: Connection, vault: Vault, phone: str, phone_key: bytes) -> Account:
    """The account of a phone, locked; made where there is none."""
    found = await citizens.select_by_phone(connection, phone_key)
    if found is None:
        account_id = await accounts.new_id(connection)
        row = await citizens.insert(connection, account_id, vault.encrypt(phone, PHONE), phone_key)
        if row is not None:
            made = CitizenAccount.of(row)
            await recording.say_opened(connection, made)
            return made
        found = await citizens.select_by_phone(connection, phone_key)
    if found is None:
        raise problems.CitizenCodeRefused
    return await recording.lock_any(connection, account_of(found).account_id)


async def renew_by_secret(connection: Connection, vault: Vault, secret: str) -> Entered:
    """Let a sign-in go on whose token has expired. Raises SignInNeeded."""
    row = await sessions.select_by_renewal(connection, vault.blind_index(RENEWAL, secret))
    if row is None:
        raise problems.SignInNeeded
    return await renew(connection, row["account_id"], row["session_id"])
