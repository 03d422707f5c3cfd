"""Devices of a hall: named, paired with a code, given one token after another, revoked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.accounts.commands import recording, signing
from services.accounts.domain import codes, problems
from services.accounts.domain import devices as rules
from services.accounts.domain.accounts import tokens_from_now
from services.accounts.domain.devices import CODE, KEPT, Device, DeviceToken, DeviceView, Named, NewDevice, Paired
from services.accounts.sql import accounts, devices
from shared.database import Connection
from shared.events.accounts import AccountEvent, AccountOpened, AccountSuspended
from shared.events.base import Event
from shared.messaging import outbox
from shared.messaging.republish import uuids
from shared.privacy import Vault

MayAt = Callable[[str], bool]
"""Whether whoever asks looks after the devices of a venue."""


@dataclass(frozen=True)
class NotPaired:
    """The code is nobody's, was used, or waited too long: which is not told. The try stays counted."""


def everywhere(_: str) -> bool:
    """At the machine itself every venue is one's own."""
    return True


async def add(connection: Connection, vault: Vault, actor: str, wish: NewDevice, may_at: MayAt) -> Named:
    """Name a device; the code that it is paired with is told this once. Raises AccessDenied and TooManyDevices."""
    if not may_at(wish.venue_id):
        raise problems.AccessDenied
    if await devices.count_active(connection, wish.venue_id) >= rules.DEVICES_LIMIT:
        raise problems.TooManyDevices
    code = rules.make_code()
    digest = vault.blind_index(CODE, codes.typed(code))
    row = await devices.insert(connection, wish.kind, wish.venue_id, wish.label, actor, digest, rules.PAIRING_LIFE)
    assert row is not None  # noqa: S101  (an insert returns its row)
    device = Device.of(row)
    await _say(connection, AccountOpened, device)
    await _note(connection, actor, "device.added", device)
    return Named(device=DeviceView.of(device), pairing_code=code)


async def revoke(connection: Connection, actor: str, device_id: UUID, may_at: MayAt) -> Device:
    """Let a device do nothing any more, from this moment. Raises DeviceUnknown, also for one beyond one's venues."""
    row = await devices.lock(connection, device_id)
    if row is None or not may_at(row["venue_id"]):
        raise problems.DeviceUnknown
    before = Device.of(row)
    if before.state == "closed":
        return before
    void_from = tokens_from_now(await accounts.real_now(connection), before.tokens_from)
    after = await devices.close(connection, device_id, actor, void_from)
    assert after is not None  # noqa: S101  (it is locked)
    device = Device.of(after)
    await _say(connection, AccountSuspended, device)
    await _note(connection, actor, "device.revoked", device)
    return device


async def pair(connection: Connection, vault: Vault, code: str) -> Paired | NotPaired:
    """Give the device its secret and first token, and use its code up, however many send it at once."""
    secret = rules.make_secret()
    digest = vault.blind_index(CODE, codes.typed(code))
    row = await devices.pair(connection, digest, vault.blind_index(KEPT, secret))
    if row is None:
        return NotPaired()
    device = Device.of(row)
    token = await _token(connection, vault, device)
    await _note(connection, str(device.device_id), "device.paired", device)
    return Paired(**token.model_dump(), secret=secret)


async def renew(connection: Connection, vault: Vault, secret: str) -> DeviceToken:
    """Another token for a device that goes on. Raises SignInNeeded where it was revoked, or is none of ours."""
    row = await devices.see(connection, vault.blind_index(KEPT, secret))
    if row is None:
        raise problems.SignInNeeded
    return await _token(connection, vault, Device.of(row))


async def state_events(connection: Connection, ids: Sequence[str]) -> list[Event]:
    """The present state of devices, each locked, for `republish`; ids that are no device's are passed over."""
    known = [Device.of(row) for row in await devices.lock_many(connection, uuids(ids))]
    return [
        (AccountOpened if each.state == "active" else AccountSuspended)(
            version=each.version, account=rules.public(each)
        )
        for each in known
    ]


async def _token(connection: Connection, vault: Vault, device: Device) -> DeviceToken:
    named = rules.principal(device, await accounts.real_now(connection))
    token = await signing.sign(connection, vault, named)
    return DeviceToken(token=token, expires_at=named.expires_at, kind=device.kind, venue_id=device.venue_id)


async def _say(connection: Connection, kind: type[AccountEvent], device: Device) -> None:
    await outbox.append(connection, kind(version=device.version, account=rules.public(device)))


async def _note(connection: Connection, actor: str, action: str, device: Device) -> None:
    """In the audit a device is a record of its own; where it stands is told, what it is called is not."""
    await recording.record_of(
        connection, actor, action, "device", device.device_id, kind=device.kind, venue=device.venue_id
    )
