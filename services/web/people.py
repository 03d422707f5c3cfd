"""What accounts answers to whoever signs in, and to whoever is."""

from datetime import datetime
from typing import Final, Literal

from shared.events.base import State


class AccountShown(State):
    """One's own account."""

    login: str
    name: str = ""
    official_id: str | None = None
    must_change_password: bool = False
    telephone: bool = False
    """Whether a telephone is set up, whose codes are asked for at each sign-in."""


class SignedIn(State):
    """A token, and whom it names."""

    token: str
    expires_at: datetime
    session_ends_at: datetime
    scope: str | None = None
    """`enrol`: good for a password of one's own and the telephone alone."""
    account: AccountShown

    @property
    def is_first(self) -> bool:
        """Whether a password of one's own and a telephone are still to be set up."""
        return self.scope is not None


class Provider(State):
    """The provider of OpenID Connect that staff may sign in with."""

    name: str


class ProviderAsked(State):
    """Where to send the browser, and what it is to bring back."""

    address: str
    question: str


class ProviderAnswered(State):
    """Either a sign-in, or a ticket: then the telephone's code is needed as well."""

    signed_in: SignedIn | None = None
    ticket: str | None = None


class OwnSignIn(State):
    """One of one's own sign-ins."""

    session_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str = ""
    agent: str = ""
    is_this: bool = False


class OwnSignIns(State):
    """The newest first."""

    items: tuple[OwnSignIn, ...] = ()


class TelephonePending(State):
    """What a telephone reads from a square code, or is told by hand."""

    address: str
    secret: str


class TelephoneSet(State):
    """Codes for when the telephone is lost, each good once."""

    recovery_codes: tuple[str, ...] = ()


class CitizenShown(State):
    """A citizen's own account."""

    phone_masked: str = ""


class CitizenSignedIn(State):
    """A citizen's token, and by what the next one is had."""

    token: str
    session_ends_at: datetime
    renewal: str | None = None
    """Told once, when the sign-in begins."""
    account: CitizenShown


RELATIONS: Final = ("self", "relative", "ward", "helped")


class DocumentShown(State):
    """A person's document; its number is masked."""

    document_id: str
    type: str
    number_masked: str = ""

    @property
    def last(self) -> str:
        """The last four characters."""
        return self.number_masked[-4:]


class PersonShown(State):
    """Somebody whom a citizen books for."""

    person_id: str
    relation: Literal["self", "relative", "ward", "helped"]
    name: str
    phone_masked: str | None = None
    documents: tuple[DocumentShown, ...] = ()


class Persons(State):
    """All of them."""

    items: tuple[PersonShown, ...] = ()
    most: int = 30


class DocumentFilled(State):
    """A document, unmasked."""

    type: str
    number: str


class PersonCard(State):
    """What is filled into a booking for a citizen's person, and shown on no page."""

    name: str
    phone: str | None = None
    document: DocumentFilled


class DeviceToken(State):
    """A token for the one thing that a kiosk or screen may do in its venue."""

    token: str
    kind: str
    venue_id: str


class DevicePaired(DeviceToken):
    """The same, and the secret for the next ones."""

    secret: str
