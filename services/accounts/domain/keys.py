"""Signing keys: Ed25519, told to others as JWK (RFC 7517, RFC 8037), named by their thumbprint (RFC 7638).

A new one is made every 30 days and published a day before it signs, so that whoever keeps the set for a while knows
it in time; the old one stays until the last token that it signed has expired.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import BaseModel

from shared.identity.tokens import LEEWAY_SECONDS, TOKEN_SECONDS

SIGNS_FOR = timedelta(days=30)
PUBLISHED_BEFORE = timedelta(days=1)
TOKENS_OUTLIVE = timedelta(seconds=TOKEN_SECONDS + 4 * LEEWAY_SECONDS)
"""How long after its key stopped signing, or its session ended, a token may still be taken somewhere."""


class Jwk(BaseModel):
    """A public key."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    use: Literal["sig"] = "sig"
    alg: Literal["EdDSA"] = "EdDSA"
    kid: str
    x: str

    def public_key(self) -> Ed25519PublicKey:
        """The key itself."""
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(self.x + "="))


class JwkSet(BaseModel):
    """All keys whose tokens count."""

    keys: list[Jwk]


@dataclass(frozen=True)
class MadeKey:
    """A new key; `private` is its secret half in Base64."""

    private: str
    jwk: Jwk


def make() -> MadeKey:
    """A new key."""
    key = Ed25519PrivateKey.generate()
    private = base64.b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())).decode()
    x = _base64url(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    return MadeKey(private, Jwk(kid=_base64url(hashlib.sha256(members.encode()).digest()), x=x))


def read_private(private: str) -> Ed25519PrivateKey:
    """The key that `make` wrote."""
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(private))


def next_signs_from(newest_signs_from: datetime | None, now: datetime) -> datetime | None:
    """From when a key that is made now is to sign; none while none is to be made."""
    if newest_signs_from is None:
        return now
    follows_at = newest_signs_from + SIGNS_FOR
    if follows_at - PUBLISHED_BEFORE > now:
        return None
    return max(follows_at, now + PUBLISHED_BEFORE)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
