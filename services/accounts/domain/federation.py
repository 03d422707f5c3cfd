"""Signing in by a provider's word (OpenID Connect Core 1.0, authorisation code with PKCE): when it is believed.

Nothing of an ID token is believed but what its signature covers. Only asymmetric algorithms are taken, whatever the
header or the provider names, so that neither `none` nor a public key used as a password signs anything. It must be
this provider's, for this client alone, for the question that this browser asked a moment ago.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, import_key
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, Field

from services.accounts.domain import problems
from services.accounts.domain.accounts import SignedIn
from services.accounts.domain.requests import Code, Secret, as_login
from shared.visitors import Body

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
KINDS_OF_KEYS = frozenset({"RSA", "EC", "OKP"})
"""Public keys. A provider's key that is a shared secret (`oct`) is left out."""
LEEWAY_SECONDS = 60
"""By how much the provider's clock and ours may differ."""
QUESTION_LIVES = timedelta(minutes=10)
"""How long somebody may take at the provider's."""
TICKET_LIVES = timedelta(minutes=5)
"""How long somebody whom the provider vouched for may take for the telephone's code."""
ID_TOKEN_CHARACTERS = 16_384
SUBJECT_CHARACTERS = 255
SUBJECT = "accounts.oidc.subject"
QUESTION = "accounts.oidc.question"
TICKET = "accounts.oidc.ticket"
"""What each digest or sealed value is for, see `shared.privacy`."""
MULTIPLE_FACTORS = "mfa"
"""RFC 8176: the provider asked for more than one factor."""

SecondFactor = Literal["required", "trusted"]


class KeyUnknown(Exception):  # noqa: N818  (what is missing)
    """The token names a key that was not among those given."""


class _Sealed(BaseModel):
    """What the browser keeps for us, sealed, until it comes back."""

    model_config = ConfigDict(frozen=True)

    at: datetime

    def is_over(self, now: datetime, lives: timedelta) -> bool:
        """Whether it is too old, or of the future."""
        return not timedelta(seconds=-LEEWAY_SECONDS) <= now - self.at <= lives


class Question(_Sealed):
    """One sign-in that was begun: what ties the provider's answer to the browser that asked."""

    state: str
    nonce: str
    verifier: str
    return_to: str

    @classmethod
    def new(cls, return_to: str) -> Self:
        """A question of its own: 256 bits each."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(at=datetime.now(UTC), state=state, nonce=nonce, verifier=verifier, return_to=return_to)

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (PKCE, S256)."""
        return str(create_s256_code_challenge(self.verifier))

    def is_answered_by(self, state: str) -> bool:
        """Whether an answer belongs to this question."""
        return secrets.compare_digest(self.state.encode(), state.encode())


class Ticket(_Sealed):
    """Somebody whom the provider vouched for, and whose telephone's code is still missing."""

    account_id: UUID
    digest: str
    """Of the subject, in hexadecimal digits."""


@dataclass(frozen=True)
class Vouched:
    """Whom a provider vouches for."""

    issuer: str
    subject: str
    logins: tuple[str, ...] = ()
    """By which of our logins they might be known, where the county trusts the provider's names."""
    second_factor: bool = False
    """Whether the provider says that it asked for more than a password."""

    @property
    def name(self) -> str:
        """By which the subject is found again: a subject is one's own within its issuer alone."""
        return named(self.issuer, self.subject)


def named(issuer: str, subject: str) -> str:
    """A subject's name among those of all issuers."""
    return json.dumps([issuer, subject], ensure_ascii=False)


def read_keys(found: Any) -> list[Key]:
    """The provider's public keys that sign (RFC 7517); others are left out."""
    keys: list[Key] = []
    listed = found.get("keys") if isinstance(found, dict) else None
    for each in listed if isinstance(listed, list) else ():
        if not isinstance(each, dict) or each.get("kty") not in KINDS_OF_KEYS or each.get("use", "sig") != "sig":
            continue
        try:
            keys.append(import_key(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # a curve or size of tomorrow: the others still count
    return keys


def read_id_token(  # noqa: PLR0913  (what it is held against)
    token: Any,
    keys: Sequence[Key],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
    second_factor_acr: Sequence[str] = (),
) -> Vouched:
    """Whom an ID token vouches for. Raises KeyUnknown, or OidcRefused whatever is wrong with it."""
    if not isinstance(token, str) or len(token) > ID_TOKEN_CHARACTERS or not token.isascii():
        raise problems.OidcRefused
    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    try:
        read = jwt.decode(token, KeySet(list(keys)), registry=registry)
        claims = CodeIDToken(
            read.claims,
            read.header,
            {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(leeway=LEEWAY_SECONDS)
    except InvalidKeyIdError:
        raise KeyUnknown from None
    except (JoseError, ValueError, TypeError, KeyError):
        raise problems.OidcRefused from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_CHARACTERS:
        raise problems.OidcRefused
    return Vouched(issuer, subject, _logins(claims), _has_second_factor(claims, second_factor_acr))


def _logins(claims: Any) -> tuple[str, ...]:
    """What might be a login: the name at the provider, and a mail address that it has verified."""
    names = [claims.get("preferred_username")]
    if claims.get("email_verified") is True:
        names.append(claims.get("email"))
    return tuple(as_login(each) for each in names if isinstance(each, str) and 0 < len(each) <= SUBJECT_CHARACTERS)


def _has_second_factor(claims: Any, second_factor_acr: Sequence[str]) -> bool:
    return MULTIPLE_FACTORS in (claims.get("amr") or ()) or claims.get("acr") in second_factor_acr


class Offered(BaseModel):
    """The provider that staff may sign in with."""

    name: str


class Begin(Body):
    """Where the provider is to send the browser back."""

    return_to: str = Field(max_length=300, pattern=r"^https?://[^\s?#@\\]+/sign-in/oidc/back$")


class Begun(BaseModel):
    """Where to send the browser, and what it brings back with the answer."""

    address: str
    question: str


class Finish(Body):
    """The provider's answer, as the browser brought it."""

    question: Secret = Field(max_length=4096)
    state: str = Field(max_length=256)
    code: Secret = Field(min_length=1, max_length=4096)
    issuer: str | None = Field(default=None, max_length=300)
    """Who says to have answered (RFC 9207), where it is said."""


class FinishWithCode(Body):
    """The telephone's code for somebody whom the provider vouched for."""

    ticket: Secret = Field(max_length=4096)
    code: Code


class Finished(BaseModel):
    """Either a sign-in, or a ticket: then the telephone's code is needed as well."""

    signed_in: SignedIn | None = None
    ticket: str | None = None


class NewSubject(Body):
    """Whom the provider means by this account."""

    subject: str = Field(min_length=1, max_length=SUBJECT_CHARACTERS)
    """The `sub` of the configured issuer's ID tokens."""
