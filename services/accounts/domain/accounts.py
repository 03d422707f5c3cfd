"""An account as it is kept, as others are told of it, and as it is shown. Rows have columns by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel

from services.accounts.domain.keys import TOKENS_OUTLIVE
from shared.events import accounts as told
from shared.events.accounts import Role
from shared.identity.tokens import TOKEN_SECONDS, Held, Principal

NAME = "accounts.name"
PHONE = "accounts.phone"
TOTP = "accounts.totp"
SIGNING_KEY = "accounts.signing-key"
"""What each encrypted value is for, see `shared.privacy`."""
RECOVERY = "accounts.recovery"
RENEWAL = "accounts.renewal"
"""What each digest is of."""

PEOPLE_MOST = 2000
"""Accounts of the staff's that are named to the auditor: several of the largest county's."""
GRANTS_LIMIT = 12
"""Roles of one account: a token carries them all, and none may be longer than 4096 characters."""
SESSIONS_LIMIT = 10
"""Sign-ins of one account at a time; one more ends the oldest."""
ENDED_LIMIT = 50
"""Sign-ins that ended within half an hour, of one account. With more of them everything is signed out."""
CLOCK_STEP = timedelta(microseconds=1)
"""What a token, a row and an event can tell apart."""
ENROL = "enrol"
"""The scope of a first sign-in."""

State = Literal["active", "suspended", "closed"]
EndedWhy = Literal[
    "signed_out", "ended_elsewhere", "password_changed", "enrolled", "suspended", "reset", "all_ended", "too_many"
]


@dataclass(frozen=True)
class Account:
    """Somebody who signs in."""

    account_id: UUID
    kind: Literal["staff", "citizen"]
    version: int
    official_id: str | None
    state: State
    tokens_from: datetime | None
    opened_at: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        """From its row."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class CitizenAccount(Account):
    """A citizen, of whom the phone is known and nothing else."""

    phone: bytes | None
    """None of an account that is closed and forgotten."""


@dataclass(frozen=True)
class StaffAccount(Account):
    """Somebody of the staff who signs in."""

    login: str
    name: bytes
    password_hash: str
    password_set_at: datetime
    must_change_password: bool
    totp_secret: bytes | None
    totp_pending: bytes | None
    totp_counter: int

    @property
    def enrolled(self) -> bool:
        """Whether the password is one's own and the telephone set up: else a sign-in is good for that alone."""
        return self.totp_secret is not None and not self.must_change_password


def account_of(row: Any) -> StaffAccount | CitizenAccount:
    """An account of either kind, from its row."""
    return StaffAccount.of(row) if row["kind"] == "staff" else CitizenAccount.of(row)


@dataclass(frozen=True)
class Session:
    """A sign-in."""

    session_id: UUID
    account_id: UUID
    scope: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    address: str
    agent: str

    @classmethod
    def of(cls, row: Any) -> Self:
        """From its row."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    def is_live(self, now: datetime) -> bool:
        """Whether its tokens count at `now`, by the machine's clock."""
        return self.ended_at is None and now < self.expires_at


def tokens_from_now(now: datetime, before: datetime | None) -> datetime:
    """From when on tokens count after a change at `now`: the next instant that the clock can tell.

    A token tells the microsecond in which it was issued, and one of `now` itself came before the change, for both are
    made under the account's lock. What is issued after it says at least `tokens_from` (see `principal`), also where the
    clock stood still or was set back.
    """
    return (now if before is None else max(now, before)) + CLOCK_STEP


TOKEN_LIFE = timedelta(seconds=TOKEN_SECONDS)


def principal(
    account: Account, session: Session, held: Sequence[Held], now: datetime, held_for: timedelta = TOKEN_LIFE
) -> Principal:
    """Whom a token that is issued at `now` names; none of its roles ends before it. A first sign-in holds no role."""
    issued_at = max(now, account.tokens_from) if account.tokens_from else now
    return Principal(
        account_id=str(account.account_id),
        session_id=str(session.session_id),
        kind=account.kind,
        issued_at=issued_at,
        expires_at=min(issued_at + min(TOKEN_LIFE, held_for), session.expires_at),
        held=() if session.scope else tuple(held),
        official_id=account.official_id,
        scope=session.scope,
    )


def public(account: Account, grants: Sequence[Any], ended: Sequence[Any]) -> told.Account:
    """What others are told."""
    return told.Account(
        account_id=str(account.account_id),
        kind=account.kind,
        state=account.state,
        official_id=account.official_id,
        grants=tuple(
            told.Grant(
                role=row["role"],
                department_id=row["department_id"],
                venue_id=row["venue_id"],
                valid_from=row["valid_from"],
                valid_until=row["valid_until"],
            )
            for row in grants
        ),
        tokens_from=account.tokens_from,
        ended_sessions=tuple(
            told.EndedSession(session_id=str(row["session_id"]), until=row["ended_at"] + TOKENS_OUTLIVE)
            for row in ended
        ),
    )


class GrantView(BaseModel):
    """A role that is held, or will be."""

    grant_id: str
    role: Role
    department_id: str | None
    venue_id: str | None
    valid_from: datetime
    valid_until: datetime | None


class AccountView(BaseModel):
    """An account, to its own person and to operators."""

    account_id: str
    kind: Literal["staff"] = "staff"
    login: str
    name: str
    state: State
    official_id: str | None
    enrolled: bool
    """Whether the password is one's own and the telephone set up."""
    must_change_password: bool
    telephone: bool
    """Whether a telephone is set up."""
    grants: list[GrantView]


class CitizenView(BaseModel):
    """A citizen's account, to the citizen."""

    account_id: str
    kind: Literal["citizen"] = "citizen"
    phone_masked: str


class Accounts(BaseModel):
    """A page of accounts, by login."""

    items: list[AccountView]
    next_after: str | None = None
    """Where the next page begins; none where this is the last."""


class KnownPerson(BaseModel):
    """Who an account of the staff's is."""

    account_id: str
    login: str
    name: str


class People(BaseModel):
    """The staff's accounts, by login, at most `PEOPLE_MOST`."""

    items: list[KnownPerson]


class SignedIn(BaseModel):
    """A token, and whom it names."""

    token: str
    expires_at: datetime
    session_ends_at: datetime
    scope: str | None
    """`enrol`: good for a password of one's own and the telephone alone."""
    account: AccountView | CitizenView
    renewal: str | None = None
    """To a citizen, once: what a new token is had for when this one has expired, until the sign-in ends."""


class SessionView(BaseModel):
    """A sign-in of one's own."""

    session_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    agent: str
    is_this: bool


class Sessions(BaseModel):
    """The newest first."""

    items: list[SessionView]


class TelephonePending(BaseModel):
    """What a telephone reads from a square code, or is told by hand."""

    address: str
    secret: str


class TelephoneSet(BaseModel):
    """Codes for when the telephone is lost, each good once; shown this once."""

    recovery_codes: list[str]


class Opened(BaseModel):
    """An account, and the password that it is first opened with; shown this once."""

    account: AccountView
    initial_password: str
