"""Personal data at rest: encrypted, found again by a blind index, shown masked.

Document numbers and phones are AES-256-GCM under a key named by its id, so that keys can be rotated;
each value gets a nonce of its own, and the purpose is bound to it as associated data, so that a
phone's ciphertext does not open as a document's. `document_key` is an HMAC-SHA256 of type and number under one
key of the whole installation: equal for equal documents in every service, and useless without the key.
Losing the keys loses the data; nothing here logs or raises with a value in it.
"""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import SECRETS

NONCE_BYTES = 12
KEY_BYTES = 32


class UnreadableValue(Exception):  # noqa: N818  (a noun of the domain)
    """A ciphertext whose key is unknown, or that was changed or moved to another purpose."""


class PrivacySettings(BaseSettings):
    """The installation's keys, base64 of 32 bytes each."""

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, populate_by_name=True, secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    encryption_keys: dict[str, SecretStr] = Field(min_length=1, validation_alias="PRIVACY_ENCRYPTION_KEYS")
    """JSON object of key id and key. The last one encrypts; all decrypt."""
    index_key: SecretStr = Field(validation_alias="PRIVACY_INDEX_KEY")

    @field_validator("index_key")
    @classmethod
    def _whole_key(cls, value: SecretStr) -> SecretStr:
        _key(value)
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _whole_keys(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for each in value.values():
            _key(each)
        return value


def _key(secret: SecretStr) -> bytes:
    key = base64.b64decode(secret.get_secret_value(), validate=True)
    if len(key) != KEY_BYTES:
        message = f"a key must have {KEY_BYTES} bytes"
        raise ValueError(message)
    return key


class Vault:
    """Encrypts, decrypts and indexes."""

    def __init__(self, settings: PrivacySettings) -> None:
        self._keys = {key_id: AESGCM(_key(secret)) for key_id, secret in settings.encryption_keys.items()}
        self._current = next(reversed(settings.encryption_keys))
        self._index_key = _key(settings.index_key)

    def encrypt(self, value: str, purpose: str) -> bytes:
        """Key id, nonce and ciphertext in one value. `purpose` is needed again to decrypt."""
        nonce = os.urandom(NONCE_BYTES)
        key_id = self._current.encode()
        sealed = self._keys[self._current].encrypt(nonce, value.encode(), purpose.encode())
        return bytes([len(key_id)]) + key_id + nonce + sealed

    def decrypt(self, value: bytes, purpose: str) -> str:
        """The plain text; raises UnreadableValue."""
        try:
            key_id = value[1 : 1 + value[0]].decode()
            rest = value[1 + value[0] :]
            return self._keys[key_id].decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], purpose.encode()).decode()
        except (KeyError, IndexError, ValueError, InvalidTag) as error:
            raise UnreadableValue from error

    def document_key(self, document_type: str, number: str) -> bytes:
        """The blind index of a document, 32 bytes. `number` must be in its canonical form."""
        return self._index(f"document:{document_type}:{number}")

    def blind_index(self, purpose: str, value: str) -> bytes:
        """The blind index of any other value, such as the last digits of a phone with its booking code."""
        return self._index(f"{purpose}:{value}")

    def _index(self, text: str) -> bytes:
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).digest()


def mask_number(number: str) -> str:
    """The first and the last four of a number; short ones keep the last two only."""
    if len(number) < 9:  # noqa: PLR2004  (a landline: five shown of eight would name its owner)
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[0] + "*" * (len(number) - 5) + number[-4:]


def mask_name(name: str) -> str:
    """A name as others than the serving window may see it: 王** for 王桂兰."""
    return name[:1] + "*" * max(len(name) - 1, 1)
