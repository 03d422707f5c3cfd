"""Devices that stand in a hall, for anybody to touch or see: kiosks and screens, each good for one thing in one venue.

Whoever names one is told a code, which is typed at the device itself: good once, for a quarter of an hour. For it the
device gets a secret that it keeps until it is revoked, and for the secret one short token after another.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.accounts.domain.accounts import TOKEN_LIFE
from services.accounts.domain.passwords import grouped
from services.accounts.domain.requests import Place, Secret
from shared.events import accounts as told
from shared.identity.tokens import Held, Principal
from shared.identity.tokens import Place as Where
from shared.visitors import Body

CODE = "accounts.device.code"
KEPT = "accounts.device.secret"
"""What each digest is of, see `shared.privacy`."""

PAIRING_LIFE = timedelta(minutes=15)
"""How long a code waits for its device."""
DEVICES_LIMIT = 200
"""Devices of one venue that are not revoked; a hall has a dozen."""

DeviceKind = Literal["kiosk", "screen"]
State = Literal["active", "closed"]


def make_code() -> str:
    """A code that is read from one screen and typed at another: 8 characters, 39 bits."""
    return grouped(2, 4)


def make_secret() -> str:
    """What a device keeps: 256 bits."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Device:
    """A kiosk or a screen."""

    device_id: UUID
    version: int
    kind: DeviceKind
    venue_id: str
    label: str
    state: State
    tokens_from: datetime | None
    pairing_until: datetime | None
    paired_at: datetime | None
    last_seen_at: datetime | None
    made_at: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        """From its row."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    @property
    def scope(self) -> str:
        """The one thing that its tokens are good for."""
        return f"{self.kind}:{self.venue_id}"


def is_within(held: Sequence[Held], roles: Sequence[told.Role], venue_id: str) -> bool:
    """Whether whoever holds these roles may name and revoke the devices of a venue."""
    return any(each.role in roles and each.reaches(Where(venue_id), "hall") for each in held)


def principal(device: Device, now: datetime) -> Principal:
    """Whom a token that is issued at `now` names. A device holds no role; its scope is all that it may."""
    issued_at = max(now, device.tokens_from) if device.tokens_from else now
    return Principal(
        account_id=str(device.device_id),
        session_id=str(device.device_id),
        kind="device",
        issued_at=issued_at,
        expires_at=issued_at + TOKEN_LIFE,
        scope=device.scope,
    )


def public(device: Device) -> told.Account:
    """What the other services are told: an account like any other, by id alone."""
    return told.Account(
        account_id=str(device.device_id), kind="device", state=device.state, tokens_from=device.tokens_from
    )


def _plain(label: str) -> str:
    label = label.strip()
    if not label or not label.isprintable():
        raise ValueError("must be one line that can be read")
    return label


class NewDevice(Body):
    """What is to be put up, and where. The label says where it stands, and names nobody."""

    kind: DeviceKind
    venue_id: Place
    label: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_plain)]


class Pairing(Body):
    """The code, as it was typed at the device."""

    code: Secret = Field(min_length=1, max_length=32)


class DeviceRenewal(Body):
    """The secret that a device keeps."""

    secret: Secret = Field(min_length=1, max_length=128)


class DeviceView(BaseModel):
    """A device, to whoever looks after the hall."""

    device_id: str
    kind: DeviceKind
    venue_id: str
    label: str
    state: State
    made_at: datetime
    pairing_until: datetime | None
    """Until when its code opens; none once it was used, or the device revoked."""
    paired_at: datetime | None
    last_seen_at: datetime | None
    """When it last got a token, which it does each quarter of an hour while it is used."""

    @classmethod
    def of(cls, device: Device) -> Self:
        """As it is shown."""
        shown = {name: getattr(device, name) for name in cls.model_fields}
        return cls(**{**shown, "device_id": str(device.device_id)})


class Devices(BaseModel):
    """By venue, kind and label; those that were revoked last."""

    items: list[DeviceView]


class Named(BaseModel):
    """A new device, and the code to type at it; shown this once."""

    device: DeviceView
    pairing_code: str


class DeviceToken(BaseModel):
    """A token for the one thing that a device may do."""

    token: str
    expires_at: datetime
    kind: DeviceKind
    venue_id: str


class Paired(DeviceToken):
    """The same, and the secret for the next ones; told this once."""

    secret: str
