"""Said by accounts: who may do what, and whose tokens count no more. Never a name, a phone or a document."""

from datetime import datetime
from typing import ClassVar, Literal

from shared.events.base import Event, State

Role = Literal[
    "window_staff",
    "chief_representative",
    "director",
    "deputy",
    "hall_manager",
    "deputy_county_head",
    "supervisor",
    "auditor",
    "operator",
]
Kind = Literal["staff", "citizen", "device"]


class Grant(State):
    """A role, where it is held, and for how long. Without department and venue it is held in the whole county."""

    role: Role
    department_id: str | None = None
    venue_id: str | None = None
    valid_from: datetime
    valid_until: datetime | None = None


class EndedSession(State):
    """A sign-in that was ended before its time."""

    session_id: str
    until: datetime
    """By then its last token has expired by itself; the entry may be forgotten."""


class Account(State):
    """Somebody who signs in, or a kiosk or screen of a hall, by id alone."""

    account_id: str
    kind: Kind
    state: Literal["active", "suspended", "closed"]
    official_id: str | None = None
    """The official of the roster who this is."""
    grants: tuple[Grant, ...] = ()
    tokens_from: datetime | None = None
    """Tokens issued before this instant count no more: its roles changed, it was suspended, or all was signed out."""
    ended_sessions: tuple[EndedSession, ...] = ()
    """Single sign-ins that were ended and whose tokens might still live."""


class AccountEvent(Event):
    """Any event of an account."""

    topic: ClassVar[str] = "accounts.people.v1"
    account: Account

    @property
    def subject(self) -> str:
        """The account's id."""
        return self.account.account_id


class AccountOpened(AccountEvent):
    """Somebody may sign in from now on."""


class AccountGranted(AccountEvent):
    """What somebody may do was changed."""


class AccountSuspended(AccountEvent):
    """Somebody may not sign in any more, and every token of theirs is void."""


class AccountResumed(AccountEvent):
    """Somebody may sign in again."""


class AccountSignedOut(AccountEvent):
    """A sign-in, or all of them, ended before its time."""
