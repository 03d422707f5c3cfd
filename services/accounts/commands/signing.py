"""Keys and tokens: made, rotated, issued."""

from datetime import UTC

from services.accounts.domain import keys as rules
from services.accounts.domain.accounts import SIGNING_KEY, TOKEN_LIFE, Account, Session, principal
from services.accounts.sql import accounts, grants, keys, sessions
from shared.database import Connection
from shared.identity.tokens import Held, Principal, issue
from shared.privacy import Vault


async def rotate(connection: Connection, vault: Vault) -> str | None:
    """Make the first key, or the next one in time, and forget those that count no more; the id of a key that was made.

    However many replicas start at once make one.
    """
    await keys.lock(connection)
    await keys.forget_retired(connection)
    known = await keys.select_all(connection)
    now = (await accounts.real_now(connection)).astimezone(UTC)
    signs_from = rules.next_signs_from(known[0]["signs_from"] if known else None, now)
    if signs_from is None:
        return None
    made = rules.make()
    sealed = vault.encrypt(made.private, SIGNING_KEY)
    await keys.insert(connection, made.jwk.kid, sealed, made.jwk.model_dump_json(), signs_from)
    await keys.retire_others(connection, made.jwk.kid, signs_from + rules.TOKENS_OUTLIVE)
    return made.jwk.kid


async def issue_token(
    connection: Connection, vault: Vault, account: Account, session: Session
) -> tuple[str, Principal]:
    """A token for a sign-in of a locked account, with the roles that it holds now; it ends with the first of them."""
    rows = await grants.select_held(connection, account.account_id)
    held = [Held(role=row["role"], department_id=row["department_id"], venue_id=row["venue_id"]) for row in rows]
    held_for = min((row["held_for"] for row in rows if row["held_for"] is not None), default=TOKEN_LIFE)
    named = principal(account, session, held, await accounts.real_now(connection), held_for)
    await sessions.touch(connection, session.session_id)
    return await sign(connection, vault, named), named


async def sign(connection: Connection, vault: Vault, named: Principal) -> str:
    """The token that says whom it names, signed with the key of now."""
    key = await keys.select_signing(connection)
    if key is None:
        raise RuntimeError("there is no key that signs: the worker that makes them has not run")
    return issue(named, rules.read_private(vault.decrypt(key["private_key"], SIGNING_KEY)), key["key_id"])
