"""Signing in by a provider's word: whom it means, and what is asked of them besides."""

import base64
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from services.accounts.commands import entering, recording
from services.accounts.commands.entering import Entered, NotEntered, Origin
from services.accounts.domain import problems
from services.accounts.domain.accounts import StaffAccount
from services.accounts.domain.federation import SUBJECT, Question, Ticket, Vouched, named
from services.accounts.settings import AccountsSettings
from services.accounts.sql import accounts, subjects
from shared.database import Connection, constraints
from shared.privacy import UnreadableValue, Vault

BY_LOGIN = "oidc"
"""Who linked a subject at its first use."""

Kept = TypeVar("Kept", Question, Ticket)


def seal(vault: Vault, kept: Question | Ticket, purpose: str) -> str:
    """What the browser is to bring back and can neither read nor change."""
    return base64.urlsafe_b64encode(vault.encrypt(kept.model_dump_json(), purpose)).decode()


def unseal(  # noqa: PLR0913, PLR0917  (what it must be)
    vault: Vault, sealed: str, purpose: str, kind: type[Kept], now: datetime, lives: timedelta
) -> Kept:
    """What the browser brought back. Raises OidcExpired where it is too old, was changed, or is for something else."""
    try:
        kept = kind.model_validate_json(vault.decrypt(base64.urlsafe_b64decode(sealed), purpose))
    except (UnreadableValue, ValueError):
        raise problems.OidcExpired from None
    if kept.is_over(now, lives):
        raise problems.OidcExpired
    return kept


async def enter(
    connection: Connection, vault: Vault, settings: AccountsSettings, vouched: Vouched, origin: Origin
) -> Entered | Ticket:
    """Sign in whom the provider vouches for, or let them go on to the telephone's code.

    Raises OidcSubjectUnknown also for whoever is suspended, and OidcTelephoneMissing.
    """
    digest = vault.blind_index(SUBJECT, vouched.name)
    account_id = await subjects.select_account_id(connection, digest)
    if account_id is None and settings.oidc_link_by_login:
        account_id = await _link_by_login(connection, digest, vouched)
    if account_id is None:
        raise problems.OidcSubjectUnknown
    account = await _lock_linked(connection, account_id, digest)
    if settings.oidc_second_factor == "trusted" and vouched.second_factor:
        return await entering.begin(connection, account, settings, None, origin, via="oidc")
    if account.totp_secret is None:
        raise problems.OidcTelephoneMissing
    return Ticket(at=await accounts.real_now(connection), account_id=account.account_id, digest=digest.hex())


async def enter_with_code(  # noqa: PLR0913, PLR0917  (who, how shown, from where)
    connection: Connection, vault: Vault, settings: AccountsSettings, ticket: Ticket, code: str, origin: Origin
) -> Entered | NotEntered:
    """Sign in whom the provider vouched for a moment ago, by the telephone's code. Raises OidcSubjectUnknown."""
    account = await _lock_linked(connection, ticket.account_id, bytes.fromhex(ticket.digest))
    if account.totp_secret is None:
        return NotEntered("refused")
    if not await entering.take_code(connection, vault, account, code, await accounts.real_now(connection)):
        await recording.record(connection, str(account.account_id), "code_refused", account.account_id)
        return NotEntered("code_wrong")
    return await entering.begin(connection, account, settings, None, origin, via="oidc")


async def link(connection: Connection, vault: Vault, actor: str, account_id: UUID, issuer: str, subject: str) -> None:  # noqa: PLR0913, PLR0917  (who links what to whom)
    """Have a subject mean an account, which means no other one any more. Raises OidcSubjectTaken or AccountShut."""
    account = await recording.lock(connection, account_id)
    if account.state == "closed":
        raise problems.AccountShut
    digest = vault.blind_index(SUBJECT, named(issuer, subject))
    if await subjects.select_digest(connection, account_id) == digest:
        return
    await subjects.delete(connection, account_id)
    with constraints({"oidc_subject_once": problems.OidcSubjectTaken}):
        await subjects.insert(connection, digest, account_id, actor)
    await recording.record(connection, actor, "subject_linked", account_id)


async def unlink(connection: Connection, actor: str, account_id: UUID) -> None:
    """Have no subject mean an account. Raises AccountUnknown or OidcSubjectUnknown."""
    await recording.lock(connection, account_id)
    if not await subjects.delete(connection, account_id):
        raise problems.OidcSubjectUnknown
    await recording.record(connection, actor, "subject_unlinked", account_id)


async def _lock_linked(connection: Connection, account_id: UUID, digest: bytes) -> StaffAccount:
    """An active account, locked, that the subject still means. Raises OidcSubjectUnknown."""
    account = await recording.lock(connection, account_id)
    if account.state != "active" or await subjects.select_digest(connection, account_id) != digest:
        raise problems.OidcSubjectUnknown
    return account


async def _link_by_login(connection: Connection, digest: bytes, vouched: Vouched) -> UUID | None:
    """Link at its first use a subject whose name is the login of an active account that has none."""
    for login in vouched.logins:
        row = await accounts.select_by_login(connection, login) if "\0" not in login else None
        if row is None:
            continue
        account = await recording.lock(connection, row["account_id"])
        if account.state != "active" or await subjects.select_digest(connection, account.account_id) is not None:
            continue
        with constraints({"oidc_subject_once": problems.OidcSubjectTaken}):
            await subjects.insert(connection, digest, account.account_id, BY_LOGIN)
        await recording.record(connection, BY_LOGIN, "subject_linked", account.account_id)
        return account.account_id
    return None
