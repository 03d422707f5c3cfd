"""A password of one's own, and the telephone."""

from uuid import UUID

from services.accounts.commands import recording
from services.accounts.domain import codes, problems
from services.accounts.domain.accounts import RECOVERY, TOTP, EndedWhy, StaffAccount, TelephonePending, TelephoneSet
from services.accounts.sql import accounts, sessions
from shared.database import Connection
from shared.events.accounts import AccountSignedOut
from shared.privacy import Vault


async def change_password(
    connection: Connection, account_id: UUID, session_id: UUID, *, compared_hash: str, new_hash: str
) -> None:
    """Take over a password of one's own; other sign-ins end. Raises PasswordRefused if it was changed meanwhile."""
    account = await recording.lock(connection, account_id)
    if account.password_hash != compared_hash:
        raise problems.PasswordRefused
    await accounts.update_password(connection, account_id, new_hash, must_change=False)
    await _end_others(connection, account, session_id, "password_changed")
    await recording.record(connection, str(account_id), "password_changed", account_id)


async def offer_telephone(connection: Connection, vault: Vault, account_id: UUID) -> TelephonePending:
    """A secret for a telephone. Nothing changes until its first code was shown."""
    account = await recording.lock(connection, account_id)
    secret = codes.make_secret()
    await accounts.update_totp_pending(connection, account_id, vault.encrypt(secret, TOTP))
    await recording.record(connection, str(account_id), "telephone_offered", account_id)
    return TelephonePending(address=codes.address(secret, account.login), secret=secret)


async def confirm_telephone(
    connection: Connection, vault: Vault, account_id: UUID, session_id: UUID, code: str
) -> TelephoneSet:
    """Take over the telephone, with new codes on paper; other sign-ins end. Raises NoTelephonePending, CodeRefused."""
    account = await recording.lock(connection, account_id)
    if account.totp_pending is None:
        raise problems.NoTelephonePending
    secret = vault.decrypt(account.totp_pending, TOTP)
    counter = codes.counter_of(codes.typed(code), secret, await accounts.real_now(connection), account.totp_counter)
    if counter is None:
        raise problems.CodeRefused
    await accounts.confirm_totp(connection, account_id, counter)
    papers = codes.make_recovery_codes()
    digests = [vault.blind_index(RECOVERY, f"{account_id}:{codes.typed(each)}") for each in papers]
    await accounts.replace_recovery_codes(connection, account_id, digests)
    await _end_others(connection, account, session_id, "enrolled")
    await recording.record(connection, str(account_id), "telephone_set", account_id)
    return TelephoneSet(recovery_codes=papers)


async def _end_others(connection: Connection, before: StaffAccount, session_id: UUID, why: EndedWhy) -> None:
    """End the other sign-ins, and a first one too once it has done what it was good for."""
    after = await recording.lock(connection, before.account_id)
    is_done = after.enrolled and not before.enrolled
    if await sessions.end_all(connection, before.account_id, why, but=None if is_done else session_id):
        await recording.say(connection, AccountSignedOut, before.account_id)
