"""What operators do: open accounts, give and take roles, suspend, resume, reset.

Whoever acts is `actor`: an account's id, or the command line.
"""

from uuid import UUID

from services.accounts.commands import recording
from services.accounts.domain import problems
from services.accounts.domain.accounts import GRANTS_LIMIT, NAME, StaffAccount
from services.accounts.domain.requests import NewAccount, NewGrant
from services.accounts.sql import accounts, grants, sessions
from shared.database import Connection, constraints
from shared.events.accounts import AccountGranted, AccountResumed, AccountSignedOut, AccountSuspended
from shared.privacy import Vault


async def open_account(
    connection: Connection, vault: Vault, actor: str, wish: NewAccount, password_hash: str
) -> StaffAccount:
    """Let somebody in, with a password that was made for them. Raises LoginTaken or OfficialTaken."""
    account_id = await accounts.new_id(connection)
    with constraints(
        {"account_login_once": problems.LoginTaken, "account_official_once": problems.OfficialTaken},
    ):
        row = await accounts.insert(
            connection,
            account_id=account_id,
            login=wish.login,
            name=vault.encrypt(wish.name, NAME),
            official_id=wish.official_id,
            password_hash=password_hash,
        )
    assert row is not None  # noqa: S101  (an insert returns its row)
    account = StaffAccount.of(row)
    await recording.say_opened(connection, account)
    await recording.record(connection, actor, "opened", account_id, official=wish.official_id)
    return account


async def open_first_operator(
    connection: Connection, vault: Vault, actor: str, wish: NewAccount, password_hash: str
) -> StaffAccount:
    """The one who lets everybody else in. Raises OperatorExists, also where two are made at once."""
    await accounts.lock_operators(connection)
    if await grants.has_operator(connection):
        raise problems.OperatorExists
    account = await open_account(connection, vault, actor, wish, password_hash)
    return await grant(connection, actor, account.account_id, NewGrant(role="operator"))


async def grant(connection: Connection, actor: str, account_id: UUID, wish: NewGrant) -> StaffAccount:
    """Give a role; the same one at the same place for another time takes its place, for the same time changes nothing.

    Raises AccountUnknown, AccountShut, TooManyGrants, or LastOperator where the last one would be left for a time only.
    """
    await accounts.lock_operators(connection)
    account = await recording.lock(connection, account_id)
    if account.state == "closed":
        raise problems.AccountShut
    same = await grants.select_same(connection, account_id, wish.role, wish.department_id, wish.venue_id)
    if same is not None:
        begins_alike = wish.valid_from is None or wish.valid_from == same["valid_from"]
        if begins_alike and wish.valid_until == same["valid_until"]:
            return account
        await grants.revoke(connection, account_id, same["grant_id"], actor)
    if len(await grants.select_current(connection, [account_id])) >= GRANTS_LIMIT:
        raise problems.TooManyGrants
    with constraints({"role_grant_span": problems.InvalidRequest}):
        grant_id = await grants.insert(
            connection,
            account_id,
            wish.role,
            wish.department_id,
            wish.venue_id,
            wish.valid_from,
            wish.valid_until,
            actor,
        )
    if same is not None and wish.role == "operator":
        await _require_an_operator(connection)
    await recording.void_tokens(connection, account)
    changed = await recording.say(connection, AccountGranted, account_id)
    await recording.record(
        connection,
        actor,
        "granted",
        account_id,
        grant=str(grant_id),
        role=wish.role,
        department=wish.department_id,
        venue=wish.venue_id,
    )
    return changed


async def revoke(connection: Connection, actor: str, account_id: UUID, grant_id: UUID) -> StaffAccount:
    """Take a role back. Raises AccountUnknown, GrantUnknown or LastOperator."""
    await accounts.lock_operators(connection)
    account = await recording.lock(connection, account_id)
    taken = await grants.revoke(connection, account_id, grant_id, actor)
    if taken is None:
        raise problems.GrantUnknown
    if taken["role"] == "operator":
        await _require_an_operator(connection)
    await recording.void_tokens(connection, account)
    changed = await recording.say(connection, AccountGranted, account_id)
    await recording.record(connection, actor, "revoked", account_id, grant=str(grant_id), role=taken["role"])
    return changed


async def suspend(connection: Connection, actor: str, account_id: UUID) -> StaffAccount:
    """Let somebody in no more. Raises AccountUnknown, AccountShut or LastOperator."""
    await accounts.lock_operators(connection)
    account = await recording.lock(connection, account_id)
    if account.state != "active":
        raise problems.AccountShut
    was_operator = any(row["role"] == "operator" for row in await grants.select_held(connection, account_id))
    await accounts.update_state(connection, account_id, "suspended")
    if was_operator:
        await _require_an_operator(connection)
    await sessions.end_all(connection, account_id, "suspended")
    await recording.void_tokens(connection, account)
    changed = await recording.say(connection, AccountSuspended, account_id)
    await recording.record(connection, actor, "suspended", account_id)
    return changed


async def resume(connection: Connection, actor: str, account_id: UUID) -> StaffAccount:
    """Let somebody in again; what was signed in before stays out. Raises AccountUnknown or AccountShut."""
    account = await recording.lock(connection, account_id)
    if account.state != "suspended":
        raise problems.AccountShut
    await accounts.update_state(connection, account_id, "active")
    await recording.void_tokens(connection, account)
    changed = await recording.say(connection, AccountResumed, account_id)
    await recording.record(connection, actor, "resumed", account_id)
    return changed


async def end_all_sessions(connection: Connection, actor: str, account_id: UUID) -> StaffAccount:
    """Sign somebody out everywhere. Raises AccountUnknown."""
    account = await recording.lock(connection, account_id)
    await sessions.end_all(connection, account_id, "all_ended")
    await recording.void_tokens(connection, account)
    changed = await recording.say(connection, AccountSignedOut, account_id)
    await recording.record(connection, actor, "all_ended", account_id)
    return changed


async def reset(connection: Connection, actor: str, account_id: UUID, password_hash: str) -> StaffAccount:
    """Begin anew with somebody who lost password or telephone. Raises AccountUnknown or AccountShut."""
    account = await recording.lock(connection, account_id)
    if account.state == "closed":
        raise problems.AccountShut
    await accounts.update_password(connection, account_id, password_hash, must_change=True)
    await accounts.forget_totp(connection, account_id)
    await accounts.replace_recovery_codes(connection, account_id, [])
    await sessions.end_all(connection, account_id, "reset")
    await recording.void_tokens(connection, account)
    changed = await recording.say(connection, AccountSignedOut, account_id)
    await recording.record(connection, actor, "reset", account_id)
    return changed


async def _require_an_operator(connection: Connection) -> None:
    if not await grants.count_operators(connection):
        raise problems.LastOperator
