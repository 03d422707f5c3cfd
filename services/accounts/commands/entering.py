"""Signing in, staying in, and leaving."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.accounts.commands import recording
from services.accounts.domain import codes, problems
from services.accounts.domain.accounts import (
    ENROL,
    RECOVERY,
    SESSIONS_LIMIT,
    TOTP,
    Account,
    EndedWhy,
    Session,
    StaffAccount,
)
from services.accounts.settings import AccountsSettings
from services.accounts.sql import accounts, citizens, sessions, tries
from shared.database import Connection
from shared.events.accounts import AccountSignedOut
from shared.privacy import Vault

DAY_MINUTES = 24 * 60
"""The longest window in which tries are counted."""


@dataclass(frozen=True)
class Origin:
    """Where a sign-in comes from."""

    address: str
    agent: str


@dataclass(frozen=True)
class Entered:
    """A new sign-in of a locked account."""

    account: Account
    session: Session
    renewal: str | None = None
    """What a citizen's browser keeps, see `SignedIn`."""


@dataclass(frozen=True)
class NotEntered:
    """Why not. It is a value, for what was noted about it is to be committed."""

    why: Literal["refused", "code_needed", "code_wrong"]


async def count_try(connection: Connection, limits: Sequence[tuple[bytes, int]], window_minutes: int) -> None:
    """Count a try under each key, before it is made. Raises TooManyTries past any key's limit."""
    allowed = dict(limits)
    counted = await tries.count(connection, sorted(allowed), window_minutes)
    waits = [row["seconds_left"] for row in counted if row["count"] > allowed[row["key"]]]
    if waits:
        raise problems.TooManyTries(headers={"Retry-After": str(max(*waits, 1))})


async def give_try_back(connection: Connection, keys: Sequence[bytes]) -> None:
    """Take a counted try back: it was right."""
    await tries.give_back(connection, keys)


async def rehash(connection: Connection, account_id: UUID, before: str, after: str) -> None:
    """Keep the same password hashed with the parameters of now."""
    await accounts.update_hash(connection, account_id, before, after)


async def enter(  # noqa: PLR0913  (who, how shown, from where)
    connection: Connection,
    vault: Vault,
    settings: AccountsSettings,
    *,
    account_id: UUID,
    compared_hash: str,
    code: str | None,
    origin: Origin,
) -> Entered | NotEntered:
    """Sign somebody in whose password was `compared_hash`'s. One that was changed meanwhile does not count."""
    account = await recording.lock(connection, account_id)
    now = await accounts.real_now(connection)
    if account.state != "active" or account.password_hash != compared_hash or _is_stale(account, settings, now):
        return NotEntered("refused")
    if account.totp_secret is not None:
        if code is None:
            return NotEntered("code_needed")
        if not await take_code(connection, vault, account, code, now):
            await recording.record(connection, str(account_id), "code_refused", account_id)
            return NotEntered("code_wrong")
    return await begin(connection, account, settings, None if account.enrolled else ENROL, origin)


async def begin(
    connection: Connection,
    account: StaffAccount,
    settings: AccountsSettings,
    scope: str | None,
    origin: Origin,
    **how: str,
) -> Entered:
    """Begin a sign-in of a locked account that has shown all that was asked; `how` goes into the audit."""
    lives = timedelta(hours=settings.session_hours) if scope is None else timedelta(minutes=settings.enrolment_minutes)
    account_id = account.account_id
    row = await sessions.insert(connection, account_id, scope, lives, origin.address, origin.agent)
    assert row is not None  # noqa: S101  (an insert returns its row)
    session = Session.of(row)
    return Entered(await noted(connection, account, session, **how), session)


async def noted(connection: Connection, account: Account, session: Session, **how: str) -> Account:
    """Record a new sign-in of a locked account, and end the oldest where there are too many."""
    account_id = account.account_id
    crowded = [each["session_id"] for each in await sessions.select_live(connection, account_id)][SESSIONS_LIMIT:]
    if crowded and await sessions.end(connection, account_id, crowded, "too_many"):
        account = await recording.say_any(connection, AccountSignedOut, account_id)
    await recording.record(
        connection,
        str(account_id),
        "signed_in",
        account_id,
        session=str(session.session_id),
        scope=session.scope,
        **how,
    )
    return account


