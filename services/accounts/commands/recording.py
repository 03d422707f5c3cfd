"""What every change leaves behind: its event for the other services, and its row in the audit."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.accounts.domain.accounts import ENDED_LIMIT, Account, StaffAccount, account_of, public, tokens_from_now
from services.accounts.domain.keys import TOKENS_OUTLIVE
from services.accounts.domain.problems import AccountUnknown
from services.accounts.sql import accounts, grants, sessions
from shared.audit import recording
from shared.audit.actors import acting
from shared.database import Connection
from shared.events import accounts as told
from shared.events.accounts import (
    AccountEvent,
    AccountGranted,
    AccountOpened,
    AccountSuspended,
)
from shared.events.base import Event
from shared.messaging import outbox
from shared.messaging.republish import uuids


async def lock(connection: Connection, account_id: UUID) -> StaffAccount:
    """An account of the staff's, locked. Raises AccountUnknown."""
    account = await lock_any(connection, account_id)
    if not isinstance(account, StaffAccount):
        raise AccountUnknown
    return account


async def lock_any(connection: Connection, account_id: UUID) -> Account:
    """An account, locked. Raises AccountUnknown."""
    row = await accounts.lock(connection, account_id)
    if row is None:
        raise AccountUnknown
    return account_of(row)


async def void_tokens(connection: Connection, account: Account) -> None:
    """No token that a locked account has now counts any more; the event that tells it follows."""
    now = await accounts.real_now(connection)
    await accounts.update_tokens_from(connection, account.account_id, tokens_from_now(now, account.tokens_from))


async def say(connection: Connection, kind: type[AccountEvent], account_id: UUID) -> StaffAccount:
    """Tell the other services of a locked account of the staff's as it is now; the account in its new version."""
    account = await say_any(connection, kind, account_id)
    assert isinstance(account, StaffAccount)  # noqa: S101  (it was locked as one)
    return account


async def say_any(connection: Connection, kind: type[AccountEvent], account_id: UUID) -> Account:
    """The same of an account of either kind."""
    row = await accounts.raise_version(connection, account_id)
    if row is None:
        raise AccountUnknown
    account: Account = account_of(row)
    ended = await sessions.select_ended(connection, [account_id], TOKENS_OUTLIVE)
    if len(ended) > ENDED_LIMIT:  # the list must not outgrow an event: all is signed out instead
        await sessions.end_all(connection, account_id, "too_many")
        await void_tokens(connection, account)
        account = await lock_any(connection, account_id)
    (state,) = await _states(connection, [account])
    await outbox.append(connection, kind(version=account.version, account=state))
    return account


async def say_opened(connection: Connection, account: Account) -> None:
    """Tell the other services of a new account, in its first version."""
    (state,) = await _states(connection, [account])
    await outbox.append(connection, AccountOpened(version=account.version, account=state))


async def _states(connection: Connection, known: Sequence[Account]) -> list[told.Account]:
    ids = [each.account_id for each in known]
    held = await grants.select_current(connection, ids)
    ended = await sessions.select_ended(connection, ids, TOKENS_OUTLIVE)
    return [
        public(
            account,
            [row for row in held if row["account_id"] == account.account_id],
            [row for row in ended if row["account_id"] == account.account_id][:ENDED_LIMIT],
        )
        for account in known
    ]


async def state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """The present state of accounts, each locked, for `republish`."""
    known = [account_of(row) for row in await accounts.lock_many(connection, uuids(ids))]
    states = await _states(connection, known)
    return [
        _last_event(account)(version=account.version, account=state)
        for account, state in zip(known, states, strict=True)
    ]


def _last_event(account: Account) -> type[AccountEvent]:
    """An event that leaves an account in its state."""
    if account.state != "active":
        return AccountSuspended
    return AccountOpened if account.version == 1 else AccountGranted


async def record(connection: Connection, actor: str, action: str, account_id: UUID | None, **details: Any) -> None:
    """Append to the audit what `actor` did with an account: the last thing of a transaction (`shared.audit`)."""
    await record_of(connection, actor, f"account.{action}", "account", account_id or "", **details)


async def record_of(
    connection: Connection, actor: str, action: str, record_kind: str, record_id: object, /, **details: Any
) -> None:
    """The same of any record."""
    by = acting()
    if by.actor != actor:  # who signs in has no token yet
        by = replace(by, actor=actor, official_id=None, held=())
    await recording.record(connection, action, record_kind, record_id, by=by, **details)
