"""What a token says, and whether to believe it.

A token is a JWT signed by accounts with Ed25519 (RFC 7519, RFC 8037). It lives 30 minutes, and says who asks, in which
sign-in, and what they may do where. Its times are the machines' own: a county's clock that tests or a simulation move
would let tokens die early or live for ever. Half a minute of difference between two machines is forgiven.

Nothing of a token is believed but what its signature covers, and only the one algorithm is taken, whatever the header
names. What goes wrong is told by one of two problems, which name no reason that would help to forge one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.events.accounts import Kind, Role
from shared.problems import Problem

ALGORITHM = "EdDSA"
ISSUER = "service-day"
TOKEN_SECONDS = 30 * 60
LEEWAY_SECONDS = 30
TOKEN_CHARACTERS = 4096
"""No token of ours is longer, so a longer one is not looked at."""
REQUIRED = ("iss", "aud", "sub", "sid", "iat", "exp", "kind")


class SignInNeeded(Problem):
    """Nobody is signed in: there is no token, or it has expired, or it counts no more."""

    status = 401
    code = "sign_in_needed"
    title = "Please sign in."


class TokenUnknown(SignInNeeded):
    """What was shown is no token of this installation."""

    code = "token_unknown"


Reach = Literal["there", "hall", "venue", "anywhere"]
"""How far a role must reach. `there`: over the very place, its department and its venue. `hall`: over the whole hall,
not one department of it. `venue`: into the venue, if only for one of its departments. `anywhere`: it is held at all."""


@dataclass(frozen=True)
class Place:
    """Where something stands."""

    venue_id: str | None = None
    department_id: str | None = None
    """Of a thing that is one department's."""


class Held(BaseModel):
    """A role, and where. Without department and venue it is held in the whole county."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    role: Role
    department_id: str | None = Field(default=None, alias="dep")
    venue_id: str | None = Field(default=None, alias="ven")

    def reaches(self, place: Place, reach: Reach) -> bool:
        """Whether the role, as it is held, reaches `place`."""
        if reach == "anywhere":
            return True
        in_venue = self.venue_id is None or place.venue_id is None or self.venue_id == place.venue_id
        if reach == "venue":
            return in_venue
        in_department = self.department_id is None or (reach == "there" and self.department_id == place.department_id)
        return in_venue and in_department


class _Claims(BaseModel):
    """A token's claims as they travel."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sub: str = Field(min_length=1, max_length=64)
    sid: str = Field(min_length=1, max_length=64)
    iat: float
    exp: float
    kind: Kind
    official: str | None = Field(default=None, max_length=64)
    scope: str | None = Field(default=None, max_length=128)
    held: tuple[Held, ...] = Field(default=(), max_length=40)


@dataclass(frozen=True)
class Principal:
    """Who asks."""

    account_id: str
    session_id: str
    kind: Kind
    issued_at: datetime
    expires_at: datetime
    held: tuple[Held, ...] = ()
    official_id: str | None = None
    scope: str | None = None
    """The one thing that it is good for: a device's kind and venue (`kiosk:hall`), or `enrol` of a first sign-in.
    None of whoever may do all that their roles allow."""


def issue(principal: Principal, key: Ed25519PrivateKey, key_id: str) -> str:
    """Sign what `principal` says of itself; only accounts has a key to do so."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": principal.account_id,
        "sid": principal.session_id,
        "kind": principal.kind,
        "iat": principal.issued_at.timestamp(),  # to the microsecond: a token made just after a revocation counts
        "exp": principal.expires_at.timestamp(),
        "held": [each.model_dump(by_alias=True, exclude_none=True) for each in principal.held],
    }
    if principal.official_id is not None:
        claims["official"] = principal.official_id
    if principal.scope is not None:
        claims["scope"] = principal.scope
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id})


def key_id_of(token: str) -> str:
    """Which key is said to have signed it. Raises TokenUnknown."""
    if len(token) > TOKEN_CHARACTERS:
        raise TokenUnknown
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        raise TokenUnknown from None
    if not isinstance(key_id, str):
        raise TokenUnknown
    return key_id


def verify(token: str, keys: Mapping[str, Ed25519PublicKey]) -> Principal:
    """Who the token says that asks. Raises SignInNeeded where it has expired, TokenUnknown where it is none of ours."""
    key = keys.get(key_id_of(token))
    if key is None:
        raise TokenUnknown
    try:
        read = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=ISSUER,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": list(REQUIRED)},
        )
        claims = _Claims.model_validate(read)
    except jwt.ExpiredSignatureError:
        raise SignInNeeded from None
    except (jwt.PyJWTError, ValidationError):
        raise TokenUnknown from None
    if claims.exp - claims.iat > TOKEN_SECONDS:  # ours live no longer, so somebody else made it
        raise TokenUnknown
    return Principal(
        account_id=claims.sub,
        session_id=claims.sid,
        kind=claims.kind,
        issued_at=datetime.fromtimestamp(claims.iat, UTC),
        expires_at=datetime.fromtimestamp(claims.exp, UTC),
        held=claims.held,
        official_id=claims.official,
        scope=claims.scope,
    )