def _is_stale(account: StaffAccount, settings: AccountsSettings, now: datetime) -> bool:
    """Whether the password was handed out too long ago to be a first one."""
    handed_out = timedelta(hours=settings.initial_password_hours)
    return account.must_change_password and account.password_set_at + handed_out <= now


async def take_code(connection: Connection, vault: Vault, account: StaffAccount, code: str, now: datetime) -> bool:
    """Whether a code of a locked account's telephone, or of its paper, opens; it never does again."""
    assert account.totp_secret is not None  # noqa: S101  (asked for by the caller)
    given = codes.typed(code)
    counter = codes.counter_of(given, vault.decrypt(account.totp_secret, TOTP), now, account.totp_counter)
    if counter is not None:
        await accounts.update_totp_counter(connection, account.account_id, counter)
        return True
    digest = vault.blind_index(RECOVERY, f"{account.account_id}:{given}")
    return await accounts.use_recovery_code(connection, account.account_id, digest)


async def renew(connection: Connection, account_id: UUID, session_id: UUID) -> Entered:
    """Let a sign-in go on, with the roles of now. Raises SignInNeeded where it, or the account, is over."""
    account = await recording.lock_any(connection, account_id)
    row = await sessions.select(connection, session_id)
    now = await accounts.real_now(connection)
    if row is None or row["account_id"] != account_id or account.state != "active":
        raise problems.SignInNeeded
    session = Session.of(row)
    if not session.is_live(now) or session.scope is not None:
        raise problems.SignInNeeded
    return Entered(account, session)


async def end_session(connection: Connection, account_id: UUID, session_id: UUID, why: EndedWhy) -> None:
    """End one's own sign-in: this one, or another. Raises SessionUnknown."""
    await recording.lock_any(connection, account_id)
    if not await sessions.end(connection, account_id, [session_id], why):
        raise problems.SessionUnknown
    await recording.say_any(connection, AccountSignedOut, account_id)
    await recording.record(connection, str(account_id), why, account_id, session=str(session_id))


async def end_other_sessions(connection: Connection, account_id: UUID, session_id: UUID) -> None:
    """End all of one's own sign-ins but this one."""
    await recording.lock_any(connection, account_id)
    if await sessions.end_all(connection, account_id, "ended_elsewhere", but=session_id):
        await recording.say_any(connection, AccountSignedOut, account_id)
        await recording.record(connection, str(account_id), "others_ended", account_id, session=str(session_id))


async def end_own_sessions(connection: Connection, account_id: UUID) -> None:
    """Sign oneself out everywhere, here too."""
    account = await recording.lock_any(connection, account_id)
    await sessions.end_all(connection, account_id, "all_ended")
    await recording.void_tokens(connection, account)
    await recording.say_any(connection, AccountSignedOut, account_id)
    await recording.record(connection, str(account_id), "all_ended", account_id)


async def count_over(connection: Connection, settings: AccountsSettings) -> int:
    """How many sign-ins and counts of tries nobody needs any more."""
    return await sessions.count_over(connection, settings.retention_days) + await tries.count_over(
        connection, _tries_minutes(settings)
    )


async def forget(connection: Connection, settings: AccountsSettings, limit: int) -> int:
    """Delete sign-ins and counts of tries that nobody needs any more, at most `limit` of each; how many of both."""
    return await sessions.forget(connection, settings.retention_days, limit) + await tries.forget(
        connection, _tries_minutes(settings), limit
    )


async def forget_codes(connection: Connection, limit: int) -> int:
    """Delete citizens' codes that are dead, at most `limit`; how many there were."""
    return await citizens.forget_codes(connection, limit)


def _tries_minutes(settings: AccountsSettings) -> int:
    """How long a count of tries is needed: a citizen's codes are counted by the day."""
    return max(settings.tries_window_minutes, DAY_MINUTES)
