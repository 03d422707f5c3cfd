"""The public keys of accounts (JWKS, RFC 7517), fetched when one is asked for that is not known yet.

What was fetched stays while accounts is away. A key that accounts does not name is asked for at most every 5 seconds,
so that made-up tokens do not become requests.
"""

import asyncio
import base64
import time

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.problems import Problem

logger = structlog.get_logger(__name__)

PATH = "/api/accounts/v1/keys"
AGAIN_SECONDS = 5.0
STALE_SECONDS = 300.0
"""So long a set of keys is taken without asking again: what accounts withdrew is forgotten after that."""
FETCH_SECONDS = 3.0


class IdentityUnavailable(Problem):
    """Nobody can be recognised, because accounts was never reached."""

    status = 503
    code = "identity_unavailable"
    title = "We cannot check who you are at the moment."


class _Key(BaseModel):
    """An Ed25519 key as RFC 8037 writes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kty: str = Field(pattern="^OKP$")
    crv: str = Field(pattern="^Ed25519$")
    kid: str = Field(min_length=1, max_length=64)
    x: str = Field(min_length=43, max_length=43)

    def public(self) -> Ed25519PublicKey:
        """The key itself."""
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(f"{self.x}="))


class _Keys(BaseModel):
    """A set of keys."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    keys: tuple[_Key, ...] = Field(max_length=20)


class Keys:
    """The keys as this process knows them."""

    def __init__(self, http: httpx.AsyncClient, accounts_url: str) -> None:
        self._http = http
        self._url = accounts_url.rstrip("/") + PATH
        self._known: dict[str, Ed25519PublicKey] = {}
        self._asked_at = float("-inf")
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def holding(self, key_id: str) -> dict[str, Ed25519PublicKey]:
        """All keys, asked for again if `key_id` is not among them. Raises IdentityUnavailable if none is known."""
        if self._is_due(key_id) or (key_id not in self._known and self._fetching.locked()):
            async with self._fetching:  # whoever comes while they are being fetched waits for them
                if self._is_due(key_id):
                    await self._fetch()
        if not self._known:
            raise IdentityUnavailable
        return self._known

    def _is_due(self, key_id: str) -> bool:
        now = time.monotonic()
        if now - self._asked_at < AGAIN_SECONDS:
            return False
        return key_id not in self._known or now - self._fetched_at > STALE_SECONDS

    async def _fetch(self) -> None:
        self._asked_at = time.monotonic()
        try:
            answer = await self._http.get(self._url, timeout=FETCH_SECONDS)
            answer.raise_for_status()
            found = _Keys.model_validate_json(answer.content)
            self._known = {each.kid: each.public() for each in found.keys}
        except (httpx.HTTPError, ValidationError, ValueError) as error:
            logger.warning("keys_not_fetched", error=type(error).__name__)
        else:
            self._fetched_at = time.monotonic()
